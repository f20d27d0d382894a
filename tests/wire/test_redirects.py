"""Where the token goes when an answer leads elsewhere. A recording proxy sees every host that is asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from itwin_platform import errors
from itwin_platform.models import Resource
from tests.support.engines import Engine
from tests.support.examples import example
from tests.support.proxies import RecordingProxy
from tests.support.scripted import Received, ScriptedServer, answer
from tests.wire.conftest import Authority

API, FEDERATED, EVIL = "api.bentley.com", "fed-api.bentley.com", "evil.example"
RESOURCE = answer(200, example("get-repository-resource"))
START = "/itwins/i-1/repositories/r-2/resources/x-3"


def get_resource(platform: Any) -> Any:
    return platform.repositories.get_resource("i-1", "r-2", "x-3")


@dataclass
class Platform:
    """The platform's hosts on this machine, and the proxy that leads there."""

    proxy: RecordingProxy
    server: ScriptedServer
    file: str

    @property
    def arguments(self) -> dict[str, Any]:
        return {"proxy": self.proxy.url, "verify": self.file}

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Host and path of each request."""
        return [(request.headers["host"], request.path) for request in self.server.received]


@contextmanager
def platform(
    authority: Authority, *scripts: Any, names: tuple[str, ...] = (API, FEDERATED, "qa-api.bentley.com")
) -> Iterator[Platform]:
    with (
        ScriptedServer(*scripts, tls=authority.server(*names, EVIL)) as server,
        # The wrong hosts could be reached as well: only the client keeps away from them.
        RecordingProxy(dict.fromkeys((*names, EVIL), server.port)) as proxy,
    ):
        yield Platform(proxy, server, str(authority.file))


def redirect(location: str | None, status: int = 302, **headers: str) -> bytes:
    return answer(status, **headers) if location is None else answer(status, location=location, **headers)


FOLLOWED = {
    "federated": (f"https://{FEDERATED}/r", FEDERATED, "/r"),
    "federated, default port": (f"https://{FEDERATED}:443/r", FEDERATED, "/r"),
    "same host": (f"https://{API}/r", API, "/r"),
    "path": ("/r?a=b", API, "/r?a=b"),
    "relative": ("r", API, "/itwins/i-1/repositories/r-2/resources/r"),
    "query": ("?u=a:b/c", API, f"{START}?u=a:b/c"),
    "dots": ("/a/../r", API, "/r"),
    "fragment": (f"https://{FEDERATED}/r#part", FEDERATED, "/r"),
    "signed query": (f"https://{FEDERATED}/r?sig=a%2Fb%2Bc%3D&se=2026-01-01T00%3A00%3A00Z", FEDERATED, None),
    "no path": (f"https://{FEDERATED}", FEDERATED, "/"),
}
REFUSED = {
    # shapes
    "empty": "",
    "space": " ",
    "script": "javascript:alert(1)",
    "data": "data:text/html,x",
    "file": "file:///etc/passwd",
    "ftp": f"ftp://{API}/r",
    "blob": f"blob:https://{API}/r",
    "no scheme": f"//{EVIL}/r",
    "no scheme, trusted": f"//{FEDERATED}/r",
    "three slashes": f"https:///{EVIL}/r",
    "one slash": f"https:/{EVIL}/r",
    "no slash": f"https:{EVIL}/r",
    "backslashes": f"https:\\\\{EVIL}\\r",
    "backslash path": f"/\\{EVIL}/r",
    "backslash after host": f"https://{API}\\@{EVIL}/r",
    "plain http": f"http://{API}/r",
    "plain http, federated": f"http://{FEDERATED}/r",
    "websocket": f"wss://{API}/r",
    "tab inside": f"https://{API}\t.{EVIL}/r",
    "space inside": f"https://{API} .{EVIL}/r",
    "quote": f'https://{API}/r"x',
    "angle": f"https://{API}/<r>",
    "not ascii": f"https://{API}/\u00fc",
    "endless": f"https://{API}/" + "a" * 9000,
    "broken address": "https://[::1/r",
    "broken port": f"https://{API}:port/r",
    "port out of range": f"https://{API}:99999/r",
    "upper case scheme": f"HTTPS://{EVIL}/r",
    "scheme in a word": f"xhttps://{API}/r",
    # hosts
    "evil": f"https://{EVIL}/r",
    "user": f"https://user@{API}/r",
    "user and password": f"https://user:pw@{API}/r",
    "trusted as user": f"https://{API}@{EVIL}/r",
    "trusted as user and password": f"https://{API}:x@{EVIL}/r",
    "empty user": f"https://@{API}/r",
    "other port": f"https://{API}:8443/r",
    "empty port": f"https://{API}:/r",
    "zeros in port": f"https://{API}:0443/r",
    "longer": f"https://{API}.{EVIL}/r",
    "as a suffix": "https://evilapi.bentley.com/r",
    "no dash": "https://fedapi.bentley.com/r",
    "two labels": "https://a.fed-api.bentley.com/r",
    "below": "https://x.api.bentley.com/r",
    "other name": "https://www.bentley.com/r",
    "bare": "https://bentley.com/r",
    "identity": "https://ims.bentley.com/r",
    "trailing dot": f"https://{API}./r",
    "escaped dot": "https://api%2ebentley.com/r",
    "escaped slash": f"https://{EVIL}%2f{API}/r",
    "punycode": "https://xn--es-api.bentley.com/r",
    "dash first": "https://-api.bentley.com/r",
    "fullwidth dots": "https://api\uff0ebentley\uff0ecom/r",
    "homograph": "https://\u0430pi.bentley.com/r",
    "address": "https://127.0.0.1/r",
    "address as a number": "https://2130706433/r",
    "metadata": "http://169.254.169.254/latest",
    "six": "https://[::1]/r",
    "sharp s": "https://bentley.com\u00df/r",
}


def test_there_are_at_least_as_many_forms_as_were_found() -> None:
    assert len(FOLLOWED) + len(REFUSED) >= 58


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_trusted_redirect_is_followed(engine: Engine, authority: Authority, name: str) -> None:
    location, host, path = FOLLOWED[name]
    with platform(authority, redirect(location), RESOURCE) as there:
        result = engine(get_resource, **there.arguments)
        assert there.asked[0] == (API, START)
        # The address goes over the wire as it came, signatures included.
        assert there.asked[1:] == [(host, path or location.partition(FEDERATED)[2])]
        assert isinstance(result, Resource)


@pytest.mark.parametrize("name", REFUSED)
def test_an_untrusted_redirect_is_refused_before_any_contact(engine: Engine, authority: Authority, name: str) -> None:
    """CVE-2018-18074, CVE-2018-20060, CVE-2022-27774 and their kin: no other host, port or scheme hears of it."""
    location = REFUSED[name].encode("utf-8").decode("latin-1")
    with platform(authority, redirect(location), RESOURCE) as there:
        (error,) = engine.many(get_resource, 1, **there.arguments)
        assert isinstance(error, errors.RedirectError)
        assert there.proxy.asked == [f"CONNECT {API}:443"]
        assert there.asked == [(API, START)]
        assert "/r" not in str(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_each_kind_of_redirect(engine: Engine, authority: Authority, status: int) -> None:
    with platform(authority, redirect(f"https://{FEDERATED}/r", status), RESOURCE) as there:
        assert isinstance(engine(get_resource, **there.arguments), Resource)


@pytest.mark.parametrize("locations", [(), (f"https://{FEDERATED}/r", f"https://{EVIL}/r")], ids=["none", "two"])
def test_there_has_to_be_one_address(engine: Engine, authority: Authority, locations: tuple[str, ...]) -> None:
    head = "HTTP/1.1 302 Found\r\n" + "".join(f"Location: {location}\r\n" for location in locations)
    with platform(authority, f"{head}Content-Length: 0\r\n\r\n".encode()) as there:
        (error,) = engine.many(get_resource, 1, **there.arguments)
        assert isinstance(error, errors.RedirectError)
        assert there.proxy.asked == [f"CONNECT {API}:443"]


def test_five_hops_and_no_more(engine: Engine, authority: Authority) -> None:
    with platform(authority, *[redirect(f"https://{FEDERATED}/r")] * 5, RESOURCE) as there:
        assert isinstance(engine(get_resource, **there.arguments), Resource)
    with platform(authority, redirect(f"https://{FEDERATED}/r")) as there:
        (error,) = engine.many(get_resource, 1, **there.arguments)
        assert isinstance(error, errors.RedirectError)
        assert len(there.asked) == 6


def test_each_hop_is_signed_afresh_with_the_same_few_headers(engine: Engine, authority: Authority) -> None:
    """CVE-2023-32681, CVE-2024-37891, CVE-2026-34518, CVE-2026-40895: nothing else travels along."""
    tokens = iter(f"token-{number}" for number in range(1, 9))
    cookies = redirect(f"https://{FEDERATED}/r", set_cookie="a=b; Domain=.bentley.com")
    with platform(authority, cookies, RESOURCE) as there:
        proxy = there.proxy.url.replace("//", "//user:password@")
        engine(get_resource, lambda: next(tokens), **{**there.arguments, "proxy": proxy})
        first, second = there.server.received
        assert [first.headers["authorization"], second.headers["authorization"]] == ["Bearer token-1", "Bearer token-2"]
        for request in (first, second):
            assert set(request.headers) <= {
                "host",
                "accept",
                "accept-encoding",
                "user-agent",
                "authorization",
                "connection",
                "prefer",
            }
        assert second.headers["accept"] == first.headers["accept"]
        # CVE-2026-44431: the proxy hears its own password and no token.
        for head in there.proxy.heads:
            assert "Basic dXNlcjpwYXNzd29yZA==" in head
            assert "token-" not in head


def test_cookies_are_not_kept(engine: Engine, authority: Authority) -> None:
    """CVE-2023-43804, CVE-2026-34993, CVE-2026-47265, CVE-2026-54279: no jar, so nothing to send."""
    with platform(authority, answer(200, example("get-repository-resource"), set_cookie="a=b; Path=/")) as there:
        engine.many(get_resource, 3, **there.arguments)
        assert len(there.server.received) == 3
        assert all("cookie" not in request.headers for request in there.server.received)


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/r", "/r"])
def test_the_configured_address_is_trusted_on_this_machine(engine: Engine, address: str) -> None:
    def first(request: Received) -> bytes:
        return redirect(address.format(port=request.headers["host"].rpartition(":")[2]))

    with ScriptedServer(first, RESOURCE) as server:
        assert isinstance(engine(get_resource, api_url=server.url), Resource)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "[::1]"])
def test_another_name_of_this_machine_is_not(engine: Engine, host: str) -> None:
    with ScriptedServer(lambda r: redirect(f"http://{host}:{r.headers['host'].rpartition(':')[2]}/r")) as server:
        (error,) = engine.many(get_resource, 1, api_url=server.url)
    assert isinstance(error, errors.RedirectError)
    assert len(server.received) == 1


def test_from_this_machine_to_the_platform_and_back_only_if_configured(engine: Engine, authority: Authority) -> None:
    with ScriptedServer(RESOURCE) as local, platform(authority, redirect(f"{local.url}/r")) as there:
        (error,) = engine.many(get_resource, 1, **there.arguments)
        assert isinstance(error, errors.RedirectError)
        assert local.received == []


def test_the_body_of_a_redirect_is_not_read(engine: Engine) -> None:
    """CVE-2026-21441: neither a bomb nor an endless body in a redirect costs anything."""
    endless = b"HTTP/1.1 302 Found\r\nLocation: /r\r\nContent-Encoding: gzip\r\nContent-Length: 9999999999\r\n\r\n"
    with ScriptedServer(endless, RESOURCE) as server:
        began = time.monotonic()
        assert isinstance(engine(get_resource, api_url=server.url, deadline=10), Resource)
        assert time.monotonic() - began < 5
    # What was left unread is not used again.
    assert server.connections == 2


def test_retries_start_over_and_have_one_budget(engine: Engine, authority: Authority, clock: Any) -> None:
    broken = answer(503)
    script = (redirect(f"https://{FEDERATED}/r"), broken) * 9
    with platform(authority, *script) as there:
        (error,) = engine.many(get_resource, 1, **there.arguments)
        assert isinstance(error, errors.ServerError)
        assert [host for host, _ in there.asked] == [API, FEDERATED] * 4
    assert clock.sleeps


def test_a_refused_token_at_a_federated_host_is_renewed(engine: Engine, authority: Authority) -> None:
    class Credentials:
        def __init__(self) -> None:
            self.number = 1
            self.refused: list[str] = []

        def get_token(self) -> str:
            return f"token-{self.number}"

        async def aget_token(self) -> str:
            return self.get_token()

        def invalidate(self, token: str) -> None:
            self.refused.append(token)
            self.number += 1

    credentials = Credentials()
    hop = redirect(f"https://{FEDERATED}/r")
    with platform(authority, hop, answer(401), hop, RESOURCE) as there:
        assert isinstance(engine(get_resource, credentials, **there.arguments), Resource)
        assert credentials.refused == ["token-1"]
        assert [request.headers["authorization"][7:] for request in there.server.received] == [
            "token-1",
            "token-1",
            "token-2",
            "token-2",
        ]


def test_an_endless_host_takes_no_time(engine: Engine) -> None:
    """CVE-2024-3651: names are compared, never handed to a slow codec."""
    with ScriptedServer(redirect("https://" + "a" * 8000 + ".example/")) as server:
        began = time.process_time()
        (error,) = engine.many(get_resource, 1, api_url=server.url)
        assert time.process_time() - began < 1
    assert isinstance(error, errors.RedirectError)
    assert len(str(error)) < 600
