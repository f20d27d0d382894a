"""`make help`: the verbs of the Makefile with what they do, grouped: `verb: ## group: what it does`."""

import re
import sys
from pathlib import Path

GROUPS = {
    "use": "Use it",
    "develop": "Develop it",
    "drift": "Compare definitions",
    "measure": "Measure it",
}


def main(makefile: Path) -> None:
    """Print the groups in the order above, their verbs in the order of the Makefile."""
    verbs = re.findall(r"^([a-z-]+):[^#\n]*## ([a-z]+): (.+)$", makefile.read_text("utf-8"), re.M)
    for group, title in GROUPS.items():
        print(title)
        for verb, its_group, text in verbs:
            if its_group == group:
                print(f"  make {verb:<16} {text}")
        print()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
