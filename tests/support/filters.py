"""Filters as tests see them: made up, built with what users have, and tried on a resource without any text."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast
from uuid import UUID

from hypothesis import strategies as st

from itwin_platform.filters import Expression, where

# A filter: a word, and what belongs to it.
Plain = tuple[Any, ...]

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    word: getattr(operator, word) for word in ("eq", "ne", "gt", "ge", "lt", "le")
}
METHODS = {"contains": "contains", "startswith": "starts_with", "endswith": "ends_with"}
IDS = [UUID(int=number) for number in (0, 7, 2**127 + 5)]
WORDS = ["a", "Bridge", "bridge 7", "O'Brien", "''", "ß", "SS", "a) or (b", "5", "null", "+%&#"]

texts = st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=6)
moments = st.sampled_from(
    [datetime(2024, 9, 1, tzinfo=UTC), datetime(2024, 9, 1, 2, tzinfo=timezone(timedelta(hours=2)))]
) | st.datetimes(
    datetime(1001, 1, 1),  # noqa: DTZ001 (the time zone comes from the next argument but one)
    datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.timezones(),
)
numbers = (
    st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, 1, 40.5])
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "number": numbers,
    "id": st.sampled_from(IDS),
    "moment": moments,
    "boolean": st.booleans(),
}


def filters_on(
    kinds: Mapping[str, str], *, fewest: int = 1, functions: tuple[str, ...] = tuple(METHODS), negation: bool = True
) -> st.SearchStrategy[Plain]:
    """Filters on properties.

    Parameters:
        kinds: The kind of each property, one of VALUES.
        fewest: The least number of values of `in`.
        functions: Those of METHODS that there may be.
        negation: Whether there may be `not`.
    """

    def joined(inner: st.SearchStrategy[Plain]) -> st.SearchStrategy[Plain]:
        found = st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=4).map(tuple))
        return found | st.tuples(st.just("not"), inner) if negation else found

    simple = st.sampled_from(sorted(kinds)).flatmap(lambda name: _simple(name, kinds[name], fewest, functions))
    return st.recursive(simple, joined, max_leaves=12)


def _simple(name: str, kind: str, fewest: int, functions: tuple[str, ...]) -> st.SearchStrategy[Plain]:
    values, named = VALUES[kind], st.just(name)
    found: st.SearchStrategy[Plain] = st.tuples(st.sampled_from(["eq", "ne"]), named, values | st.none())
    found |= st.tuples(st.just("in"), named, st.lists(values, min_size=fewest, max_size=3).map(tuple))
    if kind != "boolean":
        found |= st.tuples(st.sampled_from(["gt", "ge", "lt", "le"]), named, values)
    if kind == "text":
        found |= st.tuples(st.sampled_from(functions), named, texts.filter(bool))
    return found


def built(plain: Plain) -> Expression:
    """The filter with what users have."""
    match plain:
        case ("and", terms):
            return functools.reduce(operator.and_, map(built, terms))
        case ("or", terms):
            return functools.reduce(operator.or_, map(built, terms))
        case ("not", term):
            return ~built(term)
        case ("in", name, several):
            return where(name).in_(several)
        case ("contains" | "startswith" | "endswith" as word, name, text):
            return cast("Expression", getattr(where(name), METHODS[word])(text))
        case (word, name, value):
            return cast("Expression", OPERATORS[word](where(name), value))
    raise AssertionError(plain)


def holds(plain: Plain, resource: Mapping[str, Any]) -> bool:
    """Whether a resource is what the filter asks for; case does not matter."""
    match plain:
        case ("and", terms):
            return all(holds(term, resource) for term in terms)
        case ("or", terms):
            return any(holds(term, resource) for term in terms)
        case ("not", term):
            return not holds(term, resource)
        case ("in", name, several):
            return any(folded(resource.get(name)) == folded(value) for value in several)
        case ("contains", name, text):
            return folded(text) in (folded(resource.get(name)) or "")
        case ("startswith" | "endswith" as word, name, text):
            return bool(getattr(folded(resource.get(name)) or "", word)(folded(text)))
        case (word, name, value):
            found = folded(resource.get(name))
            if found is None and value is not None:
                return bool(word == "ne")
            return bool(OPERATORS[word](found, folded(value)))
    raise AssertionError(plain)


def folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
