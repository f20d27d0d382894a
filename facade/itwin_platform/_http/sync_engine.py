"""The sync client's connections on httpcore, which obey the current time limit. Its own timeouts are for each read.

A module of its own, because importing httpcore takes a while and is not needed before the first request.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import ref

import httpcore

from .._concurrency.synchronous import time_left
from .exchanges import Head, has_read_ahead
from .lockless import without_locks
from .routes import Route

if TYPE_CHECKING:
    from .._policies.addresses import Target
    from .._policies.calls import Headers

T = TypeVar("T")


class _PendingWrite:
    """A write that has not been done yet."""

    __slots__ = ("_buffer", "_stream")

    def __init__(self, stream: httpcore.NetworkStream, buffer: Any) -> None:
        self._stream = stream
        self._buffer = buffer

    def __call__(self, timeout: float | None) -> None:
        self._stream.write(self._buffer, timeout)


class _OpenStreams:
    """The open connections of an engine, including those that are just being made.

    Without a lock, which Ctrl-C could leave held: one thread adds, and others only look.
    """

    def __init__(self) -> None:
        self._streams: list[ref[httpcore.NetworkStream]] = []

    def add(self, stream: httpcore.NetworkStream) -> None:
        self._streams = [*(each for each in self._streams if each() is not None), ref(stream)]

    def __iter__(self) -> Iterator[httpcore.NetworkStream]:
        return (stream for each in self._streams if (stream := each()) is not None)

    def close(self) -> None:
        for stream in self:
            stream.close()

    def let_go(self) -> None:
        """Close the descriptors of this process and leave the connections alone, which another process uses."""
        for stream in self:
            connection = stream.get_extra_info("socket")
            if isinstance(connection, socket.socket):
                connection.close()


class _LimitedStream(httpcore.NetworkStream):
    """A connection whose operations end with the current time limit, however slowly bytes arrive."""

    def __init__(self, stream: httpcore.NetworkStream, opened: _OpenStreams) -> None:
        self._stream = stream
        self._opened = opened
        opened.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return _within_limit(lambda limit: self._stream.read(max_bytes, limit), timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:  # httpcore ends every request by writing nothing
            return
        # The buffer holds the token: if the write fails, the variables of this frame must not show it.
        # A view, because httpcore cuts off what the socket has taken, and cutting bytes copies the rest.
        write = _PendingWrite(self._stream, memoryview(buffer))
        del buffer
        _within_limit(write, timeout)

    def close(self) -> None:
        # Closing alone does not wake a thread that is waiting for bytes.
        connection = self._stream.get_extra_info("socket")
        if isinstance(connection, socket.socket):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        encrypted = _within_limit(lambda limit: self._stream.start_tls(ssl_context, server_hostname, limit), timeout)
        return _LimitedStream(encrypted, self._opened)

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


class _LimitedBackend(httpcore.NetworkBackend):
    """Opens connections that obey the current time limit."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend
        self.opened = _OpenStreams()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        if time_left() is None:
            stream = self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
            return _LimitedStream(stream, self.opened)
        # The library would allow each address of the host the whole time.
        failure: Exception = httpcore.ConnectError("no address")
        for address in _addresses(host, port):

            def connect(limit: float | None, address: str = address) -> httpcore.NetworkStream:
                return self._backend.connect_tcp(address, port, limit, local_address, socket_options)

            try:
                return _LimitedStream(_within_limit(connect, timeout), self.opened)
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


class _Response(Head):
    """An answer. Its body can be iterated once."""

    __slots__ = ("_response",)

    def __init__(self, response: httpcore.Response) -> None:
        super().__init__(response.status, response.headers)
        self._response: Any = response

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response.stream)

    def close(self) -> None:
        """Keep the connection for the next request, unless unexpected bytes may be waiting on it."""
        with suppress(Exception):  # it may be gone already
            if self.announces_too_much or has_read_ahead(self._response.stream):
                self._response.extensions["network_stream"].close()
            self._response.close()


class SyncEngine:
    """One connection, which obeys the current time limit. It is made when it is needed, and again when it was closed.

    Parameters:
        route: Where it goes, and how.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._backend = _LimitedBackend(httpcore.SyncBackend())
        self._connection: httpcore.ConnectionInterface | None = None

    def send(self, method: str, target: Target, headers: Headers, body: bytes | Iterable[bytes] | None) -> _Response:
        """Send a request once, exactly as it is, and return its answer with the body unread."""
        request = httpcore.Request(
            method,
            self._route.url(target.path),
            headers=headers,
            content=() if body is None else body,
            extensions=self._route.extensions,
        )
        return _Response(self._ready().handle_request(request))

    def _ready(self) -> httpcore.ConnectionInterface:
        connection = self._connection
        if connection is not None:
            if connection.is_available() and not connection.has_expired():
                return connection
            connection.close()
        # httpcore's pool knows which connection it takes. Nothing is sent through the pool itself.
        pool = httpcore.ConnectionPool(network_backend=self._backend, **self._route.settings)
        self._connection = connection = without_locks(pool.create_connection(self._route.origin))
        return connection

    def close(self) -> None:
        """Close the connection, even one in use or being made."""
        self._backend.opened.close()

    def abort(self) -> None:
        """Close the connection after a request was broken off."""
        self._backend.opened.close()

    def forget(self) -> None:
        """Let go of the connection in a child process."""
        self._backend.opened.let_go()
