"""What the reports have in common: titles, the verdict in words, counts, a few of many calls."""

from __future__ import annotations

from typing import Final

from ..changes import REPORTED, Axis, Change, Level
from ..compare import Report

TITLES: Final = {
    Level.BREAKING: "Breaking",
    Level.POTENTIAL: "Potentially breaking",
    Level.ADDITIVE: "Additive",
    Level.DOCS: "Documentation only",
}
_CALLS: Final = 10


def verdict(report: Report) -> str:
    """The worst class, on all axes and on each."""
    parts = [f"{axis} {report.verdict(axis) or 'not compared'}" for axis in report.axes]
    return f"{report.verdict()} ({', '.join(parts)})"


def counts(report: Report) -> dict[Level, dict[Axis, int]]:
    """How many changes of each class there are on each axis, waived ones aside."""
    return {
        level: {
            axis: sum(1 for each in report.changes if (each.level, each.axis, each.waived) == (level, axis, ""))
            for axis in Axis
        }
        for level in REPORTED
    }


def some_calls(change: Change) -> tuple[tuple[str, ...], int]:
    """The first calls that a change reaches, and how many more there are."""
    few = change.operations if len(change.operations) <= _CALLS + 2 else change.operations[:_CALLS]
    return few, len(change.operations) - len(few)
