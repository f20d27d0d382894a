"""`make demo`: run examples/quickstart.py, against the embedded sandbox unless there are credentials for the platform.

make demo                          the sandbox; needs nothing
ITP_ACCESS_TOKEN=... make demo     the platform; it asks before it creates anything
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from itwin_platform.sandbox import Sandbox

QUICKSTART = Path(__file__).resolve().parent.parent / "examples" / "quickstart.py"

BRIDGES = [{"displayName": f"Bridge {n:02}", "class": "Thing", "subClass": "Asset"} for n in range(1, 21)]
# Seconds of the sandbox for one of ours: a job takes a minute there.
SPEED = 30


def run(variables: dict[str, str]) -> int:
    """Run the script in a process of its own, as a user would, with these variables beside the present ones."""
    environment = {**os.environ, **variables, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, str(QUICKSTART)], env=environment, check=False).returncode


def main() -> int:
    if os.environ.get("ITP_ACCESS_TOKEN") or os.environ.get("ITP_SERVICE_CLIENT_ID"):
        print("Running examples/quickstart.py against the platform.", flush=True)
        return run({})
    with Sandbox(speed=SPEED) as sandbox:
        print(f"Running examples/quickstart.py against the sandbox at {sandbox.url}.", flush=True)
        sandbox.add("/itwins", BRIDGES)
        code = run({**sandbox.environment, "ITP_DEMO_YES": "1"})
    print("\nThe sandbox is stopped. With credentials in the environment, this runs on the platform.")
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
