"""Enums: values that come and go."""

from __future__ import annotations

from typing import Any

from ...changes import short
from ..comparer import Pair, SchemaComparer
from ..nodes import text_of
from ..views import View


def values(comparer: SchemaComparer, pair: Pair) -> bool:
    """Compare the values of an enum, and those of an extensible one."""
    one, two = pair.one, pair.two
    _enum(comparer, pair, one.enum, two.enum, closed=_is_closed(one))
    _enum(comparer, pair, one.open_enum, two.open_enum, closed=False)
    return True


def _enum(
    comparer: SchemaComparer, pair: Pair, old: tuple[Any, ...] | None, new: tuple[Any, ...] | None, *, closed: bool
) -> None:
    # Requests have no closed enums: what matters there is what the server accepts.
    prefix = "closed-" if closed and not pair.at.context.is_sent else ""
    if old is None and new is None:
        return
    if old is None:
        comparer.report(pair.at, "enum-added", f"only {short(list(new or ()))}", pair.nodes)
    elif new is None:
        comparer.report(pair.at, f"{prefix}enum-removed", f"any value, no longer only {short(list(old))}", pair.nodes)
    else:
        known = ({text_of(value) for value in old}, {text_of(value) for value in new})
        added = [value for value in new if text_of(value) not in known[0]]
        removed = [value for value in old if text_of(value) not in known[1]]
        if added:
            comparer.report(pair.at, f"{prefix}enum-value-added", f"new {short(added)}", pair.nodes)
        if removed:
            comparer.report(pair.at, "enum-value-removed", f"no longer {short(removed)}", pair.nodes)


def _is_closed(view: View) -> bool:
    """Whether generated code refuses other values: it keeps unknown texts and whole numbers, but for constants."""
    return view.constant or not all(type(value) in (str, int) for value in view.enum or ())
