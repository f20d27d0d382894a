"""A report for a pull request (Markdown), within what the summary of a job may have."""

from __future__ import annotations

import re
from typing import Final

from ..changes import REPORTED, Change, Level, short
from ..compare import Report
from .words import TITLES, counts, some_calls

# A summary of GitHub Actions holds 1 MiB; what is above it is lost as a whole.
_MAX_BYTES: Final = 900_000
_HEAD: Final = (
    "| id | axis | rule | where | change | effect on the SDK | calls |",
    "|---|---|---|---|---|---|---|",
)


def markdown(report: Report) -> str:
    """The report for a pull request, the worst first. What does not fit is counted, and stands in the page."""
    table = counts(report)
    lines = [
        f"## API drift: {report.verdict()}",
        "",
        f"`{_cell(report.old)}` → `{_cell(report.new)}`",
        "",
        "| | " + " | ".join(TITLES[level] for level in REPORTED) + " |",
        "|---|" + "---:|" * len(REPORTED),
    ]
    lines += [
        f"| {axis.value} | " + " | ".join(str(table[level][axis]) for level in REPORTED) + " |" for axis in report.axes
    ]
    lines += [line for note in report.notes for line in ("", f"**Only the wire axis was compared:** {_cell(note)}")]
    if not report.changes and not report.notes:
        lines += ["", "Nothing changes for users."]
    left = _MAX_BYTES - sum(len(line.encode()) + 1 for line in lines)
    for level in REPORTED:
        changes = [change for change in report.changes if change.level is level and not change.waived]
        if changes:
            section = _section(f"{TITLES[level]} ({len(changes)})", changes, left, folded=level is Level.DOCS)
            left -= sum(len(line.encode()) + 1 for line in section)
            lines += section
    waived = [change for change in report.changes if change.waived]
    if waived:
        lines += _section(f"Waived ({len(waived)})", waived, left, folded=True)
    return "\n".join(lines) + "\n"


def _section(title: str, changes: list[Change], left: int, *, folded: bool) -> list[str]:
    rows: list[str] = []
    left -= 1_000  # for what stands around the rows of this section and those that follow
    for change in changes:
        row = _row(change)
        left -= len(row.encode()) + 1
        if left < 0:
            break
        rows.append(row)
    hidden = len(changes) - len(rows)
    more = ["", f"and {hidden} more, which the HTML report (`--report drift.html`) lists"] if hidden else []
    table = [*_HEAD, *rows] if rows else []
    if folded:
        return ["", f"<details><summary>{title}</summary>", "", *table, *more, "", "</details>"]
    return ["", f"### {title}", "", *table, *more]


def _row(change: Change) -> str:
    shown, more = some_calls(change)
    calls = ", ".join(map(_call, shown)) + (f" and {more} more" if more else "")
    waived = f" Waived: {_cell(change.waived)}" if change.waived else ""
    what = " | ".join(map(_cell, (change.code, change.where, change.detail, change.effect)))
    return f"| `{change.id}` | {change.axis.value} | {what}{waived} | {calls} |"


_MARKDOWN: Final = str.maketrans(
    {each: f"\\{each}" for each in "\\`*_[]|~#"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": " "}
)


def _cell(text: str) -> str:
    """Text of a definition in a cell: whatever a stranger wrote stays text, and neither links nor calls people."""
    text = short(text, 500).translate(_MARKDOWN)
    text = re.sub(r"(?i)\b(https?|ftp|mailto|xmpp):", r"\1&#58;", text)
    text = re.sub(r"(?i)\bwww\.", lambda match: f"{match[0][:-1]}&#46;", text)
    # A comment keeps what stands on both sides of the sign apart, also once the sign is decoded.
    return text.replace("@", "&#64;<!-- -->")


def _call(name: str) -> str:
    """A facade call, or an operation without one, as code; plain names have no escapes, which would be shown there."""
    return f"`{name}`" if re.fullmatch(r"[\w.{}/ -]+", name, re.ASCII) else f"`{_cell(name)}`"
