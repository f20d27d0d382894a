"""`itwin completion`: scripts that let shells complete commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from . import _powershell  # noqa: F401  # pyright: ignore[reportUnusedImport]  # it makes PowerShell known
from ._command import Command

VARIABLE = "_ITWIN_COMPLETE"


@click.command("completion", cls=Command)
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish", "powershell"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes commands and options in a shell.

    \b
    bash         itwin completion bash > ~/.local/share/bash-completion/completions/itwin
    zsh          itwin completion zsh > a folder of $fpath, as _itwin
    fish         itwin completion fish > ~/.config/fish/completions/itwin.fish
    PowerShell   itwin completion powershell | Out-String | Invoke-Expression   (in $PROFILE)
    """  # noqa: D301 (the mark of click for lines that stay as they are)
    kind = get_completion_class(shell)
    if kind is None:  # a shell that click no longer knows
        raise click.UsageError(f"There is no completion for {shell}.", context)
    script = kind(context.find_root().command, {}, "itwin", VARIABLE)
    click.echo(script.source_template % script.source_vars())
