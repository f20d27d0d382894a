"""Which addresses secrets may be sent to: the platform's token, client secrets, signed links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

_MAX_LENGTH = 8192
# What a URL consists of (RFC 3986): no spaces, quotes, backslashes or controls, which parsers disagree about.
_PLAIN_URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.ASCII)
# What a URL is left with as it is; the rest is percent-encoded.
_NOT_ENCODED = "/?#[]@!$&'()*+,;=:%~"
_PLAIN_HOST = re.compile(r"[a-z0-9.-]{1,253}", re.ASCII)
# One label before "-api": no subdomains, no trailing dot, nothing beyond ASCII, not even in disguise (xn--).
_PLATFORM_HOST = re.compile(r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,55}[a-z0-9])?-)?api\.bentley\.com", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """The address of a request: an origin (`https://host` or `http://127.0.0.1:port`), and the path with its query."""

    origin: str
    path: str

    def __repr__(self) -> str:
        """Hide the query, which may hold a signature."""
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
    """The token must not be sent to an address. The text says why and names at most the host."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address stands for this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_secure(scheme: str, host: str) -> bool:
    """Whether a secret stays private on its way: over https, or over http to this machine."""
    return scheme == "https" or (scheme == "http" and is_loopback(host))


def signed_target(url: str) -> Target | None:
    """Where a signed URL leads, such as a SAS URL or the link to an image; None if its signature would be exposed.

    None also stands for a URL that cannot be used: one without a host, with a user, or with characters to be encoded.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    if not host or not is_secure(parts.scheme, host) or "@" in parts.netloc:
        return None
    if not url.isascii() or any(character <= " " for character in url):
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(f"{parts.scheme}://{parts.netloc}", quote(path, safe=_NOT_ENCODED))


def check_plain(url: str) -> None:
    """Refuse a URL that parsers may disagree about.

    Raises:
        UntrustedError: It is too long, or has characters that a URL cannot have.
    """
    if len(url) > _MAX_LENGTH:
        raise UntrustedError("the address is too long")
    if not _PLAIN_URL.fullmatch(url):
        raise UntrustedError("the address has characters that must be percent-encoded")


def is_platform(origin: str) -> bool:
    """Whether an origin is a host of the platform."""
    scheme, _, host = origin.partition("://")
    return scheme == "https" and _PLATFORM_HOST.fullmatch(host) is not None


def trusted(url: str, configured: str) -> Target:
    """Split an absolute URL that the platform's token may be sent to.

    Parameters:
        url: An absolute URL, from a redirect or a body.
        configured: The origin that the client was configured with, which is trusted too.

    Raises:
        UntrustedError: The token must not be sent there.
    """
    check_plain(url)
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
        raise UntrustedError(f"{_named(host)} would be contacted without https")
    if parts.netloc not in (host, f"{host}:443"):
        raise UntrustedError(f"{_named(host)} has a user, another port or an unusual spelling")
    if not _PLATFORM_HOST.fullmatch(host):
        raise UntrustedError(f"{_named(host)} is not a host of the platform")
    return Target(f"https://{host}", path)


def _named(host: str) -> str:
    return f"the host {host!r}" if _PLAIN_HOST.fullmatch(host) else "a host with an unusual name"
