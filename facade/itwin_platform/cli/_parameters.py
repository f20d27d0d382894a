"""Parameters of methods as options and arguments of commands: what is typed becomes what the annotation names."""

from __future__ import annotations

import collections.abc
import json
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import attrs
import click
from click.shell_completion import CompletionItem

from itwin_platform_api.runtime import Model, Unchanged
from itwin_platform_api.writing import mask_all, mask_values

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:  # generic in newer versions only
    ParamType = click.ParamType

_STANDARD_INPUT = "-"
# What models keep besides their fields, always masked.
_UNKNOWN = "additional_properties"
_MAPPINGS = (dict, Mapping)
_LISTS = (collections.abc.Iterable, collections.abc.Sequence, collections.abc.Collection, list, set, frozenset)


@dataclass(frozen=True, slots=True)
class Kind:
    """How a parameter is typed.

    Attributes:
        type: The type of one value.
        multiple: Whether the option can be repeated.
        flag: Whether it is an option without a value.
        nullable: Whether null can be sent for it, which is not the same as leaving it out.
    """

    type: ParamType
    multiple: bool = False
    flag: bool = False
    nullable: bool = False


def kind_of(annotation: Any) -> Kind | None:
    """How a parameter with this annotation is typed; None if it cannot be, for instance a function."""
    parts = list(_parts(annotation))
    nullable = type(None) in parts and Unchanged in parts
    kind = _kind_of([part for part in parts if part not in {type(None), Unchanged}])
    return kind and Kind(kind.type, kind.multiple, kind.flag, nullable)


def _parts(annotation: Any) -> Iterator[Any]:
    """The members of a union, and of the unions in it."""
    if get_origin(annotation) in {typing.Union, types.UnionType}:
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation


def _kind_of(parts: list[Any]) -> Kind | None:
    inner = [part for part in parts if get_origin(part) in _LISTS]
    element = _kind_of([each for part in inner for each in _parts(get_args(part)[0])]) if inner else None
    models = [part for part in parts if isinstance(part, type) and issubclass(part, Model)]
    if any(get_origin(part) is Literal for part in parts):
        return Kind(click.Choice([str(value) for part in parts for value in get_args(part)]))
    if bool in parts:
        return Kind(click.BOOL, flag=True)
    if element and not element.multiple and not isinstance(element.type, Json):
        return Kind(element.type, multiple=True)
    if str in parts:
        return Kind(File() if typing.BinaryIO in parts else click.STRING)
    for known in (float, int, datetime, timedelta):
        if known in parts:
            return Kind(_SIMPLE[known])
    enums = [part for part in parts if isinstance(part, type) and issubclass(part, Enum)]
    if enums:
        return Kind(Word(tuple(str(member.value) for each in enums for member in each)))
    anything = [part for part in parts if part in {object, Any, dict} or get_origin(part) in _MAPPINGS]
    if models or anything or inner:
        return Kind(Json(tuple(models), plain=bool(anything or inner)))
    return None


def content_of(text: str) -> bytes | None:
    """What `-` and `@file` stand for; None for anything else.

    Raises:
        OSError: The file cannot be read.
    """
    if text == _STANDARD_INPUT:
        return sys.stdin.buffer.read()
    return Path(text[1:]).read_bytes() if text.startswith("@") else None


class Json(ParamType):
    """JSON: as it is, in a file that is named with `@`, or from standard input with `-`."""

    name = "json"

    def __init__(self, models: tuple[type[Model], ...] = (), *, plain: bool = True) -> None:
        """Take JSON.

        Parameters:
            models: The models that it can be.
            plain: Whether what was typed is passed on as it is.
        """
        self.models = models
        self.plain = plain
        self.secret = any(_has_secrets(model) for model in models)
        self.forms = "@FILE|-" if self.secret else "JSON|@FILE|-"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 (as click calls it)
        """Say how it is given."""
        return self.forms

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the JSON."""
        if not isinstance(value, str):
            return value
        try:
            content = content_of(value)
        except OSError as error:
            self.fail(f"{value[1:]!r} cannot be read: {error.strerror}.", param, ctx)
        if content is None and self.secret:
            # Other users of the machine, and the history of the shell, would have them.
            self.fail("it may hold secrets: give it as @FILE, or as - on standard input.", param, ctx)
        try:
            found = json.loads(value if content is None else content)
        except (ValueError, RecursionError):
            self.fail("it is not JSON. Put @ before the name of a file.", param, ctx)
        if self.plain or len(self.models) != 1:
            return found
        try:
            return self.models[0].from_dict(found)  # type: ignore[attr-defined]  # every model but their base has it
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self.fail(f"it is not a valid {self.models[0].__name__}: {error}", param, ctx)


class Moment(ParamType):
    """A date, or a date and a time of day, in ISO 8601. Without a zone it is in UTC."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the moment."""
        if not isinstance(value, str):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date, such as 2026-01-31 or 2026-01-31T12:00:00Z.", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Duration(ParamType):
    """Seconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number."""
        return value if isinstance(value, timedelta) else timedelta(seconds=click.FLOAT.convert(value, param, ctx))


class Word(ParamType):
    """One of some words, or another: the platform may know more of them. Completion offers the known ones."""

    name = "text"

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 (as click calls it)
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem[str]]:
        """The words that begin like this."""
        return [CompletionItem(word) for word in self.words if word.startswith(incomplete)]


class File(ParamType):
    """The name of a file, or `-` for the bytes of standard input."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002
        """Take the name, or the bytes."""
        return sys.stdin.buffer.read() if value == _STANDARD_INPUT else value

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 (as click calls it)
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem[str]]:
        """Let the shell offer its files."""
        return [CompletionItem(incomplete, type="file")]


_SIMPLE: Mapping[type, ParamType] = {
    float: click.FLOAT,
    int: click.INT,
    datetime: Moment(),
    timedelta: Duration(),
}


def _has_secrets(model: type[Model], known: frozenset[type[Model]] = frozenset()) -> bool:
    """Whether a model has properties that are secrets, or models in it that have."""
    fields: Any = attrs.fields(model)  # type: ignore[arg-type]  # the models are made with attrs
    if any(each.repr is mask_all or (each.repr is mask_values and each.name != _UNKNOWN) for each in fields):
        return True
    inner = {each for hint in typing.get_type_hints(model).values() for each in _models_in(hint)}
    return any(_has_secrets(each, known | {model}) for each in inner - known - {model})


def _models_in(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
