"""The login in the browser, from the side of everybody who can reach the server that waits for the redirect."""

import base64
import hashlib
import http.client
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from itwin_platform import ITwinPlatform
from itwin_platform.credentials import AuthorizationCode, FileTokenStore, _authorization_code
from itwin_platform.errors import CredentialsError, UnauthorizedError
from tests.support import leaks
from tests.support.token_server import ITWIN_ID, Platform, Request, Server, respond, serving

CODE = "c0de-of-the-login"
SECRET = "s3cret-of-the-app"


@dataclass
class Page:
    status: int
    text: str
    headers: dict[str, str]


class Visit:
    """The browser, or somebody who is not, once the login has begun."""

    def __init__(self, url: str) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.query = query
        self.redirect = urlsplit(query["redirect_uri"])
        self.port = self.redirect.port or 80

    def ask(
        self, path: str = "/signin-callback", *, method: str = "GET", hosts: list[str] | None = None, **query: str
    ) -> Page:
        return self.ask_raw(path + "?" + urlencode(query) if query else path, method=method, hosts=hosts)

    def ask_raw(self, target: str, *, method: str = "GET", hosts: list[str] | None = None, at: str = "") -> Page:
        connection = http.client.HTTPConnection(at or self.redirect.hostname or "", self.port, timeout=20)
        try:
            connection.putrequest(method, target, skip_host=True)
            for host in [self.redirect.netloc] if hosts is None else hosts:
                connection.putheader("Host", host)
            connection.endheaders()
            answer = connection.getresponse()
            return Page(answer.status, answer.read().decode(), dict(answer.getheaders()))
        finally:
            connection.close()

    def come_back(self, iss: str | None = None) -> Page:
        named = {} if iss is None else {"iss": iss}
        query = urlencode({"code": CODE, "state": self.query["state"], **named})
        return self.ask_raw(f"{self.redirect.path}?{query}")


@dataclass
class Identity(Platform):
    """An identity service that also gives refresh tokens, and tells what it was sent."""

    forms: list[dict[str, str]] = field(default_factory=list)
    refused: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self.forms = []
        self.refresh_tokens = True

    def __call__(self, request: Request) -> bytes:
        self.forms.append(request.form)
        if self.refused is not None and request.form.get("grant_type") != "refresh_token":
            return respond({"error": self.refused}, "400 Bad Request")
        if self.refused is not None:
            return respond({"error": "invalid_grant"}, "400 Bad Request")
        with self._lock:
            self.issued += 1
            fields: dict[str, object] = {"access_token": f"token-{self.issued}", "expires_in": 3600}
            if self.refresh_tokens:
                fields["refresh_token"] = f"refresh-{self.issued}"
            return respond(fields)


@pytest.fixture
def identity() -> Identity:
    return Identity()


@pytest.fixture
def server(identity: Identity) -> Iterator[Server]:
    with serving(identity) as running:
        yield running


Act = Callable[[Visit], object]


def person(server: Server, act: Act, **more: object) -> AuthorizationCode:
    arguments: dict[str, object] = {
        "redirect_url": "http://127.0.0.1:0/signin-callback",
        "open_browser": lambda url: act(Visit(url)),
        "login_timeout": 20,
        "issuer_url": server.url,
    }
    return AuthorizationCode("app", **{**arguments, **more})  # type: ignore[arg-type]


def log_in(server: Server, act: Act, **more: object) -> str:
    """Get a token, and let whoever acts come to an end."""
    finished = threading.Event()

    def observed(visit: Visit) -> None:
        try:
            act(visit)
        finally:
            finished.set()

    try:
        return person(server, observed, **more).get_token()
    finally:
        assert finished.wait(20)


