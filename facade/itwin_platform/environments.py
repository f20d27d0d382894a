"""The environments of the platform, and which base URLs a client accepts."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit

from ._policies.addresses import is_secure
from .errors import ConfigurationError

__all__ = ["Environment"]


def __dir__() -> list[str]:
    return list(__all__)


class Environment(StrEnum):
    """An environment of the platform: an API host and the identity host that belongs to it."""

    PROD = "prod"
    QA = "qa"
    DEV = "dev"

    @property
    def api_url(self) -> str:
        """Address of the APIs."""
        return f"https://{'' if self is Environment.PROD else f'{self.value}-'}api.bentley.com"

    @property
    def issuer_url(self) -> str:
        """Address of the identity service. The development environment uses that of QA."""
        return f"https://{'' if self is Environment.PROD else 'qa-'}ims.bentley.com"


def environment_named(name: str) -> Environment:
    """The environment with that name.

    Raises:
        ConfigurationError: It does not exist.
    """
    try:
        return Environment(name)
    except ValueError:
        pass
    known = ", ".join(repr(environment.value) for environment in Environment)
    raise ConfigurationError(f"There is no environment {str(name)[:40]!r}. Use one of {known}.")


def checked_url(name: str, url: str) -> str:
    """A base URL without its trailing slash, if secrets may be sent to it: https, or http to this machine.

    Raises:
        ConfigurationError: They may not, or it is not a plain base URL.
    """
    problem = _url_problem(url)
    if problem:
        raise ConfigurationError(f"{name} {problem}. Use a URL such as https://api.bentley.com.")
    return url.rstrip("/")


def _url_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except (ValueError, AttributeError, TypeError):
        return "is not a URL"
    if not host or port == 0 or not url.isascii() or any(character <= " " for character in url):
        return "is not a URL with a host"
    if parts.username is not None or parts.query or parts.fragment or "?" in url or "#" in url or "\\" in url:
        return "must not have a user, a query or a fragment"
    if is_secure(parts.scheme, host):
        return None
    return "must use https; http is accepted only for this machine (localhost, 127.0.0.1, [::1])"
