"""A report for a terminal: one line for each change, the worst first."""

from __future__ import annotations

import os
from typing import Final, TextIO

from ..changes import REPORTED, Level
from ..compare import Report
from .words import TITLES, some_calls, verdict

_COLOURS: Final = {Level.BREAKING: "31", Level.POTENTIAL: "33", Level.ADDITIVE: "32", Level.DOCS: "2"}


def terminal(report: Report, *, colour: bool = False) -> str:
    """The report for a terminal."""

    def paint(text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if colour else text

    lines = [f"{report.old} → {report.new}", f"verdict: {verdict(report)}"]
    lines += [f"note: {note}; only the wire axis was compared" for note in report.notes]
    for level in REPORTED:
        changes = [change for change in report.changes if change.level is level and not change.waived]
        if changes:
            lines += ["", paint(f"{TITLES[level]} ({len(changes)})", f"1;{_COLOURS[level]}")]
        for each in changes:
            shown, more = some_calls(each)
            calls = f" [{', '.join(shown)}{f' and {more} more' if more else ''}]" if shown else ""
            head = paint(f"{each.axis.value:6} {each.code}", _COLOURS[level])
            lines.append(f"  {each.id} {head}  {each.where}: {each.detail} ({each.effect}){calls}")
    waived = [change for change in report.changes if change.waived]
    if waived:
        lines += ["", f"Waived ({len(waived)})"]
        lines += [
            f"  {each.id} {each.axis.value:6} {each.code}  {each.where}: {each.detail} (waived: {each.waived})"
            for each in waived
        ]
    return "\n".join(lines) + "\n"


def wants_colour(stream: TextIO) -> bool:
    """Colour belongs on a terminal whose user did not say no (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()
