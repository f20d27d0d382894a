"""What bodies consist of: models, open enums, UNCHANGED, how they are written as JSON and what their repr hides."""

from __future__ import annotations

import datetime
import html
import math
import uuid
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, IntEnum, StrEnum
from typing import Any, Final, NoReturn, Self
from urllib.parse import urlsplit

import attrs

MASK: Final = "***"

_TOO_DEEP: Final = "it is nested too deeply"


class Unchanged(Enum):
    """The type of UNCHANGED."""

    UNCHANGED = "UNCHANGED"

    def __repr__(self) -> str:
        return "UNCHANGED"


UNCHANGED: Final = Unchanged.UNCHANGED
"""Stands for a property that a request leaves out. None, where a property takes it, is sent as null."""


def to_json(value: Any) -> Any:
    """The JSON value that stands for `value`.

    Raises:
        ValueError: There is none, for instance for a set or for NaN.
    """
    if value is UNCHANGED:
        raise ValueError("UNCHANGED can only be left out as a property of a body")
    if isinstance(value, Enum):
        value = value.value
    for kinds, write in _WRITERS:
        if isinstance(value, kinds):
            return write(value)
    raise ValueError(f"JSON cannot hold a {type(value).__name__}")


def _number(value: float) -> float:
    if math.isfinite(value):
        return value
    raise ValueError("JSON has no NaN and no infinity")


def _object(value: Any) -> dict[str, Any]:
    return {str(name): _inside(name, item) for name, item in value.items()}


def _array(value: Any) -> list[Any]:
    return [_inside(index, item) for index, item in enumerate(value)]


def _inside(name: str | int, value: Any) -> Any:
    """The JSON value of something inside an object or a list. An error says where it is, and does not show it."""
    try:
        return to_json(value)
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"{name}: {problem}")


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

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """The JSON schema, which allows more than the values that are known."""
        return {"title": cls.__name__, "type": "string", "examples": [member.value for member in cls]}


class OpenIntEnum(IntEnum):
    """An enum of whole numbers that keeps those it does not know, as OpenEnum does with strings."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if isinstance(value, float) and value.is_integer():
            return cls(int(value))
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        member = int.__new__(cls, value)
        member._name_, member._value_ = str(value), value
        return member

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self._value_,)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    @property
    def is_known(self) -> bool:
        """Whether the value is one that the documentation lists."""
        return self._value_ in type(self)._value2member_map_

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """The JSON schema, which allows more than the values that are known."""
        return {"title": cls.__name__, "type": "integer", "examples": [member.value for member in cls]}


def mask_all(value: object) -> str:
    """The repr of a secret."""
    return repr(value) if value is None or value is UNCHANGED else f"'{MASK}'"


def mask_query(value: str | Unchanged | None) -> str:
    """The repr of a URL whose query may hold a secret."""
    return repr(hidden_query(value) if isinstance(value, str) else value)


def hidden_query(url: str) -> str:
    """A URL whose query may hold a secret: host and path stay, every value in the query goes."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return MASK
    names = [pair.partition("=")[0] for pair in parts.query.split("&") if pair]
    query = "&".join(f"{name}={MASK}" for name in names)
    userinfo = f"{MASK}@" if "@" in parts.netloc else ""
    scheme = f"{parts.scheme}://" if parts.scheme and parts.netloc else ""
    tail = (f"?{query}" if query else "") + (f"#{MASK}" if parts.fragment else "")
    return f"{scheme}{userinfo}{host}{parts.path}{tail}"


def mask_values(value: Any) -> str:
    """The repr of an object whose values may be secrets: its keys stay."""
    if value is None or value is UNCHANGED:
        return repr(value)
    names: Mapping[str, Any] = value.additional_properties if isinstance(value, Model) else value
    return "{" + ", ".join(f"{name!r}: {MASK}" for name in names) + "}"


def _shown(value: Any, mask: Any) -> str:
    return str(mask(value)) if callable(mask) else repr(value)


