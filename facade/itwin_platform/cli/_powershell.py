"""Completion in PowerShell, which click does not know. Whoever imports this module makes it known."""

from __future__ import annotations

import os
from typing import Any

from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = $commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object {
        if ($_.Value -is [string]) { $_.Value } else { $_.ToString() }
    }
    $env:COMP_WORDS = $words -join "`n"
    $env:COMP_WORD = $wordToComplete
    $env:%(complete_var)s = 'powershell_complete'
    try {
        %(prog_name)s | ForEach-Object {
            $value, $help = $_ -split "`t", 2
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
        }
    } finally {
        Remove-Item Env:COMP_WORDS, Env:COMP_WORD, Env:%(complete_var)s
    }
}
"""


class PowerShellComplete(ShellComplete):
    """Completion in PowerShell: the words come in a variable, one on each line."""

    name = "powershell"
    source_template = _POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is being typed, and that one."""
        words, incomplete = os.environ.get("COMP_WORDS", "").splitlines()[1:], os.environ.get("COMP_WORD", "")
        return (words[:-1] if incomplete and words else words), incomplete

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[Any]]:
        """What can stand there. Where that is a file, nothing: PowerShell then offers its files."""
        return [item for item in super().get_completions(args, incomplete) if item.type == "plain"]

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """The word and, behind a tab, what it stands for: PowerShell wants something there."""
        return f"{item.value}\t{' '.join((item.help or str(item.value)).split())}"


add_completion_class(PowerShellComplete)
