"""The HTTP library, httpx, as the rest of the package sees it: a successor is swapped in here.

httpx's transports are driven directly. Its client adds what this package does otherwise (redirects, auth, cookies,
decoding) and costs as much again. What the client does beside that is done here: proxies from the environment and
certificate authorities. The engines are modules of their own, which are loaded with the first request.
"""

from __future__ import annotations

import httpx

from .._policies.attempts import Failure
from .failures import FAILURES, failure_of
from .options import TransportOptions, check_socks, is_installed, proxy_for
from .pools import Pools, has_leftovers, open_async_transport, open_transport, prepare

Auth = httpx.Auth
AsyncBaseTransport = httpx.AsyncBaseTransport
AsyncByteStream = httpx.AsyncByteStream
BaseTransport = httpx.BaseTransport
Request = httpx.Request
Response = httpx.Response
SyncByteStream = httpx.SyncByteStream
VERSION = httpx.__version__

__all__ = [
    "FAILURES",
    "VERSION",
    "AsyncBaseTransport",
    "AsyncByteStream",
    "Auth",
    "BaseTransport",
    "Failure",
    "Pools",
    "Request",
    "Response",
    "SyncByteStream",
    "TransportOptions",
    "check_socks",
    "failure_of",
    "has_leftovers",
    "is_installed",
    "open_async_transport",
    "open_transport",
    "prepare",
    "proxy_for",
]
