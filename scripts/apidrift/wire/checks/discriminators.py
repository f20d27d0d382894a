"""Discriminators: the property that tells variants apart, and which value tells which."""

from __future__ import annotations

from typing import Any

from codegen.documents import Json

from ...changes import arrow, short
from ...sources.documents import is_pointer
from ..comparer import Pair, SchemaComparer
from ..nodes import display, text_of

Side = tuple[Json, dict[str, str]]  # a discriminator, and the reference that each value leads to


def compare_discriminators(
    comparer: SchemaComparer, pair: Pair, one: Side, two: Side, variants: set[str | None] | None = None
) -> None:
    """Compare property and values. Subtypes of a base class are compared here, variants of a union where it is.

    variants: the references of a union's variants that came or went, which has been said.
    """
    old, new = one[0], two[0]
    if old.get("propertyName") != new.get("propertyName"):
        detail = f"discriminator: {arrow(old.get('propertyName', 'none'), new.get('propertyName', 'none'))}"
        aspect = "changed" if old and new else "added" if new else "removed"
        comparer.report(pair.at, f"discriminator-{aspect}", detail, (old, new))
        return
    for value in sorted(one[1].keys() | two[1].keys()):
        before, after = one[1].get(value), two[1].get(value)
        if variants is None or (before or after) not in variants or (before and after):
            _value(comparer, pair, value, (one, two), inherited=variants is None)
    for key in sorted((old.keys() | new.keys()) - {"propertyName", "mapping", "defaultMapping"}):
        comparer.unclassified(pair.at, f"discriminator {key}", old.get(key), new.get(key))


def _value(comparer: SchemaComparer, pair: Pair, value: str, sides: tuple[Side, Side], *, inherited: bool) -> None:
    """One value of a discriminator. What its schema is called does not matter, what it looks like does."""
    before, after = sides[0][1].get(value), sides[1][1].get(value)
    nodes = (sides[0][0], sides[1][0])
    detail = f"discriminator {short(value)}: {arrow(_name(before), _name(after))}"
    if before is None or after is None:
        comparer.report(pair.at, f"discriminator-mapping-{'added' if before is None else 'removed'}", detail, nodes)
    elif not is_pointer(before) or not is_pointer(after):
        comparer.unclassified(pair.at, f"discriminator {short(value)}", before, after)
    elif before != after and _is_another(comparer, before, after, sides):
        comparer.report(pair.at, "discriminator-mapping-changed", detail, nodes)
    elif inherited or before != after:
        comparer.compare({"$ref": before}, {"$ref": after}, pair.at.inside(f"|{short(value, 40)}"))


def _is_another(comparer: SchemaComparer, before: str, after: str, sides: tuple[Side, Side]) -> bool:
    """Whether a value tells another variant now: one that was there, or looks different while the old one still is."""
    shapes = comparer.old.shape({"$ref": before}), comparer.new.shape({"$ref": after})
    renamed = before not in sides[1][1].values() and after not in sides[0][1].values()
    return shapes[0] != shapes[1] and not renamed


def _name(reference: Any) -> str:
    return "none" if reference is None else display(reference) if is_pointer(reference) else text_of(reference)
