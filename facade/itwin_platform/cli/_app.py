"""The command `itwin`: the API groups of the client, and the commands that are written by hand."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import import_module

import click

from .. import ITwinPlatform, __version__
from ._command import Group
from ._groups import ApiGroup, is_group, parts_of

# Each with its module and its help. The modules are loaded when their command runs.
_BY_HAND: Mapping[str, tuple[str, str]] = {
    "api": ("_api", "Send any request to the platform."),
    "bucket": ("_bucket", "Files in the bucket of an iTwin, or of reality data."),
    "completion": ("_completion", "Print the script that completes commands in a shell."),
    "login": ("_login", "Log in with the browser."),
    "logout": ("_login", "Forget the login."),
    "sandbox": ("_sandbox", "Run a stand-in for the platform that needs no account."),
    "use": ("_login", "Save the iTwin that commands use by default."),
    "whoami": ("_login", "Show who is logged in, and where."),
}
# Short names for groups that are needed often.
_SHORT: Mapping[str, tuple[str, ...]] = {"jobs": ("reality-analysis", "jobs")}


class App(Group):
    """The top level: it knows its commands without loading them."""

    @functools.cached_property
    def _groups(self) -> Mapping[str, ApiGroup]:
        return {
            name: ApiGroup((member.func.__name__,), ITwinPlatform, member)
            for name, member in parts_of(ITwinPlatform).items()
            if is_group(member)
        }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (as click calls it)
        """All commands."""
        return sorted([*self._groups, *_BY_HAND, *_SHORT])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them."""
        if cmd_name in _BY_HAND:
            module = import_module(f".{_BY_HAND[cmd_name][0]}", __package__)
            found: click.Command = getattr(module, cmd_name)
            return found
        if cmd_name in _SHORT:
            group, name = _SHORT[cmd_name]
            return self._groups[group].get_command(ctx, name)
        return self._groups.get(cmd_name)

    def elsewhere(self, ctx: click.Context, name: str) -> list[str]:
        """The only group of this name below one here."""
        found = [f"{path} {name}" for path, group in self._groups.items() if group.get_command(ctx, name) is not None]
        return found if len(found) == 1 else []

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (as click calls it)
        """List them in the help, each with its first sentence."""
        shown = {name: group.get_short_help_str(120) for name, group in self._groups.items()}
        shown |= {name: f"Short for: {' '.join(path)}." for name, path in _SHORT.items()}
        for title, commands in (
            ("APIs", shown),
            ("Other commands", {name: text for name, (_, text) in _BY_HAND.items()}),
        ):
            with formatter.section(title):
                formatter.write_dl(sorted(commands.items()))


@click.group(
    "itwin",
    cls=App,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 refused, 2 bad usage, 3 not logged in, 4 not found, 5 rate limit, 130 stopped.",
)
@click.version_option(__version__, package_name="itwin-platform", message="itwin %(version)s")
def itwin() -> None:
    """Bentley's iTwin Platform from the command line. Not an official Bentley product.

    Each command has its own help, for instance: itwin itwins list --help
    """
