"""Arguments that the help explains, and that can be given as options too: `DISPLAY_NAME` as `--display-name`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import click

_KEY = "itwin_platform.cli.named"


class Argument(click.Argument):
    """An argument, with the option that can take its place.

    Parameters:
        declared: Its name.
        option: The names of the option, for instance `["--display-name"]`.
        text: What the help says about it.
        settings: As for the arguments of click.
    """

    def __init__(self, declared: Sequence[str], option: Sequence[str], text: str, **settings: Any) -> None:
        super().__init__(declared, **settings)
        self.text = text
        self.option = click.Option(
            [*declared, *option], type=self.type, required=self.required, multiple=self.nargs == -1, help=text
        )

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Name it in errors, in both ways."""
        return f"{super().get_error_hint(ctx)} (or {self.option.opts[-1]})"


def note_named(ctx: click.Context, args: Sequence[str]) -> None:
    """Note which arguments are given as options. What stands at their places is then another argument."""
    words = {each for word in takewhile(lambda word: word != "--", args) for each in (word.partition("=")[0], word[:2])}
    ctx.meta[_KEY] = words


def as_given(params: Sequence[click.Parameter], ctx: click.Context) -> list[click.Parameter]:
    """The parameters of a command, with options for the arguments that are given as such."""
    words = ctx.meta.get(_KEY, frozenset())
    return [each.option if isinstance(each, Argument) and words & {*each.option.opts} else each for each in params]


def write_arguments(params: Sequence[click.Parameter], formatter: click.HelpFormatter) -> None:
    """Write the section of the help that explains the arguments."""
    rows = [
        (f"{(each.metavar or '').strip('[]')} or {each.option.opts[-1]}", each.text)
        for each in params
        if isinstance(each, Argument)
    ]
    if rows:
        with formatter.section("Arguments"):
            formatter.write_dl(rows)
