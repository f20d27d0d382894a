"""The alternative engine of the async client: aiohttp.

It is there because its connections are cheaper, and stay so with many requests at once. Features of aiohttp are
switched off, so that both engines put the same bytes on the wire: cookies, netrc, proxies of the environment,
redirects, decoding, rewriting of URLs, and repeating a request when a connection breaks.
"""

from __future__ import annotations

import asyncio
import select
from base64 import b64encode
from collections.abc import Awaitable
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self, TypeVar

import aiohttp
import anyio
import httpcore
import yarl
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from .exchanges import Head
from .routes import KEPT, Route

if TYPE_CHECKING:
    from .._policies.addresses import Target
    from .._policies.calls import Headers

T = TypeVar("T")

# Seconds that closing may take.
_PATIENCE = 2.0

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


async def _named(work: Awaitable[T]) -> T:
    """Await something, raising httpcore's errors."""
    try:
        return await work
    except (aiohttp.ClientError, ConnectionError) as error:
        meaning = next(meaning for kind, meaning in _MEANINGS if isinstance(error, kind))
        told = str(error.status) if isinstance(error, aiohttp.ClientResponseError) else type(error).__name__
        raise meaning(told) from error


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request. One that failed with an error of aiohttp would be repeated."""
    return await _named(send(request))


class _Connector(aiohttp.TCPConnector):
    """Knows its connection, of which there is one at a time."""

    _protocol: ResponseHandler | None = None
    # The protocol lets go of it when it is closed, although it may go on sending for a long time.
    _transport: asyncio.Transport | None = None

    async def connect(self, *arguments: Any, **named: Any) -> Connection:
        connection = await super().connect(*arguments, **named)
        self._protocol, self._transport = connection.protocol, connection.transport
        return connection

    @property
    def has_unread(self) -> bool:
        """Whether bytes wait on the connection, read by the event loop already or not yet."""
        if self._protocol is None or self._transport is None:
            return False
        if self._protocol.should_close or self._transport.is_closing():
            return True
        found = self._transport.get_extra_info("socket")
        return found is not None and _is_readable(found.fileno())

    def abort(self) -> None:
        """Close the connection at once: aiohttp would wait until all is sent, or the other side closes it too."""
        if self._transport is not None:
            self._transport.abort()

    def forget(self) -> None:
        """Keep the connection from being closed with this object: in a child process it is the parent's."""
        self._conns.clear()
        self._closed = True


def _is_readable(descriptor: int) -> bool:
    if hasattr(select, "poll"):  # Windows has only the other one, and that one ends at descriptor 1023 elsewhere
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        return bool(waiting.poll(0))
    return bool(select.select([descriptor], [], [], 0)[0])


class Response(Head):
    """An answer. Its body can be iterated once."""

    __slots__ = ("_connector", "_response")

    def __init__(self, response: aiohttp.ClientResponse, connector: _Connector) -> None:
        super().__init__(response.status, response.raw_headers)
        self._response = response
        self._connector = connector

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if piece := await _named(self._response.content.readany()):
            return piece
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Keep the connection for the next request, unless unexpected bytes may follow on it."""
        if self.announces_too_much or not self._response.content.at_eof():
            self._connector.abort()
        self._response.release()


class AiohttpEngine:
    """One connection. It is made when it is needed, and again when it was closed.

    Parameters:
        route: Where it goes, and how. A proxy must be an HTTP proxy.
    """

    def __init__(self, route: Route) -> None:
        self._proxy: yarl.URL | None = None
        self._proxy_headers: dict[str, str] | None = None
        if route.proxy is not None:
            proxy = route.proxy.url
            self._proxy = yarl.URL.build(scheme="http", host=proxy.host.decode("ascii"), port=proxy.port)
            if route.proxy.auth is not None:
                encoded = b64encode(b":".join(route.proxy.auth)).decode("ascii")
                self._proxy_headers = {"Proxy-Authorization": f"Basic {encoded}"}
        self._connector = _Connector(keepalive_timeout=KEPT, ssl=route.context)
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            timeout=aiohttp.ClientTimeout(
                total=None, connect=route.connect, sock_connect=route.connect, sock_read=route.each
            ),
            middlewares=(_once,),
            # The limits of the other engine: the address of a redirect may have 8 KiB.
            max_line_size=16 * 1024,
            max_field_size=16 * 1024,
        )

    async def send(self, method: str, target: Target, headers: Headers, body: bytes | None) -> Response:
        """Send a request once, exactly as it is, and return its answer with the body unread."""
        if self._connector.has_unread:  # what is there would pass for the next answer
            self._connector.abort()
        response = await self._session.request(
            method,
            yarl.URL(target.url, encoded=True),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers],
            data=BytesIO(body) if body else None,  # as bytes, it would be sent in one go while all other tasks wait
            allow_redirects=False,
            proxy=self._proxy,
            proxy_headers=self._proxy_headers,
        )
        return Response(response, self._connector)

    async def aclose(self) -> None:
        """Close the connection, even if the call that used it is cancelled."""
        self._connector.abort()
        with anyio.move_on_after(_PATIENCE, shield=True):
            await self._session.close()

    def forget(self) -> None:
        """Let go of the connection in a child process: closing it would reach into the parent's event loop."""
        self._connector.forget()
        self._session.detach()
