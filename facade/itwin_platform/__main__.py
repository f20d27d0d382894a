"""`python -m itwin_platform`: the command `itwin`, also where its script is not on the path."""

from .cli import main

main()
