"""Groups of commands for the API groups of the client. Each loads its class when a command of it is asked for."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any, TypeGuard

import click

from ._command import Group
from ._docstrings import documentation_of
from ._methods import command_name, command_of


def parts_of(kind: type) -> Mapping[str, Any]:
    """The public methods and groups of a class, under the names of their commands; nothing of them is loaded."""
    return {
        command_name(name): member
        for parent in reversed(kind.__mro__)
        for name, member in vars(parent).items()
        if not name.startswith("_") and (inspect.isfunction(member) or is_group(member))
    }


def is_group(member: object) -> TypeGuard[functools.cached_property[Any]]:
    """Whether it is a group of methods, and not one of them."""
    return isinstance(member, functools.cached_property)


class ApiGroup(Group):
    """The commands of an API group."""

    def __init__(self, path: tuple[str, ...], owner: type, member: functools.cached_property[Any]) -> None:
        """Prepare the group.

        Parameters:
            path: The names that lead to it from the client.
            owner: The class that has it.
            member: What it is there.
        """
        summary = documentation_of(member.func).summary
        super().__init__(command_name(path[-1]), help=summary, short_help=summary)
        self._path = path
        self._owner = owner

    @functools.cached_property
    def _parts(self) -> Mapping[str, Any]:
        return parts_of(getattr(self._owner, self._path[-1]))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The methods and the groups in it."""
        return sorted(name for name in self._parts if self.get_command(ctx, name) is not None)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (as click calls it)
        """One of them."""
        member = self._parts.get(cmd_name)
        if member is None:
            return None
        if is_group(member):
            name: str = member.func.__name__
            return ApiGroup((*self._path, name), getattr(self._owner, self._path[-1]), member)
        return command_of((*self._path, member.__name__), member)
