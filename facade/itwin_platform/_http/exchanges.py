"""Requests as the engines take them, and what becomes of a connection after an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, cast

import httpx

# Answers that have no body, whatever their headers say.
_NO_BODY = frozenset({204, 205, 304})
_NO_PIECES: tuple[bytes, ...] = ()


class _Nothing(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a request that has none. httpx would send an empty piece, at the price of a full one."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(_NO_PIECES)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in _NO_PIECES:
            yield piece


NOTHING = _Nothing()


def new_request(
    method: str,
    url: str,
    headers: list[tuple[bytes, bytes]],
    body: bytes | Iterable[bytes] | None,
    extensions: Mapping[str, Any],
) -> httpx.Request:
    """A request with these headers and no others. A body needs a Content-Length among them."""
    if body is None:
        return httpx.Request(method, url, headers=headers, stream=NOTHING, extensions=extensions)
    return httpx.Request(method, url, headers=headers, content=body, extensions=extensions)


def release(response: httpx.Response) -> None:
    """Give the connection back, unless it may hold bytes that belong to nobody."""
    with suppress(Exception):  # it may be gone already
        stream = response.extensions.get("network_stream")
        if stream is not None and _may_hold_bytes(response):
            stream.close()
        cast(httpx.SyncByteStream, response.stream).close()


async def arelease(response: httpx.Response) -> None:
    """Give the connection back, unless it may hold bytes that belong to nobody."""
    with suppress(Exception):  # it may be gone already
        stream = response.extensions.get("network_stream")
        if stream is not None and _may_hold_bytes(response):
            await stream.aclose()
        await cast(httpx.AsyncByteStream, response.stream).aclose()


def _may_hold_bytes(response: httpx.Response) -> bool:
    """Whether more has arrived than belongs to the answer, or may still: it would be taken for the next one.

    httpcore returns such a connection to its pool. Only private attributes lead to what it has read ahead; if they
    disappear, the headers alone are checked. What arrives later is found before the connection is used again.
    """
    if response.status_code in _NO_BODY:
        headers = response.headers
        if headers.get("content-length", "0").strip() != "0" or "transfer-encoding" in headers:
            return True
    found: Any = response.stream
    for name in ("_httpcore_stream", "_stream", "_connection", "_h11_state", "trailing_data"):
        found = getattr(found, name, None)
    return bool(found and found[0])
