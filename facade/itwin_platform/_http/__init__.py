"""The HTTP libraries, httpcore and aiohttp, as the rest of the package sees them. To replace them, change this package.

Connections are driven directly. A client or a pool above them would double the cost of a call, and adds what this
package does itself: redirects, auth, cookies, decoding, proxies from the environment, certificate authorities. `pools`,
`failures` and the engines are loaded with the first request.
"""

from __future__ import annotations

from .._policies.attempts import Failure
from .options import TransportOptions, check_socks, has_aiohttp, is_installed, proxy_for

__all__ = [
    "Failure",
    "TransportOptions",
    "check_socks",
    "has_aiohttp",
    "is_installed",
    "proxy_for",
]