def copied(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A dictionary of its own for each model, so that a changed copy leaves the original as it is."""
    return dict(properties)


class _Text:
    """Stands for a value in what rich shows."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


class Model:
    """An object of a JSON body. What the definition does not describe is kept in `additional_properties`."""

    __slots__ = ()
    additional_properties: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The object as it stands in a JSON body. What is None is left out, unless it has to be there as null.

        Of a body to send, what is UNCHANGED is left out.

        Raises:
            ValueError: It cannot be JSON, for instance because of a set in it, or is nested too deeply.
        """
        raise NotImplementedError

    @property
    def additional_keys(self) -> list[str]:
        """The names of the properties that the specification does not describe."""
        return list(self.additional_properties)

    def __getitem__(self, key: str) -> Any:
        if key in self.additional_properties:
            return self.additional_properties[key]
        raise self._no_item(key)

    def __setitem__(self, key: str, value: Any) -> None:
        if key in documented_names(type(self)).values():
            # It would be lost: the attribute is what is sent.
            raise self._no_item(key)
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        if key not in self.additional_properties:
            raise self._no_item(key)
        del self.additional_properties[key]

    def _no_item(self, key: str) -> KeyError:
        """The error for a key that no additional property has. Those that are described are attributes."""
        for attribute, documented in documented_names(type(self)).items():
            if key in {attribute, documented}:
                return KeyError(f"{key} is an attribute of {type(self).__name__}: use .{attribute}")
        return KeyError(key)

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties

    def __iter__(self) -> NoReturn:
        # Without it, dict() and list() would ask for the items 0, 1, 2 and so on.
        name = type(self).__name__
        raise TypeError(
            f"{name} is neither a mapping nor a list: {name}.to_dict() gives its properties, and itwin_platform.frames "
            "makes tables of models"
        )

    def __replace__(self, **changes: Any) -> Self:
        # For copy.replace. Newer versions of attrs bring it along.
        return attrs.evolve(self, **changes)  # type: ignore[misc]  # the subclasses are made with attrs

    def _repr_html_(self) -> str:
        """A table for notebooks, in which the secrets are masked as in `repr()`."""
        attributes: Any = attrs.fields(type(self))  # type: ignore[arg-type]  # the subclasses are made with attrs
        shown = {each.name: _shown(getattr(self, each.name), each.repr) for each in attributes}
        rows = "".join(
            f'<tr><th style="text-align: left">{html.escape(name)}</th><td>{html.escape(text)}</td></tr>'
            for name, text in shown.items()
            if text not in {"None", "{}"}
        )
        return f"<table><caption>{html.escape(type(self).__name__)}</caption>{rows}</table>"

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        """What rich shows: what `repr()` shows, without what is None or empty."""
        attributes: Any = attrs.fields(type(self))  # type: ignore[arg-type]  # the subclasses are made with attrs
        for each in attributes:
            value = getattr(self, each.name)
            if value is not None and value != {}:
                yield each.name, _Text(_shown(value, each.repr)) if callable(each.repr) else value

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """For fields of pydantic models and for FastAPI: validated by `from_dict`, serialized by `to_dict`."""
        from .schemas import core_schema_of

        return core_schema_of(cls, documented_names(cls), handler, Unchanged)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        """The JSON schema of the properties."""
        from .schemas import json_schema_of

        return json_schema_of(schema, handler)

    def _completed(self, kind: type[Model]) -> Self:
        """The same object, made by its constructor: a subclass may have more attributes than the model `kind`."""
        attributes: Any = attrs.fields(kind)  # type: ignore[arg-type]  # the models are made with attrs
        return type(self)(**{each.alias: getattr(self, each.name) for each in attributes})

    def _to_dict(self, properties: dict[str, Any], *nullable: str) -> dict[str, Any]:
        try:
            result = {name: _inside(name, value) for name, value in self.additional_properties.items()}
            for name, value in properties.items():
                if value is not None or name in nullable:
                    result[name] = _inside(name, value)
        except RecursionError:
            pass
        else:
            return result
        raise ValueError(_TOO_DEEP)

    def _attribute(self, property_name: str) -> str:
        """The attribute of a property. Only errors ask for it."""
        names = documented_names(type(self))
        return next((name for name, documented in names.items() if documented == property_name), property_name)

    def _to_send(self, properties: dict[str, Any], *nullable: str) -> dict[str, Any]:
        try:
            result = {name: _inside(name, value) for name, value in self.additional_properties.items()}
            for name, value in properties.items():
                if value is None and name not in nullable:
                    raise ValueError(f"{self._attribute(name)} must not be None; leave it out to keep what is there")
                if value is not UNCHANGED:
                    result[name] = _inside(name, value)
        except RecursionError:
            pass
        else:
            return result
        raise ValueError(_TOO_DEEP)


def documented_names(model: type[Model]) -> dict[str, str]:
    """The names that the properties of a model have in JSON, by attribute."""
    # `to_dict` knows them. Of an object whose values are the names of its attributes, it makes the table, turned round.
    probe: Any = model.__new__(model)
    for each in attrs.fields(model):  # type: ignore[arg-type]  # the models are made with attrs
        setattr(probe, each.name, each.name)
    probe.additional_properties = {}
    return {name: documented for documented, name in probe.to_dict().items()}


@attrs.define
class UnknownKind(Model):
    """An object in the place of several kinds of objects, of a kind that the definition does not know. It is whole."""

    additional_properties: dict[str, Any] = attrs.field(
        kw_only=True, factory=dict[str, Any], converter=copied, repr=mask_values
    )

    def to_dict(self) -> dict[str, Any]:
        """The object as it came."""
        return self._to_dict({})

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Take an object as it is."""
        if not isinstance(src_dict, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError("not an object")
        return cls(additional_properties=dict(src_dict))


# The first that fits: a boolean is an integer too, and a date-time a date.
_WRITERS: Final[tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...]] = (
    ((type(None), str, bool, int), lambda value: value),
    (float, _number),
    (Model, lambda model: model.to_dict()),
    (datetime.datetime, lambda moment: moment.isoformat().replace("+00:00", "Z")),
    (datetime.date, lambda day: day.isoformat()),
    (uuid.UUID, str),
    (Mapping, _object),
    ((list, tuple), _array),
)
