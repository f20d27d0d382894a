"""The async client's connections on httpx. None is left open when a call is cancelled.

A module of its own, because importing httpcore takes a while and is not needed before the first request.
"""
# ruff: noqa: ASYNC109 (the methods are those of httpcore)

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import anyio
import httpcore
import httpx

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

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _SelfClosingStream(await self._backend.connect_tcp(host, port, timeout, local_address, socket_options))


class HttpxEngine(httpx.AsyncHTTPTransport):
    """An engine that leaves no connection open when a call is cancelled."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # httpx offers no way to pass a backend to its pool.
        backend = getattr(self._pool, "_network_backend", None)
        if isinstance(backend, httpcore.AsyncNetworkBackend):
            setattr(self._pool, "_network_backend", _SelfClosingBackend(backend))  # noqa: B010

    async def abort(self) -> None:
        """Close the connection although the call that used it is cancelled."""
        with anyio.move_on_after(_PATIENCE, shield=True):
            await self.aclose()

    def forget(self) -> None:
        """Let go of the connection in a child process: nothing is closed, because event loops share more than that."""
