"""The way to an origin, as httpcore's connections take it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import httpcore

from ..errors import ConfigurationError
from .lockless import without_locks
from .options import TransportOptions, check_socks, proxy_for

if TYPE_CHECKING:
    from .._policies.calls import Headers

# Seconds that a connection is kept while nobody uses it.
KEPT = 15.0

_SCHEMES = frozenset({"http", "https", "socks5", "socks5h"})


class Route:
    """The way to an origin: directly or through a proxy, and with which authorities.

    Parameters:
        origin: `https://host` or `http://host:port`.
        options: How connections are made.

    Attributes:
        context: For TLS.
        proxy: The proxy, or None.
        connect, each: The timeouts for connecting, and for each read and write.

    Raises:
        ConfigurationError: The environment's proxy or the certificate authorities cannot be used.
    """

    def __init__(self, origin: str, options: TransportOptions) -> None:
        found = proxy_for(origin, options)
        # Without TLS no authority is needed. An empty context is made quickly and trusts nobody.
        bare = found is None and origin.startswith("http:")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if bare else options.ssl_context()
        self.proxy = None if found is None else _proxy(found, self.context)
        parts = urlsplit(origin)
        self._scheme, self._host, self._port = parts.scheme.encode(), (parts.hostname or "").encode(), parts.port
        self._http2 = options.http2
        self.connect, self.each = options.timeout
        self._extensions = {"timeout": {"connect": self.connect, "read": self.each, "write": self.each}}

    def connection(self, pool: type[Any], backend: object) -> Any:
        """One of httpcore's connections, which opens itself with its first request.

        Parameters:
            pool: The kind of pool that knows which connection it takes. Nothing is sent through the pool itself.
            backend: What opens it.
        """
        made = pool(
            ssl_context=self.context,
            proxy=self.proxy,
            http2=self._http2,
            keepalive_expiry=KEPT,
            network_backend=backend,
        )
        return without_locks(made.create_connection(self._url("/").origin))

    def request(self, method: str, path: str, headers: Headers, content: Any) -> httpcore.Request:
        """A request as httpcore takes it. The path includes the query."""
        return httpcore.Request(method, self._url(path), headers=headers, content=content, extensions=self._extensions)

    def _url(self, path: str) -> httpcore.URL:
        return httpcore.URL(scheme=self._scheme, host=self._host, port=self._port, target=path)


def _proxy(url: str, context: ssl.SSLContext) -> httpcore.Proxy:
    check_socks(url)
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("ascii"), parts.port
    except ValueError:
        parts, host, port = urlsplit(""), b"", None
    if not host or parts.scheme not in _SCHEMES:
        raise ConfigurationError("The proxy is not a usable URL. Write it as http://host:port.")
    auth = unquote(parts.username or "").encode(), unquote(parts.password or "").encode()
    return httpcore.Proxy(
        httpcore.URL(scheme=parts.scheme, host=host, port=port, target="/"),
        auth if any(auth) else None,
        # A proxy that speaks TLS is verified against the same authorities.
        ssl_context=context if parts.scheme == "https" else None,
    )
