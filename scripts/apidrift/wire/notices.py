"""What the server starts: webhooks and callbacks; and links. The SDK uses none of them, other code may.

What a notice brings is received by clients, and what they answer is sent by them.
"""

from __future__ import annotations

from typing import Any

from codegen.documents import Json

from ..changes import arrow
from .places import Context, Place, Scope
from .run import Run


def compare_named(run: Run, scope: Scope, noun: str, where: str, old: Json, new: Json) -> None:
    """Parts by name: webhooks, callbacks, links."""
    for name in sorted(old.keys() | new.keys()):
        if name.startswith("x-"):
            run.extensions(scope, where, {name: old.get(name)}, {name: new.get(name)})
        elif name not in new:
            run.emit(scope, f"{noun}-removed", where, f"{name} removed", old[name])
        elif name not in old:
            run.emit(scope, f"{noun}-added", where, f"{name} added", None, new[name])
        elif noun == "webhook":
            _item(run, scope, f"{where} > {name}", old[name], new[name])
        elif noun == "callback":
            _callback(run, scope, f"{where} > {name}", old[name], new[name])
        else:
            _plain(run, scope, f"{where} > {name}", noun, run.old.resolve(old[name]), run.new.resolve(new[name]))


def _plain(run: Run, scope: Scope, where: str, key: str, old: Any, new: Any) -> None:
    """A node of which only the difference is known."""
    if run.schemas.differ(old, new):
        run.unclassified(scope, where, key, old, new)
    elif old != new:
        run.emit(scope, "description-changed", where, arrow(old, new), old, new)


def _callback(run: Run, scope: Scope, where: str, old: Any, new: Any) -> None:
    one, two = run.old.resolve(old), run.new.resolve(new)
    for address in sorted(one.keys() | two.keys()):
        if address.startswith("x-"):
            continue
        if address in one and address in two:
            _item(run, scope, f"{where} > {address}", one[address], two[address])
        else:
            run.unclassified(scope, where, address, one.get(address), two.get(address))
    run.extensions(scope, where, one, two)


def _item(run: Run, scope: Scope, where: str, old: Any, new: Any) -> None:
    one, two = run.old.item(old), run.new.item(new)
    methods = run.old.methods(one), run.new.methods(two)
    for method in sorted(methods[0].keys() | methods[1].keys()):
        at = f"{where} > {method}"
        if method in methods[0] and method in methods[1]:
            _operation(run, scope, at, methods[0][method], methods[1][method])
        else:
            run.unclassified(scope, where, method, methods[0].get(method), methods[1].get(method))
    run.prose(scope, where, one, two)
    run.rest(scope, where, one, two, {*methods[0], *methods[1], "additionalOperations"})


def _operation(run: Run, scope: Scope, where: str, old: Json, new: Json) -> None:
    run.prose(scope, where, old, new)
    bodies = _resolved(run, old.get("requestBody"), new.get("requestBody"))
    if bodies is None:
        run.unclassified(scope, where, "requestBody", old.get("requestBody"), new.get("requestBody"))
    else:
        _contents(run, Place(f"{where} > body", Context.NOTICE, "body", scope), *bodies)
    answers = old.get("responses") or {}, new.get("responses") or {}
    for status in sorted(answers[0].keys() | answers[1].keys()):
        sides = _resolved(run, answers[0].get(status), answers[1].get(status))
        if sides is None:
            run.unclassified(scope, where, status, answers[0].get(status), answers[1].get(status))
        else:
            _contents(run, Place(f"{where} > {status}", Context.REPLY, "body", scope), *sides)
    for key, code in (("operationId", "api-operation-id-changed"), ("tags", "api-tags-changed")):
        if old.get(key) != new.get(key):
            run.emit(scope, code, where, f"{key}: {arrow(old.get(key, 'none'), new.get(key, 'none'))}")
    run.rest(scope, where, old, new, {"requestBody", "responses", "operationId", "tags"})


def _resolved(run: Run, old: Any, new: Any) -> tuple[Json, Json] | None:
    """Two objects with references followed; nothing if one of them is not there."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return None if old != new else ({}, {})
    return run.old.resolve(old), run.new.resolve(new)


def _contents(run: Run, at: Place, old: Json, new: Json) -> None:
    """The same media types with schemas in their direction; whatever else differs is only known to differ."""
    run.prose(at.scope, at.where, old, new)
    one, two = old.get("content") or {}, new.get("content") or {}
    for key in sorted(one.keys() | two.keys()):
        before, after = one.get(key), two.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            before, after = run.old.resolve(before), run.new.resolve(after)
            run.prose(at.scope, at.where, before, after)
            run.compare(before.get("schema", True), after.get("schema", True), at)
            run.rest(at.scope, at.where, before, after, {"schema"})
        else:
            run.unclassified(at.scope, at.where, key, before, after)
    run.rest(at.scope, at.where, old, new, {"content"})
