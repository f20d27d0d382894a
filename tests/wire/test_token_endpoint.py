"""What the token endpoint of the identity service is sent, and every wrong way in which it can answer."""

import asyncio
import base64
import gzip
import json
import logging
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from urllib.parse import unquote_plus

import pytest
import trio

from itwin_platform import RetryPolicy
from itwin_platform.credentials import ClientCredentials, _token_endpoint
from itwin_platform.errors import ConfigurationError, CredentialsError
from tests.support import leaks
from tests.support.token_server import Answer, Request, Server, respond, serving

SECRET = "s3cret-of-the-app"
LIFETIMES: list[object] = ["3600", "soon", None, True, [], 0.5, 10**300, 1e30, int("9" * 390)]
ECHOED = "t0ken-in-a-wrong-answer"
BAD = "400 Bad Request"


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0))


def silence(connection: socket.socket) -> None:
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


def token(value: object, **more: object) -> bytes:
    return respond({"access_token": value, "token_type": "Bearer", "expires_in": 3600, **more})


HOSTILE: dict[str, Answer] = {
    "nothing": b"",
    "garbage": b"\x00\xff not HTTP at all\r\n\r\n",
    "reset": reset,
    "silence": silence,
    "drip": drip,
    "body cut off": b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"access_token": "' + ECHOED.encode(),
    "empty body": respond(b""),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "malformed JSON": respond(b'{"access_token": "' + ECHOED.encode()),
    "HTML": respond(f"<html>{ECHOED}</html>".encode()),
    "null": respond(None),
    "list": respond([{"access_token": ECHOED}]),
    "number": respond(7),
    "string": respond(ECHOED),
    "not UTF-8": respond(b'{"access_token": "\xff\xfe", "refresh_token": "' + ECHOED.encode() + b'"}'),
    "UTF-16": respond(json.dumps({"access_token": ECHOED}).encode("utf-16")),
    "property twice": respond(f'{{"access_token": "{ECHOED}", "access_token": "{ECHOED}"}}'.encode()),
    "not a number": respond(f'{{"access_token": "{ECHOED}", "expires_in": NaN}}'.encode()),
    "deep nesting": respond(b'{"access_token": ' + b"[" * 100_000),
    "number with 5000 digits": respond(f'{{"access_token": "{ECHOED}", "expires_in": {"9" * 5000}}}'.encode()),
    "no access token": respond({"refresh_token": ECHOED, "token_type": "Bearer", "expires_in": 3600}),
    "access token null": token(None, refresh_token=ECHOED),
    "access token a number": token(12345, refresh_token=ECHOED),
    "access token empty": token("", refresh_token=ECHOED),
    "access token with a line break": token(ECHOED + "\r\nX-Injected: 1"),
    "access token with a space": token(ECHOED + " " + ECHOED),
    "access token not ASCII": token(ECHOED + "é"),
    "token type mac": token(ECHOED, token_type="mac"),
    "token type a number": token(ECHOED, token_type=1),
    "expired": token(ECHOED, expires_in=0),
    "expired long ago": token(ECHOED, expires_in=-(10**300)),
    "too large": respond(b" " * (2 * 1024 * 1024) + json.dumps({"access_token": ECHOED}).encode()),
    "compressed unasked": respond(
        gzip.compress(b" " * 50_000_000), headers="Content-Encoding: gzip\r\nContent-Type: application/json\r\n"
    ),
    "refused, secret in the description": respond({"error": "invalid_client", "error_description": SECRET}, BAD),
    "refused, secret as the code": respond({"error": SECRET}, BAD),
    "refused, error an object": respond({"error": {"message": SECRET}}, "401 Unauthorized"),
    "refused, nothing said": respond(b"", "403 Forbidden"),
    "failed with HTML": respond(f"<html>{SECRET}</html>".encode(), "500 Internal Server Error"),
    "unavailable": respond(b"", "503 Service Unavailable"),
    "busy for a day": respond(b"", "429 Too Many Requests", "Retry-After: 86400\r\n"),
    "success that is none": respond({"access_token": ECHOED}, "201 Created"),
    "unknown status": respond({"access_token": ECHOED}, "999 Odd"),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waits between tries, and little patience."""
    monkeypatch.setattr(_token_endpoint, "_POLICY", RetryPolicy(attempts=3, base=0.0))
    monkeypatch.setattr(_token_endpoint, "_TIMEOUT", (1.0, 0.1))
    monkeypatch.setattr(_token_endpoint, "_LIMIT", 0.5)


def sync_token(credentials: ClientCredentials) -> str:
    return credentials.get_token()


def asyncio_token(credentials: ClientCredentials) -> str:
    return asyncio.run(credentials.aget_token())


def trio_token(credentials: ClientCredentials) -> str:
    return trio.run(credentials.aget_token)


Get = Callable[[ClientCredentials], str]
every_way = pytest.mark.parametrize("get", [sync_token, asyncio_token, trio_token])


@every_way
@pytest.mark.parametrize("name", HOSTILE)
def test_a_wrong_answer_is_a_credentials_error_that_shows_nothing(
    name: str, get: Get, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(lambda _: HOSTILE[name]) as server:
        credentials = ClientCredentials("app", SECRET, issuer_url=server.url)
        started = time.monotonic()
        with pytest.raises(CredentialsError) as caught:
            get(credentials)
        assert time.monotonic() - started < 5
    assert type(caught.value) is CredentialsError
    assert "\n" not in str(caught.value)
    encoded = base64.b64encode(f"app:{SECRET}".encode()).decode()
    leaks.assert_none(leaks.shown_by(caught.value) + caplog.text + repr(credentials), [SECRET, ECHOED, encoded])


@every_way
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, get: Get) -> None:
    with serving(lambda _: token(ECHOED)) as other:
        answer = respond(b"", f"{status} Moved", f"Location: {other.url}/connect/token\r\n")
        with serving(lambda _: answer) as server, pytest.raises(CredentialsError, match=str(status)):
            get(ClientCredentials("app", SECRET, issuer_url=server.url))
        assert other.requests == []
        assert server.count() == 1


@pytest.mark.parametrize(
    "answer",
    [
        token("good"),
        respond(b"\xef\xbb\xbf" + b'{"access_token": "good", "token_type": "bearer"}'),
        respond({"access_token": "good"}, headers="Content-Type: text/plain\r\n"),
        *(token("good", expires_in=lifetime) for lifetime in LIFETIMES),
    ],
)
def test_an_answer_that_is_odd_but_clear_is_taken(answer: bytes) -> None:
    with serving(lambda _: answer) as server:
        assert ClientCredentials("app", SECRET, issuer_url=server.url).get_token() == "good"


@pytest.mark.parametrize("secret", ["plain", "a+b/c=%41:&?#", "é ü", "a b", "%", "😀"])
def test_id_and_secret_arrive_as_they_are(secret: str) -> None:
    with serving(lambda _: token("good")) as server:
        ClientCredentials("id:" + secret, secret, issuer_url=server.url).get_token()
    (request,) = server.requests
    scheme, _, encoded = request.headers["authorization"].partition(" ")
    halves = base64.b64decode(encoded).decode("ascii").split(":")
    assert scheme == "Basic"
    assert [unquote_plus(half) for half in halves] == ["id:" + secret, secret]
    assert request.form == {"grant_type": "client_credentials", "scope": "itwin-platform"}


def test_a_service_that_is_unavailable_for_a_moment_is_asked_again() -> None:
    def answer(_: Request) -> bytes:
        return token("good") if server.count() == 3 else respond(b"", "503 Service Unavailable")

    with serving(answer) as server:
        assert ClientCredentials("app", SECRET, issuer_url=server.url).get_token() == "good"
        assert server.count() == 3


def test_a_service_that_is_down_is_asked_three_times() -> None:
    with serving(lambda _: respond(b"", "503 Service Unavailable")) as server:
        with pytest.raises(CredentialsError, match="Try again later"):
            ClientCredentials("app", SECRET, issuer_url=server.url).get_token()
        assert server.count() == 3


def test_a_refusal_is_final() -> None:
    with serving(lambda _: respond({"error": "invalid_scope"}, BAD)) as server:
        with pytest.raises(CredentialsError, match="invalid_scope") as caught:
            ClientCredentials("app", SECRET, issuer_url=server.url).get_token()
        assert caught.value.code == "invalid_scope"
        assert server.count() == 1


@pytest.mark.parametrize(
    ("code", "advice"),
    [("invalid_scope", "Check scope"), ("unauthorized_client", "register it as"), ("invalid_client", "id and secret")],
)
def test_each_refusal_has_the_advice_that_belongs_to_it(code: str, advice: str) -> None:
    with serving(lambda _: respond({"error": code}, BAD)) as server:
        with pytest.raises(CredentialsError, match=advice) as caught:
            ClientCredentials("app", SECRET, issuer_url=server.url).get_token()
        assert caught.value.code == code


def test_nobody_there_is_a_credentials_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(CredentialsError, match="cannot be reached"):
        ClientCredentials("app", SECRET, issuer_url=f"http://127.0.0.1:{port}").get_token()


@every_way
def test_a_proxy_that_cannot_be_used_is_named_as_such(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://proxy")
    monkeypatch.delenv("https_proxy", raising=False)
    with pytest.raises(ConfigurationError, match="proxy"):
        get(ClientCredentials("app", SECRET, issuer_url="https://ims.example.org"))


@pytest.fixture
def service() -> Iterator[Server]:
    with serving(lambda _: token("good")) as server:
        yield server


def test_without_a_client_the_variable_names_the_identity_service(
    service: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ITP_ISSUER_URL", service.url + "/")
    assert ClientCredentials("app", SECRET).get_token() == "good"


def test_a_path_of_the_issuer_stays(service: Server) -> None:
    assert ClientCredentials("app", SECRET, issuer_url=service.url + "/tenant").get_token() == "good"
    assert service.count("/tenant/connect/token") == 1
