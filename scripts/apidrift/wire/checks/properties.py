"""The parts of objects and lists: properties, which of them are required, other properties, items."""

from __future__ import annotations

import dataclasses

from ...changes import arrow
from ...sources.marks import SDK_REQUIRED
from ..comparer import Pair, SchemaComparer
from ..places import Place
from ..views import View
from .access import concerns, flag_of, hidden_by, unseen


def properties(comparer: SchemaComparer, pair: Pair) -> bool:
    """Compare properties by name."""
    one, two, at = pair.one, pair.two, pair.at
    for name in [*one.properties, *(name for name in two.properties if name not in one.properties)]:
        if name not in two.properties:
            _removed(comparer, pair, name)
        elif name not in one.properties:
            _added(comparer, pair, name)
        else:
            nodes = (one.properties[name], two.properties[name])
            if (name in one.required) == (name in two.required) and comparer.same(*nodes):
                continue
            insisted = _insisted_on(name, one)
            place = at.inside(name, required=insisted)
            # True stands for a name that is required and not described.
            known = nodes[0] is not True or nodes[1] is not True
            needed = name in two.required
            if not known or concerns(comparer, nodes, place, insisted=insisted, needed=needed):
                _requiredness(comparer, pair, name, place)
                comparer.compare(*nodes, dataclasses.replace(place, looked=True))
            elif (name in one.required) != needed and all(_hidden(comparer, nodes, place)):
                comparer.report(place, "hidden-changed", "required" if needed else "not required", nodes)
    for name in sorted(two.required ^ one.required):
        if name not in one.properties and name not in two.properties:
            _requiredness(comparer, pair, name, at.inside(name))
    return True


def _hidden(comparer: SchemaComparer, nodes: tuple[object, object], at: Place) -> tuple[bool, bool]:
    key = hidden_by(at.context)
    return (
        bool(key) and flag_of(comparer.old, nodes[0], key),  # type: ignore[arg-type]
        bool(key) and flag_of(comparer.new, nodes[1], key),  # type: ignore[arg-type]
    )


def _insisted_on(name: str, view: View) -> bool:
    """Whether the SDK raises ResponseError without a property: it is required, in the definition or by an overlay."""
    return name in view.required or name in view.prose.get(SDK_REQUIRED, ())


def _removed(comparer: SchemaComparer, pair: Pair, name: str) -> None:
    old, place = pair.one.properties[name], dataclasses.replace(pair.at.inside(name), role="property")
    hidden = hidden_by(place.context)
    if hidden and flag_of(comparer.old, old, hidden):
        unseen(comparer, (old, None), place)
    elif place.context.is_sent:
        code = "request-property-removed" + ("-from-closed" if pair.two.additional is False else "")
        comparer.emit(place, code, f"{name} removed", (old, None))
    else:
        kind = "required" if _insisted_on(name, pair.one) else "optional"
        comparer.emit(place, f"response-{kind}-property-removed", f"{name} removed", (old, None))


def _added(comparer: SchemaComparer, pair: Pair, name: str) -> None:
    new, place = pair.two.properties[name], dataclasses.replace(pair.at.inside(name), role="property")
    hidden = hidden_by(place.context)
    required = name in pair.two.required
    if hidden and flag_of(comparer.new, new, hidden):
        unseen(comparer, (None, new), place)
    elif not place.context.is_sent:
        code = f"response-{'required' if required else 'optional'}-property-added"
        comparer.emit(place, code, f"{name} added", (None, new))
    elif not required:
        comparer.emit(place, "new-optional-request-property", f"{name} added", (None, new))
        # What was sent without being described has to fit the description from now on.
        if isinstance(pair.one.additional, dict):
            comparer.compare(pair.one.additional, new, place)
    else:
        with_default = "-with-default" if "default" in comparer.new.use(new).view.facets else ""
        comparer.emit(place, f"new-required-request-property{with_default}", f"{name} added", (None, new))


def _requiredness(comparer: SchemaComparer, pair: Pair, name: str, at: Place) -> None:
    before, after = name in pair.one.required, name in pair.two.required
    if before == after:
        return
    place = dataclasses.replace(at, role="property")
    if not after:
        detail = "can be left out" if at.context.is_sent else "may be missing"
        comparer.report(place, "became-optional", f"{name} {detail}", pair.nodes)
    elif at.context.is_sent:
        schema = pair.two.properties.get(name, True)
        with_default = "-with-default" if "default" in comparer.new.use(schema).view.facets else ""
        comparer.report(place, f"became-required{with_default}", f"{name} is required", pair.nodes)
    else:
        comparer.report(place, "became-required", f"{name} is always sent", pair.nodes)


def maps(comparer: SchemaComparer, pair: Pair) -> bool:
    """Compare what other properties may be."""
    old, new, at = pair.one.additional, pair.two.additional, pair.at
    if old is not False and new is not False:
        place = at.inside("{}")
        if (old is not True or new is not True) and concerns(comparer, (old, new), place):
            comparer.compare(old, new, dataclasses.replace(place, looked=True))
    elif old is not new:
        detail = f"additionalProperties: {arrow(old, new)}"
        if old is False:
            comparer.report(at, "additional-properties-allowed", detail, pair.nodes)
        elif at.context.is_sent or old is True:
            comparer.report(at, "additional-properties-forbidden", detail, pair.nodes)
        else:
            comparer.report(at, "map-values-forbidden", detail, pair.nodes)
    return True


def items(comparer: SchemaComparer, pair: Pair) -> bool:
    """Compare the items of lists."""
    if pair.one.items is not None or pair.two.items is not None:
        old, new = (True if each.items is None else each.items for each in (pair.one, pair.two))
        place = pair.at.inside("[]")
        if concerns(comparer, (old, new), place):
            comparer.compare(old, new, dataclasses.replace(place, looked=True))
    return True
