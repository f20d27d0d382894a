"""Reaching the servers that repositories point to: address, headers and query parameters, for any HTTP library.

    repository = platform.repositories.get(itwin_id, repository_id)
    connection = platform.repositories.connection(repository)
    request = connection.request(params={"service": "WMS", "request": "GetCapabilities"})
    requests.get(request.url, params=request.params, headers=request.headers)

These servers belong to third parties. A connection knows what the repository says about authentication and nothing of
the platform's token. Nothing here sends anything.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from .environments import is_loopback
from .errors import ConfigurationError

if TYPE_CHECKING:
    from itwin_platform_api.itwins.models import Repository

__all__ = ["ConnectionAuth", "ConnectionRequest", "OAuth2Parameters", "RepositoryConnection"]

Params = tuple[tuple[str, str], ...]

_PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}", re.ASCII)
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", re.ASCII)
# Headers that say how a request is to be read. No repository has a reason to name one.
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})
_MASK = "***"


@dataclass(frozen=True, slots=True)
class ConnectionRequest:
    """What a GET request to the server of a repository consists of. Secrets in it are masked in `repr()`.

    Attributes:
        url: The address without its query.
        params: The query as pairs of name and value, not encoded: `params=` of requests, httpx and aiohttp.
        headers: Headers to send.
    """

    url: str
    params: Params = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @property
    def full_url(self) -> str:
        """The address with its query. It may hold a secret: do not log it."""
        return f"{self.url}?{urlencode(self.params)}" if self.params else self.url

    def __repr__(self) -> str:
        """Show names, not values."""
        params = {name: _MASK for name, _ in self.params}
        headers = dict.fromkeys(self.headers, _MASK)
        return f"ConnectionRequest(url={self.url!r}, {params=}, {headers=})"


@dataclass(frozen=True, slots=True)
class OAuth2Parameters:
    """What the OAuth 2.0 authorization code flow with PKCE needs to get a token for the server of a repository.

    Attributes:
        client_id: Id under which the client is registered at the authorization server.
        scopes: The scopes to ask for.
        authorization_endpoint: Where the user is sent to.
        token_endpoint: Where the code is exchanged for tokens.
        redirect_uri: Where the user is sent back to.
    """

    client_id: str
    scopes: tuple[str, ...]
    authorization_endpoint: str
    token_endpoint: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class _Secrets:
    """What authenticates a request."""

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    params: Params = field(default=(), repr=False)


class RepositoryConnection:
    """The way to the server of a repository. It is made by `platform.repositories.connection`.

    Attributes:
        uri: Address of the server, or a template of addresses.
        authentication: How to authenticate: `"Header"`, `"QueryParameter"`, `"Basic"`,
            `"OAuth2AuthorizationCodePKCE"`, another type that this version does not know, or None.
        oauth2: The parameters of the flow, if `authentication` is `"OAuth2AuthorizationCodePKCE"`; else None.
        minimum_level: The coarsest level of detail that a template may be asked for, or None.
        maximum_level: The finest level of detail that a template may be asked for, or None.
    """

    def __init__(self, repository: Repository, *, allow_http: bool = False) -> None:
        """Read what the repository says.

        Parameters:
            repository: The repository.
            allow_http: Let credentials go to an address without TLS.

        Raises:
            ValueError: It has no address that can be used, or credentials that would be sent without TLS or that
                cannot be sent at all.
        """
        source = repository.to_dict()
        authentication: dict[str, Any] = source.get("authentication") or {}
        options: dict[str, Any] = source.get("options") or {}
        self.uri = str(source.get("uri") or "")
        self.authentication: str | None = str(authentication["type"]) if authentication.get("type") else None
        self.minimum_level: int | None = options.get("minimumLevel")
        self.maximum_level: int | None = options.get("maximumLevel")
        self._origin = _origin_of(self.uri, secret=bool(authentication), allow_http=allow_http)
        self._defaults = _query_of(options.get("queryParameters") or {})
        self._secrets = _secrets_of(self.authentication, authentication)
        self.oauth2 = _oauth2_of(authentication) if self.authentication == "OAuth2AuthorizationCodePKCE" else None

    def authorized(self, access_token: str) -> RepositoryConnection:
        """The same connection with a token for this server, which the caller has got with `oauth2`.

        Parameters:
            access_token: A token of the repository's own authorization server: never the platform's.

        Raises:
            ValueError: The repository does not say that it takes such tokens, or the token cannot be sent.
        """
        if self.oauth2 is None:
            raise ValueError("the repository is not documented to take OAuth 2.0 tokens")
        if not _HEADER_VALUE.fullmatch(access_token) or " " in access_token:
            raise ValueError("access_token has characters that no token has")
        result = object.__new__(RepositoryConnection)
        result.__dict__.update(self.__dict__)
        result._secrets = _Secrets(headers=(("Authorization", f"Bearer {access_token}"),))
        return result

    def request(self, path: str = "", *, params: Mapping[str, Any] | None = None) -> ConnectionRequest:
        """What a request to the server consists of.

        Parameters:
            path: Added to the path of the address, for instance `"MapServer/0/query"`; not encoded.
            params: Query parameters. They win over those of the repository's options, which win over those in its
                address. A list gives several, None leaves one out.

        Raises:
            ValueError: The address is a template, or the path leads out of it.
            ConfigurationError: The authentication is of a type that this version does not know, or needs a token.
        """
        if _PLACEHOLDER.search(self.uri):
            raise ValueError("the repository's uri is a template; use tile()")
        return self._request(self.uri, path, params)

    def tile(
        self, z: int, x: int, y: int, *, params: Mapping[str, Any] | None = None, **others: str
    ) -> ConnectionRequest:
        """What a request for a tile consists of: the address is the repository's template with the numbers in it.

        Parameters:
            z: Level of detail.
            x: Column, from 0.
            y: Row, from 0.
            params: Query parameters, as for `request`.
            others: Values for what else stands in braces in the template, for instance `s="a"`.

        Raises:
            ValueError: The address is no template, a value for it is missing, or the level is out of the bounds that
                the repository gives.
            ConfigurationError: As for `request`.
        """
        for name, number in (("z", z), ("x", x), ("y", y)):
            if isinstance(number, bool) or not isinstance(number, int) or number < 0:  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ValueError(f"{name} must be a whole number from 0")
        if self.minimum_level is not None and z < self.minimum_level:
            raise ValueError(f"z must be at least {self.minimum_level}, the repository's minimumLevel")
        if self.maximum_level is not None and z > self.maximum_level:
            raise ValueError(f"z must be at most {self.maximum_level}, the repository's maximumLevel")
        if not _PLACEHOLDER.search(self.uri):
            raise ValueError("the repository's uri is no template; use request()")
        values = {"z": str(z), "x": str(x), "y": str(y), **others}

        def value_of(match: re.Match[str]) -> str:
            value = values.get(match[1], values.get(match[1].lower()))
            if value is None:
                raise ValueError(f"the repository's uri needs a value for {match[0]}")
            return quote(value, safe="")

        return self._request(_PLACEHOLDER.sub(value_of, self.uri), "", params)

    def auth(self) -> ConnectionAuth:
        """An object for `auth=` of httpx and requests, which authenticates requests to this server and no other.

        Raises:
            ConfigurationError: As for `request`.
        """
        return ConnectionAuth(self._origin, self._usable_secrets())

    def __repr__(self) -> str:
        return f"RepositoryConnection(uri={_shown(self.uri)!r}, authentication={self.authentication!r})"

    def _usable_secrets(self) -> _Secrets:
        if self._secrets is not None:
            return self._secrets
        if self.oauth2 is not None:
            raise ConfigurationError(
                "The repository's server needs an OAuth 2.0 token of its own. Get one with the parameters in `oauth2` "
                "and use connection.authorized(token)."
            )
        raise ConfigurationError(
            f"The repository's authentication is of the type {self.authentication!r}, which this version does not know."
        )

    def _request(self, uri: str, path: str, params: Mapping[str, Any] | None) -> ConnectionRequest:
        secrets = self._usable_secrets()
        parts = urlsplit(uri)
        chosen = dict(params or {})
        query = parse_qsl(parts.query, keep_blank_values=True)
        for more in (self._defaults, _query_of(chosen), secrets.params):
            named = {name for name, _ in more} | {name for name in chosen if chosen[name] is None}
            query = [pair for pair in query if pair[0] not in named] + list(more)
        url = urlunsplit((parts.scheme, parts.netloc, _joined(parts.path, path), "", ""))
        return ConnectionRequest(url, tuple(query), dict(secrets.headers))


@dataclass(frozen=True, slots=True)
class ConnectionAuth:
    """Authenticates requests to the server of a repository. httpx and requests take it as `auth=`.

    Requests to another origin (scheme, host or port) are left as they are. It masks its secrets in `repr()`.
    """

    origin: str
    _secrets: _Secrets = field(repr=False)

    def __call__(self, request: Any) -> Any:
        """Add what authenticates to a request of httpx or of requests, and return it."""
        url = str(request.url)
        if _origin(url) != self.origin:
            return request
        for name, value in self._secrets.headers:
            request.headers[name] = value
        if self._secrets.params:
            parts = urlsplit(url)
            named = {name for name, _ in self._secrets.params}
            kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in named]
            query = urlencode(kept + list(self._secrets.params))
            # Both libraries' own type of URL is made of a string: requests keeps strings, httpx has a class.
            request.url = type(request.url)(urlunsplit(parts._replace(query=query)))
        return request


def _origin(url: str) -> str:
    """Scheme, host and port of a URL, always written in the same way."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return ""
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def _origin_of(uri: str, *, secret: bool, allow_http: bool) -> str:
    """The origin of a repository's address, if it is one that can be used."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("the repository's uri is no address") from None
    if parts.scheme not in {"https", "http"} or not host or "@" in parts.netloc or re.search(r"[\s\\]", uri):
        raise ValueError("the repository's uri is no plain http or https address")
    if "{" in parts.netloc and secret:
        raise ValueError("the repository's uri leaves its host open; its credentials are not sent to just any host")
    if secret and parts.scheme == "http" and not allow_http and not is_loopback(host):
        raise ValueError("the repository's uri is not https; allow_http=True sends its credentials without TLS")
    return _origin(uri)


def _query_of(parameters: Mapping[str, Any]) -> Params:
    """Query parameters as text: JSON's words for booleans and numbers, several for a list."""
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        values = cast(list[Any], value) if isinstance(value, (list, tuple)) else [value]
        texts = [item if isinstance(item, str) else json.dumps(item) for item in values if item is not None]
        pairs += [(str(name), text) for text in texts]
    return tuple(pairs)


