"""The HTTP library, httpx, as the rest of the package sees it. To replace it, change this package.

httpx's transports are used directly. Its client would double the cost of a call, and adds what this package does itself
(redirects, auth, cookies, decoding). What else the client does is done here: proxies from the environment and
certificate authorities. Each engine is a module of its own, loaded with the first request.
"""

from __future__ import annotations

import httpx

from .._policies.attempts import Failure
from .exchanges import arelease, new_request, release
from .failures import failure_of
from .options import TransportOptions, check_socks, is_installed, proxy_for
from .pools import (
    AsyncEngine,
    Connections,
    Engine,
    open_async_engines,
    open_engines,
    prepare,
)

Auth = httpx.Auth
AsyncByteStream = httpx.AsyncByteStream
Request = httpx.Request
Response = httpx.Response
SyncByteStream = httpx.SyncByteStream
VERSION = httpx.__version__

__all__ = [
    "VERSION",
    "AsyncByteStream",
    "AsyncEngine",
    "Auth",
    "Connections",
    "Engine",
    "Failure",
    "Request",
    "Response",
    "SyncByteStream",
    "TransportOptions",
    "arelease",
    "check_socks",
    "failure_of",
    "is_installed",
    "new_request",
    "open_async_engines",
    "open_engines",
    "prepare",
    "proxy_for",
    "release",
]
