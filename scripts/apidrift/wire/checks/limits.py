"""What limits values without changing their type: lengths, ranges, patterns, formats; and defaults."""

from __future__ import annotations

import math
from typing import Any, Final

from ...changes import arrow
from ..comparer import Pair, SchemaComparer
from ..nodes import text_of
from ..views import View
from .access import FLAGS, flags
from .formats import compare_formats

_SLUGS: Final = {
    "minLength": "min-length", "maxLength": "max-length", "minItems": "min-items", "maxItems": "max-items",
    "minProperties": "min-properties", "maxProperties": "max-properties", "minContains": "min-contains",
    "maxContains": "max-contains", "uniqueItems": "unique-items",
}  # fmt: skip
_BOUNDS: Final = (("minimum", "exclusiveMinimum", "min", 1), ("maximum", "exclusiveMaximum", "max", -1))


def facets(comparer: SchemaComparer, pair: Pair) -> bool:
    """Compare every limit, the format, the default, and whether values are read-only."""
    one, two = pair.one.facets, pair.two.facets
    for lower, exclusive, slug, sign in _BOUNDS:
        _bound(comparer, pair, (lower, exclusive), slug, sign)
    for key in sorted(one.keys() | two.keys()):
        old, new = one.get(key), two.get(key)
        if text_of(old) == text_of(new):
            continue
        detail = f"{key}: {arrow('none' if old is None else old, 'none' if new is None else new)}"
        if key == "format":
            compare_formats(comparer, pair)
        elif key == "default":
            comparer.report(pair.at, "default-value-changed", detail, pair.nodes)
        elif key == "pattern":
            change = "removed" if new is None else "added" if old is None else "changed"
            comparer.report(pair.at, f"pattern-{change}", detail, pair.nodes)
        elif key == "multipleOf":
            _multiple(comparer, pair, old, new, detail)
        elif key in _SLUGS:
            _limit(comparer, pair, key, detail)
        elif key in FLAGS and not pair.at.looked:
            flags(comparer, pair.at, key, now=bool(new), nodes=pair.nodes)
    return True


def _limit(comparer: SchemaComparer, pair: Pair, key: str, detail: str) -> None:
    old, new = pair.one.facets.get(key), pair.two.facets.get(key)
    if old is None or new is None:
        change = "added" if old is None else "removed"
    elif _is_number(old) and _is_number(new):
        change = "increased" if new > old else "decreased"
    else:
        change = "changed"
    comparer.report(pair.at, f"{_SLUGS[key]}-{change}", detail, pair.nodes)


def _multiple(comparer: SchemaComparer, pair: Pair, old: Any, new: Any, detail: str) -> None:
    change = "added" if old is None else "removed" if new is None else "changed"
    if change == "changed" and _is_number(old) and _is_number(new) and old > 0 and new > 0:
        change = "tightened" if _divides(old, new) else "relaxed" if _divides(new, old) else "changed"
    comparer.report(pair.at, f"multiple-of-{change}", detail, pair.nodes)


def _divides(one: float, two: float) -> bool:
    return abs(two / one - round(two / one)) < 1e-9


def _bound(comparer: SchemaComparer, pair: Pair, keys: tuple[str, str], slug: str, sign: int) -> None:
    """A limit of numbers, whether the limit itself is allowed or not: above 4 and from 5 on are one for integers."""
    sides = (pair.one, pair.two)
    written = [{key: side.facets[key] for key in keys if key in side.facets} for side in sides]
    if text_of(written[0]) == text_of(written[1]):
        return
    before, after = (_effective(side, keys, sign) for side in sides)
    detail = " and ".join(
        f"{key}: {arrow(written[0].get(key, 'none'), written[1].get(key, 'none'))}"
        for key in keys
        if text_of(written[0].get(key)) != text_of(written[1].get(key))
    )
    last = keys[1] in (written[1] or written[0])
    name = f"exclusive-{slug}" if last else slug
    if before == "?" or after == "?":
        comparer.report(pair.at, f"{name}-changed", detail, pair.nodes)
    elif before != after:
        if before is None or after is None:
            change = "added" if before is None else "removed"
        else:
            change = "increased" if (after > before) == (sign > 0) else "decreased"
        comparer.report(pair.at, f"{name}-{change}", detail, pair.nodes)


def _effective(view: View, keys: tuple[str, str], sign: int) -> Any:
    """The limit as a number that grows as it gets tighter, and whether the limit itself is refused; None for none."""
    found: list[tuple[Any, bool]] = []
    for key, exclusive in zip(keys, (False, True), strict=True):
        if key in view.facets:
            value = view.facets[key]
            if not _is_number(value):
                return "?"
            value *= sign
            if view.types == frozenset({"integer"}) and abs(value) < 1e15:
                found.append((math.floor(value) + 1 if exclusive else math.ceil(value), False))
            else:
                found.append((value, exclusive))
    return max(found) if found else None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)
