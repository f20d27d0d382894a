"""Unions: variants that come and go, and those that belong together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Final

from ...changes import arrow, short
from ...sources.documents import mapping_of
from ...sources.marks import OPEN_UNION
from ..comparer import Pair, SchemaComparer
from ..nodes import Node, display, text_of
from ..schemas import Schemas
from ..views import Union, View
from .discriminators import compare_discriminators

Pairs = list[tuple[Node, Node]]
_MAX_ALIKE: Final = 10_000
_FEW: Final = 5  # keywords of a schema that may be a plain type


def unions(comparer: SchemaComparer, pair: Pair) -> bool:
    """Compare unions; a schema that became one variant of several, or was one, is compared as such and done."""
    # What was simplified to an enum or a list of types is a union where the other side is one that cannot be.
    one, two = _as_unions(pair.one, pair.two), _as_unions(pair.two, pair.one)
    if bool(one.unions) != bool(two.unions):
        if _is_just_union(one if one.unions else two):
            _union(comparer, pair, _first(one, pair.nodes[0]), _first(two, pair.nodes[1]))
            return False
        for union in (*one.unions, *two.unions):
            sides = (union, None) if one.unions else (None, union)
            comparer.unclassified(
                pair.at, union.kind, *(None if each is None else list(each.variants) for each in sides)
            )
        return True
    if one is not pair.one or two is not pair.two:
        comparer.look(dataclasses.replace(pair, one=one, two=two))
        return False
    _paired(comparer, pair, one, two)
    return True


def _as_unions(view: View, other: View) -> View:
    """A union that was taken for an enum is a union again where the other side is one that cannot be."""
    if view.choice is None or not other.unions or view.unions:
        return view
    return dataclasses.replace(view.choice[1], unions=(view.choice[0],))


def _is_just_union(view: View) -> bool:
    return not view.properties and view.items is None and view.enum is None


def _first(view: View, node: Node) -> Union:
    """The union of a view; a schema without one is its only variant."""
    return view.unions[0] if view.unions else Union("", (node,))


def _paired(comparer: SchemaComparer, pair: Pair, one: View, two: View) -> None:
    """Unions of one kind belong together in their order, then those that are left."""
    left = list(two.unions)
    lonely: list[Union] = []
    for union in one.unions:
        other = next((each for each in left if each.kind == union.kind), None)
        if other is None:
            lonely.append(union)
        else:
            left.remove(other)
            _union(comparer, pair, union, other)
    for union, other in zip(lonely, left, strict=False):
        _union(comparer, pair, union, other)
    for union in lonely[len(left) :]:
        comparer.unclassified(pair.at, union.kind, list(union.variants), None)
    for union in left[len(lonely) :]:
        comparer.unclassified(pair.at, union.kind, None, list(union.variants))


def _union(comparer: SchemaComparer, pair: Pair, one: Union, two: Union) -> None:
    at, nodes = pair.at, pair.nodes
    both = bool(one.kind and two.kind)
    if both and one.kind != two.kind:
        comparer.report(at, "union-kind-changed", arrow(one.kind, two.kind), nodes)
    pairs, removed, added = _matched(comparer, one, two)
    kind = (two.kind or one.kind).replace("Of", "-of")
    told = bool(one.discriminator) or _takes_everything(comparer, one)
    is_open = OPEN_UNION in pair.one.prose or (both and told)
    to_open = "-to-open" if is_open and not at.context.is_sent else ""
    for variant in added:
        within = "-within" if _is_within(comparer.new, variant, comparer.old, one) else ""
        comparer.report(at, f"{kind}-added{within or to_open}", f"new variant {label(variant)}", nodes)
    for variant in removed:
        within = "-within" if _is_within(comparer.old, variant, comparer.new, two) else ""
        comparer.report(at, f"{kind}-removed{within}", f"variant {label(variant)} removed", nodes)
    if both:
        sides = tuple((each.discriminator, _mapping(schemas, each))
                      for schemas, each in ((comparer.old, one), (comparer.new, two)))  # fmt: skip
        known = {comparer.old.use(each).name for each in removed} | {comparer.new.use(each).name for each in added}
        compare_discriminators(comparer, pair, sides[0], sides[1], known)
    for before, after in pairs:
        comparer.compare(
            before, after, at.inside(f"|{label(before)}") if both else dataclasses.replace(at, looked=True)
        )


def _matched(comparer: SchemaComparer, one: Union, two: Union) -> tuple[Pairs, list[Node], list[Node]]:
    """The variants of two unions that belong together, and those that are only in one."""
    pairs: Pairs = []
    removed, added = list(one.variants), list(two.variants)
    values = (_values(comparer.old, one), _values(comparer.new, two))

    def pair(key: Callable[[Schemas, Node, dict[str, str]], Any]) -> None:
        names: dict[str, list[int]] = {}
        for index, node in enumerate(added):
            names.setdefault(text_of(key(comparer.new, node, values[1])), []).append(index)
        matches: list[tuple[int, int]] = []
        for index, node in enumerate(removed):
            name = key(comparer.old, node, values[0])
            if name and names.get(text_of(name)):
                matches.append((index, names[text_of(name)].pop(0)))
        pairs.extend((removed[index], added[other]) for index, other in matches)
        removed[:] = _without(removed, {index for index, _ in matches})
        added[:] = _without(added, {other for _, other in matches})

    pair(lambda schemas, node, _: schemas.use(node).name)
    pair(lambda schemas, node, told: told.get(schemas.use(node).name or ""))
    pair(lambda schemas, node, _: schemas.use(node).view.prose.get("title"))
    pair(lambda schemas, node, _: schemas.shape(node))
    pair(lambda schemas, node, _: sorted(schemas.use(node).view.properties))
    # What is left on both sides and is alike: one variant that was changed.
    for before in list(removed) if len(removed) * len(added) <= _MAX_ALIKE else ():
        alike = [index for index, after in enumerate(added) if _alike(comparer, before, after)]
        if len(alike) == 1 or (alike and len(removed) == len(added)):
            pairs.append((before, added.pop(alike[0])))
            del removed[next(index for index, each in enumerate(removed) if each is before)]
    return pairs, removed, added


def _without(nodes: list[Node], indexes: set[int]) -> list[Node]:
    return [node for index, node in enumerate(nodes) if index not in indexes]


def _values(schemas: Schemas, union: Union) -> dict[str, str]:
    """Of variants that exactly one value of the mapping tells: that value, by the reference to the variant."""
    told: dict[str, list[str]] = {}
    for value, target in mapping_of(union.discriminator).items():
        told.setdefault(schemas.mapped(target), []).append(value)
    return {target: values[0] for target, values in told.items() if len(values) == 1}


def _alike(comparer: SchemaComparer, old: Node, new: Node) -> bool:
    one, two = comparer.old.use(old), comparer.new.use(new)
    if one.view.types != two.view.types or one.view.types is None:
        return False
    names = (one.view.properties.keys(), two.view.properties.keys())
    if not names[0] and not names[1]:
        return one.name is None and two.name is None
    return len(names[0] & names[1]) * 2 >= max(len(names[0]), len(names[1]))


def _is_within(schemas: Schemas, variant: Node, others: Schemas, union: Union) -> bool:
    """Whether a variant is just some of the values of a plain type that is a variant on the other side."""
    types = schemas.use(variant).view.types
    plain = [others.use(each).view for each in union.variants if isinstance(each, dict) and len(each) < _FEW]
    return (
        types is not None
        and union.kind != "oneOf"
        and any(each.is_plain and each.enum is None and each.types and types <= each.types for each in plain)
    )


def _takes_everything(comparer: SchemaComparer, union: Union) -> bool:
    views = [comparer.old.use(node).view for node in union.variants]
    return any((view.types is None and not view.unions) or (view.types == frozenset({"object"}) and not view.required)
               for view in views)  # fmt: skip


def label(variant: Node) -> str:
    """What reports call a variant."""
    if isinstance(variant, bool):
        return "any"
    reference = variant.get("$ref")
    if reference is None and len(variant.get("allOf", [])) == 1:
        return label(variant["allOf"][0])
    name = display(str(reference)) if reference else None
    return short(name or variant.get("title") or variant.get("type") or "inline", 40)


def _mapping(schemas: Schemas, union: Union) -> dict[str, str]:
    """Value to reference of a discriminator; without a mapping, the names of the components are the values."""
    if not union.discriminator:
        return {}
    found = {value: schemas.mapped(target) for value, target in mapping_of(union.discriminator).items()}
    for variant in union.variants:
        name = schemas.use(variant).name
        if name and name not in found.values():
            found[display(name)] = name
    return found
