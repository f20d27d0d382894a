"""`make demo`: run examples/quickstart.py, against the embedded sandbox unless there are credentials for the platform.

make demo                                                              the sandbox; needs nothing
ITP_ACCESS_TOKEN=... make demo ITP_ITWIN_ID=... ITP_REPOSITORY_ID=... ITP_RESOURCE_ID=...   the real platform
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from itwin_platform.sandbox import Sandbox

QUICKSTART = Path(__file__).resolve().parent.parent / "examples" / "quickstart.py"


def run(variables: dict[str, str]) -> int:
    """Run the script in a process of its own, as a user would, with these variables beside the present ones."""
    environment = {**os.environ, **variables, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, str(QUICKSTART)], env=environment, check=False).returncode


def main() -> int:
    if os.environ.get("ITP_ACCESS_TOKEN") or os.environ.get("ITP_SERVICE_CLIENT_ID"):
        print("Running examples/quickstart.py against the platform.", flush=True)
        return run({})
    with Sandbox() as sandbox:
        print(f"Running examples/quickstart.py against the sandbox at {sandbox.url}.", flush=True)
        code = run(sandbox.environment)
    print("\nThe sandbox is stopped. With credentials and ITP_ITWIN_ID in the environment, this runs on the platform.")
    return code


if __name__ == "__main__":
    sys.exit(main())
