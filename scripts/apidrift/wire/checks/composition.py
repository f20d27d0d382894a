"""What a schema is made of beside its values: prose, keywords without a rule of their own, base classes."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from codegen.documents import Json

from ...sources.documents import mapping_of
from ..comparer import Pair, SchemaComparer
from ..nodes import Node
from ..places import Place
from .discriminators import compare_discriminators

# Below these, more values mean fewer, or it is not known which.
_EITHER: Final = frozenset({"not", "if"})
_NOTHING: Final[Json] = {}  # where there is no discriminator
_CONDITIONS: Final = frozenset({"if", "then", "else"})


def prose(comparer: SchemaComparer, pair: Pair) -> bool:
    """Compare what only documents."""
    comparer.prose(pair.one.prose, pair.two.prose, pair.at, pair.nodes)
    return True


def leads_out(comparer: SchemaComparer, pair: Pair) -> bool:
    """A reference to another document is not followed, so that only its text can be compared."""
    if "$ref" in pair.one.rest or "$ref" in pair.two.rest:
        comparer.unclassified(pair.at, "$ref", pair.one.rest.get("$ref"), pair.two.rest.get("$ref"))
        return False
    return True


def bodies(comparer: SchemaComparer, pair: Pair) -> bool:
    """A body that moved into a property of another object, or out of it."""
    one, two = pair.one, pair.two
    if pair.at.role == "body" and not one.properties.keys() & two.properties.keys():
        whole, inside = (comparer.old, pair.nodes[0], one), (comparer.new, two)
        if one.properties or one.items is not None:
            name = _part_like(*whole, *inside)
            if name:
                comparer.report(pair.at, "wrapped", f"now in `{name}`", pair.nodes)
        if two.properties or two.items is not None:
            name = _part_like(comparer.new, pair.nodes[1], two, comparer.old, one)
            if name:
                comparer.report(pair.at, "wrapped", f"no longer in `{name}`", pair.nodes)
    return True


def _part_like(whole: Any, node: Node, view: Any, other: Any, holder: Any) -> str:
    """The property of an object that looks like another schema as a whole, or has most of its properties."""
    shape = whole.shape(node)
    for name, part in holder.properties.items():
        if isinstance(part, dict):
            if other.shape(part) == shape:
                return str(name)
            common = other.use(part).view.properties.keys() & view.properties.keys()
            if common and 2 * len(common) >= len(view.properties):
                return str(name)
    return ""


def keywords(comparer: SchemaComparer, pair: Pair) -> bool:
    """Compare the schemas that stand in keywords without a rule of their own."""
    one, two = pair.one.inner, pair.two.inner
    for key, name in sorted(one.keys() | two.keys()):
        old, new = one.get((key, name)), two.get((key, name))
        place = pair.at.inside(f"{{{' '.join(filter(None, (key, name)))}}}")
        if old is not None and new is not None:
            comparer.compare(old, new, _either(place) if key in _EITHER else place)
        else:
            _alone(comparer, pair, key, name, place)
    return True


def _either(place: Place) -> Place:
    return dataclasses.replace(place.either(), looked=False)


def _alone(comparer: SchemaComparer, pair: Pair, key: str, name: str, place: Place) -> None:
    """A keyword that only one side has: most of them restrict the values."""
    old, new = pair.one.inner.get((key, name)), pair.two.inner.get((key, name))
    if new is True or old is True:  # allows everything
        comparer.unclassified(place, key, old, new)
        return
    open_sides = pair.one.additional is True and pair.two.additional is True
    lists = not (isinstance(pair.one.items, (dict, bool)) or isinstance(pair.two.items, (dict, bool)))
    unclear = key in _CONDITIONS or (key == "patternProperties" and not open_sides)
    if unclear or (key == "prefixItems" and not lists) or key in ("contentSchema", "itemSchema"):
        comparer.unclassified(place, key, old, new)
    else:
        comparer.report(place, "keyword-added" if old is None else "keyword-removed", key, (old, new))


def bases(comparer: SchemaComparer, pair: Pair) -> bool:
    """Compare how the subtypes of a base class are told apart, and the subtypes themselves."""
    one, two = pair.one.bases, pair.two.bases
    for index in range(max(len(one), len(two))):
        old = one[index] if index < len(one) else (_NOTHING, "")
        new = two[index] if index < len(two) else (_NOTHING, "")
        key = (id(old[0]), id(new[0]), pair.at.context)
        if key not in comparer.once:
            comparer.once.add(key)
            compare_discriminators(comparer, pair, (old[0], _subtypes(comparer.old, *old)),
                                   (new[0], _subtypes(comparer.new, *new)))  # fmt: skip
    return True


def _subtypes(schemas: Any, discriminator: Any, reference: str) -> dict[str, str]:
    """The reference to the subtype that each value tells: those of the mapping, then what extends the base."""
    found = {value: schemas.mapped(target) for value, target in mapping_of(discriminator).items()}
    for child in schemas.children(reference) if reference else ():
        if child not in found.values():
            found[child.rpartition("/")[2].replace("~1", "/").replace("~0", "~")] = child
    return found


def rest(comparer: SchemaComparer, pair: Pair) -> bool:
    """What no rule has looked at."""
    one, two = pair.one.rest, pair.two.rest
    for key in sorted(one.keys() | two.keys()):
        comparer.unclassified(pair.at, key, one.get(key), two.get(key))
    return True
