"""`make drift`, `make adopt`, `make changelog`: what changes of API definitions do to users. The code is in apidrift/.

python scripts/drift.py files OLD NEW [--format terminal|markdown|json|html] [--axis wire|python|both]
python scripts/drift.py revisions [--old REVISION] [--new REVISION]
python scripts/drift.py upstream DOWNLOADED openapi/itwins.yaml
"""

import sys

from apidrift.cli import main

if __name__ == "__main__":
    sys.exit(main())
