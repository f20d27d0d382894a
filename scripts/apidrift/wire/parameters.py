"""Parameters: which there are, what they are called, where they stand and how they are written."""

from __future__ import annotations

from typing import Final

from codegen.documents import Json

from ..changes import arrow
from .contents import compare_contents
from .operations import Operation
from .places import Context, Place, Scope
from .run import Run

# OpenAPI has these three come from elsewhere: the media types and the security of an operation.
_IGNORED_HEADERS: Final = frozenset({"accept", "content-type", "authorization"})
_STYLES: Final = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_HANDLED: Final = frozenset(
    {"name", "in", "required", "schema", "content", "style", "explode", "allowReserved", "allowEmptyValue"}
)

_MAX_ALIKE: Final = 2_500  # more pairs than these are not searched for renames

Key = tuple[str, str]  # where a parameter stands, and its name; in a path, its position


def compare_parameters(run: Run, scope: Scope, label: str, old: Operation, new: Operation) -> None:
    """Compare the parameters of an operation, those of its path included."""
    before, after = run.old.parameters(old), run.new.parameters(new)
    gone = [key for key in before if key not in after]
    fresh = [key for key in after if key not in before]
    for key in list(gone) if len(gone) * len(fresh) <= _MAX_ALIKE else ():
        one = before[key][0]
        moved = next((other for other in fresh if _is_same(run, key, one, other, after[other][0])), None)
        if moved is not None and not _is_ignored(key):
            gone.remove(key)
            fresh.remove(moved)
            code = "request-parameter-renamed" if key[0] == moved[0] else "request-parameter-moved"
            detail = arrow(_name(key, one), _name(moved, after[moved][0]))
            run.emit(scope, code, label, detail, one, after[moved][0])
    for key in gone:
        _removed(run, scope, label, key, before[key][0])
    for key in fresh:
        _added(run, scope, label, key, after[key][0])
    for key in before:
        if key in after:
            name = before[key][1]
            shared = name and name == after[key][1]
            where = f"parameters.{name}" if shared else f"{label} > {_name(key, before[key][0])}"
            _parameter(run, Place(where, Context.REQUEST, "parameter", scope), key, before[key][0], after[key][0])


def _is_same(run: Run, one: Key, old: Json, two: Key, new: Json) -> bool:
    """Whether a parameter that is gone is a new one by another name or in another place."""
    if one[0] != two[0]:
        named_alike = str(old.get("name", "")).lower() == str(new.get("name", "")).lower()
        return named_alike and "path" not in (one[0], two[0])
    if one[0] == "path" or run.schemas.old.shape(old.get("schema", True)) != run.schemas.new.shape(
        new.get("schema", True)
    ):
        return False
    described = bool(old.get("description")) and old.get("description") == new.get("description")
    return described or bool(old.get("required")) == bool(new.get("required")) is True


def _is_ignored(key: Key) -> bool:
    return key[0] == "header" and key[1] in _IGNORED_HEADERS


def _name(key: Key, parameter: Json) -> str:
    return f"{key[0]} {parameter.get('name', key[1])}"


def _removed(run: Run, scope: Scope, label: str, key: Key, old: Json) -> None:
    if _is_ignored(key):
        code = "ignored-header-removed"
    elif old.get("deprecated"):
        code = "request-parameter-removed-with-deprecation"
    else:
        code = "request-path-parameter-removed" if key[0] == "path" else "request-parameter-removed"
    name = _name(key, old)
    run.emit(scope, code, f"{label} > {name}", f"{name} removed", old)


def _added(run: Run, scope: Scope, label: str, key: Key, new: Json) -> None:
    if _is_ignored(key):
        code = "ignored-header-added"
    else:
        required = new.get("required") or key[0] == "path"
        code = "new-required-request-parameter" if required else "new-optional-request-parameter"
    name = _name(key, new)
    run.emit(scope, code, f"{label} > {name}", f"{name} added", None, new)


def _parameter(run: Run, at: Place, key: Key, old: Json, new: Json) -> None:
    scope, where = at.scope, at.where
    run.prose(scope, where, old, new)
    if _is_ignored(key):
        if run.schemas.differ(old, new):
            run.emit(scope, "ignored-header-changed", where, arrow(old, new), old, new)
        return
    before, after = (bool(side.get("required")) or key[0] == "path" for side in (old, new))
    if before != after:
        code = f"request-parameter-became-{'required' if after else 'optional'}"
        run.emit(scope, code, where, "required" if after else "optional", old, new)
    if ("content" in old) != ("content" in new):
        detail = arrow("content" if "content" in old else "schema", "content" if "content" in new else "schema")
        run.emit(scope, "request-parameter-serialization-changed", where, detail, old, new)
    elif "content" in old:
        compare_contents(run, at, old["content"], new["content"], "request-parameter-media-type")
    else:
        run.compare(old.get("schema", True), new.get("schema", True), at)
        _style(run, at, key, old, new)
    for flag in ("allowReserved", "allowEmptyValue"):
        if bool(old.get(flag)) != bool(new.get(flag)):
            code = f"request-parameter-flag-{'allowed' if new.get(flag) else 'refused'}"
            run.emit(scope, code, where, f"{flag}: {arrow(bool(old.get(flag)), bool(new.get(flag)))}", old, new)
    run.rest(scope, where, old, new, _HANDLED)


def _style(run: Run, at: Place, key: Key, old: Json, new: Json) -> None:
    def effective(side: Json) -> tuple[str, bool]:
        style = str(side.get("style", _STYLES.get(key[0], "form")))
        return style, bool(side.get("explode", style == "form"))

    before, after = effective(old), effective(new)
    if before == after:
        return
    detail = arrow(*(f"{style}, {'exploded' if explode else 'not exploded'}" for style, explode in (before, after)))
    types = run.schemas.old.types(run.schemas.old.use(old.get("schema", True)).view)
    compound = types is None or bool(types & {"array", "object"})
    scalar = not compound and not {"label", "matrix"} & {before[0], after[0]}
    code = f"request-parameter-{'scalar-' if scalar else ''}serialization-changed"
    run.emit(at.scope, code, at.where, detail, old, new)
