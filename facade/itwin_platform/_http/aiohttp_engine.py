"""The other engine below the async client: aiohttp, by way of httpx-aiohttp, which makes it a transport of httpx.

httpx's own pool costs more with each request that is under way at the same time. What aiohttp does by itself is
switched off here, so that both engines put the same bytes on the wire: cookies, netrc, proxies of the environment,
redirects, decoding, rewriting of URLs, and sending a request once more when a connection breaks.
"""

from __future__ import annotations

import ssl
from base64 import b64encode

import aiohttp
import httpx
import httpx_aiohttp
import yarl
from httpx_aiohttp.transport import AiohttpResponseStream

# The first that fits. httpx-aiohttp takes a connection that broke for one that could not be opened.
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
    """Send a request in terms of httpx. aiohttp repeats one that failed with an error of its own."""
    try:
        return await send(request)
    except (aiohttp.ClientError, ConnectionError) as error:
        meaning = next(meaning for kind, meaning in _MEANINGS if isinstance(error, kind))
        raise meaning(type(error).__name__) from error


def _drop(response: aiohttp.ClientResponse) -> None:
    """Close the connection of an answer at once. aiohttp alone would wait for the other side to agree."""
    connection = response.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()
    response.close()


class _Body(AiohttpResponseStream):
    """The body of an answer. A connection with something left unread is of no more use."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        super().__init__(response)
        self._response = response

    async def aclose(self) -> None:
        if not self._response.content.at_eof():
            _drop(self._response)
        await super().aclose()


class _Connection:
    """What the transport takes for the connection of an answer, to close it."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def aclose(self) -> None:
        _drop(self._response)


class AiohttpEngine(httpx_aiohttp.AiohttpTransport):
    """A pool of connections of one event loop.

    Parameters:
        context: For TLS, to servers and to proxies.
        limits: How many connections, and for how long.
        proxy: An HTTP proxy, or None.
        timeout: Seconds for connecting, and for each read.
    """

    def __init__(
        self, context: ssl.SSLContext, limits: httpx.Limits, proxy: httpx.Proxy | None, timeout: tuple[float, float]
    ) -> None:
        super().__init__(verify=context, limits=limits, client=self._session)
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
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self.limits.max_connections or 0,
                keepalive_timeout=self.limits.keepalive_expiry or 0,
                ssl=self._context,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            timeout=self._timeout,
            middlewares=(_once,),
            # As much as the other engine takes: a redirect's address may have 8 KiB.
            max_line_size=16 * 1024,
            max_field_size=16 * 1024,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request exactly as it is, once, and return the answer with its body unread."""
        self.client = session = self.get_client()
        response = await session.request(
            request.method,
            yarl.URL(str(request.url), encoded=True),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw],
            data=request.content or None,
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
