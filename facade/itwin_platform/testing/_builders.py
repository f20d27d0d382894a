"""Models with sensible values: those of the documented examples, or made up from the types of their properties."""

from __future__ import annotations

import datetime
import typing
from collections.abc import Iterator
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, cast
from uuid import UUID

import attrs

from itwin_platform_api.runtime import UNCHANGED, Model, Unchanged, to_json
from itwin_platform_api.writing import documented_names

from ..sandbox._catalogue import CATALOGUE
from ..sandbox._modules import modules_of

M = TypeVar("M", bound=Model)

_VALUES: dict[type, Any] = {
    str: "text",
    int: 1,
    float: 1.0,
    bool: True,
    datetime.datetime: "2026-01-02T03:04:05Z",
    datetime.date: "2026-01-02",
    UUID: "00000000-0000-4000-8000-000000000001",
}


def build(model: type[M], **changes: object) -> M:
    """A model with sensible values.

        build(ITwin, display_name="Bridge", status="Inactive")

    It has all values of the documented example of such an object. If there is no example, values of the required
    properties are made up.

    Parameters:
        model: Its class, from `itwin_platform.models`.
        changes: Attributes with other values. None leaves an optional one out.

    Raises:
        TypeError: It is not the class of a model, or the model has no such attribute.
        ValueError: A value does not fit its attribute. The message says which.
    """
    if not _is_model(model):
        raise TypeError(f"model must be a class of itwin_platform.models, not {model!r:.100}")
    names = documented_names(model)
    for name in changes:
        if name not in names:
            raise TypeError(f"{model.__name__} has no attribute {name}; it has {', '.join(names)}")
    found = _example_of(cast(Any, model))
    properties = dict(found.to_dict()) if found else _made_up(model, skipped=frozenset(changes))
    for name, value in changes.items():
        properties.pop(names[name], None)
        if value is not None and value is not UNCHANGED:
            properties[names[name]] = to_json(value)
    return cast(M, cast(Any, model).from_dict(properties))


def _is_model(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Model) and value is not Model


@cache
def _example_of(model: type[Model]) -> Model | None:
    """The documented object of a class with the most properties, because lists show fewer than other answers."""
    api = model.__module__.split(".")[1].replace("_", "-")
    found: list[Model] = []
    for operation in CATALOGUE.operations:
        served, _, name = operation.key.partition("/")
        if served == api:
            for status, read in modules_of(api)[name].OPERATION.answers.items():
                if operation.answers.get(status) is not None:
                    found += (part for part in _parts(read(operation.answers[status])) if type(part) is model)
    return max(found, key=lambda each: len(each.to_dict()), default=None)


def _parts(value: Any) -> Iterator[Any]:
    """A value with everything in it."""
    yield value
    if isinstance(value, list):
        for each in cast(Any, value):
            yield from _parts(each)
    elif isinstance(value, Model):
        for each in attrs.fields(cast(Any, type(value))):
            yield from _parts(getattr(value, each.name))


def _made_up(model: type[Model], *, skipped: frozenset[str] = frozenset()) -> dict[str, Any]:
    names, hints = documented_names(model), typing.get_type_hints(model)
    attributes: Any = attrs.fields(cast(Any, model))
    return {
        names[each.name]: _value_of(hints[each.name])
        for each in attributes
        if each.default is attrs.NOTHING and each.name not in skipped
    }


def _value_of(hint: Any) -> Any:
    """A JSON value that can be read as a type; the first of several."""
    if typing.get_origin(hint) in {UnionType, typing.Union}:
        kinds = [each for each in typing.get_args(hint) if each not in {NoneType, Unchanged}]
        return _value_of(kinds[0])
    if typing.get_origin(hint) is list:
        return [_value_of(typing.get_args(hint)[0])]
    if isinstance(hint, type) and issubclass(hint, Model):
        example = _example_of(cast(Any, hint))
        return example.to_dict() if example else _made_up(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint)).value
    return {} if typing.get_origin(hint) is dict else _VALUES.get(cast(Any, hint), "text")
