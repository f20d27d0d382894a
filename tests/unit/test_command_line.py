"""The commands that are made from the methods of the client: all are there, with all that the methods take."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from itwin_platform._policies.redaction import MAX_LOGGED
from itwin_platform.cli._app import itwin
from itwin_platform.cli._arguments import Argument
from itwin_platform.cli._masking import json_of
from itwin_platform.cli._methods import command_of
from itwin_platform.cli._parameters import Json
from itwin_platform.cli._wording import in_shell
from itwin_platform.storage import Progress
from itwin_platform_api.itwins.models import ITwin, Repository, RepositoryCreate
from itwin_platform_api.runtime import UNCHANGED, Unchanged
from tests.support.commands import METHODS, WITHOUT, command, words_of


def run(*arguments: str) -> Any:
    return CliRunner().invoke(itwin, [*arguments])


def test_every_method_has_a_command() -> None:
    assert len(METHODS) >= 60
    assert {name for name in METHODS if command(words_of(name)) is None} == set(WITHOUT)


@pytest.mark.parametrize("name", sorted(set(METHODS) - set(WITHOUT)))
def test_a_command_takes_what_the_method_takes(name: str) -> None:
    found = command(words_of(name))
    assert found is not None
    arguments = [each.option for each in found.params if isinstance(each, Argument)]
    options = [option for each in (*found.params, *arguments) for option in (*each.opts, *each.secondary_opts)]
    assert len(options) == len(set(options)), "two options of one name"
    taken = {str(each.name) for each in found.params}
    parameters = list(inspect.signature(METHODS[name]).parameters.values())[1:]
    for parameter in parameters:
        if parameter.name not in taken:
            assert "Callable" in str(parameter.annotation), parameter.name
    needed = {each.name for each in found.params if each.required} | {"itwin_id"}
    assert {each.name for each in parameters if each.default is each.empty} <= needed

    result = run(*words_of(name), "--help")
    assert result.exit_code == 0, result.output
    text = "".join(result.output.split())
    summary = "".join((inspect.getdoc(METHODS[name]) or "").split("\n\n")[0].split()).replace("`", "")
    assert summary.split(".")[0] in text
    for parameter in parameters:
        if parameter.name in taken:
            assert re.search(parameter.name.strip("_").replace("_", "[-_]"), text, re.IGNORECASE), parameter.name


def test_an_argument_can_be_given_as_an_option() -> None:
    for name in sorted(set(METHODS) - set(WITHOUT)):
        found = command(words_of(name))
        assert found is not None
        arguments = [each for each in found.params if isinstance(each, Argument)]
        needed = [
            word
            for each in found.params
            if each.required and not isinstance(each, Argument)
            for word in (each.opts[0], "{}" if isinstance(each.type, Json) else "x")
        ]
        values = ["{}" if isinstance(each.type, Json) else f"v{index}" for index, each in enumerate(arguments)]
        with found.make_context("", [*values, *needed]) as context:
            expected = context.params
        # Whichever is an option, the others keep their order.
        for index, each in enumerate(arguments):
            words = [*values[:index], *values[index + 1 :], *needed, f"{each.option.opts[-1]}={values[index]}"]
            with found.make_context("", words) as context:
                assert context.params == expected, (name, each.name)


def test_the_help_explains_arguments() -> None:
    shown = run("itwins", "create", "--help").output
    assert re.search(r"^Arguments:\n  DISPLAY_NAME or --display-name +The name shown to users", shown, re.M)


@pytest.mark.parametrize("name", sorted(set(METHODS) - set(WITHOUT)))
def test_what_changes_something_can_be_told_not_to_ask(name: str) -> None:
    verb = re.split("[._]", name.rpartition(".")[2])[0]
    found = command(words_of(name))
    assert found is not None
    asks = any("--yes" in each.opts for each in found.params)
    if verb in {"create", "update", "delete", "upload", "add", "remove", "move", "cancel", "publish"}:
        assert asks
    if verb in {"get", "list", "download", "container"}:
        assert not asks


@pytest.mark.parametrize("name", sorted(set(METHODS) - set(WITHOUT)))
def test_a_help_says_nothing_that_only_python_understands(name: str) -> None:
    shown = " ".join(run(*words_of(name), "--help").output.split())
    assert not re.search(
        r"\bNone\b|=True|=\"|\bTrue\b|itwin_platform|\bmodel\b|\barguments?\b|\[\"|datetimes|\.get_", shown
    )


def test_every_other_command_has_a_help() -> None:
    shown = run("--help").output
    for name in itwin.list_commands(click.Context(itwin)):
        assert re.search(rf"^  {name} ", shown, re.M), name
        assert run(name, "--help").exit_code == 0
    assert run("bucket", "cp", "--help").exit_code == 0
    assert run("--version").output.startswith("itwin ")


class Later:
    """Methods such as may come."""

    def wait(
        self,
        job_id: str,
        *,
        timeout: float = 3600,
        every: timedelta | None = None,
        intervals: Iterable[float] = (5,),
        since: datetime | None = None,
        progress: bool | Callable[[Progress], object] = False,
        on_change: Callable[[str], None] | None = None,
        options: Mapping[str, object] | None = None,
        note: str | Unchanged | None = UNCHANGED,
    ) -> str:
        """Wait for a job.

        Parameters:
            job_id: Id of the job.
            timeout: Seconds.
        """
        raise NotImplementedError

    def map(self, function: Callable[[str], str], items: list[str]) -> list[str]:
        """Call a function for many items."""
        raise NotImplementedError


def test_a_method_that_comes_is_a_command() -> None:
    found = command_of(("jobs", "wait"), Later.wait)
    assert found is not None
    with found.make_context(
        "wait",
        [
            "7",
            "--every",
            "2",
            "--since",
            "2026-01-31",
            "--options",
            '{"a": [1]}',
            "--intervals",
            "5",
            "--intervals",
            ".5",
        ],
    ) as context:
        given = context.params
    assert given["job_id"] == "7"
    assert given["every"] == timedelta(seconds=2)
    assert given["since"].isoformat() == "2026-01-31T00:00:00+00:00"
    assert given["intervals"] == (5, 0.5)
    assert given["options"] == {"a": [1]}
    assert given["progress"] is False  # nobody watches
    assert "on_change" not in given
    assert [each.type.choices for each in found.params if each.name == "cleared"] == [("note",)]  # type: ignore[attr-defined]


def test_a_method_that_needs_a_function_is_none() -> None:
    assert command_of(("map",), Later.map) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a' is gone. See report.failed.", "'a' is gone."),
        ("'a' is gone. See error.report.failed.", "'a' is gone."),
        ("it differs; overwrite=True replaces it", "it differs; --overwrite replaces it"),
        ("lower concurrency=, or raise the limit", "lower --concurrency, or raise the limit"),
        ("Wait for it: platform.exports.wait('x y')", "Wait for it: itwin exports wait 'x y'"),
        ("https://x.example/?sig=a,b&se=,c", "https://x.example/?sig=a,b&se=,c"),
    ],
    ids=["report", "report of an error", "flag", "option", "call", "address"],
)
def test_advice_is_for_the_shell(text: str, expected: str) -> None:
    assert in_shell(text) == expected


SECRETS = {"type": "Header", "key": "X-Key", "value": "hidden-1"}
REPOSITORY = {
    "id": "1",
    "class": "GeographicInformationSystem",
    "displayName": "Maps",
    "uri": "https://maps.example/x?sig=hidden-2&layer=a",
    "authentication": SECRETS,
    "later": [{"apiKey": "hidden-3", "href": "https://x.example/?sig=hidden-4", "size": 5}],
    "long": "https://x.example/?sig=hidden-5" + "x" * MAX_LOGGED,
}


def test_secrets_are_masked_unless_they_are_asked_for() -> None:
    repository = Repository.from_dict(REPOSITORY)
    shown = json_of(repository, show_secrets=False)
    assert "hidden" not in json.dumps(shown)
    assert shown["uri"] == "https://maps.example/x?sig=***&layer=***"
    assert shown["authentication"] == {"type": "Header", "key": "X-Key", "value": "***"}
    assert shown["later"][0]["size"] == 5
    assert json_of(repository, show_secrets=True) == repository.to_dict() == REPOSITORY


def test_an_unknown_kind_of_authentication_is_masked_whole() -> None:
    kinds = {"type": "New", "word": "hidden", "more": {"list": ["hidden", None]}}
    shown = json_of(Repository.from_dict({**REPOSITORY, "authentication": kinds}), show_secrets=False)
    assert "hidden" not in json.dumps(shown)


def test_what_is_no_secret_is_whole() -> None:
    known = {"id": "1", "displayName": "Söul", "class": "Thing", "subClass": "Asset", "latitude": 1.5}
    assert json_of(ITwin.from_dict(known), show_secrets=False) == known
    assert json_of({"a": [1, None, True, "b"]}, show_secrets=False) == {"a": [1, None, True, "b"]}


def test_secrets_are_not_taken_from_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "repository.json"
    path.write_text(
        json.dumps({"class": "Construction", "uri": "https://x.example", "authentication": SECRETS}), "utf-8"
    )
    found = command(["repositories", "create"])
    assert found is not None
    with found.make_context("create", ["-i", "1", "--repository", f"@{path}"]) as context:
        assert isinstance(context.params["repository"], RepositoryCreate)
    for option in ("--repository", "--authentication"):
        refused = run("repositories", "create", "-i", "1", option, json.dumps(SECRETS), "--yes")
        assert refused.exit_code == 2
        assert "hidden" not in refused.output


@pytest.mark.parametrize("missing", ["click", "jmespath"])
def test_without_the_extra_it_says_how_to_get_it(missing: str) -> None:
    code = (
        f"import runpy, sys; sys.modules[{missing!r}] = None; sys.argv = ['itwin', 'itwins', 'list', '--query', 'x']; "
    )
    code += "runpy.run_module('itwin_platform', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert 'pip install "itwin-platform[cli]"' in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_help_loads_no_api() -> None:
    code = (
        "import sys; from itwin_platform.cli._app import itwin\ntry: itwin.main(['--help'])\nexcept SystemExit: pass\n"
    )
    code += "print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = done.stdout.splitlines()[-1].split()
    assert not [name for name in loaded if name.startswith(("itwin_platform._sync.groups", "jmespath", "yaml"))]


def test_powershell_completes(monkeypatch: pytest.MonkeyPatch) -> None:
    def completed(words: str, word: str) -> list[str]:
        for name, value in (("_ITWIN_COMPLETE", "powershell_complete"), ("COMP_WORDS", words), ("COMP_WORD", word)):
            monkeypatch.setenv(name, value)
        return [line.partition("\t")[0] for line in CliRunner().invoke(itwin, []).output.splitlines()]

    assert "get-image" in completed("itwin\nitwins", "")
    assert completed("itwin\nitwins\ndownload-image\n1\n--size\nl", "l") == ["large"]
    assert completed("itwin\nitwins\nget\n--sh", "--sh") == ["--show-secrets"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_there_is_a_script_for_each_shell(shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "_ITWIN_COMPLETE" in result.output
    assert f"{shell}_complete" in result.output
