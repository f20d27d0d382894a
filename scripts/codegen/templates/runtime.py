"""What the generated packages share: operations, requests, and the reading and writing of JSON behind their models.

Each module of an operation has `OPERATION`, which says what the definition says, and `request(...)`, which makes a
`Request` out of typed arguments. Nothing here sends anything: `client.py` does, and so does the facade.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Mapping
from functools import cache
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

from attrs import field, frozen

from .bodies import JSON, body_of
from .limits import Limit, problem_in
from .parameters import (
    comma_list,
    comma_pairs,
    cookies,
    joined,
    json_text,
    named,
    query_of,
    spread,
    text_of,
)
from .reading import BodyError, content, no_body
from .writing import MASK, UNCHANGED, Model, OpenEnum, Unchanged, to_json

__all__ = [
    "MASK",
    "UNCHANGED",
    "BodyError",
    "Model",
    "OpenEnum",
    "Operation",
    "Request",
    "Unchanged",
    "comma_list",
    "comma_pairs",
    "cookies",
    "fill_path",
    "joined",
    "json_text",
    "path_segment",
    "spread",
    "text_of",
    "to_json",
]

T_co = TypeVar("T_co", covariant=True)

MAX_SEGMENT: Final = 512

# What needs neither a second look nor an escape: the ids that the platform itself makes.
_PLAIN_SEGMENT: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~-]{1,512}\Z", re.ASCII)
# Cc controls, Cf formats (direction overrides), Cs lone surrogates, Zl and Zp line and paragraph separators.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# What a path may hold as it is, a query that belongs to it included.
_PATH: Final = "/:@!$&'()*+,;=~%?"
_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", re.ASCII)


@frozen
class Operation(Generic[T_co]):
    """One operation of an API, as its definition describes it.

    Attributes:
        id: Its operationId.
        method: The HTTP method.
        path: The path, with the names of its parameters in braces.
        accept: The media type to ask for.
        answers: How to read the body of each success, by HTTP status.
        names: Python names of parameters, where they differ from the documented ones by more than their spelling.
        limits: What the values of a request can be, by place (path, query, headers, body) and documented name.
        slashes: Parameters of the path whose values may have slashes in them, which are sent as `%2F`.
        preview: Whether the operation is a technical preview.
    """

    id: str
    method: str
    path: str
    accept: str
    answers: Mapping[int, Callable[[Any], T_co]] = field(repr=False)
    names: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    limits: Mapping[str, Mapping[str, Limit]] = field(factory=dict[str, Mapping[str, Limit]], repr=False)
    slashes: tuple[str, ...] = field(default=(), repr=False)
    preview: bool = False

    def request(
        self,
        *,
        path: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, object] | None = None,
        body: object = None,
        content_type: str = JSON,
    ) -> Request[T_co]:
        """A request for this operation. What is None in query and headers is left out.

        Parameters:
            path: The parameters of the path, under their documented names.
            query: The parameters of the query.
            headers: Headers that the operation documents.
            body: A model or another JSON value, or bytes; None for no body.
            content_type: The media type of the body.

        Raises:
            ValueError: A value cannot be sent. The message names it and does not show it.
        """
        for place, values in (("path", path), ("query", query), ("headers", headers)):
            if place in self.limits and (problem := problem_in(self.limits[place], values)):
                raise ValueError(problem)
        sent: bytes | None = None
        if body is not None:
            sent, content_type = body_of(body, content_type, self.limits.get("body"))
        return Request(
            operation=self,
            path=dict(path or {}),
            location=fill_path(self.path, path or {}, self.names, self.slashes),
            query=query_of(query or {}),
            headers=_headers_of(headers or {}),
            body=sent,
            content_type=content_type if sent is not None else None,
        )

    def has_body(self, status: int) -> bool:
        """Whether the success with this status comes with a body."""
        return self.answers[status] is not no_body

    def is_file(self, status: int) -> bool:
        """Whether the body of the success with this status is taken as it comes, and not read as JSON."""
        return self.answers[status] is content


@frozen(repr=False)
class Request(Generic[T_co]):
    """A request, ready to be sent. It knows how its answer is read, so that whoever sends it gets the right type.

    Attributes:
        operation: What is asked for.
        path: The values of the parameters in the path, by name.
        location: The path with these values in it, percent-encoded.
        query: The query as pairs of name and value, not encoded.
        headers: Headers that the operation documents.
        body: The body as bytes, or None.
        content_type: The media type of the body, or None.
        signed: Whether the access token goes along.
    """

    operation: Operation[T_co]
    path: Mapping[str, object]
    location: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content_type: str | None = None
    signed: bool = True

    @property
    def target(self) -> str:
        """Path and query, percent-encoded, as they stand in the request line."""
        if not self.query:
            return self.location
        pairs = (f"{quote(name, safe='$')}={quote(value, safe=',')}" for name, value in self.query)
        return f"{self.location}{'&' if '?' in self.location else '?'}{'&'.join(pairs)}"

    def __repr__(self) -> str:
        """Show what is asked for, and nothing of what is sent."""
        return f"<Request {self.operation.id}: {self.operation.method} {self.operation.path}>"


def _headers_of(headers: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    found = tuple((name, named(name, value)) for name, value in headers.items() if value is not None)
    for name, value in found:
        if not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"{name} must be plain ASCII text without line breaks")
    return found


def path_segment(name: str, value: object, *, slashes: bool = False) -> str:
    r"""An id as a segment of a URL path, percent-encoded where it has to be.

    Parameters:
        name: What to call the value in an error.
        value: The id.
        slashes: Whether it may have slashes in it. What stands between them has to be a segment of its own, so that a
            server that decodes them arrives at no other place.

    Raises:
        ValueError: The value cannot be one segment: it is no string, empty, `.` or `..`, over 512 characters, or
            has one of `/ \ ? # %`, a control character or an invisible one.
    """
    if isinstance(value, str) and _PLAIN_SEGMENT.match(value):
        return value
    parts = value.split("/") if slashes and isinstance(value, str) and len(value) <= MAX_SEGMENT else [value]
    for part in parts:
        if problem := _problem_of_segment(part):
            raise ValueError(f"{name} {problem}" + (" between slashes" if len(parts) > 1 else ""))
    return quote(str(value), safe="")


def _problem_of_segment(value: object) -> str | None:
    if not isinstance(value, str):
        return f"must be a string, not {type(value).__name__}"
    if not value.strip():
        return "must not be empty"
    if value in {".", ".."}:
        return "must not be '.' or '..'"
    if len(value) > MAX_SEGMENT:
        return f"must not be longer than {MAX_SEGMENT} characters"
    for character in value:
        if character in "/\\?#%":
            return f"must not contain {character!r}"
        if unicodedata.category(character) in _UNSEEN:
            return f"must not contain the control or invisible character U+{ord(character):04X}"
    return None


@cache
def _pieces(template: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What stands before the first parameter of a path, then each parameter with what stands behind it."""
    first, *rest = re.split(r"{([^}]*)}", template)
    texts = (quote(text, safe=_PATH) for text in rest[1::2])
    return quote(first, safe=_PATH), tuple(zip(rest[::2], texts, strict=True))


def fill_path(
    template: str,
    values: Mapping[str, object],
    names: Mapping[str, str] | None = None,
    slashes: Container[str] = (),
) -> str:
    """A path with its parameters filled in, by name.

    Parameters:
        template: The path, with the names of its parameters in braces.
        values: The parameters under these names.
        names: What to call them in errors, where that is not their name in snake_case.
        slashes: Those whose values may have slashes in them.

    Raises:
        ValueError: A parameter is missing, or cannot be a path segment.
    """
    path, parameters = _pieces(template)
    for name, behind in parameters:
        if name not in values:
            raise ValueError(f"{name} is missing: it is part of the path")
        called = (names or {}).get(name) or _snake_case(name)
        path += path_segment(called, values[name], slashes=name in slashes) + behind
    return path


@cache
def _snake_case(name: str) -> str:
    brands = re.sub(r"[iI](Twin|Model)", lambda match: f"I{match[1].lower()}", name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", brands).lower()
