"""What the generated packages share: operations, requests, and the reading and writing of JSON behind their models.

Each module of an operation has `OPERATION`, which says what the definition says, and `request(...)`, which makes a
`Request` out of typed arguments. Nothing here sends anything: `client.py` does, and so does the facade.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Mapping
from functools import cache
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import quote

from attrs import field, frozen

from .reading import BodyError, no_body
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
    "fill_path",
    "path_segment",
    "to_json",
]

T_co = TypeVar("T_co", covariant=True)

JSON: Final = "application/json"
MAX_SEGMENT: Final = 512

# What needs neither a second look nor an escape: the ids that the platform itself makes.
_PLAIN_SEGMENT: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~-]{1,512}\Z", re.ASCII)
# Cc controls, Cf formats (direction overrides), Cs lone surrogates, Zl and Zp line and paragraph separators.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
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
        slashes: Parameters of the path whose values may have slashes in them, which are sent as `%2F`.
        preview: Whether the operation is a technical preview.
    """

    id: str
    method: str
    path: str
    accept: str
    answers: Mapping[int, Callable[[Any], T_co]] = field(repr=False)
    names: Mapping[str, str] = field(factory=dict[str, str], repr=False)
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
        return Request(
            operation=self,
            path=dict(path or {}),
            location=fill_path(self.path, path or {}, self.names, self.slashes),
            query=_query_of(query or {}),
            headers=_headers_of(headers or {}),
            body=None if body is None else _body_of(body, content_type),
            content_type=None if body is None else content_type,
        )

    def has_body(self, status: int) -> bool:
        """Whether the success with this status comes with a body."""
        return self.answers[status] is not no_body


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
        return f"{self.location}?{'&'.join(pairs)}"

    def __repr__(self) -> str:
        """Show what is asked for, and nothing of what is sent."""
        return f"<Request {self.operation.id}: {self.operation.method} {self.operation.path}>"


def comma_list(values: Iterable[object] | None) -> str | None:
    """Several values as one parameter, separated by commas.

    Raises:
        ValueError: One of them has a comma in it.
    """
    if values is None:
        return None
    texts = [_text_of(value) for value in values]
    if any("," in text for text in texts):
        raise ValueError("a value in a list that is separated by commas must not have one")
    return ",".join(texts)


def _query_of(query: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple(pair for name, value in query.items() if value is not None for pair in _pairs(name, value))


def _pairs(name: str, value: object) -> Iterable[tuple[str, str]]:
    """A parameter of the query: lists repeat it, and objects name each property in brackets."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return [(name, _named(name, item)) for item in cast(Iterable[object], value)]
    if isinstance(value, (Model, Mapping)):
        properties: dict[str, Any] = to_json(value)
        return [pair for key, item in properties.items() for pair in _pairs(f"{name}[{key}]", item)]
    return [(name, _named(name, value))]


def _named(name: str, value: object) -> str:
    try:
        text = _text_of(value)
        text.encode("utf-8")
    except UnicodeEncodeError:
        problem = "must not have lone surrogates"
    except ValueError as error:
        problem = f"cannot be sent: {error}"
    else:
        return text
    raise ValueError(f"{name} {problem}")


def _text_of(value: object) -> str:
    """A value as it stands in a query or a header."""
    value = to_json(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ValueError("it is neither text, a number, a boolean nor a date")


def _headers_of(headers: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    found = tuple((name, _named(name, value)) for name, value in headers.items() if value is not None)
    for name, value in found:
        if not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"{name} must be plain ASCII text without line breaks")
    return found


def _body_of(body: object, content_type: str) -> bytes:
    if content_type != JSON:
        if isinstance(body, (bytes, bytearray)):
            return bytes(body)
        raise ValueError(f"the body must be bytes, not {type(body).__name__}")
    try:
        return json.dumps(to_json(body), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        problem = "its text must not have lone surrogates"
    except ValueError as error:
        problem = str(error)
    except RecursionError:
        problem = "it is nested too deeply"
    raise ValueError(f"the body cannot be sent: {problem}")


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
    return first, tuple(zip(rest[::2], rest[1::2], strict=True))


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
