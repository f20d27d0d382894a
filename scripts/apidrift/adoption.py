"""`make adopt`: take a downloaded definition as the stored one, regenerate, and say what a person has to decide.

The definition is a stranger's: it is read with limits, follows no reference out of itself, has to be a valid OpenAPI
document, and everything is generated into a temporary folder before a single file is replaced.
"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

from codegen.documents import Json
from ruamel.yaml import YAML

from .changes import Level
from .compare import Report, compare_sides
from .reports import terminal, wants_colour
from .sources.documents import DriftError, problem_of, read_document
from .sources.sides import ROOT, revision_side, upstream_sides, worktree_side
from .sources.uncomparable import external_references

GENERATE = ROOT / "scripts" / "generate.py"


def adopt(upstream: Path, stored: Path) -> int:
    """Replace the stored definition; 0 if nothing is left to decide, 1 if something is."""
    if stored.resolve().parent != ROOT / "openapi" or stored.suffix != ".yaml":
        raise DriftError(f"{stored}: stored definitions are openapi/*.yaml")
    document = acceptable(upstream)
    report = compare_sides(*upstream_sides(upstream, stored)) if stored.is_file() else None
    _overlays_still_match(report)
    before = stored.read_bytes() if stored.is_file() else None
    stored.write_text(as_yaml(document), "utf-8", newline="\n")
    done = subprocess.run([sys.executable, str(GENERATE)], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        # generate.py replaces nothing unless it could write everything.
        stored.unlink() if before is None else stored.write_bytes(before)
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise DriftError(
            f"nothing was changed, because nothing can be generated: {lines[-1] if lines else 'no message'}"
        )
    report = report or compare_sides(revision_side("HEAD"), worktree_side())
    sys.stdout.write(terminal(report, colour=wants_colour(sys.stdout)))
    print(f"\n{stored.name} is replaced and everything is regenerated.")
    return decisions(report)


def acceptable(path: Path) -> Json:
    """A definition from a stranger that may be stored: within the limits, whole in itself and valid."""
    document = read_document(path)
    if references := external_references(document):
        raise DriftError(f"{path.name}: refers to something outside itself: {references[0][:200]!r}")
    if problem := problem_of(document):
        raise DriftError(f"{path.name}: {problem}")
    return document


def _overlays_still_match(report: Report | None) -> None:
    lost = [change for change in report.changes if change.code == "overlay-action-unmatched"] if report else []
    if lost:
        raise DriftError(f"nothing was changed, because an overlay no longer fits: {lost[0].detail}")


def as_yaml(document: Json) -> str:
    """A definition as the stored ones are written."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.ignore_aliases = lambda *_: True
    yaml.representer.add_representer(str, _text)
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _text(representer: Any, value: str) -> Any:
    """Text that YAML 1.1 or 1.2 readers would take for something else is quoted: statuses, dates, NO."""
    plain = value.replace("_", "").isalnum() and not value[:1].isdigit() and value.lower() not in _WORDS
    simple = plain or (
        " " in value and value[:1].isalpha() and not any(char in value for char in ":#\"'\n\\{}[]&*!|>%@`")
    )
    return representer.represent_scalar(
        "tag:yaml.org,2002:str", value, style=None if simple else "|" if "\n" in value.strip() else '"'
    )


_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"})


def decisions(report: Report) -> int:
    """Print what a person has to decide."""
    serious = [
        change for change in report.changes if change.level in (Level.BREAKING, Level.POTENTIAL) and not change.waived
    ]
    fresh = [change for change in report.changes if change.code == "endpoint-added"]
    if not serious and not fresh:
        print("Nothing is left to decide.")
        return 0
    print("\nTo decide:")
    for change in serious:
        print(
            f"- {change.where}: {change.detail}: adapt the facade, keep the old form with an overlay, "
            f"or waive {change.id} in drift.toml"
        )
    for change in fresh:
        print(f"- {change.where}: give it a call in the facade, or leave it to the generated package")
    return int(bool(serious))


__all__ = ["acceptable", "adopt", "as_yaml", "decisions"]
