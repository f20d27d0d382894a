"""Requests that no definition describes: the methods, addresses, versions and headers that a user may choose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_plus

from .addresses import Target, UntrustedError, trusted

if TYPE_CHECKING:
    from itwin_platform_api.runtime import Request

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_VERSION = re.compile(r"v[1-9][0-9]{0,3}", re.ASCII)
_ADDRESS = re.compile(r"https?://|/(?!/)")
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
# Headers that the client sets itself, or that say how a request is to be read.
_OURS = frozenset(
    {"accept-encoding", "authorization", "connection", "content-length", "content-type", "cookie", "expect", "host"}
    | {"keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "user-agent"}
)


def free_request(
    method: str,
    api_version: str,
    params: Mapping[str, object] | None = None,
    json: object = None,
    headers: Mapping[str, object] | None = None,
) -> Request[Any]:
    """A request that is not of an operation; its address comes later.

    Raises:
        ValueError: Something cannot be sent. Neither the text nor the frames of the error show what.
    """
    found = _request_or_problem(
        method, api_version, {} if params is None else params, json, {} if headers is None else headers
    )
    del params, json, headers
    if isinstance(found, str):
        raise ValueError(found)  # noqa: TRY004 (the text says what cannot be sent)
    return found


def _request_or_problem(
    method: str, api_version: str, params: Mapping[str, object], json: object, headers: Mapping[str, object]
) -> Request[Any] | str:
    from itwin_platform_api.runtime import Operation

    try:
        check_names("params", params)
        check_names("headers", headers)
        added, accept = checked_headers(headers, media_type_of(api_version))
        operation: Operation[Any] = Operation("request", checked_method(method), "", accept, {})
        return operation.request(query=params, headers=added, body=json)
    except ValueError as error:
        return str(error)


def check_names(name: str, given: object) -> None:
    """Check that an argument is a mapping whose keys are strings.

    Raises:
        ValueError: It is something else. What it holds is not shown.
    """
    if not isinstance(given, Mapping):
        raise ValueError(f"{name} must be a mapping of names to values, not {type(given).__name__}")  # noqa: TRY004
    if not all(isinstance(key, str) for key in cast(Mapping[object, object], given)):
        raise ValueError(f"the names in {name} must be strings")


def checked_method(method: object) -> str:
    """An HTTP method in capitals.

    Raises:
        ValueError: It is not one of METHODS.
    """
    if isinstance(method, str) and method.upper() in METHODS:
        return method.upper()
    raise ValueError(f"method must be one of {', '.join(sorted(METHODS))}")


def media_type_of(api_version: object) -> str:
    """The media type to ask for.

    Raises:
        ValueError: It is not a version such as `"v1"`.
    """
    if isinstance(api_version, str) and _VERSION.fullmatch(api_version):
        return f"application/vnd.bentley.itwin-platform.{api_version}+json"
    raise ValueError('api_version must be "v1", "v2" and so on')


def checked_headers(headers: Mapping[str, object], media_type: str) -> tuple[dict[str, object], str]:
    """Headers that a user may add, and the media type to ask for: `Accept` among them wins.

    Raises:
        ValueError: The name cannot be one, or the client sets this header itself. Values are never shown.
    """
    added: dict[str, object] = {}
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError("the name of a header must consist of letters, digits and hyphens")
        if name.lower() in _OURS:
            raise ValueError(f"the header {name} is set by the client")
        if name.lower() != "accept":
            added[name] = value
        elif isinstance(value, str) and value.isascii() and value.isprintable() and value.strip():
            media_type = value.strip()
        else:
            raise ValueError("the header Accept must be a media type")
    return added, media_type


def target_of(url_or_path: object, origin: str, prefix: str, name: str = "url_or_path") -> Target:
    """Where a request goes.

    Parameters:
        url_or_path: An absolute URL, or a path, with or without a query.
        origin: The origin that the client was configured with.
        prefix: What stands before every path there.
        name: What to call the address in errors.

    Raises:
        ValueError: It is not an address, or the token must not be sent to it.
    """
    if not isinstance(url_or_path, str) or not _ADDRESS.match(url_or_path):
        raise ValueError(f"{name} must be an absolute URL or a path that starts with one slash")
    try:
        return trusted((origin + prefix if url_or_path.startswith("/") else "") + url_or_path, origin)
    except UntrustedError as refusal:
        problem = str(refusal)
    raise ValueError(f"The token goes to hosts of the platform and to api_url only: {problem}.")


def with_query(target: Target, query: str) -> Target:
    """The same address with more parameters in its query, which replace those of the same name."""
    if not query:
        return target
    path, _, before = target.path.partition("?")
    names = {_name(pair) for pair in query.split("&")}
    kept = [pair for pair in before.split("&") if pair and _name(pair) not in names]
    return Target(target.origin, f"{path}?{'&'.join((*kept, query))}")


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])
