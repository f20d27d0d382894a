"""`make adopt`: take a downloaded definition as the stored one, regenerate, and say what a person has to decide.

The definition is a stranger's: it is read with limits, follows no reference out of itself, has to be a valid OpenAPI
document, and everything is generated into a temporary folder before a single file is replaced.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from codegen.documents import Json
from codegen.portal import Fired, as_stored, edition_of
from codegen.yaml_text import as_yaml, head_comment

from .changes import Level
from .compare import Report, compare_sides
from .review import Adopted, review
from .sources.documents import DriftError, problem_of, read_document
from .sources.sides import ROOT, Side, upstream_sides, worktree_facade
from .sources.uncomparable import external_references

GENERATE = ROOT / "scripts" / "generate.py"
SPECS = ROOT / "openapi"


def adopt(upstream: Path, stored: Path, *, foreign_words: bool = False) -> int:
    """Replace the stored definition; 0 if nothing is left to decide, 1 if something is.

    Parameters:
        upstream: The definition that was downloaded.
        stored: What it is stored as: `openapi/<name>.yaml`.
        foreign_words: Whether to take over its descriptions instead of keeping ours.
    """
    if stored.resolve().parent != SPECS or not re.fullmatch(r"[a-z][a-z0-9-]*\.yaml", stored.name):
        raise DriftError(f"{stored}: stored definitions are openapi/<name>.yaml, with a name of a-z, 0-9 and -")
    edition, fired = acceptable(upstream, stored)
    known = read_document(stored) if stored.is_file() else None
    document, kept = as_stored(edition, known, stored.stem, foreign_words=foreign_words)
    report = _compared(upstream, stored, document)
    _write(stored, head_comment(stored, document) + as_yaml(document))
    print(review(Adopted(stored.name, document, known, report, fired, kept)), end="")
    return int(
        any(change.level in (Level.BREAKING, Level.POTENTIAL) and not change.waived for change in report.changes)
    )


def acceptable(path: Path, stored: Path) -> tuple[Json, list[Fired]]:
    """A definition from a stranger in our form: within the limits, whole in itself and valid. And what was changed."""
    document = read_document(path)
    if references := external_references(document):
        raise DriftError(f"{path.name}: refers to something outside itself: {references[0][:200]!r}")
    document, fired = edition_of(document, stored)
    if problem := problem_of(document):
        raise DriftError(f"{path.name}: {problem}")
    return document, fired


def _compared(upstream: Path, stored: Path, document: Json) -> Report:
    if not stored.is_file():
        return compare_sides(
            Side("nothing", {}, worktree_facade()), Side(f"downloaded {upstream.name}", {}, worktree_facade())
        )
    report = compare_sides(*upstream_sides(upstream, stored, document=document))
    lost = [change for change in report.changes if change.code == "overlay-action-unmatched"]
    if lost:
        details = "\n".join(change.detail for change in lost)
        raise DriftError(f"nothing was changed, because overlays no longer fit:\n{details}")
    return report


def _write(stored: Path, text: str) -> None:
    """Store a definition and regenerate; without a trace if nothing can be generated from it."""
    before = stored.read_bytes() if stored.is_file() else None
    stored.write_text(text, "utf-8", newline="\n")
    try:
        done = subprocess.run([sys.executable, str(GENERATE)], cwd=ROOT, capture_output=True, text=True, check=False)
    except BaseException:
        _restore(stored, before)
        raise
    if done.returncode:
        # generate.py replaces nothing unless it could write everything.
        _restore(stored, before)
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        cause = lines if done.returncode == 2 else lines[-1:]
        raise DriftError(
            f"nothing was changed, because nothing can be generated: {' '.join(cause) if cause else 'no message'}"
        )


def _restore(stored: Path, before: bytes | None) -> None:
    if before is None:
        stored.unlink(missing_ok=True)
    else:
        stored.write_bytes(before)


__all__ = ["acceptable", "adopt"]
