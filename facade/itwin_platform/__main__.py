"""`python -m itwin_platform`: the command `itwin`, even if its script is not on the path."""

from .cli import main

main()
