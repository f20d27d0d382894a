"""The values that two schemas allow together: what `allOf` means."""

from __future__ import annotations

from typing import Any, Final

from .nodes import Node, text_of
from .views import View

LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")
UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")


class Together(dict[str, Any]):
    """`allOf` of schemas that no document has as one: properties that two bases declare."""


class Meeting:
    """Joins views. Schemas that have to hold together are remembered, so that the same ones are the same object."""

    def __init__(self) -> None:
        self._known: dict[str, Together] = {}

    def inlined(self, outer: View, inner: View) -> View:
        """A schema that wraps exactly one other: the inner one, with what the outer one adds."""
        view = self.joined(outer, inner)
        view.nullable = outer.nullable or inner.nullable
        view.prose = {**inner.prose, **outer.prose}
        return view

    def joined(self, one: View, two: View) -> View:
        """The values that both views allow."""
        view = View(
            types=_common(one.types, two.types),
            implied=(one.types is None and two.implied)
            or (two.types is None and one.implied)
            or (one.implied and two.implied),
            nullable=one.nullable and two.nullable,
            required=one.required | two.required,
            additional=self._both(one.additional, two.additional),
            facets=dict(one.facets),
            inner=dict(one.inner),
            rest=dict(one.rest),
            prose=one.prose,
        )
        view.enum = one.enum if two.enum is None else two.enum if one.enum is None else _shared(one.enum, two.enum)
        view.constant = one.constant or two.constant
        view.open_enum = one.open_enum or two.open_enum
        view.items = one.items if two.items is None else two.items if one.items is None else True
        if one.items is not None and two.items is not None:
            view.items = self._both(one.items, two.items)
        view.properties = dict(one.properties)
        for name, schema in two.properties.items():
            view.properties[name] = self._both(view.properties.get(name, True), schema)
        known = {(union.kind, text_of(union.variants)) for union in one.unions}
        view.unions = (*one.unions, *(each for each in two.unions if (each.kind, text_of(each.variants)) not in known))
        bases = {reference for _, reference in one.bases}
        view.bases = (*one.bases, *(each for each in two.bases if each[1] not in bases))
        for key, value in two.facets.items():
            view.facets[key] = _tighter(key, view.facets[key], value) if key in view.facets else value
        for place, node in two.inner.items():
            view.inner[place] = self._both(view.inner.get(place, True), node)
        for key, value in two.rest.items():
            view.rest[key] = value if view.rest.get(key, value) == value else {"allOf": [view.rest[key], value]}
        return view

    def _both(self, one: Node, two: Node) -> Node:
        if one is True or one is two or one == two:
            return two
        if two is True:
            return one
        if one is False or two is False:
            return False
        members: dict[str, Node] = {}
        for node in (one, two):
            for member in node["allOf"] if isinstance(node, Together) else [node]:
                members[text_of(member)] = member
        name = "\0".join(sorted(members))
        if name not in self._known:
            self._known[name] = Together({"allOf": [members[text] for text in sorted(members)]})
        return self._known[name]


def _shared(one: tuple[Any, ...], two: tuple[Any, ...]) -> tuple[Any, ...]:
    known = {text_of(value) for value in two}
    return tuple(value for value in one if text_of(value) in known)


def _common(one: frozenset[str] | None, two: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or two is None:
        return one if two is None else two
    both = one & two
    if "number" in one | two and "integer" in one | two:
        both |= {"integer"}
    return both or one | two


def _tighter(key: str, one: Any, two: Any) -> Any:
    try:
        if key in LOWER:
            return max(one, two)
        if key in UPPER:
            return min(one, two)
    except TypeError:
        return two
    return two if one in (None, False) else one
