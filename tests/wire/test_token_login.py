"""The login in the browser, from the side of everybody who can reach the server that waits for the redirect."""

import base64
import hashlib
import http.client
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlencode

import pytest

from itwin_platform.credentials import _authorization_code
from itwin_platform.errors import CredentialsError
from tests.support import leaks
from tests.support.logins import CODE, SECRET, Identity, Page, Visit, log_in, person
from tests.support.token_server import Request, Server


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

    assert log_in(server, act, redirect_uri="http://localhost:0/signin-callback") == "token-1"
    assert pages[0].status == 200


@needs_ipv6
def test_a_redirect_to_the_address_of_ipv6(server: Server) -> None:
    assert log_in(server, Visit.come_back, redirect_uri="http://[::1]:0/signin-callback") == "token-1"


@pytest.mark.parametrize("address", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_a_port_that_somebody_else_listens_on_is_not_shared(address: str, server: Server) -> None:
    # Also if only one of the two addresses is taken: the browser may send the code there.
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CredentialsError, match="End the program that uses the port"):
            person(server, Visit.come_back, redirect_uri=f"http://localhost:{port}/signin-callback").get_token()


def test_the_same_port_serves_one_login_after_another(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for number in (1, 2, 3):
        assert log_in(server, Visit.come_back, redirect_uri=f"http://127.0.0.1:{port}/signin-callback") == (
            f"token-{number}"
        )


def test_a_path_is_not_needed(server: Server) -> None:
    def act(visit: Visit) -> None:
        assert visit.redirect.path == ""
        visit.ask("/", code=CODE, state=visit.query["state"])

    assert log_in(server, act, redirect_uri="http://127.0.0.1:0") == "token-1"
