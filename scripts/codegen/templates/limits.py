"""What a definition says of the values of a request: type, length, range, and what an id cannot be.

It is checked before there is a request, so that what cannot succeed is not sent. Enums are not checked: the platform
adds values to them without a new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, cast

from attrs import frozen

Kind = Literal["any", "text", "number", "integer", "boolean", "list", "object"]

_KINDS: Final[Mapping[str, tuple[type | tuple[type, ...], str]]] = {
    "text": (str, "a string"),
    "number": ((int, float), "a number"),
    "integer": (int, "a whole number"),
    "boolean": (bool, "True or False"),
    "list": ((list, tuple), "a list"),
    "object": (Mapping, "an object"),
}


@frozen
class Limit:
    """What one value of a request can be.

    Attributes:
        name: What it is called in Python.
        kind: Its type.
        least: The smallest number, or the least characters or items.
        most: The largest number, or the most characters or items.
        taken: What it cannot be, because something else is at that place.
    """

    name: str
    kind: Kind = "any"
    least: float | None = None
    most: float | None = None
    taken: tuple[str, ...] = ()

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value, without showing it; None if nothing is, or if there is no value."""
        if value is None:
            return None
        if self.kind != "any" and not _is_of(self.kind, value):
            return f"{self.name} must be {_KINDS[self.kind][1]}"
        if self.kind in {"text", "list"}:
            return self._problem_of_length(len(value))
        if self.kind in {"number", "integer"}:
            return self._problem_of_size(value)
        if isinstance(value, str) and value.lower() in self.taken:
            return f"{self.name} must be an id; {', '.join(self.taken)} are addresses of other things"
        return None

    def _problem_of_length(self, length: int) -> str | None:
        unit = "characters" if self.kind == "text" else "items"
        if self.least is not None and length < self.least:
            return (
                f"{self.name} must not be empty"
                if not length
                else f"{self.name} must have at least {self.least} {unit}"
            )
        if self.most is not None and length > self.most:
            return f"{self.name} must not have more than {self.most} {unit}"
        return None

    def _problem_of_size(self, value: float) -> str | None:
        low, high = self.least, self.most
        if (low is None or value >= low) and (high is None or value <= high):
            return None
        if low is None or high is None:
            return f"{self.name} must be at most {high}" if low is None else f"{self.name} must be at least {low}"
        return f"{self.name} must be from {low} to {high}"


def _is_of(kind: Kind, value: object) -> bool:
    # For Python, a boolean is a number.
    return isinstance(value, _KINDS[kind][0]) and (kind == "boolean" or not isinstance(value, bool))


def problem_in(limits: Mapping[str, Limit], values: object) -> str | None:
    """What is wrong with some values, without showing them; None if nothing is.

    Parameters:
        limits: The limits by documented name; a point leads into an object.
        values: The values by documented name.
    """
    for path, limit in limits.items():
        value: object = values
        for name in path.split("."):
            value = cast(Mapping[str, object], value).get(name) if isinstance(value, Mapping) else None
        if problem := limit.problem(value):
            return problem
    return None
