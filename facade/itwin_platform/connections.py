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
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode, urljoin, urlsplit, urlunsplit

from ._http import Auth
from ._policies.addresses import is_secure
from ._policies.redaction import MASK
from .errors import ConfigurationError

if TYPE_CHECKING:
    from itwin_platform_api.itwins.models import Repository

__all__ = ["ConnectionAuth", "ConnectionRequest", "OAuth2Parameters", "RepositoryConnection"]

Params = tuple[tuple[str, str], ...]

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", re.ASCII)
_TOKEN = re.compile(r"[\x21-\x7e]+", re.ASCII)
# Headers that say how a request is to be read. No repository has a reason to name one.
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})


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
        params = {name: MASK for name, _ in self.params}
        headers = dict.fromkeys(self.headers, MASK)
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
        # What is read holds secrets, which the frame that an error comes from must not show.
        if problem := self._read(repository, allow_http):
            raise ValueError(problem)

    def _read(self, repository: Repository, allow_http: bool) -> str:
        """Take over what the repository says. Returns what is wrong with it, if something is."""
        try:
            source = repository.to_dict()
        except AttributeError:
            return "repository must be a Repository"
        self.uri = str(source.get("uri") or "")
        try:
            authentication = _object_of(source, "authentication")
            options = _object_of(source, "options")
            self.authentication: str | None = _text_of(authentication, "type") or None
            self.minimum_level = _level_of(options, "minimumLevel")
            self.maximum_level = _level_of(options, "maximumLevel")
            self._origin = _origin_of(self.uri, secret=bool(authentication), allow_http=allow_http)
            self._defaults = _query_of(_object_of(options, "queryParameters"))
            self._secrets = _secrets_of(self.authentication, authentication)
            self.oauth2 = _oauth2_of(authentication) if self.authentication == "OAuth2AuthorizationCodePKCE" else None
        except ValueError as error:
            return str(error)
        return ""

    def authorized(self, access_token: str) -> RepositoryConnection:
        """The same connection with a token for this server, which the caller has got with `oauth2`.

        Parameters:
            access_token: A token of the repository's own authorization server: never the platform's.

        Raises:
            ValueError: The repository does not say that it takes such tokens, or the token cannot be sent.
        """
        if self.oauth2 is None:
            raise ValueError("the repository is not documented to take OAuth 2.0 tokens")
        if not isinstance(access_token, str) or not _TOKEN.fullmatch(access_token):  # pyright: ignore[reportUnnecessaryIsInstance]
            del access_token
            raise ValueError("access_token must be text without spaces and characters that no token has")
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
        if _is_template(self.uri):
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
            others: Values for what else stands in braces in the template, for instance `s="a"`, or
                `**{"-y": str(2**z - 1 - y)}` where rows are counted from the other side.

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
        if not _is_template(self.uri):
            raise ValueError("the repository's uri is no template; use request()")
        numbers = {"z": str(z), "x": str(x), "y": str(y)}

        def value_of(match: re.Match[str]) -> str:
            name = match[1]
            value: object = numbers.get(name.lower()) or others.get(name) or others.get(name.lower())
            if not isinstance(value, str) or value in {"", ".", ".."}:
                raise ValueError(f"the repository's uri needs a value for {match[0]}: text, and neither '.' nor '..'")
            return quote(value, safe="")

        uri = _PLACEHOLDER.sub(value_of, self.uri)
        if _is_template(uri):
            raise ValueError("the repository's uri has braces that are no placeholder")
        return self._request(uri, "", params)

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
        url = urlunsplit((parts.scheme, parts.netloc, _joined(parts.path, path), "", ""))
        chosen = dict(params or {})
        query = list(_pairs_of(parts.query))
        for more in (self._defaults, _query_of(chosen), secrets.params):
            named = {name for name, _ in more} | {name for name in chosen if chosen[name] is None}
            query = [pair for pair in query if pair[0] not in named] + list(more)
        return ConnectionRequest(url, tuple(query), dict(secrets.headers))


class ConnectionAuth(Auth):
    """Authenticates requests to the server of a repository, as `auth=` of httpx and of requests.

    Requests to another origin (scheme, host or port) are left as they are. It masks its secrets in `repr()`.

    Following redirects, requests takes what authenticates off again where they lead to another origin. httpx follows
    none unless told to (`follow_redirects`); if it is, a header that the repository names goes along.

    Attributes:
        origin: Scheme, host and port of the server.
    """

    def __init__(self, origin: str, secrets: _Secrets) -> None:
        self.origin = origin
        self._secrets = secrets

    def __repr__(self) -> str:
        return f"ConnectionAuth(origin={self.origin!r})"

    def auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        """Add what authenticates to a request of httpx."""
        yield self(request)

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
            kept = [raw for raw in parts.query.split("&") if raw and unquote_plus(raw.partition("=")[0]) not in named]
            query = "&".join([*kept, urlencode(self._secrets.params)])
            # Both libraries' own type of URL is made of a string: requests keeps strings, httpx has a class.
            request.url = type(request.url)(urlunsplit(parts._replace(query=query)))
        if hasattr(request, "register_hook"):
            request.register_hook("response", self._take_off)
        return request

    def _take_off(self, response: Any, **_: Any) -> None:
        """Before requests follows a redirect, which it does with the headers that the request has then."""
        if _origin(urljoin(response.url, response.headers.get("location", ""))) != self.origin:
            for name, _value in self._secrets.headers:
                response.request.headers.pop(name, None)


