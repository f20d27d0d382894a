"""readOnly and writeOnly: what is not part of requests, and what is not part of answers, objects inside included."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from ...changes import arrow
from ..comparer import SchemaComparer
from ..nodes import Node
from ..places import Context, Place
from ..schemas import Schemas

FLAGS: Final = ("readOnly", "writeOnly")
_WORDS: Final = {"readOnly": "read-only", "writeOnly": "write-only"}


def flag_of(schemas: Schemas, node: Node, key: str) -> bool:
    """Whether a schema has a flag, itself or through what it refers to."""
    return schemas.use(node).view.facets.get(key) is True


def hidden_by(context: Context) -> str:
    """The flag that keeps a property out of a direction."""
    return "" if context is Context.EITHER else "readOnly" if context.is_sent else "writeOnly"


def concerns(
    comparer: SchemaComparer, nodes: tuple[Node, Node], at: Place, *, insisted: bool = False, needed: bool = False
) -> bool:
    """Report changes of both flags; whether the part travels in this direction before and after.

    insisted: the SDK raises ResponseError without it. needed: the new definition requires it.
    """
    hidden = hidden_by(at.context)
    goes_on = True
    for key in FLAGS:
        before, after = flag_of(comparer.old, nodes[0], key), flag_of(comparer.new, nodes[1], key)
        if key == hidden and (before or after):
            goes_on = False
            if before and after:
                unseen(comparer, nodes, at)
        if before != after:
            required = (after and insisted) if key == "writeOnly" else (before and needed)
            flags(comparer, at, key, now=after, nodes=nodes, required=required)
    return goes_on


def flags(
    comparer: SchemaComparer, at: Place, key: str, *, now: bool, nodes: tuple[Any, Any], required: bool = False
) -> None:
    """A flag that came or went."""
    aspect = f"became-{'' if now else 'not-'}{_WORDS[key]}"
    if required and hidden_by(at.context) == key:
        at, aspect = dataclasses.replace(at, role="property"), f"required-{aspect}"
    comparer.report(at, aspect, f"{key}: {arrow('none' if now else True, True if now else 'none')}", nodes)


def unseen(comparer: SchemaComparer, nodes: tuple[Any, Any], at: Place) -> None:
    """Report a difference in what is not sent in this direction: it hurts nobody, but it should be known."""
    if nodes[0] is None or nodes[1] is None:
        comparer.report(at, "hidden-changed", "added" if nodes[0] is None else "removed", nodes)
    elif comparer.differ(*nodes):
        comparer.report(at, "hidden-changed", "differs", nodes)
    else:
        one, two = comparer.old.use(nodes[0]), comparer.new.use(nodes[1])
        comparer.prose({**one.view.prose, **one.prose_here}, {**two.view.prose, **two.prose_here}, at, nodes)
