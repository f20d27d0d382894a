"""Converts a successful answer to the type that the definition names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import ResponseError
from .answers import Answer, NotJsonError, read_json, where_and_what
from .messages import read_too_late

if TYPE_CHECKING:
    from itwin_platform_api.runtime import Operation

    from .calls import Call

T = TypeVar("T")

# Platforms mix these up, and the body says all that there is to know. 202 means something else.
_ALIKE = frozenset({200, 201, 204})


def read_success(answer: Answer, operation: Operation[T], call: Call) -> T:
    """The body of a success as its type.

    Raises:
        ResponseError: It is not what the definition says. The error holds nothing of the body.
    """
    status = answer.status
    if status not in operation.answers:
        status = next((other for other in operation.answers if {status, other} <= _ALIKE), 0)
    if status not in operation.answers:
        raise _error("has a status that its definition does not name", "", answer, call)
    read = operation.answers[status]
    if operation.is_file(status):
        if answer.problem is not None:
            raise _error(answer.problem, "", answer, call)
        return read(answer.body)
    return read_body(answer, call, read) if operation.has_body(status) else read(None)


def read_body(answer: Answer, call: Call, read: Callable[[Any], T]) -> T:
    """The JSON of a body as `read` reads it.

    Raises:
        ResponseError: It is not JSON, or not what `read` takes.
        DeadlineExceeded: Reading it has taken too long.
    """
    place, problem = "", answer.problem
    if problem is None:
        try:
            value = read(read_json(answer.body))
        except NotJsonError as error:
            problem = str(error)
        except ValueError as error:
            place, problem = where_and_what(error, answer.secret)
        else:
            if call.in_time(0):
                return value
            raise read_too_late(call)
    raise _error(problem, place, answer, call)


def link_error(answer: Answer, call: Call, problem: str) -> ResponseError:
    """The error for a page whose link to the next one cannot be followed."""
    return _error(problem, "_links.next.href", answer, call)


def _error(problem: str, place: str, answer: Answer, call: Call) -> ResponseError:
    return ResponseError(
        problem,
        place=place,
        status=answer.status,
        content_type=answer.content_type,
        size=len(answer.body),
        operation=call.operation,
        request_id=answer.request_id,
        carried_out=not call.attempts.repeatable,
        method=call.method,
        path=call.path or None,
    )
