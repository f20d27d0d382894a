"""Commands made from methods: their arguments from the signature, their help from the docstring."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import click

from itwin_platform_api.runtime import UNCHANGED

from . import _session
from ._arguments import Argument
from ._command import Command
from ._docstrings import Documentation, documentation_of
from ._options import common_options, confirm, current
from ._output import draw_on_standard_error, emit
from ._parameters import Json, Kind, kind_of
from ._transfers import show_transfer
from ._wording import in_words

if TYPE_CHECKING:
    from ..storage import TransferReport

# Groups whose things are iTwins: there, the id of one is the object of the command and no context of it.
_OF_ITWINS = frozenset({"itwins", "favorites", "recents"})
# Those whose things are parts of an iTwin, which is the context of all their commands.
_IN_ITWINS = frozenset({"repositories"})
# Arguments that say everything, where the iTwin can be left out: one that is named elsewhere adds nothing to them.
_WHOLE = frozenset({"filter", "uri"})
# Verbs of methods that change nothing, for those whose docstrings name no request.
_READING = frozenset({"container", "download", "get", "list", "read", "records", "wait"})
# Arguments that may be a model or its id, of which only the id can be typed.
_BY_ID = frozenset({"export", "job"})
_PROGRESS = "Show the progress on standard error; without the option, where that is a terminal."


def command_name(name: str) -> str:
    """The name of a command or an option for a name in Python."""
    return name.strip("_").replace("_", "-")


def command_of(path: tuple[str, ...], method: Callable[..., Any]) -> Command | None:
    """The command for a method; None if a parameter that it needs cannot be typed, such as a function or a model.

    Parameters:
        path: The names that lead to the method from the client, for instance `("itwins", "list")`.
        method: The method, as its class has it.
    """
    documentation = documentation_of(method)
    signature, hints = inspect.signature(method), typing.get_type_hints(method)
    words = {name: _word(path, parameter) for name, parameter in signature.parameters.items()}
    parameters: list[click.Parameter] = []
    nullable: list[str] = []
    for parameter in list(signature.parameters.values())[1:]:
        kind = kind_of(hints[parameter.name])
        if kind is None or _is_model_alone(kind, parameter):
            if parameter.default is parameter.empty:
                return None
            continue
        parameters.append(
            _parameter_of(path, parameter, kind, in_words(documentation.parameters.get(parameter.name, ""), words))
        )
        if kind.nullable and parameter.default is UNCHANGED:
            nullable.append(parameter.name)
    if nullable:
        choice = click.Choice([command_name(name) for name in nullable])
        clear = "What to set to null. Can be repeated."
        parameters.append(click.Option(["cleared", "--clear"], type=choice, multiple=True, help=clear))
    changes = _changes(path[-1], documentation)
    summary, *text = (in_words(each, words) for each in (documentation.summary, *documentation.text))
    return Command(
        command_name(path[-1]),
        params=[*parameters, *common_options(changes=changes)],
        callback=_Call(path, summary, changes, _is_report(hints.get("return")), words, signature.parameters),
        help="\n\n".join((summary, *text)),
        short_help=summary,
        epilog="\n\n".join(f"\b\n{line}" for line in (*documentation.requests, *documentation.pages)) or None,
    )


def _changes(name: str, documentation: Documentation) -> bool:
    """Whether a method creates, changes or deletes something. One that says nothing about it is better asked for."""
    if documentation.requests:
        return any(not request.startswith(("GET ", "HEAD ")) for request in documentation.requests)
    return name.partition("_")[0] not in _READING


def _is_report(annotation: Any) -> bool:
    return getattr(annotation, "__name__", None) == "TransferReport"


def _is_model_alone(kind: Kind, parameter: inspect.Parameter) -> bool:
    """Whether it has to be a model that another method returns: nobody types that."""
    alone = isinstance(kind.type, Json) and bool(kind.type.models) and not kind.type.plain
    return alone and parameter.default is parameter.empty


def _parameter_of(path: tuple[str, ...], parameter: inspect.Parameter, kind: Kind, text: str) -> click.Parameter:
    name, needed, word = parameter.name, parameter.default is parameter.empty, _word(path, parameter)
    if kind.multiple:
        text += " Can be repeated."
    if _is_context(path, parameter):
        text += f" {_session.DEFAULT_ITWIN}"
        return click.Option([name, "-i", word], type=kind.type, envvar=_session.ITWIN_VARIABLE, help=text)
    if _is_argument(path, parameter):
        shown = word if needed else f"[{word}]"
        text += f" Given as {kind.type.forms}." if isinstance(kind.type, Json) else ""
        option = f"--{word.strip('[]').lower().replace('_', '-')}"
        names = ["-i", option] if name == "itwin_id" else [option]
        nargs = -1 if kind.multiple else 1
        return Argument([name], names, text, type=kind.type, required=needed, nargs=nargs, metavar=shown)
    if kind.flag:
        both = f"{word}/--no-{command_name(name)}"
        if name == "progress":
            return click.Option([name, both], is_flag=True, default=sys.stderr.isatty, help=_PROGRESS)
        declared = word if parameter.default is False else both
        text = text.replace("True", word).replace("False", f"--no-{command_name(name)}")
        return click.Option([name, declared], is_flag=True, default=None, help=text)
    return click.Option([name, word], type=kind.type, required=needed, multiple=kind.multiple, help=text)


def _word(path: tuple[str, ...], parameter: inspect.Parameter) -> str:
    """What stands for a parameter on the command line."""
    if _is_argument(path, parameter):
        return f"{parameter.name.strip('_')}{'_id' if parameter.name in _BY_ID else ''}".upper()
    return f"--{command_name(parameter.name)}"


def _is_argument(path: tuple[str, ...], parameter: inspect.Parameter) -> bool:
    if parameter.kind is parameter.KEYWORD_ONLY or _is_context(path, parameter):
        return False
    # Optional ids are those that a link can replace.
    return parameter.default is parameter.empty or parameter.name.endswith("_id")


def _is_context(path: tuple[str, ...], parameter: inspect.Parameter) -> bool:
    """Whether the saved iTwin is meant where no iTwin is named."""
    if parameter.name != "itwin_id" or path[0] in _OF_ITWINS or parameter.kind is parameter.KEYWORD_ONLY:
        return False
    return parameter.default is parameter.empty or path[0] in _IN_ITWINS or path[-1].startswith("list")


@dataclass(frozen=True, slots=True)
class _Call:
    """What a command does: it calls the method and writes what it returns.

    Attributes:
        path: The names that lead to the method from the client.
        summary: What it does.
        changes: Whether it changes something, and is asked for before.
        transfers: Whether it returns the report of a transfer.
        words: What stands for its parameters on the command line.
        parameters: The parameters of the method.
    """

    path: tuple[str, ...]
    summary: str
    changes: bool
    transfers: bool
    words: Mapping[str, str]
    parameters: Mapping[str, inspect.Parameter]

    def __call__(self, *, cleared: tuple[str, ...] = (), **given: Any) -> None:
        context = click.get_current_context()
        arguments = {name: value for name, value in given.items() if value is not None and value != ()}
        names = {word: name for name, word in self.words.items()}
        for word in (f"--{each}" for each in cleared):
            if names[word] in arguments:
                raise click.UsageError(f"{word} and --clear exclude each other.", context)
            arguments[names[word]] = None
        self._add_itwin(context, arguments)

        def call(platform: object) -> object:
            method: Callable[..., object] = functools.reduce(getattr, self.path, cast(Any, platform))
            try:
                return method(**arguments)
            except ValueError as error:
                raise click.UsageError(in_words(str(error), self.words), context) from None

        if arguments.get("progress"):
            draw_on_standard_error()
        with _session.client() as platform:
            if self.changes:
                _session.check(call)
                confirm(_question(self.summary, self.words, arguments))
            if self.transfers:
                show_transfer(lambda: cast("TransferReport", call(platform)))
            else:
                emit(call(platform), current())

    def _add_itwin(self, context: click.Context, arguments: dict[str, Any]) -> None:
        """Let the saved iTwin stand where none is named."""
        parameter = self.parameters.get("itwin_id")
        if parameter is None or not _is_context(self.path, parameter):
            return
        if parameter.default is not parameter.empty and _WHOLE & arguments.keys():
            if context.get_parameter_source("itwin_id") is click.core.ParameterSource.ENVIRONMENT:
                del arguments["itwin_id"]
        elif "itwin_id" not in arguments:
            found = _session.saved_itwin_id()
            if found is not None:
                arguments["itwin_id"] = found
            elif parameter.default is parameter.empty:
                raise click.UsageError(_session.NO_ITWIN, context)


def _question(summary: str, words: Mapping[str, str], arguments: dict[str, Any]) -> str:
    """What is about to be done, and to what. Only ids and names are shown."""
    shown = ", ".join(
        f"{words[name]} {value}"
        for name, value in arguments.items()
        if isinstance(value, str) and name.endswith(("_id", "name"))
    )
    sentence = re.split(r"[.:] ", summary)[0].rstrip(".")
    return f"{sentence} ({shown})?" if shown else f"{sentence}?"
