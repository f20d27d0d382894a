"""What a repository says about its server: how to authenticate, which parameters to send, which levels it has."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ._request import Secrets, is_encodable

_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", re.ASCII)
# Headers that determine how a request is parsed. A repository has no reason to name one.
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})


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


def object_of(source: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A property that is an object; empty if it is missing."""
    value = source.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"the repository's {name} is not an object")  # noqa: TRY004 (like all that is wrong with it)
    return cast(dict[str, Any], value)


def text_of(source: Mapping[str, Any], name: str) -> str:
    """A property that is text; empty if it is missing."""
    value = source.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not is_encodable(value):
        raise ValueError(f"the repository's {name} is not a string that can be sent")
    return value


def level_of(options: Mapping[str, Any], name: str) -> int | None:
    """A property that is a level of detail; None if it is missing."""
    value = options.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"the repository's {name} is not a whole number")
    return value


def secrets_of(kind: str | None, authentication: Mapping[str, Any]) -> Secrets | None:
    """What authenticates a request; None if the repository does not say enough.

    Raises:
        ValueError: It cannot be sent.
    """
    key, value = text_of(authentication, "key"), text_of(authentication, "value")
    if kind is None:
        return None if authentication else Secrets()
    if kind == "Header":
        if not _HEADER_NAME.fullmatch(key) or key.lower() in _FRAMING or not _HEADER_VALUE.fullmatch(value):
            raise ValueError("the repository's API key cannot be sent as a header")
        return Secrets(headers=((key, value),))
    if kind == "QueryParameter":
        if not key or not value:
            raise ValueError("the repository's API key has no name or no value")
        return Secrets(params=((key, value),))
    if kind == "Basic":
        user, password = text_of(authentication, "username"), text_of(authentication, "password")
        if not (user or password):
            raise ValueError("the repository has neither user name nor password for Basic authentication")
        if ":" in user:
            raise ValueError("the repository's user name has a colon, which Basic authentication cannot send")
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        return Secrets(headers=(("Authorization", f"Basic {encoded}"),))
    return None


def oauth2_of(authentication: Mapping[str, Any]) -> OAuth2Parameters:
    """The parameters of the OAuth 2.0 flow."""
    return OAuth2Parameters(
        client_id=text_of(authentication, "clientId"),
        scopes=tuple(text_of(authentication, "scopes").split()),
        authorization_endpoint=text_of(authentication, "authorizationEndpoint"),
        token_endpoint=text_of(authentication, "tokenEndpoint"),
        redirect_uri=text_of(authentication, "redirectUri"),
    )
