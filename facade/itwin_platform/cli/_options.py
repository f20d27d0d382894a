"""The options that every command has, whatever it does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

_KEY = "itwin_platform.cli"
_ENVIRONMENTS = ("prod", "qa", "dev")
FORMATS = ("table", "json", "jsonl", "csv", "yaml")

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(slots=True)
class Options:
    """What the user has chosen for this command.

    Attributes:
        output: The format of the result.
        query: What to take out of the result, or None for all of it.
        show_secrets: Whether to leave secrets in the result.
        environment: `"prod"`, `"qa"` or `"dev"`, or None.
        yes: Whether to change things without a question.
        debug: Whether to tell of every request.
    """

    output: str = "json"
    query: Callable[[Any], Any] | None = None
    show_secrets: bool = False
    environment: str | None = None
    yes: bool = False
    debug: bool = False


def current() -> Options:
    """The options of the command that runs."""
    found: Options = click.get_current_context().meta.setdefault(_KEY, Options())
    return found


def _noted(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    setattr(context.meta.setdefault(_KEY, Options()), str(parameter.name), value)


def _format(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    _noted(context, parameter, value or ("table" if sys.stdout.isatty() else "json"))


def _compiled(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        expression = jmespath.compile(value)
    except JMESPathError as error:
        problem = str(error).splitlines()[0].removesuffix(", for expression:").rstrip(":")
        raise click.BadParameter(f"{problem}. See https://jmespath.org.", context, parameter) from None

    def search(found: Any) -> Any:
        try:
            return expression.search(found)
        except JMESPathError as error:
            raise click.UsageError(f"--query does not fit the result: {str(error).splitlines()[0]}") from None

    _noted(context, parameter, search)


def _option(*names: str, callback: Callable[..., None] = _noted, **settings: Any) -> click.Option:
    return click.Option([*names], callback=callback, expose_value=False, **settings)


def common_options(*, results: bool = True, changes: bool = False) -> list[click.Parameter]:
    """The options that commands share.

    Parameters:
        results: Whether the command has results to write.
        changes: Whether it changes something, and therefore asks before.
    """
    shared: list[click.Parameter] = []
    if results:
        shared += [
            _option(
                "-o",
                "--output",
                type=click.Choice(FORMATS),
                callback=_format,
                help="The format of the result; by default a table in a terminal, otherwise JSON.",
            ),
            _option("--query", metavar="JMESPATH", callback=_compiled, help="Select a part of the result."),
            _option("--show-secrets", is_flag=True, help="Do not mask keys, passwords and SAS URLs in the result."),
        ]
    if changes:
        shared.append(_option("-y", "--yes", is_flag=True, help="Do not ask before changing something."))
    shared += [
        _option("--environment", type=click.Choice(_ENVIRONMENTS), help="The environment to use instead of prod."),
        _option("--debug", is_flag=True, help="Show every request, with its path and request id."),
    ]
    return shared


def with_common_options(*, results: bool = True, changes: bool = False) -> Callable[[C], C]:
    """The same for a function that is made a command."""

    def add(function: C) -> C:
        # Where the decorators of click note parameters, the last one first.
        noted: list[click.Parameter] = function.__dict__.setdefault("__click_params__", [])
        noted.extend(reversed(common_options(results=results, changes=changes)))
        return function

    return add


def confirm(question: str) -> None:
    """Ask before something is changed, unless the user has said `--yes`.

    Raises:
        click.UsageError: Nobody can be asked.
        click.Abort: The answer was no.
    """
    if current().yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} There is no terminal to ask in: add --yes.")
    click.confirm(question, abort=True, err=True)
