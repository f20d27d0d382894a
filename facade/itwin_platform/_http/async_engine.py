"""The async client's connections on httpcore. None is left open when a call is cancelled.

A module of its own, because importing httpcore takes a while and is not needed before the first request.
"""
# ruff: noqa: ASYNC109 (the methods are those of httpcore)

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import httpcore
import sniffio

from .exchanges import Head, NoPieces, has_read_ahead
from .lockless import without_locks
from .routes import Route

if TYPE_CHECKING:
    from .._policies.addresses import Target
    from .._policies.calls import Headers

# Seconds for closing a connection whose call was cancelled.
_PATIENCE = 2.0


class _SelfClosingStream(httpcore.AsyncNetworkStream):
    """A connection that is closed if its TLS handshake is cancelled or fails."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # The buffer holds the token: if the write is cancelled, the variables of this frame must not show it.
        writing = self._stream.write(buffer, timeout)
        del buffer
        await writing

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _SelfClosingStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        found = self._stream.get_extra_info(info)
        # httpcore asks before it uses a connection again. Bytes that are there already are no answer to what comes.
        return found or _has_unread_bytes(self._stream) if info == "is_readable" else found


# Where bytes lie that were read from the socket and not given out: in TLS, encrypted, or in anyio's queue.
_UNREAD = (
    ("_stream", "_read_bio", "pending"),
    ("_stream", "_incoming", "pending"),
    ("_stream", "_protocol", "read_queue"),
    ("_stream", "transport_stream", "_protocol", "read_queue"),
)


def _has_unread_bytes(stream: Any) -> bool:
    """Whether more was read from the socket than was given out; only private names lead there."""
    for names in _UNREAD:
        found: Any = stream
        for name in names:
            found = getattr(found, name, None)
        if found:
            return True
    return False


class _SelfClosingBackend(httpcore.AsyncNetworkBackend):
    """Opens connections that close themselves."""

    def __init__(self) -> None:
        on_trio = sniffio.current_async_library() == "trio"
        kind: Any = httpcore.TrioBackend if on_trio else httpcore.AnyIOBackend
        self._backend: httpcore.AsyncNetworkBackend = kind()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _SelfClosingStream(await self._backend.connect_tcp(host, port, timeout, local_address, socket_options))


class _Response(Head):
    """An answer. Its body can be iterated once."""

    __slots__ = ("_response",)

    def __init__(self, response: httpcore.Response) -> None:
        super().__init__(response.status, response.headers)
        self._response: Any = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._response.stream)

    async def aclose(self) -> None:
        """Keep the connection for the next request, unless unexpected bytes may be waiting on it."""
        with suppress(Exception):  # it may be gone already
            if self.announces_too_much or has_read_ahead(self._response.stream):
                await self._response.extensions["network_stream"].aclose()
            await self._response.aclose()


class HttpcoreEngine:
    """One connection. It is made when it is needed, and again when it was closed. A cancelled call leaves none open.

    Parameters:
        route: Where it goes, and how.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._connection: httpcore.AsyncConnectionInterface | None = None

    async def send(self, method: str, target: Target, headers: Headers, body: bytes | None) -> _Response:
        """Send a request once, exactly as it is, and return its answer with the body unread."""
        request = httpcore.Request(
            method,
            self._route.url(target.path),
            headers=headers,
            content=NoPieces() if body is None else body,
            extensions=self._route.extensions,
        )
        connection = await self._ready()
        return _Response(await connection.handle_async_request(request))

    async def _ready(self) -> httpcore.AsyncConnectionInterface:
        connection = self._connection
        if connection is not None:
            if connection.is_available() and not connection.has_expired():
                return connection
            await connection.aclose()
        # httpcore's pool knows which connection it takes. Nothing is sent through the pool itself.
        pool = httpcore.AsyncConnectionPool(network_backend=_SelfClosingBackend(), **self._route.settings)
        self._connection = connection = without_locks(pool.create_connection(self._route.origin))
        return connection

    async def aclose(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.aclose()

    async def abort(self) -> None:
        """Close the connection although the call that used it is cancelled."""
        with anyio.move_on_after(_PATIENCE, shield=True):
            await self.aclose()

    def forget(self) -> None:
        """Let go of the connection in a child process: nothing is closed, because event loops share more than that."""
