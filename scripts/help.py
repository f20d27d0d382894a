"""`make help`: the verbs of the Makefile with what they do."""

import re
import sys
from pathlib import Path

for match in re.finditer(r"^([a-z-]+):[^#\n]*## (.+)$", Path(sys.argv[1]).read_text("utf-8"), re.M):
    print(f"  make {match[1]:<16} {match[2]}")
