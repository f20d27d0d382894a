"""Pages about the command line: their commands run, in their order, and print what the page says.

`...` stands for anything. What needs files, a login or storage is only asked whether there is such a command.
"""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from itwin_platform.cli._app import itwin
from itwin_platform.sandbox import Sandbox
from tests.support.examples import ROOT

PAGES = [ROOT / "docs" / "command-line.md", ROOT / "docs" / "recipes" / "debugging.md"]
# What the sandbox does not have.
NOT_HERE = {"bucket", "login", "logout", "whoami"}


def examples() -> list[tuple[str, str]]:
    """Each command of `itwin` on the pages, and what it prints."""
    text = "".join(page.read_text("utf-8") for page in PAGES)
    fences = re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S)
    found = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", "".join(fences), re.M)
    return [(command, printed) for command, printed in found if command.startswith("itwin ")]


def test_the_examples_of_the_pages_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    checker = doctest.OutputChecker()
    ran = 0
    with Sandbox() as sandbox:
        for command, printed in examples():
            words = shlex.split(command)[1:]
            if words[0] in NOT_HERE:
                continue
            result = CliRunner(env={**sandbox.environment}).invoke(itwin, words)
            assert checker.check_output(printed, result.output, doctest.ELLIPSIS), f"{command}\n{result.output}"
            assert (result.exit_code == 0) == (not printed.startswith("itwin: ")), command
            ran += 1
    assert ran >= 12


@pytest.mark.parametrize("command", [command for command, _ in examples() if shlex.split(command)[1] in NOT_HERE])
def test_the_other_examples_are_commands(command: str) -> None:
    found: click.Command = itwin
    words = shlex.split(command)[1:]
    while isinstance(found, click.Group):
        inner = found.get_command(click.Context(found), words.pop(0))
        assert inner is not None
        found = inner
    found.make_parser(click.Context(found)).parse_args(words)
