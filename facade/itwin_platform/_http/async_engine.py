"""The async client's connections on httpcore. None is left open when a call is cancelled.

A module of its own, because importing httpcore takes a while and is not needed before the first request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import httpcore
import sniffio

from .exchanges import Head, has_unread
from .routes import Route

if TYPE_CHECKING:
    from .._policies.addresses import Target
    from .._policies.calls import Headers


class _Backend(httpcore.AsyncNetworkBackend):
    """Opens one connection at a time, and keeps it at hand: httpcore loses it if its TLS handshake is cancelled."""

    def __init__(self) -> None:
        on_trio = sniffio.current_async_library() == "trio"
        kind: Any = httpcore.TrioBackend if on_trio else httpcore.AnyIOBackend
        self._backend: httpcore.AsyncNetworkBackend = kind()
        self._stream: httpcore.AsyncNetworkStream | None = None

    async def connect_tcp(self, *arguments: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        self._stream = await self._backend.connect_tcp(*arguments, **named)
        return self._stream

    async def aclose(self) -> None:
        if self._stream is not None:
            with anyio.CancelScope(shield=True), suppress(Exception):  # it may be gone already
                await self._stream.aclose()


class Response(Head):
    """An answer. Its body can be iterated once."""

    __slots__ = ("_response",)

    def __init__(self, response: httpcore.Response) -> None:
        super().__init__(response.status, response.headers)
        self._response: Any = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._response.stream)

    async def aclose(self) -> None:
        """Keep the connection for the next request, unless unexpected bytes may follow on it."""
        with suppress(Exception):  # it may be gone already
            if self.announces_too_much:
                await self._response.extensions["network_stream"].aclose()
            await self._response.aclose()


class HttpcoreEngine:
    """One connection. It is made when it is needed, and again when it was closed.

    Parameters:
        route: Where it goes, and how.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._backend = _Backend()
        self._connection: httpcore.AsyncConnectionInterface | None = None

    async def send(self, method: str, target: Target, headers: Headers, body: bytes | None) -> Response:
        """Send a request once, exactly as it is, and return its answer with the body unread."""
        request = self._route.request(method, target.path, headers, body)
        return Response(await (await self._ready()).handle_async_request(request))

    async def _ready(self) -> httpcore.AsyncConnectionInterface:
        connection = self._connection
        if connection is None or not connection.is_available() or connection.has_expired() or has_unread(connection):
            await self.aclose()
            self._connection = connection = self._route.connection(httpcore.AsyncConnectionPool, self._backend)
        return connection

    async def aclose(self) -> None:
        """Close the connection, even if the call that used it is cancelled."""
        await self._backend.aclose()

    def forget(self) -> None:
        """Let go of the connection in a child process: nothing is closed, because event loops share more than that."""
