"""After a login: how long it lasts, what a refused renewal does, and what processes share."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from itwin_platform import ITwinPlatform
from itwin_platform.credentials import FileTokenStore
from itwin_platform.errors import CredentialsError, UnauthorizedError
from tests.support import leaks
from tests.support.logins import Identity, Visit, person
from tests.support.token_server import ITWIN_ID, Request, Server, respond


def test_without_a_refresh_token_the_login_lasts_as_long_as_the_token(
    server: Server, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.refresh_tokens = False
    visits: list[Visit] = []

    def act(visit: Visit) -> None:
        visits.append(visit)
        visit.come_back()

    credentials = person(server, act, offline_access=False)
    credentials.get_token()
    assert visits[0].query["scope"] == "itwin-platform"
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + 3600 - 100)
    assert credentials.get_token() == "token-1"
    assert not [thread for thread in threading.enumerate() if thread.name == "itwin-platform-token"]
    monkeypatch.setattr(time, "monotonic", lambda: real() + 3600)
    assert credentials.get_token() == "token-2"
    assert len(visits) == 2


def test_a_platform_that_refuses_every_token_does_not_open_a_window_for_each_call(
    server: Server, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: Request) -> bytes:
        if request.path == "/connect/token":
            return identity(request)
        return respond({"error": {"code": "InvalidToken", "message": "no"}}, "401 Unauthorized")

    visits: list[Visit] = []

    def act(visit: Visit) -> None:
        visits.append(visit)
        visit.come_back()

    server.answer = answer
    identity.refresh_tokens = False
    credentials = person(server, act)
    with ITwinPlatform(credentials, api_url=server.url, issuer_url=server.url) as client:
        for _ in range(5):
            with pytest.raises(UnauthorizedError):
                client.itwins.get(ITWIN_ID)
    assert len(visits) == 1
    # A minute later it may be worth another try.
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + 61)
    credentials.invalidate("token-1")
    assert credentials.get_token() == "token-2"


def test_a_refused_renewal_ahead_of_time_bothers_nobody_before_the_token_ends(
    server: Server, identity: Identity, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    visits: list[Visit] = []

    def act(visit: Visit) -> None:
        visits.append(visit)
        visit.come_back()

    credentials = person(server, act)
    credentials.get_token()
    identity.refused = "invalid_grant"
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + 3600 - 100)
    deadline = real() + 10
    while "could not be renewed" not in caplog.text:
        assert credentials.get_token() == "token-1"
        assert real() < deadline
    assert len(visits) == 1
    identity.refused = None
    monkeypatch.setattr(time, "monotonic", lambda: real() + 3600)
    assert credentials.get_token() == "token-2"
    assert len(visits) == 2


def test_an_identity_service_that_is_down_does_not_cost_the_login(server: Server, identity: Identity) -> None:
    credentials = person(server, Visit.come_back)
    credentials.invalidate(credentials.get_token())
    server.answer = lambda _: respond(b"", "401 Unauthorized")
    with pytest.raises(CredentialsError, match="401"):
        credentials.get_token()
    server.answer = identity
    assert credentials.get_token() == "token-2"
    assert identity.forms[-1]["refresh_token"] == "refresh-1"


def test_a_store_that_cannot_be_written_costs_only_the_next_program_its_login(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(FileTokenStore):
        def save(self, key: str, refresh_token: str) -> None:
            raise CredentialsError("The disk is full.")

    credentials = person(server, Visit.come_back, store=Full(tmp_path / "store"))
    for number in (1, 2, 3):
        token = credentials.get_token()
        assert token == f"token-{number}"
        credentials.invalidate(token)
    assert "could not be stored" in caplog.text
    leaks.assert_none(caplog.text, ["refresh-1", "refresh-2"])


def test_processes_take_turns_with_a_stored_refresh_token(server: Server, tmp_path: Path) -> None:
    class Rotating(Identity):
        """Takes each refresh token once, and withdraws the login if one comes twice."""

        expected = "refresh-1"

        def __call__(self, request: Request) -> bytes:
            with self._lock:
                late = request.form.get("refresh_token", self.expected) != self.expected
            if late:
                self.refused = "invalid_grant"
            answer = super().__call__(request)
            self.expected = f"refresh-{self.issued}"
            return answer

    identity = Rotating()
    server.answer = identity
    folder = tmp_path / "store"
    person(server, Visit.come_back, store=FileTokenStore(folder)).get_token()
    program = """
