"""Reading values out of JSON. A reader takes a JSON value and returns what it stands for, or raises BodyError.

`required`, `optional` and `given` take a property out of an object and add its name to the error. Long lists have
millions of properties, and most are strings, numbers or null: models look at the types of these themselves, and call
`read` for the others alone.
"""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, TypeVar, cast

from .writing import UNCHANGED, Unchanged

V = TypeVar("V")
E = TypeVar("E", bound=Enum)
_Object = Mapping[str, Any]

# In lower case, because the models that import them may have any other name.
missing: Final = object()  # stands for a property that is not there
texts: Final = frozenset({str, type(None)})  # exact types that need no second look where a property is optional
numbers: Final = frozenset({float, int, type(None)})
integers: Final = frozenset({int, type(None)})
booleans: Final = frozenset({bool, type(None)})

_LEAP_SECOND: Final = re.compile(r"(T[0-9]{2}:[0-9]{2}):60", re.ASCII)

_JSON_NAMES: Final[dict[type, str]] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


class BodyError(ValueError):
    """A JSON body is not what the specification says. It names the place and never holds the value.

    `path` leads to the property from the outside in; `problem` says what is wrong with it.
    """

    def __init__(self, problem: str, *path: str | int) -> None:
        super().__init__(problem, *path)
        self.problem = problem
        self.path: tuple[str | int, ...] = path

    def __str__(self) -> str:
        return f"{self.where or 'the body'} {self.problem}"

    @property
    def where(self) -> str:
        """The path in the form `repository.options.minimumLevel` or `details[0].code`."""
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path).lstrip(".")

    def inside(self, part: str | int) -> BodyError:
        """The same error, seen from the object or list that holds the value."""
        return BodyError(self.problem, part, *self.path)


# What a reader may raise for a value of the wrong kind.
MISMATCH: Final = (BodyError, TypeError, ValueError, AttributeError, KeyError)


def _not(expected: str, value: object) -> BodyError:
    if value is missing:
        return BodyError("is missing")
    return BodyError(f"is {_JSON_NAMES.get(type(value), 'not JSON')}, not {expected}")


def _inside(error: Exception, name: str | int) -> BodyError:
    """An error of a reader, seen from the object or list that holds the value."""
    if isinstance(error, BodyError):
        return error.inside(name)
    return BodyError("cannot be read as the type that is documented", name)


def read(reader: Callable[[Any], V], value: Any, name: str | int) -> V:
    """What `reader` reads. An error names the property."""
    try:
        return reader(value)
    except MISMATCH as error:
        found = _inside(error, name)
    raise found


def required(properties: dict[str, Any], name: str, reader: Callable[[Any], V]) -> V:
    """Take a property that must be there out of `properties`."""
    try:
        value = properties.pop(name)
    except KeyError:
        found = BodyError("is missing", name)
    else:
        return read(reader, value, name)
    raise found


def optional(properties: dict[str, Any], name: str, reader: Callable[[Any], V]) -> V | None:
    """Take a property out of `properties`; None where it is absent or null."""
    value = properties.pop(name, None)
    if value is None:
        return None
    try:  # as `read` does, without the call: there are many dates
        return reader(value)
    except MISMATCH as error:
        found = _inside(error, name)
    raise found


def optional_member(properties: dict[str, Any], name: str, kind: type[E]) -> E | None:
    """Do the same for an enum. A known value is looked up, in a third of the time that calling the enum takes."""
    value = properties.pop(name, None)
    if value is None:
        return None
    member: Any
    try:
        member = kind._value2member_map_.get(value)
    except TypeError:  # an object or a list
        member = None
    return read(kind, value, name) if member is None else member


def optional_object(properties: dict[str, Any], name: str, reader: Callable[[Any], V], *members: str) -> V | None:
    """Do the same for an object with required properties: one that is not there may come without any of its `members`.

    If it holds something else, it is left in `properties`, so that nothing is lost.
    """
    value = properties.get(name)
    if isinstance(value, Mapping):
        found = cast(_Object, value)
        if all(found.get(member) is None for member in members):
            if all(item is None for item in found.values()):
                del properties[name]
            return None
    return optional(properties, name, reader)


def given(properties: dict[str, Any], name: str, reader: Callable[[Any], V]) -> V | Unchanged:
    """Take a property of a body to send out of `properties`; UNCHANGED where it is absent."""
    return read(reader, properties.pop(name), name) if name in properties else UNCHANGED


