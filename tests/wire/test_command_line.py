"""The command line against the sandbox: what it prints where, and the exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from itwin_platform.cli._app import itwin
from itwin_platform.cli._parameters import Json
from itwin_platform.credentials import _browser
from itwin_platform.sandbox import Sandbox
from tests.support.commands import METHODS, WITHOUT, command, words_of
from tests.support.logins import Identity, Visit
from tests.support.sandbox import png
from tests.support.scripted import ScriptedServer, answer
from tests.support.token_server import Request, respond, serving

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def own_sandbox() -> Iterator[Sandbox]:
    """A sandbox whose things are changed here."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def run(own_sandbox: Sandbox, tmp_path: Path) -> Run:
    """Runs a command with the variables of the sandbox, and a home of its own."""

    def run(*arguments: str, stdin: str | bytes | None = None, **variables: str | None) -> Result:
        kept = {name: None for name in os.environ if name.startswith("ITP_")}
        home = dict.fromkeys(("XDG_STATE_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"), str(tmp_path))
        env = {**kept, **own_sandbox.environment, **home, **variables}
        return CliRunner(env=env).invoke(itwin, [*arguments], input=stdin)

    return run


def lines(text: str) -> list[str]:
    return text.splitlines()


def test_each_format_has_the_same_things(run: Run) -> None:
    listed: list[dict[str, Any]] = json.loads(run("itwins", "list").stdout)
    assert len(listed) >= 2
    assert [json.loads(line) for line in lines(run("itwins", "list", "-o", "jsonl").stdout)] == listed
    assert yaml.safe_load(run("itwins", "list", "-o", "yaml").stdout) == listed
    rows = list(csv.DictReader(io.StringIO(run("itwins", "list", "-o", "csv").stdout)))
    assert [row["displayName"] for row in rows] == [each["displayName"] for each in listed]
    table = lines(run("itwins", "list", "-o", "table").stdout)
    assert table[0].split()[:2] == ["id", "displayName"]
    assert [line.split()[0] for line in table[1:]] == [each["id"] for each in listed]


def test_limit_detail_and_query(run: Run) -> None:
    arguments = ("itwins", "list", "--limit", "1", "--detail", "full", "--sub-class", "Project", "--sub-class", "Asset")
    found = run(*arguments, "--query", "[].{id: id, made: createdDateTime}")
    assert [set(each) for each in json.loads(found.stdout)] == [{"id", "made"}]
    assert run(*arguments, "--query", "[0].id", "-o", "table").stdout.strip() == json.loads(found.stdout)[0]["id"]


def test_one_thing(run: Run, own_sandbox: Sandbox) -> None:
    shown = run("itwins", "get", own_sandbox.itwin_id, "-o", "table")
    assert shown.exit_code == 0
    assert any(line.split() == ["displayName", "White", "River"] for line in lines(shown.stdout))
    assert "sig=***" in shown.stdout
    assert "sig=***" not in run("itwins", "get", own_sandbox.itwin_id, "--show-secrets").stdout