import sys
from itwin_platform.credentials import AuthorizationCode, FileTokenStore
credentials = AuthorizationCode(
    "app", issuer_url=sys.argv[1], store=FileTokenStore(sys.argv[2]), login_timeout=1, open_browser=lambda url: None,
    redirect_uri="http://127.0.0.1:0/signin-callback",
)
sys.stdin.readline()
for _ in range(5):
    token = credentials.get_token()
    credentials.invalidate(token)
    print(token)
"""
    command = [sys.executable, "-c", program, server.url, str(folder)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=30)[0] for process in processes]
    tokens = [token for output in outputs for token in output.split()]
    assert len(set(tokens)) == 15
    assert identity.refused is None


@pytest.mark.parametrize("refusal", ["invalid_grant", "invalid_request"])
def test_a_stored_token_that_the_service_does_not_take_leads_to_a_new_login(
    refusal: str, server: Server, identity: Identity, tmp_path: Path
) -> None:
    """It may be damaged, so that the service cannot even read it: then it would be refused for ever."""

    def answer(request: Request) -> bytes:
        if request.form.get("refresh_token") == "damaged":
            return respond({"error": refusal}, "400 Bad Request")
        return identity(request)

    server.answer = answer
    store = FileTokenStore(tmp_path / "store")
    credentials = person(server, Visit.come_back, store=store)
    key = credentials._key(credentials._service())
    store.save(key, "damaged")
    assert credentials.get_token() == "token-1"
    assert store.load(key) == "refresh-1"


@pytest.mark.skipif(
    os.name != "posix" or sys.platform == "darwin", reason="other systems have one browser, with windows"
)
@pytest.mark.parametrize("name", ["w3m", "lynx", "links", "elinks", "www-browser"])
@pytest.mark.parametrize("how", ["found", "named", "linked"])
def test_no_browser_takes_over_the_terminal(name: str, how: str, server: Server, tmp_path: Path) -> None:
    program = tmp_path / name
    program.write_text('#!/bin/sh\necho "taken over" >&2\nread line\n', "utf-8")
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/bin:/usr/bin", "HOME": str(tmp_path), "TERM": "xterm"}
    if how == "named":
        environment["BROWSER"] = f"{name} %s"
    elif how == "linked":
        (tmp_path / "browser").symlink_to(program)
        environment["BROWSER"] = str(tmp_path / "browser")
    code = f"""
import sys
from itwin_platform.credentials import AuthorizationCode
from itwin_platform.errors import CredentialsError
try:
    AuthorizationCode("app", issuer_url={server.url!r}, login_timeout=0.3, redirect_uri="http://127.0.0.1:0/x").get_token()
except CredentialsError as error:
    print(error)
print(sys.stdin.readline())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        input="typed",
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert f"{server.url}/connect/authorize" in done.stderr
    assert "taken over" not in done.stderr
    assert done.stdout == "Nobody logged in within 0.3 seconds. Try again.\ntyped\n"


BROWSER = """
import sys, urllib.parse, urllib.request
query = {name: values[0] for name, values in urllib.parse.parse_qs(urllib.parse.urlsplit(sys.argv[1]).query).items()}
urllib.request.urlopen(query["redirect_uri"] + "?" + urllib.parse.urlencode({"code": "c", "state": query["state"]}))
"""


@pytest.mark.skipif(os.name != "posix", reason="paths of Windows do not fit into BROWSER")
@pytest.mark.parametrize("opened", [True, False])
def test_the_browser_is_opened_if_wanted_and_the_address_printed_in_any_case(
    opened: bool, server: Server, tmp_path: Path
) -> None:
    script = tmp_path / "browser.py"
    script.write_text(BROWSER, "utf-8")
    program = f"""
import sys
from itwin_platform.credentials import AuthorizationCode
print(AuthorizationCode(
    "app", issuer_url={server.url!r}, open_browser={opened}, login_timeout={10 if opened else 0.3},
    redirect_uri="http://127.0.0.1:0/signin-callback",
).get_token())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "BROWSER": f"{sys.executable} {script} %s"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert f"{server.url}/connect/authorize?client_id=app&" in done.stderr
    assert done.stdout.strip() == ("token-1" if opened else "")
