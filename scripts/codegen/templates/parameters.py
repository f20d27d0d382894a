"""Parameters of requests as text: lists, objects, cookies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from .writing import Model, to_json

_COOKIE_VALUE: Final = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*", re.ASCII)


def comma_list(values: Iterable[object] | None) -> str | None:
    """Several values as one parameter, separated by commas.

    Raises:
        ValueError: One of them has a comma in it.
    """
    return joined(values, ",")


def joined(values: Iterable[object] | None, separator: str) -> str | None:
    """Several values as one parameter.

    Raises:
        ValueError: One of them has the separator in it.
    """
    if values is None:
        return None
    texts = [text_of(value) for value in values]
    if any(separator in text for text in texts):
        name = {",": "commas", " ": "spaces"}.get(separator, repr(separator))
        raise ValueError(f"a value in a list that is separated by {name} must not have one")
    return separator.join(texts)


def comma_pairs(value: object) -> str | None:
    """An object as one parameter: names and values in turn, separated by commas.

    Raises:
        ValueError: A value in it is no string, number, boolean or date, or has a comma in it.
    """
    return None if value is None else comma_list([each for pair in spread(value).items() for each in pair])


def spread(value: object) -> dict[str, object]:
    """The properties of an object, each to be a parameter of its own."""
    return {} if value is None else {name: item for name, item in to_json(value).items() if item is not None}


def json_text(value: object) -> str | None:
    """A value as JSON in one parameter."""
    return None if value is None else json.dumps(to_json(value), allow_nan=False, separators=(",", ":"))


def cookies(values: Mapping[str, object]) -> str | None:
    """The header `Cookie`. What is None is left out.

    Raises:
        ValueError: A value cannot stand in it.
    """
    found = {name: named(name, value) for name, value in values.items() if value is not None}
    for name, value in found.items():
        if not _COOKIE_VALUE.fullmatch(value):
            raise ValueError(
                f"{name} must be plain ASCII text without spaces, commas, semicolons, quotes and backslashes"
            )
    return "; ".join(f"{name}={value}" for name, value in found.items()) or None


def query_of(query: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """The pairs of a query. What is None is left out."""
    return tuple(pair for name, value in query.items() if value is not None for pair in _pairs(name, value))


def _pairs(name: str, value: object) -> Iterable[tuple[str, str]]:
    """A parameter of the query: lists repeat it, and objects name each property in brackets."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return [(name, named(name, item)) for item in cast(Iterable[object], value)]
    if isinstance(value, (Model, Mapping)):
        properties: dict[str, Any] = to_json(value)
        return [pair for key, item in properties.items() for pair in _pairs(f"{name}[{key}]", item)]
    return [(name, named(name, value))]


def named(name: str, value: object) -> str:
    """A value as it stands in a query or a header.

    Raises:
        ValueError: There is no such text. The error has the name in it and not the value.
    """
    try:
        text = text_of(value)
        text.encode("utf-8")
    except UnicodeEncodeError:
        problem = "must not have lone surrogates"
    except ValueError as error:
        problem = f"cannot be sent: {error}"
    else:
        return text
    raise ValueError(f"{name} {problem}")


def text_of(value: object) -> str:
    """A value as it stands in a path, a query or a header.

    Raises:
        ValueError: It is neither a string, a number, a boolean nor a date.
    """
    value = to_json(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ValueError("it is neither a string, a number, a boolean nor a date")
