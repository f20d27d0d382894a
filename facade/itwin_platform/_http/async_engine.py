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
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


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


class AsyncEngine(httpx.AsyncHTTPTransport):
    """A pool that leaves no connection open when a call is cancelled."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # httpx offers no way to pass a backend to its pool.
        backend = getattr(self._pool, "_network_backend", None)
        if isinstance(backend, httpcore.AsyncNetworkBackend):
            setattr(self._pool, "_network_backend", _SelfClosingBackend(backend))  # noqa: B010
