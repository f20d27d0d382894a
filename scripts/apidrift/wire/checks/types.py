"""The types of a schema, and those that go without saying."""

from __future__ import annotations

from typing import Final

from ...changes import arrow
from ..comparer import Pair, SchemaComparer
from ..places import Context
from ..views import View

_PLAIN: Final = frozenset({"string", "integer", "number", "boolean"})


def types(comparer: SchemaComparer, pair: Pair) -> bool:
    """Compare types; the rest of the schemas is worth comparing where some of them are common."""
    one, two, at = pair.one, pair.two, pair.at
    if one.types is None or two.types is None:  # what the variants of a union have in common says it as well
        before, after = _closure(comparer.old.types(one)), _closure(comparer.new.types(two))
    else:
        before, after = _closure(one.types), _closure(two.types)
    if before == after or (one.types is None and two.types is None):
        _stated(comparer, pair)
        return True
    detail = arrow(_kind(before, one), _kind(after, two))
    narrower = after is not None and (before is None or after < before)
    wider = before is not None and (after is None or before < after)
    if at.context is Context.EITHER:
        comparer.report(at, "type-changed", detail, pair.nodes)
    elif at.context.is_sent and wider:
        comparer.report(at, "type-generalized", detail, pair.nodes)
    elif at.context.is_sent and at.role == "parameter" and _same_text(one, two):
        comparer.report(at, "type-reinterpreted", detail, pair.nodes)
    elif at.context.is_sent or not narrower:
        comparer.report(at, "type-changed", detail, pair.nodes)
    else:
        comparer.report(at, "type-specialized", detail, pair.nodes)
    return bool(before and after and before & after)


def _kind(types: frozenset[str] | None, view: View) -> str:
    return " or ".join(sorted(view.types or types)) if types else view.kind


def _stated(comparer: SchemaComparer, pair: Pair) -> None:
    """A type that goes without saying: by the letter, a schema without `type` allows values of any."""
    one, two = pair.one, pair.two
    if one.implied != two.implied and one.types and two.types:
        detail = f"type: {arrow(*('none' if each.implied else each.kind for each in (one, two)))}"
        comparer.report(pair.at, "type-left-out" if two.implied else "type-stated", detail, pair.nodes)


def _closure(types: frozenset[str] | None) -> frozenset[str] | None:
    return types | {"integer"} if types and "number" in types else types


def _same_text(one: View, two: View) -> bool:
    """Whether a parameter reads the same in a URL: any value is text, and one value is a list of one."""
    if not one.types or not one.types <= _PLAIN:
        return False
    if two.types == frozenset({"string"}):
        return "format" not in two.facets and two.enum is None and "pattern" not in two.facets
    return two.types == frozenset({"array"})
