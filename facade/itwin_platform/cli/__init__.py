"""The command `itwin`: the platform in a shell. It needs the extra: `pip install "itwin-platform[cli]"`.

The commands for the APIs are made from the methods of `ITwinPlatform` and their docstrings (`_groups`, `_methods`,
`_parameters`, `_wording`), when they are needed: a new method is a new command. `_app` adds the commands that are
written by hand. `itwin --help` loads none of the APIs.
"""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line with the arguments of this process, and exit with its code."""
    try:
        from ._app import itwin

        itwin.main(prog_name="itwin")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"click", "jmespath", "rich", "yaml"}:
            raise
        advice = f'The command line needs {missing}. Install it: pip install "itwin-platform[cli]"'
        print(advice, file=sys.stderr)  # noqa: T201 (what the user is to read)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
