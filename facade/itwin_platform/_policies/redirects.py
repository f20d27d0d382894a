"""Which addresses the platform's token may be sent to, and where a redirect leads.

Parts of the platform live on hosts of their own and are reached by a redirect from the main one, with the same token.
That makes a redirect, and any URL out of an answer, a way to be talked into handing the token to a stranger.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_HOPS = 5
MAX_LOCATION = 8192
_PLAIN_HOST = re.compile(r"[a-z0-9.-]{1,253}", re.ASCII)

# One label before "-api": no subdomains, no trailing dot, nothing beyond ASCII, not even in disguise (xn--).
_PLATFORM_HOST = re.compile(r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,55}[a-z0-9])?-)?api\.bentley\.com", re.ASCII)
# What a URL consists of (RFC 3986): no spaces, quotes, backslashes or controls, which parsers disagree about.
_PLAIN_URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """Where one request goes: an origin (`https://host` or `http://127.0.0.1:port`) and what follows it."""

    origin: str
    path: str

    def __repr__(self) -> str:
        """Show all but the query, which may hold a signature."""
        path, question, _ = self.path.partition("?")
        return f"Target({self.origin}{path}{question and '?***'})"

    @property
    def host(self) -> str:
        """Host and port, as in the Host header."""
        return self.origin.partition("://")[2]

    @property
    def url(self) -> str:
        """The whole URL."""
        return self.origin + self.path


class UntrustedError(ValueError):
    """An address that the token must not be sent to. The text says why and names at most the host."""


def is_platform(origin: str) -> bool:
    """Whether an origin is a host of the platform."""
    scheme, _, host = origin.partition("://")
    return scheme == "https" and _PLATFORM_HOST.fullmatch(host) is not None


def trusted(url: str, configured: str) -> Target:
    """Take an absolute URL apart if the token may be sent to it.

    Parameters:
        url: An absolute URL, from a redirect or out of a body.
        configured: The origin that the client was configured with, which is trusted too.

    Raises:
        UntrustedError: It may not.
    """
    if len(url) > MAX_LOCATION:
        raise UntrustedError("the address is too long")
    if not _PLAIN_URL.fullmatch(url):
        raise UntrustedError("the address has characters that do not belong there unless they are percent-encoded")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = None, ""
    if parts is None or not host:
        raise UntrustedError("the address has no readable host")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if f"{parts.scheme}://{parts.netloc}" == configured:
        return Target(configured, path)
    if parts.scheme != "https":
        raise UntrustedError(f"{_named(host)} would be reached without https")
    if parts.netloc not in (host, f"{host}:443"):
        raise UntrustedError(f"{_named(host)} is written with a user, another port or in an unusual way")
    if not _PLATFORM_HOST.fullmatch(host):
        raise UntrustedError(f"{_named(host)} is not a host of the platform")
    return Target(f"https://{host}", path)


def redirect_target(method: str, current: Target, locations: list[str], configured: str) -> Target:
    """Where a redirect leads, if it may be followed.

    Parameters:
        method: The method of the request that was answered.
        current: Where that request went.
        locations: The values of its `Location` headers.
        configured: The origin that the client was configured with.

    Raises:
        UntrustedError: It may not be followed.
    """
    if method not in {"GET", "HEAD"}:
        raise UntrustedError(f"a redirect of {method} could repeat or change the request")
    if len(locations) != 1:
        raise UntrustedError("there has to be exactly one Location header")
    location = locations[0]
    if len(location) > MAX_LOCATION:
        raise UntrustedError("the address is too long")
    if not _PLAIN_URL.fullmatch(location):
        raise UntrustedError("the address has characters that do not belong there unless they are percent-encoded")
    # Whatever has a scheme or a host has to be a complete URL; parsers disagree about the forms in between.
    if not re.match(r"https?://[^/]", location) and re.match(r"//|[^/?#]*:", location):
        raise UntrustedError("the address is neither complete nor a path")
    try:
        url = urljoin(current.url, location)
    except ValueError:
        url = ""
    return trusted(url.partition("#")[0], configured)


def _named(host: str) -> str:
    return f"the host {host!r}" if _PLAIN_HOST.fullmatch(host) else "a host with an unusual name"
