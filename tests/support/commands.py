"""The methods of the API groups, and their commands."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from itwin_platform import ITwinPlatform
from itwin_platform.cli._app import itwin

# Methods without a command, each with the reason.
WITHOUT = {"repositories.connection": "takes a model that another method has returned, and sends nothing"}


def methods(kind: type = ITwinPlatform, path: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public methods of all groups, by their dotted names."""
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        if name.startswith("_"):
            continue
        if isinstance(member, functools.cached_property):
            yield from methods(getattr(kind, name), f"{path}{name}.")
        elif path and inspect.isfunction(member):
            yield f"{path}{name}", member


METHODS = dict(methods())


def command(words: Sequence[str]) -> click.Command | None:
    """The command behind these words."""
    found: click.Command | None = itwin
    for word in words:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)
    return found


def words_of(name: str) -> list[str]:
    """The words that lead to the command for a method."""
    return name.replace("_", "-").split(".")
