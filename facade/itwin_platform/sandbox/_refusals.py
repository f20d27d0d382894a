"""What the sandbox says no with: the documented errors, with those details that apply."""

import re
from collections.abc import Sequence
from typing import Any

from ._catalogue import Json, ServedOperation
from ._schemas import INVALID, MISSING, Problem

BODY = "InvalidRequestBody"
HEADER = "InvalidHeaderValue"
PARAMETER = "InvalidParameter"
CHANGE = "InvalidChange"
QUOTA = "ResourceQuotaExceeded"

# For what no page words. A detail that is documented is used instead.
_WORDS = {
    INVALID: "The value is not allowed.",
    MISSING: "A required property is missing or empty.",
    BODY: "The body is missing, is not a JSON object or has another content type.",
    HEADER: "The header has a value that is not allowed.",
    PARAMETER: "The parameter cannot be used like this.",
    CHANGE: "This cannot be changed as it is now.",
    "InvalidProperty": "The property is not known.",
    "ReadOnlyProperty": "The property is read only.",
}
# How the texts of documented details word a reason.
_REASONS = {
    "empty": re.compile(r"\bempty\b"),
    "long": re.compile(r"more than \d+ characters"),
    "large": re.compile(r"too big"),
    "wide": re.compile(r"width or height"),
}
# Where a text repeats the value, and how much of it at the most.
_VALUE = re.compile(r"(?<=[Vv])alue '[^']*'")
_LONGEST = 100
# The codes for a value that is wrong. Which of them is used differs from operation to operation.
_WRONG = frozenset({INVALID, PARAMETER, "InvalidProperty"})


class RefusedError(Exception):
    """A request that is answered with one of the operation's documented errors.

    `by` is another operation whose error it is: that of a resource which the path goes through.
    """

    def __init__(self, status: int, problems: Sequence[Problem] = (), by: ServedOperation | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.problems = problems
        self.by = by


def invalid(operation: ServedOperation, problems: Sequence[Problem]) -> RefusedError:
    """The refusal of what is wrong with a request."""
    return RefusedError(operation.invalid or 422, problems)


def error_body(operation: ServedOperation, status: int, problems: Sequence[Problem] = ()) -> Json:
    """The documented body of an error. With problems, it has the details that are about them, and no others."""
    documented = operation.answers.get(status) or {
        "error": {"code": "InvalidRequest", "message": "This cannot be done."}
    }
    if not problems:
        return dict(documented)
    error: Json = documented["error"]
    details = [_detail(error.get("details", []), problem) for problem in problems]
    return {**documented, "error": {**error, "details": details}}


def _detail(known: list[Json], problem: Problem) -> dict[str, Any]:
    found = [detail for detail in known if detail.get("target", "") == problem.target]
    if not found:
        # Some pages name a property within another by its own name alone, or in another case.
        name = _own_name(problem.target)
        found = [detail for detail in known if _own_name(detail.get("target") or "") == name]
    by_reason = [detail for detail in found if _reason_of(detail) == problem.reason]
    by_code = [detail for detail in by_reason or found if detail["code"] == problem.code]
    # What is missing inside another property is a wrong value of that property, in the words of some pages.
    is_inside = "." in problem.target
    related = [detail for detail in by_reason or found if {detail["code"], problem.code} <= _WRONG or is_inside]
    if problem.reason in _REASONS:
        related += by_reason
    for detail in (*by_code, *related):
        return _repeating(detail, problem.value)
    target = {"target": problem.target} if problem.target else {}
    return {"code": problem.code, **target, "message": _WORDS.get(problem.code, "The value is not allowed.")}


def _repeating(detail: Json, value: str) -> Json:
    """The detail with the value that was sent, where its text repeats one."""
    if not value:
        return detail
    return {**detail, "message": _VALUE.sub(lambda _: f"alue '{value[:_LONGEST]}'", detail["message"])}


def _own_name(target: str) -> str:
    return target.rpartition(".")[2].casefold()


def _reason_of(detail: Json) -> str:
    return next((name for name, pattern in _REASONS.items() if pattern.search(detail["message"])), "")
