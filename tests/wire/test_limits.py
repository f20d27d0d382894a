"""Bounds of one call: time, whatever drips, and memory, whatever is sent."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from itwin_platform import ITwinPlatform, errors
from itwin_platform.models import ITwin
from tests.support.engines import Engine, get_itwin
from tests.support.examples import example
from tests.support.scripted import ByHand, ScriptedServer, answer
from tests.wire.conftest import Authority

GOOD = answer(200, example("get-itwin"))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


def drip(start: bytes, piece: bytes) -> ByHand:
    """Send something, and then a little more again and again, until the other side has had enough."""

    def act(connection: socket.socket) -> None:
        enough = threading.Event()
        with suppress(OSError):
            connection.sendall(start)
            while not enough.wait(0.05):
                connection.sendall(piece)

    return ByHand(act)


DRIPS = {
    "head": drip(b"HTTP/1.1 200 OK\r\nX-Drip: ", b"x"),
    "headers": drip(b"HTTP/1.1 200 OK\r\n", b"X-Drip: x\r\n"),
    "early hints": drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "body": drip(HEAD, b" "),
    "chunks": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "gzip": drip(
        HEAD.replace(b"Content-L", b"Content-Encoding: gzip\r\nContent-L") + gzip.compress(b"x")[:10], b"\0\0\0\xff\xff"
    ),
    "error": drip(HEAD.replace(b"200", b"500"), b" "),
    "silence": ByHand(lambda connection: connection.recv(1)),
}


@contextmanager
def silent_listener() -> Iterator[int]:
    """A server that takes connections and says nothing, so that a handshake never ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_whatever_drips_ends_with_the_deadline(engine: Engine, authority: Authority) -> None:
    """Head, body, TLS handshake, proxy: a deadline of one second is over within 1.2."""
    with ExitStack() as servers:
        cases = {name: {"api_url": servers.enter_context(ScriptedServer(script)).url} for name, script in DRIPS.items()}
        encrypted = servers.enter_context(ScriptedServer(DRIPS["body"], tls=authority.server("127.0.0.1")))
        silent = servers.enter_context(silent_listener())
        cases["body over TLS"] = {"api_url": encrypted.url}
        cases["TLS handshake"] = {"api_url": f"https://127.0.0.1:{silent}"}
        cases["proxy"] = {"proxy": f"http://127.0.0.1:{silent}"}

        def call(arguments: dict[str, Any]) -> tuple[type[Exception], float]:
            began = time.monotonic()
            (error,) = engine.many(get_itwin, 1, deadline=1.0, verify=authority.file, **arguments)
            return type(error), time.monotonic() - began

        with ThreadPoolExecutor(len(cases)) as pool:
            outcomes = dict(zip(cases, pool.map(call, cases.values()), strict=True))
    assert {name: kind for name, (kind, _) in outcomes.items()} == dict.fromkeys(cases, errors.DeadlineExceeded)
    assert {name: took for name, (_, took) in outcomes.items() if not 0.95 <= took < 1.2} == {}


