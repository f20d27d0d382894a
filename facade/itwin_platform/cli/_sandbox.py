"""`itwin sandbox`: the same as `python -m itwin_platform.sandbox`."""

from __future__ import annotations

import click

from ._command import Command, fail


@click.command(
    "sandbox",
    cls=Command,
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    short_help="Run a stand-in for the platform that needs no account.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> None:
    """Run a stand-in for the platform that needs no account, until it is stopped with Ctrl-C."""
    try:
        from ..sandbox.__main__ import main
    except ImportError as error:
        fail(f'The sandbox needs {error.name}. Install it: pip install "itwin-platform[sandbox]"', 2)
    raise click.exceptions.Exit(main(list(arguments), program="itwin sandbox"))
