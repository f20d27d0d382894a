"""A report as one HTML page that needs nothing else: filters, and the passages of both definitions side by side."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from ..changes import REPORTED, Axis, Level
from ..compare import Report
from .passages import Passages
from .words import TITLES, counts, some_calls


def html(report: Report) -> str:
    """The report as a page."""
    passages = Passages()
    calls = sorted({call for change in report.changes for call in change.operations})
    numbers = {call: number for number, call in enumerate(calls)}
    sets: dict[tuple[str, ...], int] = {}
    findings = [
        {
            "change": change,
            "calls": some_calls(change),
            "set": sets.setdefault(change.operations, len(sets)),
            "passages": passages.number(change),
        }
        for change in report.changes
    ]
    return _template().render(
        report=report,
        verdict=report.verdict() or Level.NONE,
        levels=REPORTED,
        titles=TITLES,
        axes=Axis,
        counts=counts(report),
        findings=findings,
        calls=list(map(_shown, calls)),
        sets=[[numbers[call] for call in each] for each in sets],
        passages=[[[_shown(left), _shown(right), differs] for left, right, differs in each] for each in passages.all],
    )


def _shown(value: Any) -> Any:
    """Text without what changes the direction of text or moves things about: a stranger may have written it."""
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in value)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.jinja")
