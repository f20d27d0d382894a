"""The alternative engine of the async client: aiohttp.

It is there because its connections are cheaper, and stay so with many requests at once. Features of aiohttp are
switched off, so that both engines put the same bytes on the wire: cookies, netrc, proxies of the environment,
redirects, decoding, rewriting of URLs, and repeating a request when a connection breaks.
"""

from __future__ import annotations

import select
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import httpcore
import yarl
from aiohttp.connector import Connection

from .exchanges import Head
from .routes import KEPT, Route

if TYPE_CHECKING:
    from .._policies.addresses import Target
    from .._policies.calls import Headers

# What the errors of aiohttp are called by the other engine. The first match counts.
_MEANINGS: tuple[tuple[type[Exception], type[Exception]], ...] = (
    (aiohttp.ClientProxyConnectionError, httpcore.ProxyError),
    (aiohttp.ClientHttpProxyError, httpcore.ProxyError),
    (aiohttp.ClientConnectorError, httpcore.ConnectError),
    (aiohttp.ClientConnectorCertificateError, httpcore.ConnectError),
    (aiohttp.ConnectionTimeoutError, httpcore.ConnectTimeout),
    (aiohttp.ServerTimeoutError, httpcore.ReadTimeout),
    (aiohttp.ClientOSError, httpcore.ReadError),
    (aiohttp.ClientError, httpcore.RemoteProtocolError),
    (ConnectionError, httpcore.ReadError),
)


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request, raising httpcore's errors. A request that fails with an error of aiohttp would be repeated."""
    try:
        return await send(request)
    except (aiohttp.ClientError, ConnectionError) as error:
        meaning = next(meaning for kind, meaning in _MEANINGS if isinstance(error, kind))
        told = str(error.status) if isinstance(error, aiohttp.ClientResponseError) else type(error).__name__
        raise meaning(told) from error


class _Response(Head):
    """An answer. Its body can be iterated once."""

    __slots__ = ("_response",)

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        super().__init__(response.status, response.raw_headers)
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.content.iter_any()

    async def aclose(self) -> None:
        """Keep the connection for the next request, unless it may hold bytes that belong to nobody."""
        with suppress(Exception):  # it may be gone already
            connection = self._response.connection
            if self.announces_too_much or not self._response.content.at_eof():
                # aiohttp alone would wait for the other side to close it too.
                if connection is not None and connection.transport is not None:
                    connection.transport.abort()
                self._response.close()
            self._response.release()


class _Connector(aiohttp.TCPConnector):
    """Hands out only connections on which nothing has arrived since their last answer: it would pass for the next."""

    async def _get(self, key: Any, traces: Any) -> Connection | None:
        while (connection := await super()._get(key, traces)) is not None:
            if not _has_unread(connection):
                return connection
            connection.close()
        return None

    def forget(self) -> None:
        """Keep the connections from being closed with this object: in a child process they are the parent's."""
        self._conns.clear()
        self._closed = True


def _has_unread(connection: Connection) -> bool:
    """Whether bytes wait on a connection, read by the event loop already or not yet."""
    protocol = connection.protocol
    if protocol is None or protocol.should_close or protocol.transport is None:
        return True
    found = protocol.transport.get_extra_info("socket")
    return found is not None and _is_readable(found.fileno())


def _is_readable(descriptor: int) -> bool:
    if hasattr(select, "poll"):  # Windows has only the other one, and that one ends at descriptor 1023 elsewhere
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        return bool(waiting.poll(0))
    return bool(select.select([descriptor], [], [], 0)[0])


class AiohttpEngine:
    """The connections of one event loop to one origin.

    Parameters:
        route: Where they go, and how. A proxy must be an HTTP proxy.
    """

    def __init__(self, route: Route) -> None:
        self._proxy: yarl.URL | None = None
        self._proxy_headers: dict[str, str] | None = None
        if route.proxy is not None:
            self._proxy = yarl.URL(bytes(route.proxy.url).decode("ascii"), encoded=True)
            if route.proxy.auth is not None:
                encoded = b64encode(b":".join(route.proxy.auth)).decode("ascii")
                self._proxy_headers = {"Proxy-Authorization": f"Basic {encoded}"}
        timeouts = route.extensions["timeout"]
        # Without a limit: how many requests are in flight is decided above.
        self._connector = _Connector(limit=0, keepalive_timeout=KEPT, ssl=route.context)
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=timeouts["connect"],
                sock_connect=timeouts["connect"],
                sock_read=timeouts["read"],
            ),
            middlewares=(_once,),
            # The limits of the other engine: the address of a redirect may have 8 KiB.
            max_line_size=16 * 1024,
            max_field_size=16 * 1024,
        )

    async def send(self, method: str, target: Target, headers: Headers, body: bytes | None) -> _Response:
        """Send a request once, exactly as it is, and return its answer with the body unread."""
        response = await self._session.request(
            method,
            yarl.URL(target.url, encoded=True),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers],
            data=body or None,
            allow_redirects=False,
            proxy=self._proxy,
            proxy_headers=self._proxy_headers,
        )
        return _Response(response)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def abort(self) -> None:
        """Nothing: aiohttp closes the connection of a request that was broken off by itself."""

    def forget(self) -> None:
        """Let go of the connections in a child process: closing them would reach into the parent's event loop."""
        self._connector.forget()
        self._session.detach()
