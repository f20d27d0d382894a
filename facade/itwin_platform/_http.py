"""The HTTP library, httpx, as the rest of the package sees it: a successor is swapped in here and in its neighbours.

httpx's transports are driven directly. Its client adds what this package does otherwise (redirects, auth, cookies,
decoding) and costs as much again. What the client does beside that is done here: proxies from the environment and
certificate authorities.
"""

from __future__ import annotations

import random
import ssl
from collections import deque
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
import sniffio

from ._policies.redaction import one_line
from .environments import is_loopback
from .errors import ConfigurationError

T = TypeVar("T")

Auth = httpx.Auth
AsyncBaseTransport = httpx.AsyncBaseTransport
AsyncByteStream = httpx.AsyncByteStream
BaseTransport = httpx.BaseTransport
Request = httpx.Request
Response = httpx.Response
SyncByteStream = httpx.SyncByteStream
VERSION = httpx.__version__

# Whatever a transport raises is its failure: InvalidURL, StreamError, UnicodeError and RuntimeError are no HTTPError,
# and what is below httpx lets errors of its own through now and then.
FAILURES = (Exception,)

# Connections for each origin: so many pools of so many.
_POOLS, _CONNECTIONS = 8, 13


@dataclass(frozen=True, slots=True)
class TransportOptions:
    """How connections are made."""

    timeout: tuple[float, float]
    proxy: str | None = field(default=None, repr=False)
    verify: ssl.SSLContext | str | None = None
    http2: bool = False
    aiohttp: bool | None = None
    max_body_bytes: int = 32 * 1024 * 1024
    _context: list[ssl.SSLContext] = field(default_factory=list[ssl.SSLContext], repr=False)

    @property
    def timeouts(self) -> dict[str, float]:
        """The timeouts in the form that a request carries them."""
        connect, each = self.timeout
        return {"connect": connect, "read": each, "write": each, "pool": each}

    def ssl_context(self) -> ssl.SSLContext:
        """The context for TLS connections, made once: loading the certificate authorities takes a while."""
        if not self._context:
            self._context.append(_ssl_context(self.verify))
        return self._context[0]


def _ssl_context(verify: ssl.SSLContext | str | None) -> ssl.SSLContext:
    if isinstance(verify, ssl.SSLContext):
        return verify
    if verify is None:
        return httpx.create_ssl_context()
    try:
        if Path(verify).is_dir():
            return ssl.create_default_context(capath=verify)
        return ssl.create_default_context(cafile=verify)
    except OSError as error:
        problem = type(error).__name__
    raise ConfigurationError(f"verify: no certificate authorities can be read from {str(verify)[:200]!r} ({problem}).")


def proxy_for(origin: str, options: TransportOptions) -> str | None:
    """The proxy to reach an origin through: the configured one, or the one that the environment names.

    The environment's proxies (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY; NO_PROXY; the system's settings on macOS and
    Windows) are not used for this very machine.
    """
    if options.proxy is not None:
        return options.proxy
    parts = urlsplit(origin)
    host = parts.hostname or ""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or is_loopback(host) or proxy_bypass(f"{host}:{parts.port or 443}"):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def is_installed(package: str) -> bool:
    """Whether an optional package is there."""
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


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
    if url.lower().startswith("socks") and not is_installed("socksio"):
        raise ConfigurationError("A SOCKS proxy needs the package socksio. Install it, or use an HTTP proxy.")
    try:
        # A proxy that speaks TLS itself is checked against the same authorities.
        return httpx.Proxy(url, ssl_context=context if url.lower().startswith("https:") else None)
    except (ValueError, TypeError, httpx.InvalidURL):
        pass
    raise ConfigurationError("The proxy is not a URL that can be used. Write it as http://host:port.")


