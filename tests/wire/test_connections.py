"""Connections: kept, shared, given back, closed, through proxies and with authorities of one's own."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import trio

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors
from itwin_platform.models import ITwin
from tests.support.engines import Engine, get_itwin
from tests.support.examples import example
from tests.support.scripted import ByHand, Received, ScriptedServer, answer
from tests.wire.conftest import Authority

GOOD = answer(200, example("get-itwin"))
ASYNC = pytest.mark.parametrize("aiohttp", [False, True], ids=["async", "aiohttp"])


def test_a_connection_is_used_again(engine: Engine) -> None:
    with ScriptedServer(GOOD) as server:
        results = engine.many(get_itwin, 5, api_url=server.url)
    assert all(isinstance(result, ITwin) for result in results)
    assert server.connections == 1


def test_a_connection_is_used_again_after_an_error(engine: Engine) -> None:
    with ScriptedServer(answer(404, {"error": {"code": "iTwinNotFound", "message": "no"}}), GOOD) as server:
        engine.many(get_itwin, 3, api_url=server.url)
    assert server.connections == 1


def test_many_threads_share_one_client() -> None:
    with (
        ScriptedServer(GOOD) as server,
        ITwinPlatform("token", api_url=server.url) as platform,
        ThreadPoolExecutor(20) as pool,
    ):
        results = list(pool.map(lambda _: platform.itwins.get("i-1"), range(200)))
    assert len(results) == 200
    assert server.connections <= 20


@ASYNC
def test_many_tasks_share_one_client(aiohttp: bool) -> None:
    async def main(url: str) -> list[Any]:
        async with AsyncITwinPlatform("token", api_url=url, aiohttp=aiohttp) as platform:
            return await asyncio.gather(*(platform.itwins.get("i-1") for _ in range(50)))

    with ScriptedServer(GOOD) as server:
        assert len(asyncio.run(main(server.url))) == 50
    assert server.connections <= 50


def assert_nothing_left_open(recwarn: pytest.WarningsRecorder) -> None:
    gc.collect()
    assert [str(warning.message) for warning in recwarn if issubclass(warning.category, ResourceWarning)] == []


@ASYNC
def test_one_client_serves_event_loops_after_each_other(aiohttp: bool, recwarn: pytest.WarningsRecorder) -> None:
    """What a loop has opened is closed before it ends, although the client goes on."""
    with ScriptedServer(GOOD) as server:
        platform = AsyncITwinPlatform("token", api_url=server.url, aiohttp=aiohttp)

        async def main() -> Any:
            return await asyncio.gather(*(platform.itwins.get("i-1") for _ in range(3)))

        for _ in range(3):
            assert len(asyncio.run(main())) == 3
        assert_nothing_left_open(recwarn)
        # What the earlier loops have opened is of no use to the next, and is not kept.
        assert len(platform._pipeline._transport._homes) == 1


@ASYNC
def test_one_client_serves_two_event_loops_at_once(aiohttp: bool, recwarn: pytest.WarningsRecorder) -> None:
    with ScriptedServer(GOOD) as server:
        platform = AsyncITwinPlatform("token", api_url=server.url, aiohttp=aiohttp)
        both = threading.Barrier(2)

        async def main() -> Any:
            first = await platform.itwins.get("i-1")
            await asyncio.to_thread(both.wait, 10)
            second = await platform.itwins.get("i-1")
            await asyncio.to_thread(both.wait, 10)
            return first, second

        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda _: asyncio.run(main()), range(2)))
        assert_nothing_left_open(recwarn)
    assert len(results) == 2


def test_one_client_serves_trio_again_and_again(recwarn: pytest.WarningsRecorder) -> None:
    with ScriptedServer(GOOD) as server:
        platform = AsyncITwinPlatform("token", api_url=server.url)

        async def main() -> Any:
            return await platform.itwins.get("i-1")

        for _ in range(3):
            assert isinstance(trio.run(main), ITwin)
        assert_nothing_left_open(recwarn)


def test_trio_works_too() -> None:
    async def main(url: str) -> Any:
        async with AsyncITwinPlatform(lambda: "token", api_url=url) as platform:
            return [await platform.itwins.get("i-1") for _ in range(2)]

    with ScriptedServer(GOOD) as server:
        assert len(trio.run(main, server.url)) == 2
        assert server.connections == 1


def test_trio_has_deadlines_too() -> None:
    async def main(url: str) -> Any:
        async with AsyncITwinPlatform("token", api_url=url, deadline=0.2) as platform:
            await platform.itwins.get("i-1")

    silent = ByHand(lambda connection: connection.recv(1))
    with ScriptedServer(silent) as server, pytest.raises(errors.DeadlineExceeded):
        trio.run(main, server.url)


@ASYNC
def test_cancelled_calls_leave_the_pool_healthy(aiohttp: bool) -> None:
    release = threading.Event()

    def slow(request: Received) -> bytes:
        release.wait(10)
        return GOOD

    async def main(url: str) -> list[Any]:
        async with AsyncITwinPlatform("token", api_url=url, aiohttp=aiohttp) as platform:
            for moment in range(5):
                tasks = [asyncio.create_task(platform.itwins.get("i-1")) for _ in range(30)]
                for _ in range(moment * 4):
                    await asyncio.sleep(0)
                for task in tasks:
                    task.cancel()
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
                assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
            release.set()
            return await asyncio.gather(*(platform.itwins.get("i-1") for _ in range(50)))

    with ScriptedServer(slow) as server:
        assert len(asyncio.run(main(server.url))) == 50


@ASYNC
def test_closing_leaves_nothing_open(aiohttp: bool, recwarn: pytest.WarningsRecorder) -> None:
    async def main(url: str) -> None:
        async with AsyncITwinPlatform("token", api_url=url, aiohttp=aiohttp) as platform:
            await platform.itwins.get("i-1")

    with ScriptedServer(GOOD) as server:
        asyncio.run(main(server.url))
    assert_nothing_left_open(recwarn)


@ASYNC
@pytest.mark.parametrize("where", ["handshake", "body"])
def test_a_call_that_is_given_up_leaves_nothing_open(
    aiohttp: bool, where: str, authority: Authority, recwarn: pytest.WarningsRecorder
) -> None:
    """A deadline in the middle of a TLS handshake, or of a body over TLS."""

    async def main(url: str) -> None:
        arguments: dict[str, Any] = {"verify": authority.file, "aiohttp": aiohttp, "deadline": 0.2}
        async with AsyncITwinPlatform("token", api_url=url, **arguments) as platform:
            with pytest.raises(errors.DeadlineExceeded):
                await platform.itwins.get("i-1")

    def start(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
        connection.recv(1)

    with (
        ScriptedServer(ByHand(start), tls=authority.server("127.0.0.1")) as server,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        asyncio.run(main(server.url if where == "body" else f"https://127.0.0.1:{silent.getsockname()[1]}"))
        assert_nothing_left_open(recwarn)


def test_a_closed_client_says_so(engine: Engine) -> None:
    with ScriptedServer(GOOD) as server:
        if engine.kind is ITwinPlatform:
            platform: Any = engine.client(api_url=server.url)
            platform.itwins.get("i-1")
            platform.close()
            platform.close()
            with pytest.raises(errors.ConfigurationError, match="closed"):
                platform.itwins.get("i-1")
            return

        async def main() -> None:
            platform: Any = engine.client(api_url=server.url)
            await platform.itwins.get("i-1")
            await platform.aclose()
            await platform.aclose()
            with pytest.raises(errors.ConfigurationError, match="closed"):
                await platform.itwins.get("i-1")

        asyncio.run(main())


def test_the_bytes_on_the_wire_are_those_of_one_request(engine: Engine) -> None:
    """GHSA-pf96-p4fj-6566 and kin: exactly these headers, once each, and no body."""
    with ScriptedServer(GOOD) as server:
        engine(get_itwin, api_url=server.url)
    (request,) = server.received
    lines = request.head.split(b"\r\n")
    assert lines[0] == b"GET /itwins/i-1 HTTP/1.1"
    names = sorted(line.split(b":")[0].lower() for line in lines[1:])
    assert [name for name in names if name != b"connection"] == [
        b"accept",
        b"accept-encoding",
        b"authorization",
        b"host",
        b"user-agent",
    ]


# Proxies


# Certificates


# Engines


def test_aiohttp_does_the_work_if_it_is_there() -> None:
    async def main(url: str, **arguments: Any) -> str:
        async with AsyncITwinPlatform("token", api_url=url, **arguments) as platform:
            await platform.itwins.get("i-1")
            home = platform._pipeline._transport._homes[asyncio.get_running_loop()]
            (engine,) = home.origins[url].all
            return type(engine).__name__

    with ScriptedServer(GOOD) as server:
        assert asyncio.run(main(server.url)) == "AiohttpEngine"
        assert asyncio.run(main(server.url, aiohttp=True)) == "AiohttpEngine"
        assert asyncio.run(main(server.url, aiohttp=False)) == "HttpcoreEngine"
        assert asyncio.run(main(server.url, http2=True)) == "HttpcoreEngine"


def missing(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)


def test_extras_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    missing(monkeypatch, "aiohttp", "h2", "socksio")
    with pytest.raises(errors.ConfigurationError, match=r"itwin-platform\[aiohttp\]"):
        AsyncITwinPlatform("token", aiohttp=True)
    with pytest.raises(errors.ConfigurationError, match=r"itwin-platform\[http2\]"):
        ITwinPlatform("token", http2=True)
    with pytest.raises(errors.ConfigurationError, match="socksio"):
        ITwinPlatform("token", proxy="socks5://127.0.0.1:1")
    with pytest.raises(errors.ConfigurationError, match="aiohttp and http2"):
        AsyncITwinPlatform("token", aiohttp=True, http2=True)


@pytest.mark.parametrize("version", [None, "3.9.5"])
def test_without_a_usable_aiohttp_httpcore_does_the_work(monkeypatch: pytest.MonkeyPatch, version: str | None) -> None:
    if version is None:
        missing(monkeypatch, "aiohttp")
    else:
        monkeypatch.setattr("importlib.metadata.version", {"aiohttp": version}.__getitem__)
    with pytest.raises(errors.ConfigurationError, match=r"itwin-platform\[aiohttp\]"):
        AsyncITwinPlatform("token", aiohttp=True)

    async def main(url: str) -> Any:
        async with AsyncITwinPlatform("token", api_url=url) as platform:
            return await platform.itwins.get("i-1")

    with ScriptedServer(GOOD) as server:
        assert isinstance(asyncio.run(main(server.url)), ITwin)


def test_http2_is_spoken_where_it_is_asked_for(authority: Authority) -> None:
    """HTTP/2 is off by default: what is offered in the handshake tells."""
    offered: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.ca.issue_cert("127.0.0.1").configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])

    def look(connection: Any) -> None:
        offered.append(connection.selected_alpn_protocol())

    for http2 in (False, True):
        with ScriptedServer(ByHand(look), tls=context) as server:
            platform = ITwinPlatform("t", api_url=server.url, verify=authority.file, http2=http2, retry=None)
            with platform, pytest.raises(errors.TransportError):
                platform.itwins.get("i-1")
    assert offered == ["http/1.1", "h2"]
