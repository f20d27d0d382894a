"""The sync client's connections on httpcore, which obey the current time limit. Its own timeouts are for each read.

A module of its own, because importing httpcore takes a while and is not needed before the first request.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpcore

from .._concurrency.synchronous import time_left
from .exchanges import Head, has_unread
from .routes import Route

if TYPE_CHECKING:
    from .._policies.addresses import Target
    from .._policies.calls import Headers

_BACKEND = httpcore.SyncBackend()


class _Limit:
    """The seconds that an operation may take. TimeoutError, if the current time limit cuts them short and passes."""

    __slots__ = ("_is_short", "_seconds")

    def __init__(self, timeout: float | None) -> None:
        left = time_left()
        self._is_short = left is not None and (timeout is None or left < timeout)
        self._seconds = left if self._is_short else timeout

    def __enter__(self) -> float | None:
        if self._is_short and self._seconds is not None and self._seconds <= 0:
            raise TimeoutError
        return self._seconds

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._is_short and kind is not None and issubclass(kind, httpcore.TimeoutException):
            raise TimeoutError


class _Line(httpcore.NetworkBackend, httpcore.NetworkStream):
    """How an engine reaches the other side. It opens one connection at a time, and then is that connection."""

    def __init__(self) -> None:
        self._stream: httpcore.NetworkStream | None = None

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *rest: Any, **named: Any
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        # httpcore would allow each address of the host the whole time.
        for address in _addresses(host, port, timeout):
            try:
                with _Limit(timeout) as limit:
                    self._stream = _BACKEND.connect_tcp(address, port, limit, *rest, **named)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return self
        raise failure

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with _Limit(timeout) as limit:
            self._stream = self._opened.start_tls(ssl_context, server_hostname, limit)
        return self

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _Limit(timeout) as limit:
            return self._opened.read(max_bytes, limit)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:  # httpcore ends every request by writing nothing
            return
        with _Limit(timeout) as limit:
            # A view, because httpcore cuts off what the socket has taken, and cutting bytes copies the rest.
            view: Any = memoryview(buffer)
            self._opened.write(view, limit)

    def get_extra_info(self, info: str) -> Any:
        return self._opened.get_extra_info(info)

    def close(self) -> None:
        """Close the connection, if there is one. Threads that wait for its bytes are told."""
        if (connection := self._socket) is not None:
            with suppress(OSError):  # closing alone does not wake them
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def forget(self) -> None:
        """Close the descriptor of this process, and leave the connection to the other process that uses it."""
        if (connection := self._socket) is not None:
            connection.close()

    @property
    def _opened(self) -> httpcore.NetworkStream:
        if self._stream is None:
            raise httpcore.ConnectError("not connected")
        return self._stream

    @property
    def _socket(self) -> socket.socket | None:
        found: socket.socket | None = None if self._stream is None else self._stream.get_extra_info("socket")
        return found


def _addresses(host: str, port: int, timeout: float | None) -> list[str]:
    """The addresses of a host. A thread asks for them, because nothing else ends the wait for a resolver in time."""
    answer: Future[list[Any]] = Future()

    def ask() -> None:
        try:
            answer.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 (raised again in the caller)
            answer.set_exception(error)

    Thread(target=ask, name="itwin-names", daemon=True).start()
    with _Limit(timeout) as limit:
        try:
            found = answer.result(limit)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Response(Head):
    """An answer. Its body can be iterated once."""

    __slots__ = ("_response",)

    def __init__(self, response: httpcore.Response) -> None:
        super().__init__(response.status, response.headers)
        self._response: Any = response

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response.stream)

    def close(self) -> None:
        """Keep the connection for the next request, unless unexpected bytes may follow on it."""
        with suppress(Exception):  # it may be gone already
            if self.announces_too_much:
                self._response.extensions["network_stream"].close()
            self._response.close()


class SyncEngine:
    """One connection, which obeys the current time limit. It is made when it is needed, and again when it was closed.

    Parameters:
        route: Where it goes, and how.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._line = _Line()
        self._connection: httpcore.ConnectionInterface | None = None

    def send(self, method: str, target: Target, headers: Headers, body: bytes | Iterable[bytes] | None) -> Response:
        """Send a request once, exactly as it is, and return its answer with the body unread."""
        request = self._route.request(method, target.path, headers, body or ())
        return Response(self._ready().handle_request(request))

    def _ready(self) -> httpcore.ConnectionInterface:
        connection = self._connection
        if connection is None or not connection.is_available() or connection.has_expired() or has_unread(connection):
            self.close()
            self._connection = connection = self._route.connection(httpcore.ConnectionPool, self._line)
        return connection

    def close(self) -> None:
        """Close the connection, even one that another thread uses."""
        self._line.close()

    def forget(self) -> None:
        """Let go of the connection in a child process, where it is the parent's."""
        self._line.forget()
