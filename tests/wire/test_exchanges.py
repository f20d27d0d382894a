"""What becomes of a connection after an answer: it is used again, unless it may hold bytes that belong to nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import pytest

from itwin_platform._async.transport import Transport as AsyncTransport
from itwin_platform._http import TransportOptions
from itwin_platform._policies.addresses import Target
from itwin_platform._sync.transport import Transport
from itwin_platform.storage._wire import Wire
from tests.support.scripted import ScriptedServer

OPTIONS = TransportOptions((10.0, 10.0), aiohttp=False)
OWN = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown"
OTHER = OWN.replace(b"own", b"not")

User = Callable[[list[Target]], list[tuple[int, bytes]]]


def by_transport(targets: Iterable[Target]) -> list[tuple[int, bytes]]:
    transport = Transport(OPTIONS)
    try:
        answers = [transport.send("GET", target, [(b"Host", target.host.encode())]) for target in targets]
    finally:
        transport.close()
    return [(answer.status, answer.body) for answer in answers]


def by_async_transport(targets: Iterable[Target]) -> list[tuple[int, bytes]]:
    async def main() -> list[tuple[int, bytes]]:
        transport = AsyncTransport(OPTIONS)
        try:
            answers = [await transport.send("GET", target, [(b"Host", target.host.encode())]) for target in targets]
        finally:
            await transport.aclose()
        return [(answer.status, answer.body) for answer in answers]

    return asyncio.run(main())


def by_storage(targets: Iterable[Target]) -> list[tuple[int, bytes]]:
    wire = Wire(OPTIONS)
    found: list[tuple[int, bytes]] = []
    try:
        for target in targets:
            with wire.exchange("GET", target, [(b"Host", target.host.encode())], None) as response:
                found.append((response.status, b"".join(wire.chunks_of(response))))
    finally:
        wire.close()
    return found


@pytest.mark.parametrize("user", [by_transport, by_async_transport, by_storage])
@pytest.mark.parametrize(
    ("answer", "connections"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 1),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 1),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n", 1),
        (OWN, 1),
        # It has announced what may yet come.
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 42\r\n\r\n", 2),
        (b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", 2),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 42\r\n\r\n", 2),
        # It has come already.
        (b"HTTP/1.1 204 No Content\r\n\r\n" + OTHER, 2),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 42\r\n\r\n" + OTHER, 2),
        (OWN + OTHER, 2),
    ],
)
def test_the_next_request_gets_its_own_answer(user: User, answer: bytes, connections: int) -> None:
    with ScriptedServer(answer, OWN) as server:
        (status, _), second = user([Target(server.url, "/first"), Target(server.url, "/second")])
        assert status == int(answer.split()[1])
        assert second == (200, b"own")
        assert server.connections == connections


@pytest.mark.parametrize("user", [by_transport, by_async_transport, by_storage])
def test_a_request_without_a_body_has_none_on_the_wire(user: User) -> None:
    with ScriptedServer(OWN) as server:
        user([Target(server.url, "/first")])
        (received,) = server.received
        assert received.headers == {"host": f"127.0.0.1:{server.port}"}
    assert received.body == b""
