"""Commands made from methods: their arguments from the signature, their help from the docstring."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import typing
from collections.abc import Callable, Container, Iterator
from typing import Any, cast

import click

from itwin_platform_api.runtime import UNCHANGED

from . import _session
from ._command import Command
from ._docstrings import Documentation, documentation_of
from ._options import common_options, confirm, current
from ._output import emit
from ._parameters import Kind, kind_of

# Groups whose things are iTwins: there, the id of one is the object of the command and no context of it.
_OF_ITWINS = frozenset({"itwins", "favorites", "recents"})
_UNDERSCORED = re.compile(r"\b[a-z]+_[a-z_]*")


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
    parameters: list[click.Parameter] = []
    nullable: list[str] = []
    for parameter in list(signature.parameters.values())[1:]:
        kind = kind_of(hints[parameter.name])
        if kind is None or _is_model_alone(kind, parameter):
            if parameter.default is parameter.empty:
                return None
            continue
        parameters.append(_parameter_of(path, parameter, kind, documentation))
        if kind.nullable and parameter.default is UNCHANGED:
            nullable.append(parameter.name)
    if nullable:
        words = click.Choice([command_name(name) for name in nullable])
        clear = "What to set to null; can be repeated."
        parameters.append(click.Option(["cleared", "--clear"], type=words, multiple=True, help=clear))
    return Command(
        command_name(path[-1]),
        params=[*parameters, *common_options(changes=documentation.changes)],
        callback=functools.partial(_run, path, documentation, _ask_for_itwin(path, signature)),
        help="\n\n".join((documentation.summary, *documentation.text)),
        short_help=documentation.summary,
        epilog="\n\n".join(f"\b\n{line}" for line in (*documentation.requests, *documentation.pages)) or None,
    )


def _is_model_alone(kind: Kind, parameter: inspect.Parameter) -> bool:
    """Whether it has to be a model that another method returns: nobody types that."""
    models = getattr(kind.type, "models", ())
    return bool(models) and not getattr(kind.type, "plain", True) and parameter.default is parameter.empty


def _parameter_of(
    path: tuple[str, ...], parameter: inspect.Parameter, kind: Kind, documentation: Documentation
) -> click.Parameter:
    name = parameter.name
    text = _with_options(documentation.parameters.get(name, ""), documentation.parameters)
    if kind.multiple:
        text += " Can be repeated."
    needed = parameter.default is parameter.empty
    by_position = parameter.kind is not parameter.KEYWORD_ONLY
    if name == "itwin_id" and _is_context(path, parameter):
        names, variable = ["itwin_id", "-i", "--itwin-id"], _session.ITWIN_VARIABLE
        return click.Option(names, type=kind.type, envvar=variable, help=f"{text} By default that of: itwin use.")
    if by_position and (needed or name.endswith("_id")):
        return click.Argument(
            [name], type=kind.type, required=needed, nargs=-1 if kind.multiple else 1, metavar=name.strip("_").upper()
        )
    option = command_name(name)
    if kind.flag:
        # Progress is for whoever watches.
        default = sys.stderr.isatty if name == "progress" else None
        both = default is not None or parameter.default is not False
        declared = f"--{option}/--no-{option}" if both else f"--{option}"
        return click.Option([name, declared], is_flag=True, default=default, help=text)
    return click.Option([name, f"--{option}"], type=kind.type, required=needed, multiple=kind.multiple, help=text)


def _with_options(text: str, names: Container[str]) -> str:
    """The text with names of parameters as the options that they are here."""
    return _UNDERSCORED.sub(lambda found: f"--{command_name(found[0])}" if found[0] in names else found[0], text)


def _is_context(path: tuple[str, ...], parameter: inspect.Parameter) -> bool:
    """Whether the saved iTwin is meant where no iTwin is named."""
    if path[0] in _OF_ITWINS or parameter.kind is parameter.KEYWORD_ONLY:
        return False
    return parameter.default is parameter.empty or path[-1].startswith("list")


def _ask_for_itwin(path: tuple[str, ...], signature: inspect.Signature) -> bool | None:
    """Whether an iTwin has to be named, or can be; None if the command has no such option."""
    parameter = signature.parameters.get("itwin_id")
    if parameter is None or not _is_context(path, parameter):
        return None
    return parameter.default is parameter.empty


def _run(
    path: tuple[str, ...],
    documentation: Documentation,
    itwin: bool | None,
    *,
    cleared: tuple[str, ...] = (),
    **given: Any,
) -> None:
    arguments = {name: value for name, value in given.items() if value is not None and value != ()}
    arguments |= {name.replace("-", "_"): None for name in cleared}
    # A filter is the whole question, to which the saved iTwin adds nothing.
    if itwin is not None and "itwin_id" not in arguments and "filter" not in arguments:
        arguments |= dict(_saved_itwin(needed=itwin))
    if documentation.changes:
        confirm(_question(documentation, arguments))
    with _session.client() as platform:
        method: Callable[..., object] = functools.reduce(getattr, path, cast(Any, platform))
        try:
            result = method(**arguments)
        except ValueError as error:
            raise click.UsageError(_with_options(str(error), arguments), click.get_current_context()) from None
        emit(result, current())


def _saved_itwin(*, needed: bool) -> Iterator[tuple[str, str]]:
    found = _session.saved_itwin_id()
    if found is not None:
        yield "itwin_id", found
    elif needed:
        raise click.UsageError(
            f"Name the iTwin: with --itwin-id, with {_session.ITWIN_VARIABLE}, or once with: itwin use ITWIN_ID.",
            click.get_current_context(),
        )


def _question(documentation: Documentation, arguments: dict[str, Any]) -> str:
    """What is about to be done, and to what. Only ids and names are shown."""
    shown = ", ".join(
        f"{name.strip('_')} {value}"
        for name, value in arguments.items()
        if isinstance(value, str) and name.endswith(("_id", "name"))
    )
    sentence = documentation.summary.split(". ")[0].rstrip(".")
    return f"{sentence} ({shown})." if shown else f"{sentence}."
