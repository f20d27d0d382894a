"""Connections that are kept open: several small pools for each origin."""

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

# For each origin: the number of pools, and the number of connections in each.
_POOLS, _CONNECTIONS = 8, 13


class Pools(Generic[T]):
    """Several small pools of connections in place of one large pool.

    A request costs httpx's pool more the more connections it has. A request takes the pool that was given back last,
    so that few requests use few connections, and many are spread evenly.
    """

    def __init__(self, pools: list[T]) -> None:
        self.all = pools
        # One entry for each connection. Its operations are atomic, so threads need no lock.
        self._free = deque(pools[index % len(pools)] for index in reversed(range(_POOLS * _CONNECTIONS)))

    def take(self) -> T:
        """Take a pool for a request."""
        try:
            return self._free.pop()
        except IndexError:
            # More requests than connections: wait in any pool.
            return random.choice(self.all)  # noqa: S311

    def give_back(self, pool: T) -> None:
        """Return the pool after the request."""
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
    """Connections for the async client: those of aiohttp if it is wanted and usable, else httpx's own.

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
        "limits": httpx.Limits(
            max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS, keepalive_expiry=15
        ),
    }


def _proxy(url: str, context: ssl.SSLContext) -> httpx.Proxy:
    check_socks(url)
    try:
        # A proxy that speaks TLS is verified against the same authorities.
        return httpx.Proxy(url, ssl_context=context if url.lower().startswith("https:") else None)
    except (ValueError, TypeError, httpx.InvalidURL):
        pass
    raise ConfigurationError("The proxy is not a usable URL. Write it as http://host:port.")


def has_leftovers(response: httpx.Response) -> bool:
    """Whether more bytes arrived than belong to the answer: they would be taken for the next one.

    httpcore returns such a connection to its pool. Only private attributes lead to what it has read ahead; if they
    disappear, the headers alone are checked (see `Transport`).
    """
    found: Any = response.stream
    for name in ("_httpcore_stream", "_stream", "_connection", "_h11_state", "trailing_data"):
        found = getattr(found, name, None)
    return bool(found and found[0])
