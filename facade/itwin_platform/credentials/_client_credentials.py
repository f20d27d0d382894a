"""Service apps: the client credentials flow (RFC 6749, 4.4)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ..environments import Environment, checked_url
from ..errors import ConfigurationError
from ._cache import Token, TokenCache
from ._token_endpoint import TokenEndpoint, basic_authorization, token_of

if TYPE_CHECKING:
    from .._settings import Settings


def _check(name: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise ConfigurationError(f"{name} must be a string that is not empty.")
    if value != value.strip():
        raise ConfigurationError(f"{name} begins or ends with white space, such as a line break; strip it.")


class ClientCredentials:
    """A service app, which authenticates with its id and secret.

    One object serves any number of clients, threads and event loops of one environment with one token, which is
    renewed before it expires. The service app has to be invited to an iTwin before it can see it.

    Token request: `POST {issuer_url}/connect/token`.
    Documentation: https://developer.bentley.com/apis/overview/authorization/service-app/

    Parameters:
        client_id: Id of the service app.
        client_secret: Its secret.
        scope: The scopes to ask for, separated by spaces.
        issuer_url: Address of the identity service; by default that of the client's environment.

    Raises:
        ConfigurationError: Id or secret is empty or ends with white space, or the address cannot be used.
    """

    def __init__(
        self, client_id: str, client_secret: str, *, scope: str = "itwin-platform", issuer_url: str | None = None
    ) -> None:
        for name, value in (("client_id", client_id), ("client_secret", client_secret), ("scope", scope)):
            _check(name, value)
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        self._issuer_url = None if issuer_url is None else checked_url("issuer_url", issuer_url)
        self._endpoint: TokenEndpoint | None = None
        self._lock = threading.Lock()
        self._cache = TokenCache(self._fetch)

    def for_client(self, settings: Settings) -> ClientCredentials:
        """Take the identity service and the network settings of a client, unless another was first.

        Raises:
            ConfigurationError: The credentials are in use already with another identity service.
        """
        issuer_url = self._issuer_url or settings.issuer_url
        with self._lock:
            if self._endpoint is None:
                self._endpoint = TokenEndpoint(issuer_url, settings.transport)
            elif self._endpoint.issuer_url != issuer_url:
                raise ConfigurationError(
                    f"These credentials are in use with {self._endpoint.issuer_url}; a token of one environment does "
                    "not work in another. Make another object for this client."
                )
        return self

    def get_token(self) -> str:
        """An access token that is valid now; blocks while one is fetched.

        Raises:
            CredentialsError: None could be had.
        """
        return self._cache.get()

    async def aget_token(self) -> str:
        """An access token that is valid now.

        Raises:
            CredentialsError: None could be had.
        """
        return await self._cache.aget()

    def invalidate(self, token: str) -> None:
        """Do not use this token any more."""
        self._cache.invalidate(token)

    def _fetch(self) -> Token:
        with self._lock:
            if self._endpoint is None:
                from .._http import TransportOptions

                self._endpoint = TokenEndpoint(
                    self._issuer_url or Environment.PROD.issuer_url, TransportOptions(timeout=(10.0, 12.0))
                )
            endpoint = self._endpoint
        fields = endpoint.request(
            {"grant_type": "client_credentials", "scope": self._scope},
            basic_authorization(self._client_id, self._client_secret),
            "Check the client id and secret, and that the service app belongs to this environment.",
        )
        return token_of(fields)

    def __repr__(self) -> str:
        return f"ClientCredentials({self._client_id!r}, '***', scope={self._scope!r})"

    def __reduce__(self) -> Any:
        raise TypeError("credentials cannot be pickled, so that they do not end up in files by accident")