def _is_template(uri: str) -> bool:
    return "{" in uri or "}" in uri


def _origin(url: str) -> str:
    """Scheme, host and port of a URL, always written in the same way."""
    try:
        parts = urlsplit(url)
        port = {"https": 443, "http": 80}.get(parts.scheme) if parts.port is None else parts.port
        return f"{parts.scheme}://{_host(parts.hostname or '')}:{port}"
    except ValueError:
        return ""


def _host(name: str) -> str:
    """A host as HTTP libraries write it: in ASCII, and IP addresses in their short form."""
    try:
        return ip_address(name).compressed
    except ValueError:
        pass
    if name.isascii():
        return name.lower()
    import idna

    return idna.encode(name.lower()).decode("ascii")


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
    if secret and not allow_http and not is_secure(parts.scheme, host):
        raise ValueError("the repository's uri is not https; allow_http=True sends its credentials without TLS")
    return _origin(uri)


def _object_of(source: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = source.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"the repository's {name} is no object")  # noqa: TRY004 (as for all that is wrong with it)
    return cast(dict[str, Any], value)


def _text_of(source: Mapping[str, Any], name: str) -> str:
    """A text of the repository; empty if there is none."""
    value = source.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise ValueError(f"the repository's {name} is no text that can be sent")
    return value


def _level_of(options: Mapping[str, Any], name: str) -> int | None:
    value = options.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"the repository's {name} is no whole number")
    return value


def _pairs_of(query: str) -> Params:
    try:
        return tuple(parse_qsl(query, keep_blank_values=True, errors="strict"))
    except ValueError:
        pass
    raise ValueError("the repository's uri has a query that is not UTF-8")


def _query_of(parameters: Mapping[str, Any]) -> Params:
    """Query parameters as text: JSON's words for booleans and numbers, several for a list."""
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        values = cast(list[Any], value) if isinstance(value, (list, tuple)) else [value]
        pairs += [(str(name), _query_text(str(name), item)) for item in values if item is not None]
    return tuple(pairs)


def _query_text(name: str, value: object) -> str:
    if isinstance(value, (str, int, float)):
        text = value if isinstance(value, str) else json.dumps(value)
        if not any("\ud800" <= sign <= "\udfff" for sign in text):
            return text
    raise ValueError(f"the query parameter {name!r} must be text, a number, a boolean, or a list of them")


def _secrets_of(kind: str | None, authentication: Mapping[str, Any]) -> _Secrets | None:
    """What authenticates, or None if more is needed than the repository says."""
    key, value = _text_of(authentication, "key"), _text_of(authentication, "value")
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
        user, password = _text_of(authentication, "username"), _text_of(authentication, "password")
        if not (user or password):
            raise ValueError("the repository has neither user name nor password for Basic authentication")
        if ":" in user:
            raise ValueError("the repository's user name has a colon, which Basic authentication cannot send")
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        return _Secrets(headers=(("Authorization", f"Basic {encoded}"),))
    return None


def _oauth2_of(authentication: Mapping[str, Any]) -> OAuth2Parameters:
    return OAuth2Parameters(
        client_id=_text_of(authentication, "clientId"),
        scopes=tuple(_text_of(authentication, "scopes").split()),
        authorization_endpoint=_text_of(authentication, "authorizationEndpoint"),
        token_endpoint=_text_of(authentication, "tokenEndpoint"),
        redirect_uri=_text_of(authentication, "redirectUri"),
    )


def _joined(base: str, path: object) -> str:
    """A path below another one, percent-encoded. A slash at its end stays: to some servers it makes a difference."""
    if not isinstance(path, str) or any("\ud800" <= sign <= "\udfff" for sign in path):
        raise ValueError("path must be text")
    if not path:
        return base
    if "\\" in path or any(segment in {"", ".", ".."} for segment in path.removesuffix("/").split("/")):
        raise ValueError("path must be relative, without empty parts, '.' and '..'")
    return f"{base.rstrip('/')}/{quote(path, safe='/')}"


def _shown(uri: str) -> str:
    """An address without its query and fragment, which may hold a key."""
    shown = re.split(r"[?#]", uri, maxsplit=1)[0]
    return shown if shown == uri else f"{shown}?{MASK}"
