"""The columns of a table of models. Names and types follow from the class alone, so that an empty list has them too."""

from __future__ import annotations

import datetime
import json
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeAlias, cast
from uuid import UUID

import attrs

from itwin_platform_api.runtime import MASK, UNCHANGED, Model, Request, Unchanged, to_json
from itwin_platform_api.writing import hidden_query, mask_query

Kind: TypeAlias = Literal["text", "number", "integer", "boolean", "time", "date", "record"]
Convert: TypeAlias = Callable[[Any], Any]

# Types of properties, and what makes a plain value of one. The values of any other type become JSON texts.
_KINDS: Final[tuple[tuple[type, Kind, Convert | None], ...]] = (
    (StrEnum, "text", str),
    (IntEnum, "integer", int),
    (str, "text", None),
    (UUID, "text", str),
    (bool, "boolean", None),
    (int, "integer", None),
    (float, "number", float),  # JSON does not tell 3.0 from 3
    (datetime.datetime, "time", None),
    (datetime.date, "date", None),
)
_REST: Final = "additional_properties"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its name, with dots where the value is in a part of the model.
        path: The attributes that lead to the value. It is empty where the items themselves are the values.
        kind: The type of its values.
        many: Whether each value is a list of these.
        parts: The columns of the records, where the values are lists of records.
        convert: Makes a plain value of that of a model; None if it is plain already.
    """

    name: str
    path: tuple[str, ...]
    kind: Kind
    many: bool = False
    parts: tuple[Column, ...] = ()
    convert: Convert | None = None

    def values(self, items: list[Any]) -> list[Any]:
        """The value of each item; None where it has none."""
        found = items
        for name in self.path:  # a part may be missing, or be of a kind that has no such attribute
            found = [getattr(part, name, None) for part in found]
        if (convert := self.convert) is None:
            return found
        return [None if value is None or value is UNCHANGED else convert(value) for value in found]


def class_of_items(request: Request[Any]) -> type:
    """The class of the items of a list: a page has one property that is a list."""
    page = getattr(request.operation.answers[200], "__self__", None)
    hints = typing.get_type_hints(page).values() if isinstance(page, type) else ()
    lists = [hint for hint in hints if typing.get_origin(hint) is list]
    if len(lists) != 1:
        raise TypeError(f"the answer of {request.operation.id} has no list for a table")
    return cast(type, typing.get_args(lists[0])[0])


@lru_cache(maxsize=256)
def columns_of(model: type, *, nested: bool = False, secrets: bool = False) -> tuple[Column, ...]:
    """The columns of a table of models.

    Parameters:
        model: Their class; str for a list of texts, which is one column.
        nested: Whether to include nested objects.
        secrets: Whether to show secrets, and properties that the definition does not describe.

    Raises:
        TypeError: It is no class of models.
    """
    if issubclass(model, str):
        return (Column("value", (), "text"),)
    if not issubclass(model, Model):
        raise TypeError(f"a table is made of models, not of {model.__name__}")
    return tuple(_Maker(nested=nested, secrets=secrets).columns((model,), (), frozenset()))


def records_of(columns: tuple[Column, ...], items: list[Any]) -> list[dict[str, Any]]:
    """The items as dictionaries from names of columns to values."""
    if not columns:
        return [{} for _ in items]
    names = [column.name for column in columns]
    rows = zip(*(column.values(items) for column in columns), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


@dataclass(frozen=True, slots=True)
class _Maker:
    nested: bool
    secrets: bool

    def columns(self, models: Iterable[type], path: tuple[str, ...], inside: frozenset[type]) -> Iterator[Column]:
        """The columns of what is of one of several classes: the attributes of all of them, each name once."""
        members: dict[str, list[Any]] = {}
        masks: dict[str, Any] = {}
        for model in models:
            hints = typing.get_type_hints(model)
            attributes: Any = attrs.fields(cast(Any, model))
            for each in attributes:
                members.setdefault(each.name, []).extend(_members(hints[each.name]))
                masks[each.name] = masks.get(each.name) or (each.repr if callable(each.repr) else None)
        del members[_REST]
        for name, found in members.items():
            mask = None if self.secrets else masks[name]
            yield from self._column((*path, name), found, mask, inside.union(models))
        if self.secrets:
            yield Column(_name((*path, _REST)), (*path, _REST), "text", convert=_json_of_some)

    def _column(
        self, path: tuple[str, ...], members: list[Any], mask: Any, inside: frozenset[type]
    ) -> Iterator[Column]:
        kinds = [member for member in members if member is not Unchanged]
        if many := bool(kinds) and all(typing.get_origin(kind) is list for kind in kinds):
            kinds = [inner for kind in kinds for inner in _members(typing.get_args(kind)[0])]
        if kinds and all(map(_is_model, kinds)):
            if not self.nested:
                return
            if mask is None and not inside.intersection(kinds):
                yield from self._parts(path, dict.fromkeys(kinds), inside, many=many)
                return
        kind, convert = _plain(kinds)
        if mask is not None:
            kind, convert = "text", hidden_query if mask is mask_query else _hide
        elif convert is _json and not self.secrets and any(map(_is_model, kinds)):
            convert = _hide  # nothing here knows what may be secret in it
        if many and convert is not None:
            convert = _of_each(convert)
        yield Column(
            _name(path), path, kind, many=many, convert=convert or _itself if Unchanged in members else convert
        )

    def _parts(
        self, path: tuple[str, ...], kinds: Iterable[type], inside: frozenset[type], *, many: bool
    ) -> Iterator[Column]:
        if not many:
            yield from self.columns(kinds, path, inside)
        elif parts := tuple(self.columns(kinds, (), inside)):
            yield Column(_name(path), path, "record", many=True, parts=parts, convert=_records(parts))


def _name(path: tuple[str, ...]) -> str:
    # Names of columns need no underscore behind `class` and `type`.
    return ".".join(name.rstrip("_") for name in path)


def _members(hint: Any) -> list[Any]:
    """The types that a property may have, other than None."""
    if typing.get_origin(hint) in {UnionType, typing.Union}:
        return [member for part in typing.get_args(hint) for member in _members(part)]
    return [] if hint is NoneType else [hint]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Model)


def _plain(kinds: list[Any]) -> tuple[Kind, Convert | None]:
    """The column of values of one of these types, and what makes them plain."""
    found: dict[Kind, Convert | None] = {}
    for member in kinds:
        for known, kind, convert in _KINDS:
            if isinstance(member, type) and issubclass(member, known):
                found[kind] = found.get(kind) or convert
                break
        else:
            return "text", _json
    return found.popitem() if len(found) == 1 else ("text", _json)


def _itself(value: Any) -> Any:
    return value


def _json(value: Any) -> str:
    return json.dumps(to_json(value), ensure_ascii=False)


def _json_of_some(value: Any) -> str | None:
    return _json(value) if value else None


def _hide(_: Any) -> str:
    return MASK


def _of_each(convert: Convert) -> Convert:
    return lambda values: [None if value is None else convert(value) for value in values]


def _records(columns: tuple[Column, ...]) -> Convert:
    return lambda items: records_of(columns, items)
