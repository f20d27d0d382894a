"""Connections that are kept open: several small pools for each origin, on the engine that is wanted and there."""

from __future__ import annotations

import random
import ssl
from collections import deque
from typing import Any, Generic, TypeVar

import httpx
import sniffio

from ..errors import ConfigurationError
from .options import TransportOptions, check_socks, is_installed, proxy_for

T = TypeVar("T")

# Connections for each origin: so many pools of so many.
_POOLS, _CONNECTIONS = 8, 13


class Pools(Generic[T]):
    """Several small pools of connections in place of a large one.

    What httpx's pool costs for a request grows with the number of its connections. A request takes the pool that was
    given back last, so that few requests use few connections, and many are spread evenly.
    """

    def __init__(self, pools: list[T]) -> None:
        self.all = pools
        # One entry for each connection. Taking and giving back is atomic, so that threads need no lock.
        self._free = deque(pools[index % len(pools)] for index in reversed(range(_POOLS * _CONNECTIONS)))

    def take(self) -> T:
        """The pool for a request."""
        try:
            return self._free.pop()
        except IndexError:
            # More requests than connections: wait in any of them.
            return random.choice(self.all)  # noqa: S311

    def give_back(self, pool: T) -> None:
        """The request is done."""
        self._free.append(pool)


def prepare(origin: str, options: TransportOptions) -> None:
    """Read the certificate authorities, if connections to an origin need them: it takes a while.

    Raises:
        ConfigurationError: They cannot be read.
    """
    if origin.startswith("https:") or proxy_for(origin, options) is not None:
        options.ssl_context()


def open_transport(origin: str, options: TransportOptions) -> Pools[httpx.BaseTransport]:
    """Connections for the sync client.

    Raises:
        ConfigurationError: The environment's proxy cannot be used.
    """
    from .sync_engine import SyncEngine

    settings = _settings(origin, options)
    return Pools([SyncEngine(**settings) for _ in range(_POOLS)])


def open_async_transport(origin: str, options: TransportOptions) -> Pools[httpx.AsyncBaseTransport]:
    """Connections for the async client: aiohttp's where it can be used and is wanted, else httpx's own.

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

        limits = httpx.Limits(max_connections=_POOLS * _CONNECTIONS, keepalive_expiry=15)
        return Pools([AiohttpEngine(settings["verify"], limits, proxy, options.timeout)])
    from .async_engine import AsyncEngine

    return Pools([AsyncEngine(**settings) for _ in range(_POOLS)])


def _wants_aiohttp(options: TransportOptions) -> bool:
    # aiohttp knows no HTTP/2.
    return options.aiohttp is not False and not options.http2 and is_installed("httpx_aiohttp")


def _settings(origin: str, options: TransportOptions) -> dict[str, Any]:
    """The arguments that all transports take.

    Raises:
        ConfigurationError: The environment's proxy cannot be used.
    """
    proxy = proxy_for(origin, options)
    if proxy is None and origin.startswith("http:"):
        # Without TLS no authority is needed; an empty context is quick to make and lets nothing through.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = options.ssl_context()
    return {
        "verify": context,
        "proxy": None if proxy is None else _proxy(proxy, context),
        "http2": options.http2,
        "limits": httpx.Limits(
            max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS, keepalive_expiry=15
        ),
    }


def _proxy(url: str, context: ssl.SSLContext) -> httpx.Proxy:
    check_socks(url)
    try:
        # A proxy that speaks TLS itself is checked against the same authorities.
        return httpx.Proxy(url, ssl_context=context if url.lower().startswith("https:") else None)
    except (ValueError, TypeError, httpx.InvalidURL):
        pass
    raise ConfigurationError("The proxy is not a URL that can be used. Write it as http://host:port.")


def has_leftovers(response: httpx.Response) -> bool:
    """Whether more bytes came than belong to an answer that was read: they would pass for the next one.

    httpcore gives such a connection back to its pool. What it has read ahead is kept where only private names lead;
    where they lead nowhere, the headers alone tell (see the transport).
    """
    found: Any = response.stream
    for name in ("_httpcore_stream", "_stream", "_connection", "_h11_state", "trailing_data"):
        found = getattr(found, name, None)
    return bool(found and found[0])
