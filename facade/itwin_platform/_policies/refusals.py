"""The error in an answer: the platform's error object, or the message of a gateway in front of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from .._error_lines import missing_advice
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
from .answers import Answer, NotJsonError, read_json
from .redaction import one_line

if TYPE_CHECKING:
    from .calls import Call

_ERRORS: dict[int, type[ApiError]] = {
    400: InvalidRequestError,
    401: UnauthorizedError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: InvalidRequestError,
    429: RateLimitError,
}
_MAX_DETAILS = 20
# No error has more to say; what is longer is not read.
_MAX_BODY = 256 * 1024

# Azure API Management says it in words alone: "Try again in 5 seconds", "Quota will be replenished in 01:12:21".
_SECONDS = re.compile(r"(?i)\b(?:try again|retry) (?:in|after) ([0-9]{1,6}) ?s(?:ec(?:ond)?s?)?\b", re.ASCII)
_CLOCK = re.compile(r"(?i)\breplenished in (?:([0-9]{1,4})\.)?([0-9]{1,4}):([0-9]{2}):([0-9]{2})\b", re.ASCII)
_WORD = re.compile(r"[A-Za-z][\w.-]{0,99}", re.ASCII)
# The last part of a problem's type (RFC 9457). A reference to a standard names no error.
_PROBLEM = re.compile(r"(?!about:)(?!.*\brfc-?[0-9])[^?#\s]*[/:#]([A-Za-z][\w.-]{0,99})/?", re.ASCII)


class Words(NamedTuple):
    """The contents of the body of an error; `wait` is the seconds until the next attempt."""

    code: str | None = None
    message: str | None = None
    target: str | None = None
    details: tuple[ErrorDetail, ...] = ()
    wait: float | None = None


def api_error(answer: Answer, call: Call) -> ApiError:
    """The typed error for an answer that is not a success, whatever its body holds."""
    words, status = read_words(answer), answer.status
    code = words.code or "Unknown"
    error = kind_of(status)(
        status=status,
        code=code,
        message=words.message or f"The answer holds no error object ({answer.content_type or 'no content type'}).",
        target=words.target,
        details=words.details,
        request_id=answer.request_id,
        retry_after=words.wait if answer.retry_after is None else answer.retry_after,
        operation=call.operation,
        method=call.method,
        path=call.path or None,
        advice=advice_for(status, code, call.template),
    )
    if isinstance(error, RateLimitError):
        error.limits = answer.limits
    return error


def advice_for(status: int, code: str, template: str) -> str | None:
    """The advice that depends on what was requested; None for that of the status.

    Parameters:
        status: The HTTP status.
        code: The error code.
        template: The path of the operation, with the names of its parameters in braces.
    """
    return missing_advice(code, template) if status == 404 else None


def kind_of(status: int) -> type[ApiError]:
    """The class of the error for a status."""
    return _ERRORS.get(status) or (ServerError if 500 <= status <= 599 else ApiError)


def read_words(answer: Answer) -> Words:
    """What the body of an error says."""
    body = _body(answer)
    if isinstance(body, list):
        body = next((item for item in cast(list[object], body) if item), None)
    if isinstance(body, str):
        body = {"message": body}
    found = _of_object(_mapping(body))
    secret = answer.secret
    message = _text(found.get("message"), secret)
    return Words(
        code=(_text(found.get("code"), secret) or "")[:100] or None,
        message=message,
        target=_text(found.get("target"), secret),
        details=_details(found.get("details"), secret),
        wait=_wait(message),
    )


def _body(answer: Answer) -> object:
    if len(answer.body) > _MAX_BODY:
        return None
    try:
        return read_json(answer.body)
    except NotJsonError:
        pass
    if answer.content_type == "text/plain":
        return answer.body[:2000].decode("utf-8", "replace")
    return None


def _of_object(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parts of an error under the names that the platform has for them."""
    error, fault = body.get("error"), _mapping(body.get("fault"))
    if isinstance(error, dict):
        return _flat(_mapping(body["error"]))
    if isinstance(error, str) and error:
        # OAuth has a code here and a description beside it, others a sentence.
        said = _message(body)
        code = error if said and _WORD.fullmatch(error) else None
        return {**_flat(body), "code": _first(body, "code", "errorCode") or code, "message": said or error}
    if fault:
        detail = _mapping(fault.get("detail"))
        return {"code": _first(detail, "errorcode", "errorCode"), "message": _first(fault, "faultstring", "message")}
    return _flat(body)


def _flat(body: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = body.get("type")
    problem = _PROBLEM.fullmatch(kind) if isinstance(kind, str) and len(kind) < 500 else None
    details = next((body[name] for name in ("details", "errors") if isinstance(body.get(name), (list, dict))), None)
    return {
        "code": _first(body, "code", "errorCode") or (problem and problem[1]),
        "message": _message(body),
        "target": body.get("target"),
        "details": details,
    }


def _message(body: Mapping[str, Any]) -> str | None:
    """The sentence that says the most: of a problem its title, and what it was this time."""
    if said := _first(body, "message", "Message", "error_description", "errorMessage"):
        return said
    title, detail = _first(body, "title"), _first(body, "detail", "description")
    return f"{title.rstrip('.')}: {detail}" if title and detail and title != detail else detail or title


def _first(body: Mapping[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := body.get(name), str) and value.strip()), None)


def _details(found: object, secret: str | None) -> tuple[ErrorDetail, ...]:
    if isinstance(found, dict):
        # By property: {"id": ["not a guid"]}.
        found = [
            {"target": name, "message": message}
            for name, messages in list(cast(dict[str, object], found).items())[:_MAX_DETAILS]
            for message in (cast(list[object], messages)[:_MAX_DETAILS] if isinstance(messages, list) else [messages])
        ]
    listed = cast(list[object], found)[:_MAX_DETAILS] if isinstance(found, list) else []
    items = [_mapping({"message": item} if isinstance(item, str) else item) for item in listed]
    return tuple(
        ErrorDetail(
            code=_text(item.get("code") or item.get("errorCode"), secret) or "Unknown",
            message=_text(item.get("message") or item.get("detail"), secret) or "",
            target=_text(item.get("target"), secret),
        )
        for item in items
        if item
    )


def _wait(message: str | None) -> float | None:
    if message is None:
        return None
    if found := _SECONDS.search(message):
        return float(found[1])
    if found := _CLOCK.search(message):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    return None


def _mapping(value: object) -> Mapping[str, Any]:
    empty: Mapping[str, Any] = {}
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else empty


def _text(value: object, secret: str | None) -> str | None:
    return (one_line(value, secret) or None) if isinstance(value, str) and value else None
