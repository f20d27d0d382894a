"""Errors as the client raises them, with the documented messages."""

from __future__ import annotations

from .._policies.answers import Answer
from .._policies.arguments import optional_text
from .._policies.refusals import advice_for, kind_of, read_words
from ..errors import ApiError
from ..sandbox._arguments import check_number, check_whole
from ..sandbox._catalogue import CATALOGUE, encode
from ..sandbox._demands import MOST


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
        ValueError: The status is not that of an error, there is no such operation, or an argument has another type.
    """
    check_whole("status", status, 400, 599)
    for name, value in (("code", code), ("message", message)):
        optional_text(name, value)
    if retry_after is not None:
        check_number("retry_after", retry_after, MOST)
    known = [each for each in CATALOGUE.operations if operation in (None, each.key)]
    if not known:
        raise ValueError(f"there is no operation {operation!r}; a name is for instance itwins/get-itwin")
    documented = next((each.answers[status] for each in known if each.answers.get(status)), None)
    words = read_words(Answer(status, {}, encode(documented or {})))
    asked = known[0] if operation else None
    said = code or words.code or "Unknown"
    return kind_of(status)(
        status=status,
        code=said,
        message=message or words.message or "An error for a test.",
        target=words.target,
        details=() if message or code else words.details,
        retry_after=words.wait if retry_after is None else retry_after,
        operation=asked.key.partition("/")[2] if asked else None,
        method=asked.method if asked else None,
        path=asked.path if asked else None,
        advice=advice_for(status, said, asked.path if asked else ""),
    )
