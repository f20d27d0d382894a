"""Create the virtual environment, with a clear message where the Python at hand is too old."""

import subprocess
import sys

if sys.version_info < (3, 11):  # noqa: UP036 (this is where an older one is told)
    sys.exit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 ...")
subprocess.run([sys.executable, "-m", "venv", sys.argv[1]], check=True)
