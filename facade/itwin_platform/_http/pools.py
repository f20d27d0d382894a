"""Connections that are kept open for each origin, and taken by one request at a time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import sniffio

from .options import TransportOptions, has_aiohttp, proxy_for
from .routes import KEPT, Route

if TYPE_CHECKING:
    from .._policies.addresses import Target
    from .._policies.calls import Headers

T = TypeVar("T")


class Connections(Generic[T]):
    """Engines for one origin, each with one connection.

    One request uses an engine at a time. So whatever breaks it off in the middle, an error, a cancellation or Ctrl-C,
    is in the way of no other: such an engine is given up. httpcore's pools for many requests are left with
    connections that nobody can use, or with a lock that nobody releases, and cost more with every connection.

    Parameters:
        make: Makes an engine; nothing is connected by that.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        # The last one in is the first one out. Its operations are atomic, so threads need no lock.
        self._idle: deque[tuple[float, T]] = deque()
        self.all: set[T] = set()

    def take(self) -> T:
        """Take an engine for a request."""
        try:
            return self._idle.pop()[1]
        except IndexError:
            pass
        engine = self._make()
        self.all.add(engine)
        return engine

    def give_back(self, engine: T) -> None:
        """Keep the engine for the next request."""
        self._idle.append((time.monotonic(), engine))

    def give_up(self, engine: T) -> bool:
        """Do not keep the engine. Returns whether to close it."""
        self.all.discard(engine)
        return True

    def take_stale(self) -> T | None:
        """Take an engine that nobody has used for a while, to close it."""
        if self._idle and time.monotonic() - self._idle[0][0] > KEPT:
            try:
                engine = self._idle.popleft()[1]
            except IndexError:
                return None
            self.all.discard(engine)
            return engine
        return None


class SharedEngine(Connections[T]):
    """One engine for all requests, which looks after its connections itself."""

    def __init__(self, engine: T) -> None:
        super().__init__(lambda: engine)
        self._engine = engine
        self.all.add(engine)

    def take(self) -> T:
        """The engine."""
        return self._engine

    def give_back(self, engine: T) -> None:
        """Nothing: it is there for all."""

    def give_up(self, engine: T) -> bool:  # noqa: ARG002 (there is one)
        """Nothing: it is there for all."""
        return False


class Response(Protocol):
    """An answer whose body has not been read yet: iterating gives its pieces. See `exchanges.Head`."""

    status: int
    headers: dict[str, str]
    locations: list[str]

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """Keep the connection for the next request, unless unexpected bytes may be waiting on it."""


class AsyncResponse(Protocol):
    """An answer whose body has not been read yet: iterating gives its pieces. See `exchanges.Head`."""

    status: int
    headers: dict[str, str]
    locations: list[str]

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """Keep the connection for the next request, unless unexpected bytes may be waiting on it."""


class Engine(Protocol):
    """Sends requests to one origin, and keeps what it has connected."""

    def send(self, method: str, target: Target, headers: Headers, body: bytes | Iterable[bytes] | None) -> Response:
        """Send a request once, exactly as it is, and return its answer with the body unread."""
        ...

    def close(self) -> None:
        """Close the connections, which may be in use by other threads."""

    def abort(self) -> None:
        """Close the connections after a request was broken off, whatever state that has left them in."""

    def forget(self) -> None:
        """Let go of the connections in a child process, where they are the parent's."""


class AsyncEngine(Protocol):
    """Sends requests to one origin, and keeps what it has connected."""

    async def send(self, method: str, target: Target, headers: Headers, body: bytes | None) -> AsyncResponse:
        """Send a request once, exactly as it is, and return its answer with the body unread."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""

    async def abort(self) -> None:
        """Close the connections after a request was broken off, whatever state that has left them in."""

    def forget(self) -> None:
        """Let go of the connections in a child process, where they are the parent's."""


def prepare(origin: str, options: TransportOptions) -> None:
    """Read the certificate authorities, if connections to an origin need them: it takes a while.

    Raises:
        ConfigurationError: They cannot be read.
    """
    if origin.startswith("https:") or proxy_for(origin, options) is not None:
        options.ssl_context()


def open_engines(origin: str, options: TransportOptions) -> Connections[Engine]:
    """Engines for the sync client.

    Raises:
        ConfigurationError: The environment's proxy cannot be used.
    """
    from .sync_engine import SyncEngine

    route = Route(origin, options)
    return Connections(lambda: SyncEngine(route))


def open_async_engines(origin: str, options: TransportOptions) -> Connections[AsyncEngine]:
    """Engines for the async client: aiohttp's if it is wanted and usable, else httpcore's.

    Raises:
        ConfigurationError: The environment's proxy cannot be used.
    """
    route = Route(origin, options)
    if (
        _wants_aiohttp(options)
        and sniffio.current_async_library() == "asyncio"
        and (route.proxy is None or route.proxy.url.scheme == b"http")
    ):
        from .aiohttp_engine import AiohttpEngine

        return SharedEngine(AiohttpEngine(route))
    from .async_engine import HttpcoreEngine

    return Connections(lambda: HttpcoreEngine(route))


def _wants_aiohttp(options: TransportOptions) -> bool:
    # aiohttp does not support HTTP/2.
    return options.aiohttp is not False and not options.http2 and has_aiohttp()
