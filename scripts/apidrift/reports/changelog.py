"""Draft the entry of a changelog from a report. A person makes sentences of it."""

from __future__ import annotations

import re
from typing import Final

from ..changes import Axis, Change, Level
from ..compare import Report

HEADING: Final = "### API changes"
_TITLES: Final = {
    Level.BREAKING: "Breaking",
    Level.POTENTIAL: "Check your code",
    Level.ADDITIVE: "New",
}


def draft(report: Report) -> str:
    """The entry: what users have to do first. What only documents is one line. Empty if nothing changed."""
    lines = [HEADING, ""]
    for level, title in _TITLES.items():
        changes = [change for change in report.changes if change.level is level]
        if changes:
            lines += [f"**{title}**", "", *(_line(change) for change in changes), ""]
    documented = sum(1 for change in report.changes if change.level is Level.DOCS)
    if documented:
        lines += [f"The documentation changed in {documented} place{'s' if documented > 1 else ''}.", ""]
    return "\n".join(lines) if len(lines) > 2 else ""


def _line(change: Change) -> str:
    calls = f" ({', '.join(f'`{call}`' for call in change.operations)})" if change.operations else ""
    kind = "Python" if change.axis is Axis.PYTHON else "API"
    return f"- {kind}: `{change.where}`: {change.detail}; {change.effect}{calls}"


def insert(changelog: str, entry: str) -> str:
    """Put the entry under the heading Unreleased, in place of an earlier draft."""
    heading = re.search(r"^## \[?Unreleased\]?.*$", changelog, re.M)
    if heading is None:
        first = re.search(r"^## ", changelog, re.M)
        at = first.start() if first else len(changelog)
        before = changelog[:at].rstrip("\n")
        return f"{before}\n\n## Unreleased\n\n{entry}\n{changelog[at:]}".rstrip("\n") + "\n"
    end = re.compile(r"^## ", re.M).search(changelog, heading.end())
    stop = end.start() if end else len(changelog)
    section = changelog[heading.end() : stop]
    section = re.sub(rf"^{re.escape(HEADING)}\n.*?(?=^###? |\Z)", "", section, flags=re.M | re.S).strip("\n")
    body = f"\n\n{section}\n\n{entry}\n" if section else f"\n\n{entry}\n"
    return f"{changelog[: heading.end()]}{body}{changelog[stop:]}".rstrip("\n") + "\n"
