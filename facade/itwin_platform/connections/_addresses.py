"""Addresses of repositories: templates, origins, paths below them."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

import idna

from .._policies.addresses import is_secure
from .._policies.redaction import MASK
from ._request import is_encodable

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def is_template(uri: str) -> bool:
    """Whether an address has placeholders in braces."""
    return "{" in uri or "}" in uri


def filled(template: str, values: dict[str, str], others: dict[str, str]) -> str:
    """A template with the values of its placeholders, percent-encoded.

    Parameters:
        template: The address.
        values: Values by lower-case name; placeholders may be in upper case too.
        others: Values by the name as it stands in the template, or in lower case.

    Raises:
        ValueError: A placeholder has no usable value, or a brace belongs to no placeholder.
    """

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        value: object = values.get(name.lower()) or others.get(name) or others.get(name.lower())
        if not isinstance(value, str) or value in {"", ".", ".."}:
            raise ValueError(f"the repository's uri needs a value for {match[0]}: a string other than '.' and '..'")
        return quote(value, safe="")

    uri = _PLACEHOLDER.sub(value_of, template)
    if is_template(uri):
        raise ValueError("the repository's uri has braces that do not form a placeholder")
    return uri


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL in one canonical form; empty if it cannot be read."""
    try:
        parts = urlsplit(url)
        port = {"https": 443, "http": 80}.get(parts.scheme) if parts.port is None else parts.port
        return f"{parts.scheme}://{_canonical_host(parts.hostname or '')}:{port}"
    except ValueError:
        return ""


def _canonical_host(name: str) -> str:
    """A host as HTTP libraries write it: in ASCII, and IP addresses in their short form."""
    try:
        return ip_address(name).compressed
    except ValueError:
        pass
    return name.lower() if name.isascii() else idna.encode(name.lower()).decode("ascii")


def checked_origin(uri: str, *, secret: bool, allow_http: bool) -> str:
    """The origin of a repository's address.

    Parameters:
        uri: The address, or a template of addresses.
        secret: Whether credentials will be sent there.
        allow_http: Whether they may be sent without TLS.

    Raises:
        ValueError: The address cannot be used, or not with credentials.
    """
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("the repository's uri is not a URL") from None
    if parts.scheme not in {"https", "http"} or not host or "@" in parts.netloc or re.search(r"[\s\\]", uri):
        raise ValueError("the repository's uri is not a plain http or https URL")
    if "{" in parts.netloc and secret:
        raise ValueError("the repository's uri has a placeholder in its host; credentials need a fixed host")
    if secret and not allow_http and not is_secure(parts.scheme, host):
        raise ValueError("the repository's uri is not https; allow_http=True sends its credentials without TLS")
    return origin_of(uri)


def joined_path(base: str, path: object) -> str:
    """A path below another one, percent-encoded. A trailing slash is kept, because it matters to some servers.

    Raises:
        ValueError: It is not a relative path.
    """
    if not isinstance(path, str) or not is_encodable(path):
        raise ValueError("path must be a string")
    if not path:
        return base
    if "\\" in path or any(segment in {"", ".", ".."} for segment in path.removesuffix("/").split("/")):
        raise ValueError("path must be relative, without empty parts, '.' and '..'")
    return f"{base.rstrip('/')}/{quote(path, safe='/')}"


def without_query(uri: str) -> str:
    """An address to be shown: its query and fragment may hold a key, so they are masked."""
    shown = re.split(r"[?#]", uri, maxsplit=1)[0]
    return shown if shown == uri else f"{shown}?{MASK}"
