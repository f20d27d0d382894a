"""The alternative engine of the async client: aiohttp, wrapped by httpx-aiohttp as a transport of httpx.

It is there because httpx's own pool slows down with every concurrent request. Features of aiohttp are switched off, so
that both engines put the same bytes on the wire: cookies, netrc, proxies of the environment, redirects, decoding,
rewriting of URLs, and repeating a request when a connection breaks.
"""

from __future__ import annotations

import select
import ssl
from base64 import b64encode
from typing import Any

import aiohttp
import httpx
import httpx_aiohttp
import yarl
from aiohttp.connector import Connection
from httpx_aiohttp.transport import AiohttpResponseStream

from .exchanges import NOTHING

# The first match counts. httpx-aiohttp alone would report a broken connection as one that could not be opened.
_MEANINGS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ClientConnectorCertificateError, httpx.ConnectError),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientOSError, httpx.ReadError),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.ClientError, httpx.RemoteProtocolError),
    (ConnectionError, httpx.ReadError),
)


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request, raising httpx's errors. A request that fails with an error of aiohttp would be repeated."""
    try:
        return await send(request)
    except (aiohttp.ClientError, ConnectionError) as error:
        meaning = next(meaning for kind, meaning in _MEANINGS if isinstance(error, kind))
        raise meaning(type(error).__name__) from error


def _drop(response: aiohttp.ClientResponse) -> None:
    """Close the connection of an answer at once. aiohttp alone would wait for the other side to close it too."""
    connection = response.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()
    response.close()


class _Body(AiohttpResponseStream):
    """The body of an answer. If a part of it is left unread, its connection is closed."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        super().__init__(response)
        self._response = response

    async def aclose(self) -> None:
        if not self._response.content.at_eof():
            _drop(self._response)
        await super().aclose()


class _Connection:
    """The connection of an answer, in the form that `Transport` can close."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def aclose(self) -> None:
        _drop(self._response)


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


class AiohttpEngine(httpx_aiohttp.AiohttpTransport):
    """The connections of one event loop.

    Parameters:
        context: For TLS, to servers and to proxies.
        proxy: An HTTP proxy, or None.
        timeout: Seconds for connecting, and for each read.
        kept: Seconds that a connection is kept while nobody uses it.
    """

    def __init__(
        self, context: ssl.SSLContext, proxy: httpx.Proxy | None, timeout: tuple[float, float], kept: float
    ) -> None:
        self._kept = kept
        self._connector: _Connector | None = None
        super().__init__(verify=context, client=self._session)
        self._context = context
        self._proxy: yarl.URL | None = None
        self._proxy_headers: dict[str, str] = {}
        if proxy is not None:
            self._proxy = yarl.URL(str(proxy.url))
            if proxy.raw_auth is not None:
                encoded = b64encode(b":".join(proxy.raw_auth)).decode("ascii")
                self._proxy_headers = {"Proxy-Authorization": f"Basic {encoded}"}
        connect, read = timeout
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect, sock_read=read)

    def _session(self) -> aiohttp.ClientSession:
        # Without a limit: how many requests are in flight is decided above.
        self._connector = _Connector(limit=0, keepalive_timeout=self._kept, ssl=self._context)
        return aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            timeout=self._timeout,
            middlewares=(_once,),
            # The limits of the other engine: the address of a redirect may have 8 KiB.
            max_line_size=16 * 1024,
            max_field_size=16 * 1024,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request once, exactly as it is, and return the answer with its body unread."""
        self.client = session = self.get_client()
        response = await session.request(
            request.method,
            yarl.URL(str(request.url), encoded=True),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw],
            data=None if request.stream is NOTHING else request.content or None,
            allow_redirects=False,
            proxy=self._proxy,
            proxy_headers=self._proxy_headers or None,
        )
        return httpx.Response(
            response.status,
            headers=response.raw_headers,
            stream=_Body(response),
            extensions={"network_stream": _Connection(response)},
        )

    async def abort(self) -> None:
        """Nothing: aiohttp closes the connection of a request that was broken off by itself."""

    def forget(self) -> None:
        """Let go of the connections in a child process: closing them would reach into the parent's event loop."""
        if self._connector is not None:
            self._connector.forget()
            self.get_client().detach()
