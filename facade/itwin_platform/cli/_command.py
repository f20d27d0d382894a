"""How a command runs: quietly, and with one line and an exit code if it fails."""

from __future__ import annotations

import difflib
import errno
import logging
import os
import sys
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import click

from . import _failures
from ._arguments import as_given, note_named, write_arguments
from ._options import current
from ._wording import in_shell


class Command(click.Command):
    """A command whose errors are lines, and whose arguments can be given as options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        note_named(ctx, args)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The parameters, as the user gives them."""
        return as_given(super().get_params(ctx), ctx)

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write nothing here: older versions of click do not ask for it."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments and the options into the help."""
        write_arguments(self.params, formatter)
        super().format_options(ctx, formatter)

    def invoke(self, ctx: click.Context) -> None:
        """Run it."""
        with _logged(current().debug):
            try:
                super().invoke(ctx)
                sys.stdout.flush()
            except (click.ClickException, click.Abort, click.exceptions.Exit):
                raise
            except Exception as error:
                if _is_closed_pipe(error):
                    _silence()
                    raise click.exceptions.Exit(_failures.PIPE_CLOSED) from None
                code = _failures.code_of(error)
                if code is None:
                    raise
                failed = error
            else:
                return
        fail(_failures.line_of(failed, debug=current().debug), code)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments. Without any, show the help, in all its lines."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(_failures.USAGE)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one is named like it."""
        name = args[0]
        if not name.startswith("-") and not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            near = difflib.get_close_matches(name, self.list_commands(ctx), 1) or self.elsewhere(ctx, name)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def elsewhere(self, ctx: click.Context, name: str) -> list[str]:  # noqa: ARG002 (for those that know more)
        """Commands of this name in other groups, with the words that lead to them."""
        return []

    def main(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # it always ends the process
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run the command line, and exit with its code."""
        _speak_utf8()
        extra["standalone_mode"] = False
        if os.environ.get("_ITWIN_COMPLETE", "").startswith("powershell"):
            from . import _powershell  # noqa: F401  # pyright: ignore[reportUnusedImport]  # it makes PowerShell known
        try:
            result = super().main(args, prog_name or "itwin", **extra)
            code = result if isinstance(result, int) else _failures.DONE
        except click.Abort as stopped:
            code = _failures.STOPPED
            # What Ctrl-C has interrupted may have left word how to go on.
            for note in getattr(stopped.__cause__, "__notes__", ()):
                click.echo(f"itwin: {in_shell(note)}", err=True)
        except (click.ClickException, OSError) as error:  # of the second kind: a help that cannot be written
            click.echo(f"itwin: {_failures.line_of(error, debug=False)}", err=True)
            code = _failures.USAGE
        sys.exit(code)


def fail(line: str, code: int) -> NoReturn:
    """End the command with a line on standard error."""
    click.echo(f"itwin: {line}", err=True)
    raise click.exceptions.Exit(code)


def _is_closed_pipe(error: BaseException) -> bool:
    """Whether the output is no longer read. Windows reports that as EINVAL without a file."""
    if not isinstance(error, OSError):
        return False
    return error.errno == errno.EPIPE or (os.name == "nt" and error.errno == errno.EINVAL and error.filename is None)


def _silence() -> None:
    """Discard the rest of the output, so that the process does not fail when it ends."""
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (not a path on Windows)
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _speak_utf8() -> None:
    """Write UTF-8 whatever the code page of the system is, and never fail at a character, nor where nobody listens."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 (until the process ends)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with suppress(OSError, ValueError):
                reconfigure(encoding="utf-8", errors="backslashreplace")


@contextmanager
def _logged(debug: bool) -> Generator[None]:
    """Show what the SDK logs, if the user wants it. Warnings about previews are left out: the help has them."""
    logger = logging.getLogger("itwin_platform")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Technical preview", category=UserWarning)
        with _handled(logger, debug):
            yield


@contextmanager
def _handled(logger: logging.Logger, debug: bool) -> Generator[None]:
    if not debug:
        yield
        return
    handler, level = logging.StreamHandler(sys.stderr), logger.level
    handler.setFormatter(_Lines("itwin: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _Lines(logging.Formatter):
    """Log records as lines, with the id that the platform gave the request."""

    def format(self, record: logging.LogRecord) -> str:
        identity = getattr(record, "request_id", None)
        return super().format(record) + (f", request id {identity}" if identity else "")
