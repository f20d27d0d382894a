"""`make generate`: from openapi/ to generated/, from the facade's async source to its sync twin, and to sandbox data.

python scripts/generate.py             write everything in place
python scripts/generate.py --check     write it elsewhere and fail on any difference, untracked files included
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from codegen.errors import GenerationError
from codegen.outputs import ROOT, differences, replace, write_all
from codegen.overlays import OverlayError
from codegen.unasync import SyncError


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write everything that is generated.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing; exit 1 on any difference")
    options = parser.parse_args(arguments)
    # Nothing is replaced before everything could be written.
    with tempfile.TemporaryDirectory() as temporary:
        fresh = Path(temporary)
        try:
            write_all(fresh)
        except (GenerationError, OverlayError, SyncError) as error:
            print(f"generate: {error}", file=sys.stderr)
            return 2
        if options.check:
            found = differences(fresh, ROOT)
            print("\n".join(found) or "generated code is up to date")
            if found:
                print("check-generated: run `make generate` and commit the result", file=sys.stderr)
            return 1 if found else 0
        replace(fresh, ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
