"""What the generated packages share: reading values out of JSON, open enums, masked reprs, operations.

Nothing here knows an API. A reader function takes a JSON value and returns it as the type it stands for, or raises
BodyError; `required` and `optional` take it out of an object and add the name of the property to the error.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from typing import Any, Final, Generic, Self, TypeVar, cast
from urllib.parse import urlsplit

from attrs import field, frozen

V = TypeVar("V")
T_co = TypeVar("T_co", covariant=True)

MASK: Final = "***"

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
    return BodyError(f"is {_JSON_NAMES.get(type(value), 'not JSON')}, not {expected}")


def _read(read: Callable[[Any], V], value: Any, name: str | int) -> V:
    try:
        return read(value)
    except BodyError as error:
        found = error.inside(name)
    except (TypeError, ValueError, AttributeError, KeyError):
        found = BodyError("cannot be read as the type that is documented", name)
    raise found


def required(properties: dict[str, Any], name: str, read: Callable[[Any], V]) -> V:
    """Take a property that must be there out of `properties`. A null string, number or boolean reads as None."""
    try:
        value = properties.pop(name)
    except KeyError:
        found = BodyError("is missing", name)
    else:
        return _read(read, value, name)
    raise found


def optional(properties: dict[str, Any], name: str, read: Callable[[Any], V]) -> V | None:
    """Take a property out of `properties`; None where it is absent or null."""
    value = properties.pop(name, None)
    return None if value is None else _read(read, value, name)


def properties_of(value: object) -> dict[str, Any]:
    """The properties of a JSON object, in a new dict."""
    if not isinstance(value, Mapping):
        raise _not("an object", value)
    return dict(cast(Mapping[str, Any], value))


def anything(value: Any) -> Any:
    """Any JSON value."""
    return value


def text(value: object) -> str:
    """A string."""
    if value is None or isinstance(value, str):
        return cast(str, value)
    raise _not("a string", value)


def integer(value: object) -> int:
    """A whole number; JSON does not tell 3 from 3.0."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return cast(int, value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise _not("a whole number", value)


def number(value: object) -> float:
    """A number."""
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return cast(float, value)
    raise _not("a number", value)


def boolean(value: object) -> bool:
    """True or false."""
    if value is None or isinstance(value, bool):
        return cast(bool, value)
    raise _not("a boolean", value)


def nothing(value: object) -> None:
    """A null."""
    if value is not None:
        raise _not("null", value)


def date_time(value: object) -> datetime.datetime:
    """An ISO 8601 date-time, always aware: UTC where the text has no offset.

    Digits beyond the microsecond are dropped. The standard library reads what the platform sends; python-dateutil,
    which is slow to import, reads the forms of ISO 8601 that it refuses.
    """
    if not isinstance(value, str):
        raise _not("a date-time", value)
    try:
        moment = datetime.datetime.fromisoformat(value)
    except ValueError:
        from dateutil.parser import isoparse

        try:
            moment = isoparse(value)
        except (ValueError, OverflowError):
            moment = None
    if moment is None:
        raise BodyError("is not a date-time")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)


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


def items(read: Callable[[Any], V]) -> Callable[[object], list[V]]:
    """A list whose items `read` reads."""

    def read_all(value: object) -> list[V]:
        if not isinstance(value, list):
            raise _not("a list", value)
        return [_read(read, item, index) for index, item in enumerate(_elements(value))]

    return read_all


def values(read: Callable[[Any], V], properties: dict[str, Any]) -> dict[str, V]:
    """The properties that are left over, each read by `read`."""
    return {name: _read(read, value, name) for name, value in properties.items()}


def has_value(value: object, name: str, *expected: str) -> bool:
    """Whether `value` is an object whose property `name` is one of `expected`: the test of a discriminator."""
    return isinstance(value, Mapping) and cast(Mapping[str, Any], value).get(name) in expected


def has_any(value: object, *names: str) -> bool:
    """Whether `value` is an object with at least one of the properties `names`: the test of a shape."""
    return isinstance(value, Mapping) and not cast(Mapping[str, Any], value).keys().isdisjoint(names)


def to_json(value: Any) -> Any:
    """The JSON value that stands for `value`. Properties that are None are left out of objects."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, datetime.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, list):
        return [to_json(item) for item in _elements(value)]
    return value


class OpenEnum(StrEnum):
    """An enum that keeps values it does not know: the platform adds values without a new API version.

    An unknown value becomes a member of its own that equals its string and survives pickling and copying.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member

    def __reduce_ex__(self, protocol: Any) -> Any:
        # By value: some versions of Python pickle and copy the members of enums by name, which a new value lacks.
        return type(self), (self._value_,)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    @property
    def is_known(self) -> bool:
        """Whether the value is one that the documentation lists."""
        return self._value_ in type(self)._value2member_map_


def mask_all(value: object) -> str:
    """The repr of a secret."""
    return repr(value) if value is None else f"'{MASK}'"


def mask_query(value: str | None) -> str:
    """The repr of a URL whose query may hold a secret: host and path stay, every value in the query goes."""
    if value is None:
        return "None"
    try:
        parts = urlsplit(value)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return f"'{MASK}'"
    names = [pair.partition("=")[0] for pair in parts.query.split("&") if pair]
    query = "&".join(f"{name}={MASK}" for name in names)
    userinfo = f"{MASK}@" if "@" in parts.netloc else ""
    scheme = f"{parts.scheme}://" if parts.scheme and parts.netloc else ""
    tail = (f"?{query}" if query else "") + (f"#{MASK}" if parts.fragment else "")
    return repr(f"{scheme}{userinfo}{host}{parts.path}{tail}")


def mask_values(value: Any) -> str:
    """The repr of an object whose values may be secrets: its keys stay."""
    if value is None:
        return "None"
    names: Mapping[str, Any] = value.additional_properties if isinstance(value, Model) else value
    return "{" + ", ".join(f"{name!r}: {MASK}" for name in names) + "}"


class Model:
    """An object of a JSON body. What the specification does not describe is kept in `additional_properties`."""

    __slots__ = ()
    additional_properties: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The object as it stands in a JSON body; what is None is left out."""
        raise NotImplementedError

    @property
    def additional_keys(self) -> list[str]:
        """The names of the properties that the specification does not describe."""
        return list(self.additional_properties)

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties

    def _to_dict(self, properties: dict[str, Any]) -> dict[str, Any]:
        result = {name: to_json(value) for name, value in self.additional_properties.items()}
        result.update((name, to_json(value)) for name, value in properties.items() if value is not None)
        return result


@frozen
class Operation(Generic[T_co]):
    """One operation of an API, as its specification describes it."""

    id: str
    method: str
    path: str
    accept: str
    success: int
    read: Callable[[Any], T_co] = field(repr=False)
