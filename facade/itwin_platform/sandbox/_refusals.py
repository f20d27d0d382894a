"""What the sandbox says no with: the documented errors, with those details that apply."""

from collections.abc import Sequence
from typing import Any

from ._catalogue import Json, ServedOperation
from ._schemas import INVALID, MISSING, Problem

BODY = "InvalidRequestBody"
HEADER = "InvalidHeaderValue"
PARAMETER = "InvalidParameter"

# For what no page words. A detail that is documented is used instead.
_WORDS = {
    INVALID: "The value is not allowed.",
    MISSING: "A required property is missing or empty.",
    BODY: "The body is missing, is not a JSON object or has another content type.",
    HEADER: "The header has a value that is not allowed.",
    PARAMETER: "The parameter cannot be used like this.",
    "InvalidProperty": "The property is not known.",
    "ReadOnlyProperty": "The property is read only.",
}


_UNDOCUMENTED: dict[str, Any] = {"error": {"code": "InvalidRequest", "message": "The request cannot be served."}}


class RefusedError(Exception):
    """A request that is answered with one of the operation's documented errors."""

    def __init__(self, status: int, problems: Sequence[Problem] = ()) -> None:
        super().__init__(status)
        self.status = status
        self.problems = problems


def invalid(operation: ServedOperation, problems: Sequence[Problem]) -> RefusedError:
    """The refusal of what is wrong with a request; APIs differ in the status that says so."""
    return RefusedError(400 if 400 in operation.answers and 422 not in operation.answers else 422, problems)


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
    for detail in known:
        # Some pages name a property within another by its own name alone.
        same = detail.get("target") in (problem.target, problem.target.rpartition(".")[2])
        if same and detail["code"] == problem.code:
            return detail
    target = {"target": problem.target} if problem.target else {}
    return {"code": problem.code, **target, "message": _WORDS.get(problem.code, "The value is not allowed.")}