def _secrets_of(kind: str | None, authentication: Mapping[str, Any]) -> _Secrets | None:
    """What authenticates, or None if more is needed than the repository says."""
    key, value = str(authentication.get("key") or ""), str(authentication.get("value") or "")
    if kind is None:
        return None if authentication else _Secrets()
    if kind == "Header":
        if not _HEADER_NAME.fullmatch(key) or key.lower() in _FRAMING or not _HEADER_VALUE.fullmatch(value):
            raise ValueError("the repository's API key cannot be sent as a header")
        return _Secrets(headers=((key, value),))
    if kind == "QueryParameter":
        if not key or not value:
            raise ValueError("the repository's API key has no name or no value")
        return _Secrets(params=((key, value),))
    if kind == "Basic":
        user, password = str(authentication.get("username") or ""), str(authentication.get("password") or "")
        if ":" in user:
            raise ValueError("the repository's user name has a colon, which Basic authentication cannot send")
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        return _Secrets(headers=(("Authorization", f"Basic {encoded}"),))
    return None


def _oauth2_of(authentication: Mapping[str, Any]) -> OAuth2Parameters:
    return OAuth2Parameters(
        client_id=str(authentication.get("clientId") or ""),
        scopes=tuple(str(authentication.get("scopes") or "").split()),
        authorization_endpoint=str(authentication.get("authorizationEndpoint") or ""),
        token_endpoint=str(authentication.get("tokenEndpoint") or ""),
        redirect_uri=str(authentication.get("redirectUri") or ""),
    )


def _joined(base: str, path: str) -> str:
    """A path below another one, percent-encoded."""
    if not path:
        return base
    segments = path.strip("/").split("/")
    if path.startswith("/") or "\\" in path or any(segment in {"", ".", ".."} for segment in segments):
        raise ValueError("path must be relative, without empty parts, '.' and '..'")
    return f"{base.rstrip('/')}/{quote(path.rstrip('/'), safe='/')}"


def _shown(uri: str) -> str:
    """An address without its query, which may hold a key."""
    return uri.partition("?")[0] + ("?" + _MASK if "?" in uri else "")
