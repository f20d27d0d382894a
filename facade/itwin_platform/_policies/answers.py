"""What an answer means: strict JSON, and the typed error for everything that is not a success."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ..errors import (
    ApiError,
    ConflictError,
    ErrorDetail,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnauthorizedError,
)
from .redaction import one_line
from .retries import parse_retry_after

_ERRORS: dict[int, type[ApiError]] = {
    400: InvalidRequestError,
    401: UnauthorizedError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidRequestError,
    429: RateLimitError,
}
_REQUEST_IDS = ("x-correlation-id", "x-request-id", "x-ms-request-id", "request-id")
_MAX_DETAILS = 20
_MAX_INTEGER_DIGITS = 400


@dataclass(slots=True)
class Answer:
    """One HTTP answer, read to its end.

    `problem` says what is wrong with a body that could not be read. `secret` is what was sent, in case it is echoed.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    locations: list[str] = field(default_factory=list[str], repr=False)
    problem: str | None = None
    secret: str | None = field(default=None, repr=False)

    @property
    def content_type(self) -> str | None:
        """The media type, without parameters and made fit for a message."""
        value = self.headers.get("content-type")
        return one_line(value.partition(";")[0], self.secret)[:100] if value else None

    @property
    def request_id(self) -> str | None:
        """The platform's id of the request."""
        value = next((self.headers[name] for name in _REQUEST_IDS if name in self.headers), None)
        return one_line(value, self.secret)[:128] if value else None

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, if the answer says so."""
        value = self.headers.get("retry-after") or self.headers.get("itwinplatform-ratelimit-retry-after-seconds")
        return parse_retry_after(value, time.time())


class NotJsonError(ValueError):
    """A body is not the JSON that RFC 8259 allows and every reader agrees about. The text says what is wrong."""


def where_and_what(error: ValueError, secret: str | None) -> tuple[str, str]:
    """Path and problem out of the error that a generated model raises for a body it cannot read.

    The path may have names in it that the server chose.
    """
    where, problem = getattr(error, "where", ""), getattr(error, "problem", "cannot be read")
    return one_line(where, secret)[:200], one_line(problem, secret)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise NotJsonError("names a property twice")
    return result


def _no_constant(name: str) -> Any:
    raise NotJsonError(f"holds {name}, which is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotJsonError("holds a number too large to read")
    return value


def _bounded(text: str) -> int:
    if len(text) > _MAX_INTEGER_DIGITS:
        raise NotJsonError("holds a number too large to read")
    return int(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite, parse_int=_bounded
)


def read_json(body: bytes) -> Any:
    """The JSON value of a body. It is read as UTF-8 whatever the label says, as RFC 8259 has it.

    Raises:
        NotJsonError: It is empty, malformed, not UTF-8, nested too deeply, or something that readers disagree
            about: duplicate properties, NaN, numbers without bounds.
    """
    if not body:
        raise NotJsonError("is empty")
    try:
        return _DECODER.decode(body.decode("utf-8-sig"))
    except NotJsonError as error:
        problem = str(error)
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    except RecursionError:
        problem = "is nested too deeply"
    except ValueError:
        problem = "is HTML, not JSON" if body.lstrip()[:1] == b"<" else "is not JSON"
    raise NotJsonError(problem)


def api_error(answer: Answer, operation: str) -> ApiError:
    """The typed error for an answer that is not a success, whatever its body holds.

    Parameters:
        answer: The answer.
        operation: Id of the operation.
    """
    secret = answer.secret
    try:
        body: object = read_json(answer.body)
    except NotJsonError:
        body = None
    error = _mapping(_mapping(body).get("error"))
    code, message = error.get("code"), error.get("message")
    status = answer.status
    kind = _ERRORS.get(status) or (ServerError if 500 <= status <= 599 else ApiError)
    return kind(
        status=status,
        code=one_line(code, secret)[:100] if isinstance(code, str) and code else "Unknown",
        message=one_line(message, secret)
        if isinstance(message, str) and message
        else f"The answer holds no error object ({answer.content_type or 'no content type'}).",
        target=_text(error.get("target"), secret),
        details=_details(error.get("details"), secret),
        request_id=answer.request_id,
        retry_after=answer.retry_after,
        operation=operation,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    empty: Mapping[str, Any] = {}
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else empty


def _text(value: object, secret: str | None) -> str | None:
    return one_line(value, secret) if isinstance(value, str) and value else None


def _details(value: object, secret: str | None) -> tuple[ErrorDetail, ...]:
    found = [_mapping(item) for item in cast(list[object], value)[:_MAX_DETAILS]] if isinstance(value, list) else []
    return tuple(
        ErrorDetail(
            code=_text(item.get("code"), secret) or "Unknown",
            message=_text(item.get("message"), secret) or "",
            target=_text(item.get("target"), secret),
        )
        for item in found
        if item
    )
