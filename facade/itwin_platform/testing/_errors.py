"""Errors as the client raises them, with the documented messages."""

from __future__ import annotations

from .._policies.answers import Answer
from .._policies.refusals import kind_of, read_words
from ..errors import ApiError
from ..sandbox._catalogue import CATALOGUE, encode


def error(
    status: int,
    *,
    operation: str | None = None,
    code: str | None = None,
    message: str | None = None,
    retry_after: float | None = None,
) -> ApiError:
    """The error that the client raises for a status, for instance `NotFoundError` for 404.

        error(404, operation="itwins/get-itwin")

    Parameters:
        status: The HTTP status, 400 to 599.
        operation: The operation that fails: API and id, as for `Sandbox.fail`. Code, message and details are those that
            it documents for the status. Without it, they are those of any operation.
        code: Another code.
        message: Another message. If code or message is given, there are no details.
        retry_after: Seconds to wait, as in an answer with 429.

    Raises:
        ValueError: The status is not that of an error, or there is no such operation.
    """
    if not 400 <= status <= 599:
        raise ValueError(f"an error has a status from 400 to 599, not {status}")
    known = [each for each in CATALOGUE.operations if operation in (None, each.key)]
    if not known:
        raise ValueError(f"there is no operation {operation!r}; a name is like itwins/get-itwin")
    documented = next((each.answers[status] for each in known if each.answers.get(status)), None)
    words = read_words(Answer(status, {}, encode(documented or {})))
    asked = known[0] if operation else None
    return kind_of(status)(
        status=status,
        code=code or words.code or "Unknown",
        message=message or words.message or "An error for a test.",
        target=words.target,
        details=() if message or code else words.details,
        retry_after=words.wait if retry_after is None else retry_after,
        operation=asked.key.partition("/")[2] if asked else None,
        method=asked.method if asked else None,
        path=asked.path if asked else None,
    )
