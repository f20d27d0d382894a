"""How connections are made: timeouts, certificate authorities, proxies, engine."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from .._policies.addresses import is_loopback
from ..errors import ConfigurationError

# As the extra asks for.
_LEAST_AIOHTTP = (3, 13, 4)


class _Cell:
    """Where options keep their TLS context once it is made. Copies by `dataclasses.replace` share it."""

    context: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class TransportOptions:
    """How connections are made."""

    timeout: tuple[float, float]
    proxy: str | None = field(default=None, repr=False)
    verify: ssl.SSLContext | str | None = None
    http2: bool = False
    aiohttp: bool | None = None
    max_body_bytes: int = 32 * 1024 * 1024
    _cell: _Cell = field(default_factory=_Cell, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the arguments, if other processes can use them and they are not secret."""
        if isinstance(self.verify, ssl.SSLContext):
            raise TypeError(
                "A client with an ssl.SSLContext cannot be pickled. Pass verify the path of a file with the "
                "certificate authorities, which every process can read."
            )
        if self.proxy is not None and "@" in self.proxy:
            raise TypeError(
                "A client whose proxy has a user or password cannot be pickled, because they are secrets. Set "
                "HTTPS_PROXY in the environment of every process, and leave proxy out."
            )
        return type(self), (self.timeout, self.proxy, self.verify, self.http2, self.aiohttp, self.max_body_bytes)

    def ssl_context(self) -> ssl.SSLContext:
        """The context for TLS connections. It is made once: loading the certificate authorities takes a while."""
        if self._cell.context is None:
            self._cell.context = _ssl_context(self.verify)
        return self._cell.context


def _ssl_context(verify: ssl.SSLContext | str | None) -> ssl.SSLContext:
    if isinstance(verify, ssl.SSLContext):
        return verify
    name, place = "verify", verify
    if place is None:
        name, place = "SSL_CERT_FILE", os.environ.get("SSL_CERT_FILE")
    if not place:
        if folders := os.environ.get("SSL_CERT_DIR"):
            return ssl.create_default_context(capath=folders)
        import certifi

        place = certifi.where()
    try:
        if Path(place).is_dir():
            return ssl.create_default_context(capath=place)
        return ssl.create_default_context(cafile=place)
    except OSError as error:
        problem = type(error).__name__
    raise ConfigurationError(f"{name}: no certificate authorities can be read from {place[:200]!r} ({problem}).")


def proxy_for(origin: str, options: TransportOptions) -> str | None:
    """The proxy for an origin: the configured one, or the one from the environment.

    The environment's proxies (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY; NO_PROXY; the system settings on macOS and Windows)
    are not used for this machine itself.
    """
    if options.proxy is not None:
        return options.proxy
    parts = urlsplit(origin)
    host = parts.hostname or ""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or is_loopback(host) or proxy_bypass(f"{host}:{parts.port or 443}"):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def check_socks(proxy: str) -> None:
    """Refuse a SOCKS proxy if the package that speaks SOCKS is missing.

    Raises:
        ConfigurationError: It is.
    """
    if proxy.lower().startswith("socks") and not is_installed("socksio"):
        raise ConfigurationError("A SOCKS proxy needs the package socksio. Install it, or use an HTTP proxy.")


def has_aiohttp() -> bool:
    """Whether aiohttp is installed, in a version that the engine works with. Others bring it along, however old."""
    if not is_installed("aiohttp"):
        return False
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("aiohttp")
    except PackageNotFoundError:
        return False
    return tuple(map(int, re.findall(r"\d+", found)[:3])) >= _LEAST_AIOHTTP


def is_installed(package: str) -> bool:
    """Whether an optional package is installed."""
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False