def test_the_code_is_exchanged_with_what_the_login_began_with(server: Server, identity: Identity) -> None:
    visits: list[Visit] = []
    pages: list[Page] = []

    def act(visit: Visit) -> None:
        visits.append(visit)
        pages.append(visit.come_back())

    assert log_in(server, act, scope="itwin-platform openid") == "token-1"
    (form,), (visit,), (page,) = identity.forms, visits, pages
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert visit.query["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert visit.query["scope"] == "itwin-platform openid offline_access"
    assert visit.query["response_type"] == "code"
    assert len(form["code_verifier"]) == 86
    assert (form["grant_type"], form["code"], form["client_id"]) == ("authorization_code", CODE, "app")
    assert form["redirect_uri"] == visit.query["redirect_uri"]
    assert page.status == 200
    assert "You are logged in" in page.text
    assert CODE not in page.text


def test_the_page_can_do_nothing_and_is_kept_nowhere(server: Server) -> None:
    pages: list[Page] = []
    log_in(server, lambda visit: pages.append(visit.come_back()))
    headers = pages[0].headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in headers


STRAY: dict[str, Callable[[Visit], Page]] = {
    "wrong state": lambda visit: visit.ask(code="attacker", state="attacker"),
    "wrong state of the same length": lambda visit: visit.ask(code="attacker", state="x" * len(visit.query["state"])),
    "no state": lambda visit: visit.ask(code="attacker"),
    "state not ASCII": lambda visit: visit.ask(code="attacker", state="é"),
    "state that cannot be decoded": lambda visit: visit.ask_raw("/signin-callback?code=attacker&state=%ff"),
    "two states": lambda visit: visit.ask_raw(
        f"/signin-callback?code=attacker&state={visit.query['state']}&state={visit.query['state']}"
    ),
    "two codes": lambda visit: visit.ask_raw(
        f"/signin-callback?code=attacker&code=attacker&state={visit.query['state']}"
    ),
    "no code": lambda visit: visit.ask(state=visit.query["state"]),
    "code with a line break": lambda visit: visit.ask(code="attacker\r\n", state=visit.query["state"]),
    "endless parameters": lambda visit: visit.ask_raw("/signin-callback?" + "a=1&" * 5000),
    "endless line": lambda visit: visit.ask_raw("/signin-callback?a=" + "1" * 70_000),
    "error of somebody else": lambda visit: visit.ask(error="access_denied"),
    "other path": lambda visit: visit.ask("/", code="attacker", state=visit.query["state"]),
    "longer path": lambda visit: visit.ask("/signin-callback/", code="attacker", state=visit.query["state"]),
    "path in other letters": lambda visit: visit.ask("/Signin-Callback", code="attacker", state=visit.query["state"]),
    "path encoded": lambda visit: visit.ask("/%73ignin-callback", code="attacker", state=visit.query["state"]),
    "absolute URL": lambda visit: visit.ask(
        f"http://{visit.redirect.netloc}/signin-callback", code="attacker", state=visit.query["state"]
    ),
    "icon": lambda visit: visit.ask("/favicon.ico"),
    "host of somebody else": lambda visit: visit.ask(
        code="attacker", state=visit.query["state"], hosts=[f"attacker.example:{visit.port}"]
    ),
    "no host": lambda visit: visit.ask(code="attacker", state=visit.query["state"], hosts=[]),
    "two hosts": lambda visit: visit.ask(
        code="attacker", state=visit.query["state"], hosts=[visit.redirect.netloc, "attacker.example"]
    ),
    "host without port": lambda visit: visit.ask(code="attacker", state=visit.query["state"], hosts=["127.0.0.1"]),
    "posted": lambda visit: visit.ask(method="POST", code="attacker", state=visit.query["state"]),
    "unknown method": lambda visit: visit.ask(method="<script>", code="attacker", state=visit.query["state"]),
}


@pytest.mark.parametrize("name", STRAY)
def test_what_does_not_belong_to_the_login_is_refused_and_the_login_goes_on(
    name: str, server: Server, identity: Identity
) -> None:
    pages: list[Page] = []

    def act(visit: Visit) -> None:
        pages.append(STRAY[name](visit))
        pages.append(visit.come_back())

    assert log_in(server, act) == "token-1"
    assert 400 <= pages[0].status <= 501
    assert "attacker" not in pages[0].text
    assert "<script" not in pages[0].text
    assert "Content-Security-Policy" in pages[0].headers
    assert pages[1].status == 200
    assert [form["code"] for form in identity.forms] == [CODE]


def test_only_one_code_is_taken(server: Server, identity: Identity) -> None:
    statuses: list[int] = []

    def act(visit: Visit) -> None:
        def once() -> None:
            # Who comes when all is over finds nobody there any more.
            with suppress(OSError, http.client.HTTPException):
                statuses.append(visit.come_back().status)

        threads = [threading.Thread(target=once) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert log_in(server, act) == "token-1"
    assert len(identity.forms) == 1
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 409}


def test_connections_that_stay_silent_block_nobody(server: Server) -> None:
    idle: list[socket.socket] = []

    def act(visit: Visit) -> None:
        idle.extend(socket.create_connection(("127.0.0.1", visit.port)) for _ in range(5))
        visit.come_back()

    started = time.monotonic()
    assert log_in(server, act) == "token-1"
    assert time.monotonic() - started < 3
    for connection in idle:
        connection.close()


@pytest.mark.parametrize("denied", ["access_denied", "<script>alert(1)</script>", "s3cret"])
def test_a_refusal_ends_the_login_and_is_not_repeated_as_it_came(denied: str, server: Server) -> None:
    pages: list[Page] = []
    with pytest.raises(CredentialsError, match="refused the login") as caught:
        log_in(
            server,
            lambda visit: pages.append(
                visit.ask(error=denied, error_description="<script>s3cret</script>", state=visit.query["state"])
            ),
        )
    leaks.assert_none(str(caught.value) + pages[0].text, ["<script>", "s3cret"])
    assert "The login failed" in pages[0].text
    assert caught.value.code == ("access_denied" if denied == "access_denied" else None)


def test_the_issuer_is_checked_where_it_is_named(server: Server, identity: Identity) -> None:
    assert log_in(server, lambda visit: visit.come_back(iss=server.url)) == "token-1"
    assert log_in(server, lambda visit: visit.come_back(iss=server.url + "/")) == "token-2"
    with pytest.raises(CredentialsError, match="another identity service"):
        log_in(server, lambda visit: visit.come_back(iss="https://attacker.example"))
    assert len(identity.forms) == 2


def test_a_code_that_is_not_taken_shows_in_the_browser_too(server: Server, identity: Identity) -> None:
    identity.refused = "invalid_client"
    pages: list[Page] = []
    with pytest.raises(CredentialsError, match="invalid_client"):
        log_in(server, lambda visit: pages.append(visit.come_back()))
    assert "The login failed" in pages[0].text
    assert "invalid_client" in pages[0].text


def test_a_code_is_not_sent_twice(server: Server, identity: Identity) -> None:
    class Gone(Identity):
        def __call__(self, request: Request) -> bytes:
            self.forms.append(request.form)
            return b""  # it may have been used, who knows

    gone = Gone()
    server.answer = gone
    with pytest.raises(CredentialsError):
        log_in(server, Visit.come_back)
    assert len(gone.forms) == 1


def test_nobody_comes_back(server: Server) -> None:
    started = time.monotonic()
    with pytest.raises(CredentialsError, match="Nobody logged in"):
        log_in(server, lambda visit: None, login_timeout=0.2)
    assert time.monotonic() - started < 3


def test_a_login_that_failed_does_not_open_one_window_after_another(
    server: Server, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits: list[Visit] = []

    def act(visit: Visit) -> None:
        visits.append(visit)
        visit.ask(error="access_denied", state=visit.query["state"])

    credentials = person(server, act)
    for _ in range(10):
        with pytest.raises(CredentialsError, match="access_denied"):
            credentials.get_token()
    assert len(visits) == 1
    monkeypatch.setattr(_authorization_code, "_PAUSE", 0.0)
    with pytest.raises(CredentialsError, match="access_denied"):
        credentials.get_token()
    assert len(visits) == 2


def test_a_browser_that_cannot_be_opened_is_an_error_without_its_text(server: Server) -> None:
    def act(visit: Visit) -> None:
        raise RuntimeError("s3cret " + visit.query["state"])

    with pytest.raises(CredentialsError, match=r"could not be opened: RuntimeError at test_token_login\.py") as caught:
        log_in(server, act)
    leaks.assert_none(leaks.shown_by(caught.value), ["s3cret"])


def test_nothing_of_a_login_is_logged_or_shown(
    server: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    states: list[str] = []

    def act(visit: Visit) -> None:
        states.append(visit.query["state"])
        visit.ask("/favicon.ico")
        visit.ask_raw("/" + "x" * 70_000)
        visit.come_back()

    credentials = person(server, act, client_secret=SECRET)
    token = credentials.get_token()
    shown = caplog.text + "".join(capfd.readouterr()) + repr(credentials)
    leaks.assert_none(shown, [CODE, *states, token, "refresh-1", SECRET])


def test_the_errors_after_a_login_show_nothing_of_it(server: Server, identity: Identity) -> None:
    identity.refused = "invalid_grant"
    with pytest.raises(CredentialsError) as caught:
        log_in(server, Visit.come_back, client_secret=SECRET)
    leaks.assert_none(leaks.shown_by(caught.value), [CODE, SECRET])


@pytest.mark.skipif(sys.platform != "linux", reason="only there all of 127.0.0.0/8 belongs to this machine")
def test_no_other_address_of_the_machine_is_listened_on(server: Server) -> None:
    refused: list[bool] = []

    def act(visit: Visit) -> None:
        try:
            socket.create_connection(("127.0.0.2", visit.port), 5).close()
            refused.append(False)
        except ConnectionRefusedError:
            refused.append(True)
        visit.come_back()

    log_in(server, act)
    assert refused == [True]


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")


@needs_ipv6
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_localhost_is_both_addresses(address: str, server: Server) -> None:
    pages: list[Page] = []

    def act(visit: Visit) -> None:
        assert visit.redirect.hostname == "localhost"
        query = urlencode({"code": CODE, "state": visit.query["state"]})
        pages.append(visit.ask_raw(f"/signin-callback?{query}", at=address))

    assert log_in(server, act, redirect_url="http://localhost:0/signin-callback") == "token-1"
    assert pages[0].status == 200


@needs_ipv6
def test_a_redirect_to_the_address_of_ipv6(server: Server) -> None:
    assert log_in(server, Visit.come_back, redirect_url="http://[::1]:0/signin-callback") == "token-1"


@pytest.mark.parametrize("address", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_a_port_that_somebody_else_listens_on_is_not_shared(address: str, server: Server) -> None:
    # Also if only one of the two addresses is taken: the browser may send the code there.
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CredentialsError, match="End the program that uses the port"):
            person(server, Visit.come_back, redirect_url=f"http://localhost:{port}/signin-callback").get_token()


def test_the_same_port_serves_one_login_after_another(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for number in (1, 2, 3):
        assert log_in(server, Visit.come_back, redirect_url=f"http://127.0.0.1:{port}/signin-callback") == (
            f"token-{number}"
        )


def test_a_path_is_not_needed(server: Server) -> None:
    def act(visit: Visit) -> None:
        assert visit.redirect.path == ""
        visit.ask("/", code=CODE, state=visit.query["state"])

    assert log_in(server, act, redirect_url="http://127.0.0.1:0") == "token-1"


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
    redirect_url="http://127.0.0.1:0/signin-callback",
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
    redirect_url="http://127.0.0.1:0/signin-callback",
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