@pytest.mark.skipif(sys.platform != "linux", reason="how a full queue of connections behaves differs")
def test_a_host_with_many_dead_addresses_ends_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each address alone may take as long as the deadline allows; all of them together no longer."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    fillers = [socket.socket() for _ in range(8)]
    for filler in fillers:
        filler.setblocking(False)
        with suppress(BlockingIOError):
            filler.connect(("127.0.0.1", port))
    resolve = socket.getaddrinfo
    addresses = [f"127.0.0.{number}" for number in (1, 1, 1)]

    def three(host: Any, *rest: Any, **named: Any) -> Any:
        if host == "localhost":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]
        return resolve(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", three)
    try:
        began = time.monotonic()
        platform = ITwinPlatform("token", api_url=f"http://localhost:{port}", deadline=1.0)
        with platform, pytest.raises(errors.DeadlineExceeded):
            platform.itwins.get("i-1")
        assert time.monotonic() - began < 1.2
    finally:
        for filler in fillers:
            filler.close()
        listener.close()


def test_an_address_that_works_is_found_among_those_that_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def two(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
        if host != "localhost":
            return resolve(host, port, *rest, **named)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in ("127.0.0.2", "127.0.0.1")]

    with ScriptedServer(GOOD) as server:
        monkeypatch.setattr(socket, "getaddrinfo", two)
        with ITwinPlatform("token", api_url=server.url.replace("127.0.0.1", "localhost"), retry=None) as platform:
            assert isinstance(platform.itwins.get("i-1"), ITwin)


def test_many_calls_at_once_keep_to_their_deadlines() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(ScriptedServer(DRIPS["silence"]))
        platform = stack.enter_context(ITwinPlatform("token", api_url=server.url, deadline=1.0, max_in_flight=130))
        with ThreadPoolExecutor(130) as pool:
            began = time.monotonic()

            def call(_: int) -> type[Exception]:
                try:
                    platform.itwins.get("i-1")
                except errors.ITwinPlatformError as error:
                    return type(error)
                return AssertionError

            kinds = set(pool.map(call, range(130)))
            assert time.monotonic() - began < 2.5
    assert kinds == {errors.DeadlineExceeded}


def test_a_slow_token_counts_too(engine: Engine) -> None:
    wait = threading.Event()

    async def token() -> str:
        await asyncio.sleep(5)
        return "token"

    if engine.kind is ITwinPlatform:
        pytest.skip("a callable that blocks a thread cannot be stopped")
    with ScriptedServer(GOOD) as server:
        began = time.monotonic()
        (error,) = engine.many(get_itwin, 1, token, api_url=server.url, deadline=0.3)
    assert isinstance(error, errors.DeadlineExceeded)
    assert time.monotonic() - began < 1
    assert not wait.is_set()


def test_read_and_connect_timeouts_are_transport_errors(engine: Engine) -> None:
    with ScriptedServer(DRIPS["silence"]) as server:
        (error,) = engine.many(get_itwin, 1, api_url=server.url, timeout=0.2, retry=None)
    assert type(error) is errors.TransportError
    assert error.phase == "headers"


MIB = 1024 * 1024


def bomb(times: int) -> bytes:
    """A gibibyte of zeros, compressed so many times."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join(squeezer.compress(bytes(MIB)) for _ in range(1024)) + squeezer.flush()
    for _ in range(times - 1):
        data = gzip.compress(data)
    return data


@pytest.fixture(scope="module")
def bombs() -> dict[int, bytes]:
    return {times: bomb(times) for times in (1, 2)}


@contextmanager
def at_most(extra: int) -> Iterator[None]:
    """Python may not take more memory than that inside."""
    gc.collect()
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < extra
    finally:
        tracemalloc.stop()


BOMBS: dict[str, tuple[Callable[[dict[int, bytes]], bytes], type[Exception]]] = {
    "gzip": (lambda bombs: answer(200, bombs[1], content_encoding="gzip"), errors.ResponseError),
    "double gzip": (lambda bombs: answer(200, bombs[2], content_encoding="gzip, gzip"), errors.ResponseError),
    "double gzip, said once": (lambda bombs: answer(200, bombs[2], content_encoding="gzip"), errors.ResponseError),
    "in an error": (lambda bombs: answer(500, bombs[1], content_encoding="gzip"), errors.ServerError),
    "in a redirect": (
        lambda bombs: answer(302, bombs[1], content_encoding="gzip", location="https://evil.example/"),
        errors.RedirectError,
    ),
    "behind the end": (
        lambda bombs: answer(200, gzip.compress(b"{}") + bytes(200 * MIB), content_encoding="gzip"),
        errors.ResponseError,
    ),
    "plain": (lambda bombs: answer(200, bytes(100 * MIB)), errors.ResponseError),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_little_memory(engine: Engine, bombs: dict[int, bytes], name: str) -> None:
    """CVE-2026-84382, CVE-2025-66418, CVE-2025-66471, CVE-2026-21441, CVE-2026-44432: decompression bombs."""
    make, kind = BOMBS[name]
    data = make(bombs)
    with ScriptedServer(data) as server, at_most(64 * MIB):
        (error,) = engine.many(get_itwin, 1, api_url=server.url, retry=None, max_body_bytes=8 * MIB)
    assert isinstance(error, kind)


def test_the_default_limit_holds(engine: Engine, bombs: dict[int, bytes]) -> None:
    with ScriptedServer(answer(200, bombs[1], content_encoding="gzip")) as server, at_most(64 * MIB):
        (error,) = engine.many(get_itwin, 1, api_url=server.url, retry=None)
    assert isinstance(error, errors.ResponseError)
    assert "larger than 33554432 bytes" in str(error)


def test_a_large_answer_within_the_limit_is_read(engine: Engine) -> None:
    body = example("get-itwin")
    body["iTwin"]["displayName"] = "x" * (2 * MIB)
    with ScriptedServer(answer(200, body)) as server:
        assert len(engine(get_itwin, api_url=server.url).display_name) == 2 * MIB
        (error,) = engine.many(get_itwin, 1, api_url=server.url, max_body_bytes=MIB)
    assert isinstance(error, errors.ResponseError)
