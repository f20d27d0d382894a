"""The arguments of a client, checked and converted for the pipeline."""

from __future__ import annotations

import math
import os
import platform
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from . import _http
from ._paths import local_path
from ._policies.retries import RetryPolicy
from ._version import __version__
from .environments import Environment, checked_url, environment_named
from .errors import ConfigurationError

DEFAULT_TIMEOUT = (10.0, 60.0)
DEFAULT_DEADLINE = 180.0
DEFAULT_IN_FLIGHT = 32
DEFAULT_MAX_BODY = 32 * 1024 * 1024

_PROXY_SCHEMES = frozenset({"http", "https", "socks5", "socks5h"})
_HEADER_TEXT = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Settings:
    """The checked arguments of a client."""

    api_url: str
    issuer_url: str
    transport: _http.TransportOptions
    deadline: float
    retry: RetryPolicy | None
    user_agent: str
    max_in_flight: int = DEFAULT_IN_FLIGHT
    requests_per_minute: int | None = None
    origin: str = field(init=False)
    prefix: str = field(init=False)

    def __post_init__(self) -> None:
        scheme, _, rest = self.api_url.partition("://")
        host, slash, path = rest.partition("/")
        object.__setattr__(self, "origin", f"{scheme}://{host}".lower())
        object.__setattr__(self, "prefix", slash + path)


def make_settings(
    *,
    environment: Environment | str | None,
    api_url: str | None,
    issuer_url: str | None,
    timeout: float | tuple[float, float] | None,
    deadline: float,
    retry: RetryPolicy | None,
    user_agent: str | None,
    max_body_bytes: int,
    max_in_flight: int = DEFAULT_IN_FLIGHT,
    requests_per_minute: int | None = None,
    proxy: str | None,
    verify: ssl.SSLContext | str | os.PathLike[str] | None,
    http2: bool,
    aiohttp: bool | None = False,
) -> Settings:
    """Check the arguments of a client. They take precedence over environment variables.

    Raises:
        ConfigurationError: One of them cannot be used; the message names it.
    """
    named = None if environment is None else environment_named(environment)
    # If an environment is named, the variables are ignored.
    variables: Mapping[str, str] = os.environ if named is None else {}
    chosen = named or Environment.PROD
    return Settings(
        api_url=_address("api_url", api_url, variables, chosen.api_url),
        issuer_url=_address("issuer_url", issuer_url, variables, chosen.issuer_url),
        transport=_http.TransportOptions(
            timeout=_timeouts(timeout),
            proxy=_proxy(proxy),
            verify=_verify(verify),
            aiohttp=_aiohttp(aiohttp, http2=http2),
            http2=_http2(http2),
            max_body_bytes=int(_positive("max_body_bytes", max_body_bytes)),
        ),
        deadline=_positive("deadline", deadline),
        retry=_retry(retry),
        user_agent=_user_agent(user_agent),
        max_in_flight=_whole("max_in_flight", max_in_flight),
        requests_per_minute=None if requests_per_minute is None else _whole("requests_per_minute", requests_per_minute),
    )


def _address(name: str, given: str | None, variables: Mapping[str, str], usual: str) -> str:
    """An address: that of the argument, of the environment variable, or the usual one."""
    variable = f"ITP_{name.upper()}"
    if not given and (found := variables.get(variable)):
        return checked_url(variable, found)
    return checked_url(name, given or usual)


def _whole(name: str, count: object) -> int:
    if isinstance(count, int) and not isinstance(count, bool) and count >= 1:
        return count
    raise ConfigurationError(f"{name} must be a whole number of at least 1.")


def _positive(name: str, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf:
        return float(value)
    raise ConfigurationError(f"{name} must be a positive number.")


def _timeouts(timeout: float | tuple[float, float] | None) -> tuple[float, float]:
    if timeout is None:
        return DEFAULT_TIMEOUT
    if isinstance(timeout, (int, float)):
        seconds = _positive("timeout", timeout)
        return seconds, seconds
    if isinstance(timeout, (tuple, list)) and len(timeout) == 2:  # pyright: ignore[reportUnnecessaryIsInstance]
        return _positive("timeout", timeout[0]), _positive("timeout", timeout[1])
    raise ConfigurationError(
        "timeout must be a number of seconds, or a pair of them: for connecting, and for each read and write."
    )


def _retry(retry: object) -> RetryPolicy | None:
    if retry is None or isinstance(retry, RetryPolicy):
        return retry
    raise ConfigurationError("retry must be a RetryPolicy, or None for a single attempt.")


def _proxy(proxy: object) -> str | None:
    if proxy is None:
        return None
    if isinstance(proxy, str) and _proxy_scheme(proxy) in _PROXY_SCHEMES:
        _http.check_socks(proxy)
        return proxy
    raise ConfigurationError("proxy must be a URL such as http://host:port.")


def _proxy_scheme(proxy: str) -> str:
    """The scheme of a usable URL; empty if it has no host or has unusual characters."""
    try:
        parts = urlsplit(proxy)
        usable = bool(parts.hostname) and parts.port != 0 and not re.search(r"[^\x21-\x7e]", proxy)
    except ValueError:
        return ""
    return parts.scheme if usable else ""


def _http2(http2: object) -> bool:
    if not isinstance(http2, bool):
        raise ConfigurationError("http2 must be True or False.")
    if http2 and not _http.is_installed("h2"):
        raise ConfigurationError('http2 needs the package h2. Install it: pip install "itwin-platform[http2]"')
    return http2


def _aiohttp(aiohttp: bool | None, *, http2: bool) -> bool | None:
    if aiohttp is not None and not isinstance(aiohttp, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError("aiohttp must be True, False or None.")
    if aiohttp and http2:
        raise ConfigurationError("aiohttp does not support HTTP/2. Choose one of aiohttp and http2.")
    if aiohttp and not _http.has_aiohttp():
        raise ConfigurationError('aiohttp is missing or too old. Install it: pip install "itwin-platform[aiohttp]"')
    return aiohttp


def _verify(verify: object) -> ssl.SSLContext | str | None:
    if verify is None or isinstance(verify, ssl.SSLContext):
        return verify
    try:
        path = local_path("verify", verify)
    except ValueError:
        problem = (
            "verify must be a file or folder of certificate authorities, or an ssl.SSLContext. Verification can only "
            "be turned off in such a context."
        )
    else:
        if path.exists():
            return str(path)
        problem = f"verify: there is no file or folder {str(path)[:200]!r}."
    raise ConfigurationError(problem)


def _user_agent(extra: str | None) -> str:
    ours = f"itwin-platform/{__version__} python/{platform.python_version()}"
    if extra is None:
        return ours
    if not _HEADER_TEXT.fullmatch(extra):
        raise ConfigurationError("user_agent must consist of printable ASCII words, for instance my-app/1.0.")
    return f"{ours} {extra}"
