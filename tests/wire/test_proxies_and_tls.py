"""Proxies and certificate authorities, over real sockets: the ones that are given, and those of the environment."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from itwin_platform import errors
from itwin_platform.models import ITwin
from tests.support.clock import VirtualClock
from tests.support.engines import Engine, get_itwin
from tests.support.examples import example
from tests.support.proxies import RecordingProxy
from tests.support.scripted import ScriptedServer, answer
from tests.wire.conftest import Authority

GOOD = answer(200, example("get-itwin"))


def test_the_proxy_of_the_environment(engine: Engine, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        ScriptedServer(GOOD, tls=authority.server("api.bentley.com")) as server,
        RecordingProxy({"api.bentley.com": server.port}) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:pass%40word@"))
        assert isinstance(engine(get_itwin, verify=authority.file), ITwin)
        assert proxy.asked == ["CONNECT api.bentley.com:443"]
        assert "Proxy-Authorization: Basic dXNlcjpwYXNzQHdvcmQ=" in proxy.heads[0]
        assert "proxy-authorization" not in server.received[0].headers


def test_a_proxy_with_an_ipv6_address(engine: Engine) -> None:
    try:
        listening = RecordingProxy(host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listening as proxy:
        (error,) = engine.many(get_itwin, 1, proxy=proxy.url, retry=None)
        assert proxy.asked == ["CONNECT api.bentley.com:443"]
    assert isinstance(error, errors.TransportError)


@pytest.mark.parametrize("value", ["api.bentley.com", ".bentley.com", "bentley.com", "*", "other, api.bentley.com"])
def test_no_proxy_of_the_environment(
    engine: Engine, authority: Authority, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    resolve = socket.getaddrinfo

    def here(host: Any, *rest: Any, **named: Any) -> Any:
        return resolve("127.0.0.1" if host in {"api.bentley.com", b"api.bentley.com"} else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    with ScriptedServer(GOOD, tls=authority.server("api.bentley.com")) as server, RecordingProxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", value)
        url = f"https://api.bentley.com:{server.port}"
        assert isinstance(engine(get_itwin, verify=authority.file, api_url=url), ITwin)
        assert proxy.asked == []


def test_this_machine_is_never_reached_through_the_proxy_of_the_environment(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer(GOOD) as server, RecordingProxy() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert isinstance(engine(get_itwin, api_url=server.url), ITwin)
        assert proxy.asked == []


def test_a_proxy_that_refuses(engine: Engine, clock: VirtualClock) -> None:
    with RecordingProxy() as proxy:
        (error,) = engine.many(get_itwin, 1, proxy=proxy.url.replace("//", "//user:MARK@"))
    assert isinstance(error, errors.TransportError)
    assert error.phase == "connect"
    assert "through the proxy, which has answered 502" in str(error)
    assert "MARK" not in str(error)


def test_a_proxy_that_wants_another_password_is_asked_once(engine: Engine, clock: VirtualClock) -> None:
    with RecordingProxy(demands="Proxy-Authorization: Basic bWU6cmlnaHQ=") as proxy:
        (error,) = engine.many(get_itwin, 1, proxy=proxy.url.replace("//", "//me:MARK@"))
        assert len(proxy.heads) == 1
    assert isinstance(error, errors.TransportError)
    assert error.final
    assert "through the proxy, which has answered 407" in str(error)
    assert "MARK" not in str(error)


@pytest.mark.parametrize("proxy", ["nonsense", "ftp://host", "http://", "http://host:port", "http://ho st", 5, ""])
def test_a_proxy_that_is_none(engine: Engine, proxy: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match="proxy") as caught:
        engine(get_itwin, proxy=proxy)
    assert "user" not in str(caught.value)


def test_a_proxy_of_the_environment_that_is_none(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:MARK@host:port")
    (error,) = engine.many(get_itwin, 1)
    assert isinstance(error, errors.ConfigurationError)
    assert "MARK" not in str(error)


def test_netrc_is_not_read(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """CVE-2024-47081: no password of another file is ever sent."""
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login me password MARK\ndefault login me password MARK\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    monkeypatch.setenv("HOME", str(tmp_path))
    with ScriptedServer(GOOD) as server:
        engine(get_itwin, api_url=server.url)
    assert server.received[0].headers["authorization"] == "Bearer token"


def test_an_authority_of_ones_own(engine: Engine, authority: Authority) -> None:
    context = ssl.create_default_context(cafile=authority.file)
    with ScriptedServer(GOOD, tls=authority.server("127.0.0.1")) as server:
        for verify in (authority.file, str(authority.file), context):
            assert isinstance(engine(get_itwin, api_url=server.url, verify=verify), ITwin)


def test_an_authority_of_the_environment(engine: Engine, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with ScriptedServer(GOOD, tls=authority.server("127.0.0.1")) as server:
        assert isinstance(engine(get_itwin, api_url=server.url), ITwin)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file) + ".missing")
    (error,) = engine.many(get_itwin, 1, api_url="https://127.0.0.1:1")
    assert isinstance(error, errors.ConfigurationError)
    assert str(error).startswith("SSL_CERT_FILE: no certificate authorities can be read from")


@pytest.mark.parametrize("case", ["unknown authority", "other name"])
def test_a_bad_certificate_is_told_and_never_tried_again(
    engine: Engine, authority: Authority, clock: VirtualClock, case: str
) -> None:
    """CVE-2024-35195: certificates are verified on every request."""
    name, verify = ("127.0.0.1", None) if case == "unknown authority" else ("evil.example", authority.file)
    with ScriptedServer(GOOD, tls=authority.server(name)) as server:
        (error,) = engine.many(get_itwin, 1, api_url=server.url, verify=verify)
    assert isinstance(error, errors.TransportError)
    assert error.phase == "tls"
    assert "certificate" in str(error)
    assert ("unable to get local issuer" if case == "unknown authority" else "mismatch") in str(error)
    assert not clock.sleeps
    assert server.connections == 1
    assert server.received == []


def test_plain_http_where_tls_is_expected(engine: Engine, clock: VirtualClock) -> None:
    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        (error,) = engine.many(get_itwin, 1, api_url=url, deadline=20)
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    assert isinstance(error, errors.TransportError)
    assert error.phase == "tls"


@pytest.mark.parametrize("verify", [False, True, 5])
def test_verification_cannot_be_switched_off_by_accident(engine: Engine, verify: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match="verify"):
        engine(get_itwin, verify=verify)


def test_an_authority_that_cannot_be_read(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match="verify: there is no file or folder"):
        engine.many(get_itwin, 1, verify=tmp_path / "none.pem", api_url="https://127.0.0.1:1")
    (tmp_path / "text.pem").write_text("no certificate", "ascii")
    (error,) = engine.many(get_itwin, 1, verify=tmp_path / "text.pem", api_url="https://127.0.0.1:1")
    assert isinstance(error, errors.ConfigurationError)
    assert "verify" in str(error)