def test_things_are_made_changed_and_deleted(run: Run) -> None:
    made = json.loads(run("itwins", "create", "Söul", "--class", "Thing", "--sub-class", "Asset", "--yes").stdout)
    assert made["displayName"] == "Söul"
    changed = run("itwins", "update", made["id"], "--latitude", "1.5", "--geographic-location", "There", "--yes")
    assert json.loads(changed.stdout)["latitude"] == 1.5
    cleared = run("itwins", "update", made["id"], "--clear", "latitude", "--changes", '{"number": "7"}', "--yes")
    assert cleared.exit_code == 2  # one or the other
    cleared = run("itwins", "update", made["id"], "--clear", "latitude", "--number", "7", "--yes")
    assert "latitude" not in json.loads(cleared.stdout)
    whole = run("itwins", "update", made["id"], "--changes", "-", "--yes", stdin='{"number": "8"}')
    assert json.loads(whole.stdout)["number"] == "8"
    pictured = run("itwins", "upload-image", made["id"], "-", "--yes", stdin=png())
    assert json.loads(pictured.stdout)["largeImageName"]
    done = run("itwins", "delete", made["id"], "--yes")
    assert (done.exit_code, done.output) == (0, "")
    assert run("itwins", "get", made["id"]).exit_code == 4


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["itwins", "get", "dc914a84-0000-0000-0000-000000000000"], 4, "404 iTwinNotFound: "),
        (["itwins", "get", "a/b"], 2, "ITWIN_ID must not contain '/'"),
        (["itwins", "list", "--detail", "none"], 2, "'none' is not one of 'minimal', 'full'"),
        (["itwins", "list", "--status", "Active", "--include-inactive"], 2, "--status and --include-inactive exclude"),
        (["itwins", "list", "--query", "[?"], 2, "Incomplete expression. See https://jmespath.org."),
        (["itwins", "list", "--query", "abs(@)"], 2, "--query does not fit the result"),
        (["itwins", "delete", "x"], 2, "Delete an iTwin (ITWIN_ID x)? There is no terminal to ask in: add --yes."),
        (["itwins", "list", "--limit", "0"], 2, "--limit must be a whole number of at least 1. Try"),
        (["itwins", "list", "--select", "x", "--detail", "full"], 2, "--select and --detail full exclude each other"),
        (
            ["itwins", "update", "x", "--number", "1", "--clear", "latitude", "--latitude", "1"],
            2,
            "--latitude and --clear",
        ),
        (["itwins", "fly"], 2, "No such command 'fly'. Try: itwin itwins --help"),
        (["itwin", "list"], 2, "No such command 'itwin'. Did you mean 'itwins'? Try: itwin --help"),
        (["jobs", "canecl", "x"], 2, "Did you mean 'cancel'?"),
        (["itwins", "update", "x", "--changes", "{", "--yes"], 2, "it is not JSON"),
        (["itwins", "update", "x", "--changes", "[]", "--yes"], 2, "it is not a valid ITwinUpdate"),
        (["itwins", "update", "x", "--changes", "@missing.json", "--yes"], 2, "'missing.json' cannot be read"),
        (["itwins", "upload-image", "x", "missing.png", "--yes"], 4, "missing.png"),
        (
            ["api", "GET", "/itwins/favorites", "-H", "X-Key: secret"],
            2,
            "itwin: -p and -H take NAME=VALUE, with an equals",
        ),
        (["api", "GTE", "/itwins"], 2, "METHOD must be one of DELETE, GET,"),
        (["api", "GET", "itwins"], 2, "PATH must be an absolute URL or a path"),
        (["repositories", "get-graphics"], 2, "give either --uri, or --itwin-id, REPOSITORY_ID and RESOURCE_ID"),
        (["repositories", "create"], 2, "--class is required"),
        (["jobs", "create"], 2, "--specifications"),
        (["jobs", "create", "--specifications", "[1]", "--type", "x"], 2, "must be a JSON object"),
        (["jobs", "create", "--specifications", '{"a": 1}'], 2, "--type must be given"),
        (["itwins", "update", "x"], 2, "there is nothing to change: give at least one property. Try"),
        (["detectors", "list"], 2, "Did you mean 'reality-analysis detectors'?"),
        (["api", "POST", "itwins"], 2, "PATH must be an absolute URL or a path"),
        (["bucket", "cp", "missing", "bkt:x", "--overwrite"], 4, "There is no file or folder 'missing'"),
        (["bucket", "ls", "/x"], 2, "the path in the container must not have an empty part"),
        (["bucket", "cp", "a", "b"], 2, "must begin with bkt:"),
        (["bucket", "cat", "nothing"], 4, "There is no file 'nothing' in the container."),
        (["bucket", "cp", "bkt:nothing", "."], 4, "There is no file 'nothing' in the container"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_failure_is_one_line_and_a_code(run: Run, arguments: list[str], code: int, said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith("itwin: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_is_asked_for_can_be_sent(run: Run) -> None:
    """No question is asked about something that is then refused as bad usage, and no refusal is in words of Python."""
    asked = 0
    for name in sorted(set(METHODS) - set(WITHOUT)):
        words = words_of(name)
        found = command(words)
        assert found is not None
        if not any("--yes" in each.opts for each in found.params):
            continue
        for each in found.params:
            if each.required:
                value = "{}" if isinstance(each.type, Json) else "x"
                words += [value] if isinstance(each, click.Argument) else [each.opts[0], value]
        words += ["--timeout", "0"] if any(each.name == "timeout" for each in found.params) else []
        result = run(*words)
        assert result.exit_code in {1, 2, 4}, result.output
        assert not re.search(r"mapping|class of|None|argument|keyword", result.stderr), result.stderr
        if "There is no terminal to ask in" in result.stderr:
            asked += 1
            assert run(*words, "--yes").exit_code != 2, name
    assert asked > 10


def test_a_property_called_uri_is_no_link(run: Run, own_sandbox: Sandbox) -> None:
    new = ("--class", "Construction", "--uri", "https://x.example", "--query", "id", "--yes")
    made = json.loads(run("repositories", "create", *new).stdout)
    listed = run("repositories", "list", "-i", own_sandbox.itwin_id, "--query", "[].id")
    assert made in json.loads(listed.stdout)


def test_debug_says_which_request_it_was(run: Run) -> None:
    def served(_: object) -> bytes:
        error = {"error": {"code": "iTwinNotFound", "message": "No."}}
        return answer(404, error, x_request_id="r-1")

    with ScriptedServer(served) as server:
        quiet = run("itwins", "get", "1", ITP_API_URL=server.url)
        loud = run("itwins", "get", "1", "--debug", ITP_API_URL=server.url)
    assert "/itwins/1" not in quiet.stderr
    assert "r-1" not in quiet.stderr
    assert "GET /itwins/1" in loud.stderr
    assert "request id r-1" in loud.stderr


def test_without_a_command_there_is_the_help(run: Run) -> None:
    for group in ([], ["itwins"]):
        result = run(*group)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("Usage: itwin ")
        assert result.stderr.count("\n") > 10


def test_a_wrong_address_is_named_as_its_variable(run: Run) -> None:
    assert "ITP_API_URL is not a URL" in run("itwins", "list", ITP_API_URL="nowhere").stderr


def test_a_platform_that_is_not_there(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    result = run("api", "POST", "/itwins/favorites/1", "--yes", ITP_API_URL=nowhere)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be reached" in result.stderr
    assert "/itwins" not in result.stderr


def test_the_codes_of_refusals(run: Run, own_sandbox: Sandbox) -> None:
    assert run("itwins", "list", ITP_ACCESS_TOKEN="wrong").exit_code == 3
    own_sandbox.rate_limit(times=20, retry_after=3600)
    try:
        limited = run("itwins", "list")
    finally:
        own_sandbox.rate_limit(times=0)
    assert (limited.exit_code, limited.stdout) == (5, "")
    refused = run("itwins", "create", "x", "--class", "Thing", "--sub-class", "Nonsense", "--yes")
    assert refused.exit_code == 1


def test_without_a_login_it_says_how_to_get_one(run: Run) -> None:
    nobody = dict.fromkeys(("ITP_ACCESS_TOKEN", "ITP_SERVICE_CLIENT_ID", "ITP_SERVICE_CLIENT_SECRET"))
    for words in (["itwins", "list"], ["whoami"], ["api", "GET", "/itwins/favorites"]):
        result = run(*words, **nobody)
        assert (result.exit_code, result.stdout) == (3, "")
        assert "Run: itwin login" in result.stderr


def test_the_saved_itwin_stands_behind_variable_and_option(run: Run, own_sandbox: Sandbox) -> None:
    bare: dict[str, str | None] = {"ITP_ITWIN_ID": None}
    listing = ("repositories", "list", "--query", "length(@)")
    nothing = run(*listing, **bare)
    assert nothing.exit_code == 2
    assert "itwin use" in nothing.stderr
    assert run("use", **bare).exit_code == 2
    other = json.loads(run("itwins", "list").stdout)[1]["id"]
    assert json.loads(run("use", other).stdout)["id"] == other
    expected = json.loads(run("repositories", "list", "-i", other, **bare).stdout)
    assert json.loads(run("repositories", "list", **bare).stdout) == expected
    assert json.loads(run("repositories", "list").stdout) != expected  # the variable
    assert json.loads(run("repositories", "list", "-i", other).stdout) == expected
    assert json.loads(run("whoami", **bare).stdout)["iTwinId"] == other
    # What is about iTwins themselves takes none by itself.
    assert run("itwins", "delete", "--yes", **bare).exit_code == 2
    assert run("use", "dc914a84-0000-0000-0000-000000000000").exit_code == 4
    assert json.loads(run("use", **bare).stdout)["id"] == other
    # A filter asks for all that it names, in whatever iTwin.
    assert run("jobs", "list", "--filter", f"iTwinId in ('{other}')").exit_code == 0
    # A link names the iTwin too.
    repository = json.loads(run("repositories", "list", "-i", other, "--limit", "1").stdout)[0]["id"]
    resources = f"{own_sandbox.url}/itwins/{other}/repositories/{repository}/resources"
    assert run("repositories", "list-resources", "--uri", resources).exit_code == 0
    assert run("repositories", "list-resources", "--uri", resources, **bare).exit_code == 0
    run("use", "--clear")
    assert run(*listing, **bare).exit_code == 2


def test_any_request(run: Run, own_sandbox: Sandbox) -> None:
    path = f"/itwins/favorites/{own_sandbox.itwin_id}"
    assert run("api", "post", path).exit_code == 2
    assert run("api", "post", path, "--yes").exit_code == 0
    found = run("api", "GET", "/itwins/favorites", "-p", "$top=1", "-H", "Prefer=return=minimal")
    assert len(json.loads(found.stdout)["iTwins"]) == 1
    repository = f"/itwins/{own_sandbox.itwin_id}/repositories/{own_sandbox.repository_id}"
    secret = run("api", "GET", repository, "--query", "repository.authentication.value", "--show-secrets")
    assert json.loads(secret.stdout) not in run("api", "GET", repository).stdout


def test_a_login_is_kept_until_the_logout(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    identity, opened = Identity(), []

    def served(request: Request) -> bytes:
        if request.path.startswith("/connect/"):
            return identity(request)
        return respond({"user": {"id": "u", "displayName": "N", "email": "n@x.example", "phone": "1"}})

    def come_back(url: str) -> None:
        opened.append(url)
        Visit(url).come_back()

    monkeypatch.setattr(_browser, "open_window", come_back)
    with serving(served) as server:
        variables: dict[str, str | None] = {"ITP_API_URL": server.url, "ITP_ISSUER_URL": server.url}
        variables |= dict.fromkeys(("ITP_ACCESS_TOKEN", "ITP_SERVICE_CLIENT_ID", "ITP_SERVICE_CLIENT_SECRET"))
        assert run("login", **variables).exit_code == 2  # nobody can be asked for the app
        app = ("--client-id", "app", "--redirect-uri", "http://127.0.0.1:0/signin-callback")
        login = run("login", *app, **variables)
        assert login.exit_code == 0, login.output
        who = json.loads(run("whoami", **variables).stdout)
        assert who["user"] == {"id": "u", "displayName": "N", "email": "n@x.example"}
        assert who["login"] == "login with app app"
        assert [form["grant_type"] for form in identity.forms] == ["authorization_code", "refresh_token"]
        # A refresh token that is no longer taken opens no browser in the middle of a script.
        identity.refused = "invalid_grant"
        assert run("whoami", **variables).exit_code == 3
        identity.refused = None
        run("login", *app, **variables)
        assert run("logout", **variables).exit_code == 0
        assert run("whoami", **variables).exit_code == 3
        identity.refresh_tokens = False
        lost = run("login", *app, **variables)
        assert lost.exit_code == 3
        assert "offline_access" in lost.stderr
    assert len(opened) == 3
    assert not {"token-1", "refresh-1"} & set(login.output.split())


def test_waits_say_how_to_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    specifications = '{"inputs": {"photos": "..."}, "outputs": ["objects2D"]}'
    made = run("jobs", "create", "--type", "Objects2D", "--name", "Signs", specifications, "--yes")
    job_id = json.loads(made.stdout)["id"]
    advice = f"continues; only the waiting has ended. To wait again: itwin reality-analysis jobs wait {job_id}"
    early = run("jobs", "download", job_id, ".")
    assert early.exit_code == 1
    assert f"Wait for it: itwin reality-analysis jobs wait {job_id}." in early.stderr
    late = run("jobs", "wait", job_id, "--timeout", "0", "--no-progress")
    assert (late.exit_code, late.stdout) == (1, "")
    assert advice in late.stderr

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("itwin_platform._concurrency.synchronous.sleep", interrupted)
    stopped = run("jobs", "wait", job_id, "--no-progress")
    assert (stopped.exit_code, stopped.stdout) == (130, "")
    assert advice in stopped.stderr
    assert "Traceback" not in stopped.stderr


def test_outputs_of_jobs_are_listed_like_other_files(run: Run, own_sandbox: Sandbox, tmp_path: Path) -> None:
    specifications = '{"inputs": {"photos": "..."}, "outputs": ["objects2D"]}'
    made = run("jobs", "create", "--type", "Objects2D", "--specifications", specifications, "--yes", "--query", "id")
    own_sandbox.advance(1000)
    folder = tmp_path / "outputs"
    for outcome, reason in (("sent", None), ("skipped", "already exists with the same size and hash")):
        done = run("jobs", "download", "--folder", str(folder), json.loads(made.stdout), "-o", "jsonl")
        shown = [json.loads(line) for line in lines(done.stdout)]
        assert shown
        assert {tuple(each) for each in shown} == {("name", "path", "size", "outcome", "reason")}
        assert {(each["outcome"], each["reason"]) for each in shown} == {(outcome, reason)}
        assert f"{len(shown)} {outcome}" in done.stderr


def test_interruption_leaves_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("itwin_platform._sync.groups.itwins.ITwins.get", interrupted)
    result = run("itwins", "get", "1")
    assert result.exit_code == 130
    assert result.output.strip() == ""


def test_nobody_reads_anything(own_sandbox: Sandbox) -> None:
    code = "import sys; sys.stdout = None; from itwin_platform.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "itwins", "list"],
        env={**os.environ, **own_sandbox.environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_nobody_reads_the_end(own_sandbox: Sandbox) -> None:
    command = [sys.executable, "-m", "itwin_platform", "itwins", "list"]
    with subprocess.Popen(
        command,
        env={**os.environ, **own_sandbox.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals of this kind")
def test_in_a_terminal(own_sandbox: Sandbox, tmp_path: Path) -> None:
    import pty

    def typed(*arguments: str, answers: str = "") -> tuple[str, int]:
        """What a person sees, and the exit code."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update({**own_sandbox.environment, "XDG_STATE_HOME": str(tmp_path), "COLUMNS": "70"})
            os.execv(sys.executable, [sys.executable, "-W", "ignore", "-m", "itwin_platform", *arguments])
        os.write(terminal, answers.encode())
        seen = b""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
        return seen.decode().replace("\r\n", "\n"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    seen, code = typed("itwins", "list", "--limit", "2")
    assert code == 0
    assert lines(seen)[0].split() == ["id", "displayName", "class"]
    assert "(not shown: subClass" in seen
    seen, code = typed("favorites", "remove", own_sandbox.itwin_id, answers="n\n")
    assert code == 130
    assert f"(ITWIN_ID {own_sandbox.itwin_id})? [y/N]" in seen
    assert "Traceback" not in seen
