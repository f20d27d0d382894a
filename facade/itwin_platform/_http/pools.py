"""Connections that are kept open for each origin, and taken by one request at a time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

import sniffio

from .options import TransportOptions, has_aiohttp
from .routes import KEPT, Route

if TYPE_CHECKING:
    from . import aiohttp_engine, async_engine, sync_engine

    Engine = sync_engine.SyncEngine
    Response = sync_engine.Response
    AsyncEngine = async_engine.HttpcoreEngine | aiohttp_engine.AiohttpEngine
    AsyncResponse = async_engine.Response | aiohttp_engine.Response

T = TypeVar("T")


class Connections(Generic[T]):
    """Engines for one origin, each with one connection.

    One request uses an engine at a time. So whatever breaks it off in the middle, an error, a cancellation or Ctrl-C,
    is in the way of no other: such an engine is given up. The libraries' pools for many requests are left with
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

    def give_back(self, engine: T, *, unharmed: bool) -> T | None:
        """Keep an engine for the next request, unless its last one was broken off.

        Returns:
            An engine to close: one that was broken off, or that nobody has used for a while.
        """
        if unharmed:
            self._idle.append((time.monotonic(), engine))
            try:
                if time.monotonic() - self._idle[0][0] <= KEPT:
                    return None
                engine = self._idle.popleft()[1]
            except IndexError:  # other threads have taken all of them
                return None
        self.all.discard(engine)
        return engine


def open_engines(origin: str, options: TransportOptions) -> Connections[Engine]:
    """Engines for the sync client. This may read the certificate authorities, which takes a while.

    Raises:
        ConfigurationError: The environment's proxy or the certificate authorities cannot be used.
    """
    from .sync_engine import SyncEngine

    route = Route(origin, options)
    return Connections(lambda: SyncEngine(route))


def open_async_engines(origin: str, options: TransportOptions) -> Connections[AsyncEngine]:
    """Engines for the async client: aiohttp's if it is wanted and usable, else httpcore's.

    This may read the certificate authorities, which takes a while. Any thread can do it.

    Raises:
        ConfigurationError: The environment's proxy or the certificate authorities cannot be used.
    """
    route = Route(origin, options)
    # aiohttp supports neither HTTP/2 nor proxies of other kinds.
    aiohttp_can = not options.http2 and (route.proxy is None or route.proxy.url.scheme == b"http")
    wants_aiohttp = aiohttp_can and options.aiohttp is not False and has_aiohttp()

    def make() -> AsyncEngine:
        if wants_aiohttp and sniffio.current_async_library() == "asyncio":
            from .aiohttp_engine import AiohttpEngine

            return AiohttpEngine(route)
        from .async_engine import HttpcoreEngine

        return HttpcoreEngine(route)

    return Connections(make)
