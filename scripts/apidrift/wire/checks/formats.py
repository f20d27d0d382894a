"""Formats: of numbers, which limit them, and of text, which the SDK reads into types or leaves alone."""

from __future__ import annotations

from typing import Any, Final

from ...changes import arrow
from ..comparer import Pair, SchemaComparer

# Formats that the generated code reads into a type of their own.
_READ: Final = frozenset({"date-time", "date", "uuid", "binary"})
# Formats that servers are known to check.
_STRICT: Final = _READ | {"byte", "email", "uri", "url", "hostname", "ipv4", "ipv6", "time", "duration"}
# Formats of numbers, each with the ones that hold all of its values.
_WIDER: Final[dict[Any, set[Any]]] = {
    "int32": {"int64", "double", None},
    "int64": {None},
    "float": {"double", None},
    "double": {None},
    None: {"int64", "double"},
}
_NUMBERS: Final = frozenset({"integer", "number"})


def compare_formats(comparer: SchemaComparer, pair: Pair) -> None:
    """The format of the types that both schemas have."""
    before, after = pair.one.types or frozenset(), pair.two.types or frozenset()
    common = before & after | (_NUMBERS if before & _NUMBERS and after & _NUMBERS else frozenset())
    old, new = pair.one.facets.get("format"), pair.two.facets.get("format")
    detail = f"format: {arrow(old or 'none', new or 'none')}"
    if pair.two.enum is not None:  # the values say more
        if pair.one.enum is not None:
            comparer.report(pair.at, "display-format-changed", detail, pair.nodes)
    elif common & _NUMBERS and {old, new} <= {*_WIDER}:
        comparer.report(pair.at, _of_numbers(old, new), detail, pair.nodes)
    else:
        comparer.report(pair.at, _of_text(old, new, sent=pair.at.context.is_sent), detail, pair.nodes)


def _of_numbers(old: Any, new: Any) -> str:
    wider, narrower = new in _WIDER.get(old, ()), old in _WIDER.get(new, ())
    if (wider and narrower) or (old in ("int64", "double") and new is None):
        return "number-format-restated"
    if wider:
        return "number-format-widened"
    if narrower:
        return "number-format-narrowed" if old else "number-format-added"
    return "number-format-changed"


def _of_text(old: Any, new: Any, *, sent: bool) -> str:
    if "password" in (old, new) and not {old, new} & _STRICT:
        return "display-format-changed"
    if old is None:
        return "format-added" if new in _STRICT or not sent else "hint-format-changed"
    if new is None and (sent or old in _READ):
        return "format-removed"
    if sent:
        return "format-changed" if {old, new} & _STRICT else "hint-format-changed"
    return "format-changed" if old in _READ else "hint-format-changed"
