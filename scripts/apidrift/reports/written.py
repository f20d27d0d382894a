"""A report for a terminal, for a pull request (Markdown) and for programs (JSON). The page is in page.py."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import TextIO

from ..changes import REPORTED, Axis, Change, Level
from ..compare import Report
from .page import html

_COLOURS = {Level.BREAKING: "31", Level.POTENTIAL: "33", Level.ADDITIVE: "32", Level.DOCS: "2"}
_TITLES = {
    Level.BREAKING: "Breaking",
    Level.POTENTIAL: "Potentially breaking",
    Level.ADDITIVE: "Additive",
    Level.DOCS: "Documentation only",
}


def counts(report: Report) -> dict[Level, dict[Axis, int]]:
    """How many changes of each class there are on each axis, waived ones aside."""
    return {
        level: {
            axis: sum(1 for each in report.changes if (each.level, each.axis, each.waived) == (level, axis, ""))
            for axis in Axis
        }
        for level in REPORTED
    }


def as_json(report: Report) -> str:
    """The report for programs: sorted, without times, the same bytes for the same comparison."""
    changes = sorted(report.changes, key=lambda change: (change.sort_key, change.id))
    data = {
        "schema": 1,
        "verdict": {**{axis.value: report.verdict(axis) for axis in Axis}, "overall": report.verdict()},
        "changes": [
            {
                "id": each.id,
                "axis": each.axis,
                "class": each.level,
                "code": each.code,
                "where": each.where,
                "detail": each.detail,
                "effect": each.effect,
                "operations": list(each.operations),
                **({"waived": each.waived} if each.waived else {}),
            }
            for each in changes
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=True, sort_keys=False) + "\n"


def terminal(report: Report, *, colour: bool = False) -> str:
    """The report for a terminal, one line for each change."""

    def paint(text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if colour else text

    lines = [f"{report.old} → {report.new}", f"verdict: {_verdict(report)}"]
    for level in REPORTED:
        changes = [change for change in report.changes if change.level is level and not change.waived]
        if changes:
            lines += ["", paint(f"{_TITLES[level]} ({len(changes)})", f"1;{_COLOURS[level]}")]
        for each in changes:
            calls = f" [{', '.join(each.operations)}]" if each.operations else ""
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


def _verdict(report: Report) -> str:
    parts = [f"{axis.value} {report.verdict(axis)}" for axis in report.axes]
    return f"{report.verdict()} ({', '.join(parts)})"


def markdown(report: Report) -> str:
    """The report for a pull request."""
    lines = [
        f"## API drift: {report.verdict()}",
        "",
        f"`{_cell(report.old)}` → `{_cell(report.new)}`",
        "",
        "| | " + " | ".join(_TITLES[level] for level in REPORTED) + " |",
        "|---|" + "---:|" * len(REPORTED),
    ]
    table = counts(report)
    lines += [
        f"| {axis.value} | " + " | ".join(str(table[level][axis]) for level in REPORTED) + " |" for axis in report.axes
    ]
    if not report.changes:
        lines += ["", "Nothing changes for users."]
    for level in REPORTED:
        changes = [change for change in report.changes if change.level is level and not change.waived]
        if changes:
            lines += _section(f"{_TITLES[level]} ({len(changes)})", changes, folded=level is Level.DOCS)
    waived = [change for change in report.changes if change.waived]
    if waived:
        lines += _section(f"Waived ({len(waived)})", waived, folded=True)
    return "\n".join(lines) + "\n"


def _section(title: str, changes: list[Change], *, folded: bool) -> list[str]:
    rows = [
        f"| `{each.id}` | {each.axis.value} | {_cell(each.code)} | {_cell(each.where)} | {_cell(each.detail)} "
        f"| {_cell(each.effect)}{f' Waived: {_cell(each.waived)}' if each.waived else ''} "
        f"| {', '.join(map(_call, each.operations))} |"
        for each in changes
    ]
    table = [
        "| id | axis | rule | where | change | effect on the SDK | calls |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]
    if folded:
        return ["", f"<details><summary>{title}</summary>", "", *table, "", "</details>"]
    return ["", f"### {title}", "", *table]


_MARKDOWN = str.maketrans(
    {each: f"\\{each}" for each in "\\`*_[]|~#"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": " ", "@": "&#64;"}
)


def _cell(text: str) -> str:
    """Text of a definition in a cell: whatever a stranger wrote stays text."""
    return text.translate(_MARKDOWN)


def _call(name: str) -> str:
    """A facade call, or an operation without one, as code; there an escape would be shown, so plain names have none."""
    return f"`{name}`" if re.fullmatch(r"[\w.{}/ -]+", name, re.ASCII) else f"`{_cell(name)}`"


def wants_colour(stream: TextIO) -> bool:
    """Colour belongs on a terminal whose user did not say no (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


FORMATS: dict[str, Callable[[Report], str]] = {
    "terminal": terminal,
    "markdown": markdown,
    "json": as_json,
    "html": html,
}
SUFFIXES = {".txt": "terminal", ".md": "markdown", ".json": "json", ".html": "html"}
