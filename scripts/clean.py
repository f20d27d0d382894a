"""`make clean`: remove the folders that are named."""

import shutil
import sys

for folder in sys.argv[1:]:
    shutil.rmtree(folder, ignore_errors=True)