def prepare(origin: str, options: TransportOptions) -> None:
    """Do in advance what takes a while when connections are opened: read the authorities, load what is needed.

    Raises:
        ConfigurationError: The authorities cannot be read.
    """
    if origin.startswith("https:") or proxy_for(origin, options) is not None:
        options.ssl_context()
    if _wants_aiohttp(options):
        pass


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


def open_transport(origin: str, options: TransportOptions) -> Pools[BaseTransport]:
    """Connections for the sync client.

    Raises:
        ConfigurationError: The environment's proxy cannot be used.
    """
    from ._limited import LimitedTransport

    settings = _settings(origin, options)
    return Pools([LimitedTransport(**settings) for _ in range(_POOLS)])


def open_async_transport(origin: str, options: TransportOptions) -> Pools[AsyncBaseTransport]:
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
        from ._aiohttp import AiohttpTransport

        limits = httpx.Limits(max_connections=_POOLS * _CONNECTIONS, keepalive_expiry=15)
        return Pools([AiohttpTransport(settings["verify"], limits, proxy, options.timeout)])
    from ._tidy import TidyTransport

    return Pools([TidyTransport(**settings) for _ in range(_POOLS)])


def _wants_aiohttp(options: TransportOptions) -> bool:
    # aiohttp knows no HTTP/2.
    return options.aiohttp is not False and not options.http2 and is_installed("httpx_aiohttp")


def has_leftovers(response: Response) -> bool:
    """Whether more bytes came than belong to an answer that was read: they would pass for the next one.

    httpcore gives such a connection back to its pool. What it has read ahead is kept where only private names lead;
    where they lead nowhere, the headers alone tell (see the transport).
    """
    found: Any = response.stream
    for name in ("_httpcore_stream", "_stream", "_connection", "_h11_state", "trailing_data"):
        found = getattr(found, name, None)
    return bool(found and found[0])


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong below HTTP, without anything that could hold a secret.

    `unsent`: the request surely did not reach the server. `final`: another attempt would fail as well. `dropped`: the
    server gave up the connection, which happens to those that were idle for a while and says nothing about its health.
    """

    phase: str
    text: str
    unsent: bool = False
    final: bool = False
    dropped: bool = False


_PHASES: tuple[tuple[type[Exception], Failure], ...] = (
    (httpx.ConnectTimeout, Failure("connect", "did not answer in time", unsent=True)),
    (httpx.PoolTimeout, Failure("connect", "has all connections in use", unsent=True)),
    (httpx.ProxyError, Failure("connect", "cannot be reached through the proxy", unsent=True)),
    (httpx.ConnectError, Failure("connect", "cannot be reached", unsent=True)),
    (httpx.UnsupportedProtocol, Failure("connect", "cannot be reached with this kind of URL", unsent=True, final=True)),
    (httpx.InvalidURL, Failure("connect", "has an address that cannot be used", unsent=True, final=True)),
    (httpx.WriteTimeout, Failure("send", "did not take the request in time")),
    (httpx.WriteError, Failure("send", "broke the connection while the request was sent", dropped=True)),
    (httpx.LocalProtocolError, Failure("send", "cannot be sent this request", unsent=True, final=True)),
    (httpx.ReadTimeout, Failure("headers", "did not answer in time")),
    (httpx.ReadError, Failure("headers", "broke the connection before it answered", dropped=True)),
    (
        httpx.RemoteProtocolError,
        Failure("headers", "closed the connection or sent something that is not HTTP", dropped=True),
    ),
)


def failure_of(error: BaseException) -> Failure:
    """What an exception of the HTTP library means."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            reason = one_line(getattr(seen, "verify_message", None) or "it does not verify")
            return Failure("tls", f"has a certificate that cannot be trusted ({reason})", unsent=True, final=True)
        if isinstance(seen, ssl.SSLError):
            return Failure("tls", "cannot agree with this machine on TLS", unsent=True)
        seen = seen.__cause__ or seen.__context__
    for kind, failure in _PHASES:
        if isinstance(error, kind):
            return failure
    return Failure("headers", "did not answer in a way that can be read")
