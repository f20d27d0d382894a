"""The sync client's connections, which keep to the time limit in force; httpx's own timeouts are for one read each.

Apart from `_http`, because importing httpcore takes a while and is not needed before the first request.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import httpcore
import httpx

from ._primitives.synchronous import time_left

T = TypeVar("T")


class _Clamped(httpcore.NetworkStream):
    """A connection whose every operation ends with the time limit in force, however slowly bytes drip in."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return _within_limit(lambda limit: self._stream.read(max_bytes, limit), timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        _within_limit(lambda limit: self._stream.write(buffer, limit), timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Clamped(
            _within_limit(lambda limit: self._stream.start_tls(ssl_context, server_hostname, limit), timeout)
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _within_limit(work: Callable[[float | None], T], timeout: float | None) -> T:
    left = time_left()
    if left is None:
        return work(timeout)
    if left <= 0:
        raise TimeoutError
    if timeout is not None and timeout <= left:
        return work(timeout)
    try:
        return work(left)
    except httpcore.TimeoutException:
        pass
    raise TimeoutError


class _ClampedBackend(httpcore.NetworkBackend):
    """Opens connections that keep to the time limit in force."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        if time_left() is None:
            return _Clamped(self._backend.connect_tcp(host, port, timeout, local_address, socket_options))
        # The library would give each address of the host the whole time.
        failure: Exception = httpcore.ConnectError("no address")
        for address in _addresses(host, port):

            def connect(limit: float | None, address: str = address) -> httpcore.NetworkStream:
                return self._backend.connect_tcp(address, port, limit, local_address, socket_options)

            try:
                return _Clamped(_within_limit(connect, timeout))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        problem = httpcore.ConnectError(str(error))
    else:
        return list(dict.fromkeys(str(address[0]) for *_, address in found))
    raise problem


class LimitedTransport(httpx.HTTPTransport):
    """A pool whose connections keep to the time limit in force.

    A request that waits for a connection needs none: those it waits for end with limits that began before.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # httpx offers no way to hand a backend to its pool. Without the attribute the limit still holds between
        # attempts.
        backend = getattr(self._pool, "_network_backend", None)
        if isinstance(backend, httpcore.NetworkBackend):
            setattr(self._pool, "_network_backend", _ClampedBackend(backend))  # noqa: B010
