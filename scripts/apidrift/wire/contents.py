"""Bodies and what is in them: media types, ranges of them, schemas and the encoding of parts."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from typing import Any

from codegen.documents import Json

from ..changes import arrow
from .operations import component_name
from .places import Context, Place, Scope
from .run import Run, without

Entries = dict[str, tuple[str, Json]]  # a media type in one spelling: as it is written, and what is said about it


def compare_body(run: Run, scope: Scope, label: str, old: Any, new: Any) -> None:
    """Compare the body of a request."""
    where = f"{label} > body"
    one = None if old is None else run.old.resolve(old)
    two = None if new is None else run.new.resolve(new)
    if one is None and two is not None:
        required = bool(two.get("required"))
        code = f"request-body-added-{'required' if required else 'optional'}"
        run.emit(scope, code, where, f"{'required' if required else 'optional'} body added", None, two)
    elif one is not None and two is None:
        run.emit(scope, "request-body-removed", where, "body removed", one)
    elif one is not None and two is not None:
        name = component_name(old, "requestBodies")
        if name and name == component_name(new, "requestBodies"):
            where = f"requestBodies.{name}"
        run.prose(scope, where, one, two)
        if bool(one.get("required")) != bool(two.get("required")):
            word = "required" if two.get("required") else "optional"
            run.emit(scope, f"request-body-became-{word}", where, word, one, two)
        place = Place(where, Context.REQUEST, "body", scope)
        compare_contents(run, place, one.get("content", {}), two.get("content", {}), "request-body-media-type")
        run.rest(scope, where, one, two, {"required", "content"})


def compare_contents(run: Run, at: Place, old: Json, new: Json, code: str) -> None:
    """Compare contents by media type. One that took the place of another is compared with it as well."""
    before, after = _entries(run, 0, old), _entries(run, 1, new)
    gone = [key for key in before if key not in after]
    fresh = [key for key in after if key not in before]
    ranges = _ranges(gone, fresh)
    for one, two in ranges:
        _range(run, at, code, before[one], after[two], widened="*" in two)
    covered = {key for pair in ranges for key in pair}
    gone = [key for key in gone if key not in covered]
    fresh = [key for key in fresh if key not in covered]
    for one, two in _paired(gone, fresh):
        covered |= {one, two}
        detail = arrow(before[one][0], after[two][0])
        run.emit(at.scope, f"{code}-changed", at.where, detail, old, new, context=at.context)
        _content(run, before[one][1], after[two][1], at)
    for key in (key for key in gone if key not in covered):
        run.emit(at.scope, f"{code}-removed", at.where, f"{before[key][0]} removed", old, new, context=at.context)
    for key in (key for key in fresh if key not in covered):
        run.emit(at.scope, f"{code}-added", at.where, f"{after[key][0]} added", old, new, context=at.context)
    several = len(old) > 1 or len(new) > 1
    for key in before:
        if key in after:
            place = dataclasses.replace(at, where=f"{at.where} > {key}") if several else at
            if before[key][0] != after[key][0]:
                run.emit(at.scope, f"{code}-spelling-changed", at.where, arrow(before[key][0], after[key][0]), old, new)
            _content(run, before[key][1], after[key][1], place)


def _entries(run: Run, side: int, contents: Json) -> Entries:
    """Media types without parameters and in lower case, unless two differ only in parameters."""
    definition = (run.old, run.new)[side]
    resolved = {key: definition.resolve(value) if isinstance(value, dict) else {} for key, value in contents.items()}
    short = Counter(map(_media_type, resolved))
    return {
        _media_type(key) if short[_media_type(key)] == 1 else "".join(key.lower().split()): (key, value)
        for key, value in resolved.items()
    }


def _media_type(key: str) -> str:
    return key.partition(";")[0].strip().lower()


def _covers(one: str, two: str) -> bool:
    """Whether a range of media types holds a media type."""
    if one in ("*/*", "*"):
        return True
    return one.endswith("/*") and two.partition("/")[0] == one.partition("/")[0]


def _ranges(gone: list[str], fresh: list[str]) -> list[tuple[str, str]]:
    """Media types that a range took the place of, and ranges that media types took the place of."""
    wide = ([key for key in each if "*" in key] for each in (gone, fresh))
    before, after = wide
    widened = [(one, two) for two in after for one in gone if _covers(two, one)]
    return widened + [(one, two) for one in before for two in fresh if two not in after and _covers(one, two)]


def _range(run: Run, at: Place, code: str, one: tuple[str, Json], two: tuple[str, Json], *, widened: bool) -> None:
    narrowed = "removed" if code.startswith("request") else "specialized"
    name = f"{code}-{'widened' if widened else narrowed}"
    run.emit(at.scope, name, at.where, arrow(one[0], two[0]), one[1], two[1], context=at.context)
    _content(run, one[1], two[1], at)


def _paired(gone: list[str], fresh: list[str]) -> list[tuple[str, str]]:
    """Media types that replace each other: versions of one vendor type first, then a single one for a single one."""

    def family(key: str) -> str:
        return re.sub(r"\.?v\d+(\.\d+)*(?=[.+]|$)", "", key)

    families: dict[str, list[str]] = {}
    for two in fresh:
        families.setdefault(family(two), []).append(two)
    pairs = [(one, families[family(one)].pop(0)) for one in gone if families.get(family(one))]
    if not pairs and len(gone) == 1 and len(fresh) == 1:
        return [(gone[0], fresh[0])]
    return pairs


def _content(run: Run, old: Json, new: Json, at: Place) -> None:
    run.prose(at.scope, at.where, old, new)
    run.compare(old.get("schema", True), new.get("schema", True), at)
    if "itemSchema" in old or "itemSchema" in new:
        run.compare(old.get("itemSchema", True), new.get("itemSchema", True), at.inside("[]"))
    one, two = old.get("encoding") or {}, new.get("encoding") or {}
    for name in sorted(one.keys() | two.keys()):
        _encoding(run, at, name, one.get(name), two.get(name))
    run.rest(at.scope, at.where, old, new, {"schema", "encoding", "itemSchema"})


def _encoding(run: Run, at: Place, name: str, old: Any, new: Any) -> None:
    """How a part is written. Schemas of its headers are compared as what is sent."""
    one, two = (_without_schemas(run, side, node) for side, node in enumerate((old, new)))
    where = f"{at.where} > {name}"
    if run.schemas.differ(one[0], two[0]):
        detail = f"{name}: {arrow('none' if old is None else old, 'none' if new is None else new)}"
        run.emit(at.scope, "request-body-encoding-changed", at.where, detail, old, new)
    elif one[0] != two[0]:
        run.emit(at.scope, "description-changed", where, arrow(old, new), old, new)
    for header in sorted(one[1].keys() & two[1].keys()):
        place = Place(f"{where} > header {header}", Context.REQUEST, "parameter", at.scope)
        run.compare(one[1][header], two[1][header], place)


def _without_schemas(run: Run, side: int, node: Any) -> tuple[Any, dict[str, Any]]:
    """An encoding without the schemas of its headers, and these by the name of the header."""
    headers = node.get("headers") if isinstance(node, dict) else None
    if not isinstance(headers, dict):
        return node, {}
    definition = (run.old, run.new)[side]
    resolved = {name.lower(): definition.resolve(header) for name, header in headers.items()}
    bare = {name: without(header, "schema") for name, header in resolved.items()}
    return {**node, "headers": bare}, {name: header.get("schema", True) for name, header in resolved.items()}
