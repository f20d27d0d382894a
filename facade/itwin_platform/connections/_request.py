"""A request in the form that HTTP libraries take, and the query parameters in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

from .._policies.redaction import MASK

# Pairs of name and value, not encoded.
Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ConnectionRequest:
    """The parts of a GET request to the server of a repository. Secrets in it are masked in `repr()`.

    Attributes:
        url: The address without its query.
        params: The query as pairs of name and value, not encoded: `params=` of requests, httpx and aiohttp.
        headers: Headers to send.
    """

    url: str
    params: Params = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @property
    def full_url(self) -> str:
        """The address with its query. It may hold a secret: do not log it."""
        return f"{self.url}?{urlencode(self.params)}" if self.params else self.url

    def __repr__(self) -> str:
        """Show names, not values."""
        params = {name: MASK for name, _ in self.params}
        headers = dict.fromkeys(self.headers, MASK)
        return f"ConnectionRequest(url={self.url!r}, {params=}, {headers=})"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The headers and query parameters that authenticate a request."""

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    params: Params = field(default=(), repr=False)


def params_of_query(query: str) -> Params:
    """The parameters in the query of a repository's address.

    Raises:
        ValueError: It is not UTF-8.
    """
    try:
        return tuple(parse_qsl(query, keep_blank_values=True, errors="strict"))
    except ValueError:
        pass
    raise ValueError("the repository's uri has a query that is not UTF-8")


def params_of_mapping(parameters: Mapping[str, Any]) -> Params:
    """Query parameters as text: booleans and numbers as in JSON, a list as several parameters, None as no parameter.

    Raises:
        ValueError: A value is of another type, or cannot be encoded.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        values = cast(list[Any], value) if isinstance(value, (list, tuple)) else [value]
        pairs += [(str(name), _value(str(name), item)) for item in values if item is not None]
    return tuple(pairs)


def _value(name: str, value: object) -> str:
    if isinstance(value, (str, int, float)):
        text = value if isinstance(value, str) else json.dumps(value)
        if is_encodable(text):
            return text
    raise ValueError(f"the query parameter {name!r} must be a string, a number, a boolean, or a list of them")


def is_encodable(text: str) -> bool:
    """Whether UTF-8 can encode a text: it cannot encode half a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
