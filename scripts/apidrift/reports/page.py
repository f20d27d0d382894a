"""A report as one HTML page that needs nothing else: filters by class, axis and operation, schemas side by side."""

from __future__ import annotations

import difflib
import html as markup
import io
import json
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML

from ..changes import REPORTED, Axis, Change, Level
from ..compare import Report

_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d8dee4, #3d444d); --soft: light-dark(#f6f8fa, #151b23);
--breaking: light-dark(#b3151d, #ff8182); --potentially-breaking: light-dark(#8a5300, #e3b341);
--additive: light-dark(#116329, #56d364); --docs-only: light-dark(#57606a, #9198a1);
--none: light-dark(#57606a, #9198a1); --old: light-dark(#ffebe9, #4b1c20);
--new: light-dark(#dafbe1, #163b22); } * { box-sizing: border-box; } body {
font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 1.5rem; } h1 {
font-size: 1.5rem; margin: 0; } h1 b { color: var(--level); } .sides { color: light-dark(#57606a, #9198a1);
margin: .2rem 0 1.2rem; overflow-wrap: anywhere; } table.counts { border-collapse: collapse;
margin-bottom: 1.2rem; } .counts th, .counts td { border: 1px solid var(--line); padding: .25rem .75rem;
text-align: right; } .counts th { background: var(--soft); font-weight: 600; text-align: left; } form {
background: var(--soft); border: 1px solid var(--line); border-radius: 6px; display: flex; flex-wrap: wrap;
gap: .5rem 1.2rem; padding: .6rem .9rem; position: sticky; top: 0; z-index: 1; align-items: center; }
form label { white-space: nowrap; } select { font: inherit; max-width: 22rem; } #shown { margin-left: auto; }
.change { border: 1px solid var(--line); border-left: 4px solid var(--level); border-radius: 6px;
margin: .6rem 0; padding: .5rem .9rem; } .change[hidden] { display: none; } .change header { display: flex;
flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; } .level { color: var(--level); font-weight: 600; }
code { font: .9em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; } .id {
color: light-dark(#57606a, #9198a1); margin-left: auto; } .change p { margin: .25rem 0;
overflow-wrap: anywhere; } .where { font-weight: 600; } .calls code { background: var(--soft);
border-radius: 4px; margin-right: .4rem; padding: .1rem .35rem; } summary { cursor: pointer; } .sbs {
border-collapse: collapse; font: .85rem/1.45 ui-monospace, monospace; margin-top: .4rem; table-layout: fixed;
width: 100%; } .sbs th { font: 600 .85rem system-ui; text-align: left; } .sbs td { padding: 0 .5rem;
vertical-align: top; white-space: pre-wrap; overflow-wrap: anywhere; width: 50%;
border-left: 1px solid var(--line); } .sbs .old { background: var(--old); } .sbs .new {
background: var(--new); } .waived { font-style: italic; }
"""

_SCRIPT = """
const form = document.querySelector("form"), changes = [...document.querySelectorAll(".change")];
function apply() {
  const chosen = name => new Set([...form.querySelectorAll(`[name=${name}]:checked`)].map(each => each.value));
  const levels = chosen("level"), axes = chosen("axis"), call = form.operation.value;
  let shown = 0;
  for (const each of changes) {
    const calls = JSON.parse(each.dataset.calls);
    each.hidden = !(levels.has(each.dataset.level) && axes.has(each.dataset.axis) && (!call || calls.includes(call)));
    shown += !each.hidden;
  }
  document.querySelector("#shown").textContent = `${shown} of ${changes.length} changes`;
}
form.addEventListener("input", apply);
form.addEventListener("submit", event => event.preventDefault());
apply();
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_MAX_LINES = 400


def html(report: Report) -> str:
    """The report as a page."""
    verdict = report.verdict() or Level.NONE
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8"><title>API drift</title>',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{_STYLE}</style></head><body>",
            f'<h1 style="--level: var(--{verdict})">API drift: <b>{verdict}</b></h1>',
            f'<p class="sides">{_text(report.old)} → {_text(report.new)}</p>',
            _counts(report),
            _filters(report),
            "<main>",
            *(_change(change) for change in report.changes),
            "" if report.changes else "<p>Nothing changes for users.</p>",
            f"</main><script>{_SCRIPT}</script></body></html>",
            "",
        ]
    )


def _text(value: object) -> str:
    return markup.escape(str(value), quote=True)


def _counts(report: Report) -> str:
    head = "".join(f"<th>{level}</th>" for level in REPORTED)
    rows = ""
    for axis in report.axes:
        cells = (
            sum(1 for each in report.changes if each.axis is axis and each.level is level and not each.waived)
            for level in REPORTED
        )
        rows += f"<tr><th>{axis}</th>{''.join(f'<td>{count}</td>' for count in cells)}</tr>"
    return f'<table class="counts"><tr><th></th>{head}</tr>{rows}</table>'


def _filters(report: Report) -> str:
    levels = "".join(
        f'<label style="color: var(--{level})">'
        f'<input type="checkbox" name="level" value="{level}" checked> {level}</label>'
        for level in REPORTED
    )
    axes = "".join(f'<label><input type="checkbox" name="axis" value="{axis}" checked> {axis}</label>' for axis in Axis)
    calls = sorted({call for change in report.changes for call in change.operations})
    options = "".join(f'<option value="{_text(call)}">{_text(call)}</option>' for call in calls)
    return (
        f'<form>{levels}{axes}<label>operation <select name="operation"><option value="">all</option>{options}</select>'
        "</label>"
        '<output id="shown"></output></form>'
    )


def _change(change: Change) -> str:
    calls = _text(json.dumps(change.operations))
    shown = "".join(f"<code>{_text(call)}</code>" for call in change.operations)
    waived = f'<p class="waived">Waived: {_text(change.waived)}</p>' if change.waived else ""
    return (
        f'<article class="change" style="--level: var(--{change.level})" '
        f'data-level="{change.level}" data-axis="{change.axis}" '
        f'data-calls="{calls}">'
        f'<header><span class="level">{change.level}</span> <span>{change.axis}</span> '
        f"<code>{_text(change.code)}</code> "
        f'<code class="id">{change.id}</code></header>'
        f'<p><span class="where">{_text(change.where)}</span>: {_text(change.detail)}</p><p>{_text(change.effect)}</p>'
        + (f'<p class="calls">{shown}</p>' if shown else "")
        + waived
        + _side_by_side(change.old, change.new)
        + "</article>"
    )


def _side_by_side(old: Any, new: Any) -> str:
    if old is None and new is None:
        return ""
    rows = "".join(
        f"<tr>{_line(left, 'old')}{_line(right, 'new')}</tr>" for left, right in _aligned(_lines(old), _lines(new))
    )
    table = f'<table class="sbs"><tr><th>old</th><th>new</th></tr>{rows}</table>'
    return f"<details><summary>old and new</summary>{table}</details>"


def _line(line: tuple[str, bool] | None, side: str) -> str:
    if line is None:
        return "<td></td>"
    text, differs = line
    return f"<td{f' class={side}' if differs else ''}>{_text(text) or ' '}</td>"


def _lines(value: Any) -> list[str]:
    if value is None:
        return []
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 100
    yaml.representer.ignore_aliases = lambda *_: True
    stream = io.StringIO()
    yaml.dump(value, stream)
    lines = stream.getvalue().removesuffix("...\n").splitlines()
    return lines if len(lines) <= _MAX_LINES else [*lines[:_MAX_LINES], f"({len(lines) - _MAX_LINES} more lines)"]


def _aligned(old: list[str], new: list[str]) -> Iterator[tuple[tuple[str, bool] | None, tuple[str, bool] | None]]:
    for kind, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        left, right = old[i:j], new[k:m]
        for row in range(max(len(left), len(right))):
            one = (left[row], kind != "equal") if row < len(left) else None
            two = (right[row], kind != "equal") if row < len(right) else None
            yield one, two
