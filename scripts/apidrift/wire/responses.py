"""Answers: statuses, bodies, headers and links."""

from __future__ import annotations

import dataclasses
from typing import Any

from codegen.documents import Json

from ..changes import arrow
from .contents import compare_contents
from .notices import compare_named
from .operations import component_name
from .places import Context, Place, Scope
from .run import Run


def compare_responses(run: Run, scope: Scope, label: str, old: Json, new: Json) -> None:
    """Compare answers by status."""
    before, after = _statuses(old), _statuses(new)
    successes = any(status.startswith("2") for status in before), any(status.startswith("2") for status in after)
    gone = [status for status in before if status not in after]
    fresh = [status for status in after if status not in before]
    pairs = [(status, status) for status in before if status in after]
    # 2XX in place of 200 (or the other way round) says the same about the answer that is there today.
    for one in list(gone):
        match = next((two for two in fresh if one[0] == two[0] and "X" in one + two and _same_today(one, two)), None)
        if match is not None:
            gone.remove(one)
            fresh.remove(match)
            pairs.append((one, match))
            run.emit(scope, "response-status-range-changed", label, arrow(one, match))
    for status in gone:
        code = f"response-{_kind(status, success=successes[0])}-removed"
        run.emit(scope, code, label, f"{status} removed", run.old.resolve(old[before[status]]))
    for status in fresh:
        code = f"response-{_kind(status, success=successes[1], is_new=True)}-added"
        run.emit(scope, code, label, f"{status} added", None, run.new.resolve(new[after[status]]))
    for one, two in pairs:
        good = one.startswith(("1", "2", "3")) or (one == "default" and not successes[0])
        place = Place(f"{label} > {one}", Context.RESPONSE if good else Context.ERROR, "body", scope)
        _response(run, place, old[before[one]], new[after[two]])
    run.extensions(scope, f"{label} > responses", old, new)


def _kind(status: str, *, success: bool, is_new: bool = False) -> str:
    if status.startswith("2") or (status == "default" and not success):
        return "success-status"
    if status == "default" and not is_new:
        return "default"
    return "status" if status.startswith(("1", "3")) else "non-success-status"


def _statuses(responses: Json) -> dict[str, str]:
    """Statuses in one spelling, each with the key that the document has for it."""
    return {
        status if status == "default" else status.upper(): status for status in responses if not status.startswith("x-")
    }


def _same_today(one: str, two: str) -> bool:
    """Whether a range stands for the first status in it, which is what a client of the range expects."""
    exact = one if "X" in two else two
    return exact == f"{exact[0]}00" or exact[0] != "2"


def _response(run: Run, at: Place, old: Any, new: Any) -> None:
    name = component_name(old, "responses")
    if name and name == component_name(new, "responses"):
        at = dataclasses.replace(at, where=f"responses.{name}")
    scope, where = at.scope, at.where
    one, two = run.old.resolve(old), run.new.resolve(new)
    run.prose(scope, where, one, two)
    contents = one.get("content") or {}, two.get("content") or {}
    if contents[0] and not contents[1]:
        run.emit(scope, "response-body-removed", where, "body removed", one, two, context=at.context)
    elif contents[1] and not contents[0]:
        run.emit(scope, "response-body-added", where, "body added", one, two)
    else:
        compare_contents(run, at, contents[0], contents[1], "response-media-type")
    compare_headers(run, at, one.get("headers") or {}, two.get("headers") or {})
    compare_named(run, scope, "response-link", f"{where} > links", one.get("links") or {}, two.get("links") or {})
    run.rest(scope, where, one, two, {"content", "headers", "links"})


def compare_headers(run: Run, at: Place, old: Json, new: Json) -> None:
    """Compare headers by name, which has no case."""
    before = {name.lower(): node for name, node in old.items()}
    after = {name.lower(): node for name, node in new.items()}
    for name in sorted(before.keys() | after.keys()):
        if name == "content-type":  # comes from the media type
            continue
        where = f"{at.where} > header {name}"
        one = run.old.resolve(before[name]) if name in before else None
        two = run.new.resolve(after[name]) if name in after else None
        if one is not None and two is not None:
            # Headers are no part of what the SDK parses, so a change cannot make an answer unreadable.
            place = dataclasses.replace(at, where=where, role="header", context=Context.HEADER)
            _header(run, place, one, two)
        elif one is not None:
            code = f"{'required' if one.get('required') else 'optional'}-response-header-removed"
            run.emit(at.scope, code, where, f"{name} removed", one)
        else:
            run.emit(at.scope, "response-header-added", where, f"{name} added", None, two)


def _header(run: Run, at: Place, old: Json, new: Json) -> None:
    run.prose(at.scope, at.where, old, new)
    if bool(old.get("required")) != bool(new.get("required")):
        required = bool(new.get("required"))
        code = f"response-header-became-{'required' if required else 'optional'}"
        run.emit(at.scope, code, at.where, "always sent" if required else "may be missing")
    run.compare(old.get("schema", True), new.get("schema", True), at)
    run.rest(at.scope, at.where, old, new, {"required", "schema"})
