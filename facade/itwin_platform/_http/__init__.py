"""The HTTP library, httpx, as the rest of the package sees it. To replace it, change this package.

httpx's transports are used directly. Its client would double the cost of a call, and adds what this package does itself
(redirects, auth, cookies, decoding). What else the client does is done here: proxies from the environment and
certificate authorities. `pools`, `exchanges` and the engines are loaded with the first request.
"""

from __future__ import annotations

import httpx

from .._policies.attempts import Failure
from .failures import failure_of
from .options import TransportOptions, check_socks, is_installed, proxy_for

Auth = httpx.Auth
AsyncByteStream = httpx.AsyncByteStream
Request = httpx.Request
Response = httpx.Response
SyncByteStream = httpx.SyncByteStream
VERSION = httpx.__version__

__all__ = [
    "VERSION",
    "AsyncByteStream",
    "Auth",
    "Failure",
    "Request",
    "Response",
    "SyncByteStream",
    "TransportOptions",
    "check_socks",
    "failure_of",
    "is_installed",
    "proxy_for",
]