def properties_of(value: object) -> dict[str, Any]:
    """The properties of a JSON object, in a new dict."""
    if not isinstance(value, (dict, Mapping)):  # a dict first, which takes the least time
        raise _not("an object", value)
    return dict(cast(_Object, value))


def nullable(reader: Callable[[Any], V]) -> Callable[[Any], V | None]:
    """What `reader` reads, or None for a null."""

    def read_or_none(value: Any) -> V | None:
        return None if value is None else reader(value)

    return read_or_none


def anything(value: Any) -> Any:
    """Any JSON value."""
    return value


def text(value: object) -> str:
    """A string."""
    if isinstance(value, str):
        return value
    raise _not("a string", value)


def integer(value: object) -> int:
    """A whole number; JSON does not tell 3 from 3.0."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise _not("a whole number", value)


def number(value: object) -> float:
    """A number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise _not("a number", value)


def boolean(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise _not("a boolean", value)


def no_body(_: object) -> None:
    """An answer without a body."""


def content(value: bytes) -> bytes:
    """An answer that is a file, as it comes."""
    return value


def nothing(value: object) -> None:
    """A null."""
    if value is not None:
        raise _not("null", value)


def date_time(value: object) -> datetime.datetime:
    """An ISO 8601 date-time, always aware: UTC where the text has no offset.

    Digits beyond the microsecond are dropped, and a leap second is the second after it: datetime has no 60. The
    standard library reads what the platform sends; python-dateutil, which is slow to import, reads the forms of ISO
    8601 that it refuses.
    """
    if not isinstance(value, str):
        raise _not("a date-time", value)
    moment: datetime.datetime | None
    try:
        moment = datetime.datetime.fromisoformat(value)
    except ValueError:
        moment = _other_date_time(value)
    if moment is None:
        raise BodyError("is not a date-time")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)


def _other_date_time(value: str) -> datetime.datetime | None:
    from dateutil.parser import isoparse

    before_leap = _LEAP_SECOND.sub(r"\1:59", value)
    try:
        moment = isoparse(before_leap)
        return moment if before_leap == value else moment + datetime.timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None


def date(value: object) -> datetime.date:
    """An ISO 8601 date."""
    if not isinstance(value, str):
        raise _not("a date", value)
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        pass
    raise BodyError("is not a date")


def unique_id(value: object) -> uuid.UUID:
    """A UUID."""
    if not isinstance(value, str):
        raise _not("a UUID", value)
    try:
        return uuid.UUID(value)
    except ValueError:
        pass
    raise BodyError("is not a UUID")


def file(value: object) -> Any:  # noqa: ARG001
    """A file. A JSON body cannot hold one."""
    raise BodyError("is a file, which JSON cannot hold")


def exactly(expected: V) -> Callable[[object], V]:
    """The one value that is documented."""

    def read(value: object) -> V:
        if value != expected:
            raise BodyError("is not the one value that is documented")
        return expected

    return read


def _elements(value: Any) -> list[Any]:
    return value  # type: ignore[no-any-return]  # the callers have looked


def items(reader: Callable[[Any], V]) -> Callable[[object], list[V]]:
    """A list whose items `reader` reads."""

    def read_all(value: object) -> list[V]:
        if not isinstance(value, list):
            raise _not("a list", value)
        done: list[V] = []
        try:
            for item in _elements(value):
                done.append(reader(item))  # noqa: PERF401 (after an error, its length tells which item it was)
        except MISMATCH as error:
            found = _inside(error, len(done))
        else:
            return done
        raise found

    return read_all


def values(reader: Callable[[Any], V], properties: dict[str, Any]) -> dict[str, V]:
    """The properties that are left over, each read by `reader`."""
    return {name: read(reader, value, name) for name, value in properties.items()}


def has_value(value: object, name: str, *expected: str) -> bool:
    """Whether `value` is an object whose property `name` is one of `expected`: the test of a discriminator."""
    return isinstance(value, Mapping) and cast(_Object, value).get(name) in expected


def has_any(value: object, *names: str) -> bool:
    """Whether `value` is an object with at least one of the properties `names`: the test of a shape."""
    return isinstance(value, Mapping) and not cast(_Object, value).keys().isdisjoint(names)
