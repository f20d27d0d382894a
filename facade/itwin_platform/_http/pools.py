"""Connections that are kept open for each origin, and taken by one request at a time."""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import httpx
import sniffio

from ..errors import ConfigurationError
from .options import TransportOptions, check_socks, is_installed, proxy_for

T = TypeVar("T")

# Seconds that a connection is kept while nobody uses it.
_KEPT = 15.0


class Connections(Generic[T]):
    """Engines for one origin, each with one connection.

    One request uses an engine at a time. So whatever breaks it off in the middle, an error, a cancellation or Ctrl-C,
    is in the way of no other: such an engine is given up. httpx's pools for many requests are left with connections
    that nobody can use, or with a lock that nobody releases, and cost more with every connection.

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
        """Keep the engine for nobody. Returns whether it is to be closed."""
        self.all.discard(engine)
        return True

    def take_stale(self) -> T | None:
        """Take an engine that nobody has used for a while, to close it."""
        if self._idle and time.monotonic() - self._idle[0][0] > _KEPT:
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


class Engine(Protocol):
    """Sends requests, and keeps what it has connected."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer with the body unread."""
        ...

    def close(self) -> None:
        """Close the connections, which may be in use by other threads."""

    def abort(self) -> None:
        """Close the connections after a request was broken off, whatever state that has left them in."""

    def forget(self) -> None:
        """Let go of the connections in a child process, where they are the parent's."""


class AsyncEngine(Protocol):
    """Sends requests, and keeps what it has connected."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer with the body unread."""
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

    settings = _settings(origin, options)
    return Connections(lambda: SyncEngine(**settings))


def open_async_engines(origin: str, options: TransportOptions) -> Connections[AsyncEngine]:
    """Engines for the async client: aiohttp's if it is wanted and usable, else httpx's own.

    Raises:
        ConfigurationError: The environment's proxy cannot be used.
    """
    settings = _settings(origin, options)
    proxy: httpx.Proxy | None = settings["proxy"]
    if (
        _wants_aiohttp(options)
        and sniffio.current_async_library() == "asyncio"
        and (proxy is None or proxy.url.scheme == "http")
    ):
        from .aiohttp_engine import AiohttpEngine

        return SharedEngine(AiohttpEngine(settings["verify"], proxy, options.timeout, _KEPT))
    from .async_engine import HttpxEngine

    return Connections(lambda: HttpxEngine(**settings))


def _wants_aiohttp(options: TransportOptions) -> bool:
    # aiohttp does not support HTTP/2.
    return options.aiohttp is not False and not options.http2 and is_installed("httpx_aiohttp")


def _settings(origin: str, options: TransportOptions) -> dict[str, Any]:
    """The arguments of all engines.

    Raises:
        ConfigurationError: The environment's proxy cannot be used.
    """
    proxy = proxy_for(origin, options)
    if proxy is None and origin.startswith("http:"):
        # Without TLS no authority is needed. An empty context is made quickly and trusts nobody.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = options.ssl_context()
    return {
        "verify": context,
        "proxy": None if proxy is None else _proxy(proxy, context),
        "http2": options.http2,
        "limits": httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEPT),
    }


def _proxy(url: str, context: ssl.SSLContext) -> httpx.Proxy:
    check_socks(url)
    try:
        # A proxy that speaks TLS is verified against the same authorities.
        return httpx.Proxy(url, ssl_context=context if url.lower().startswith("https:") else None)
    except (ValueError, TypeError, httpx.InvalidURL):
        pass
    raise ConfigurationError("The proxy is not a usable URL. Write it as http://host:port.")
