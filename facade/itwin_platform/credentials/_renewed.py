"""The base of credentials that get their tokens from the identity service."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import Any, Self

from .._concurrency.forks import ProcessLock
from .._http import TransportOptions
from .._policies.redaction import Secret
from .._settings import Settings
from ..environments import Environment, checked_url
from ..errors import ConfigurationError
from ._cache import Token, TokenCache
from ._token_endpoint import TokenEndpoint


def _check(name: str, value: object) -> None:
    secret = Secret(value) if isinstance(value, str) else None
    del value  # a traceback with locals would show it
    if secret is None or not secret.reveal():
        raise ConfigurationError(f"{name} must be a non-empty string.")
    if secret.reveal() != secret.reveal().strip():
        raise ConfigurationError(f"{name} begins or ends with white space, perhaps a line break. Strip it.")
    if not secret.reveal().isprintable():
        raise ConfigurationError(f"{name} has non-printable characters.")


class RenewedCredentials(ABC):
    """Credentials that get a token from the identity service, keep it and renew it.

    Parameters:
        client_id: Id of the app.
        client_secret: Its secret, if it has one.
        scope: The scopes to request, separated by spaces.
        issuer_url: Address of the identity service; by default that of the client's environment.

    Raises:
        ConfigurationError: An argument is empty or ends with white space, or the address cannot be used.
    """

    def __init__(self, client_id: str, client_secret: Secret | None, scope: str, issuer_url: str | None) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        _check("client_id", client_id)
        if client_secret is not None:
            _check("client_secret", client_secret.reveal())
        _check("scope", scope)
        self._issuer_url = None if issuer_url is None else checked_url("issuer_url", issuer_url)
        self._endpoint: TokenEndpoint | None = None
        self._lock = ProcessLock()
        self._cache = TokenCache(self._fetch)

    def _for_client(self, settings: Settings) -> Self:
        """Adopt the identity service and the network settings of the first client that uses these credentials.

        Raises:
            ConfigurationError: The credentials are already in use with another identity service.
        """
        issuer_url = self._issuer_url or settings.issuer_url
        with self._lock.here:
            if self._endpoint is None:
                self._endpoint = TokenEndpoint(issuer_url, settings.transport, self._client_id, self._client_secret)
            elif self._endpoint.issuer_url != issuer_url:
                raise ConfigurationError(
                    f"These credentials are in use with {self._endpoint.issuer_url}; a token of one environment does "
                    "not work in another. Create another object for this client."
                )
        return self

    def get_token(self) -> str:
        """A valid access token; blocks while one is fetched.

        Raises:
            CredentialsError: None could be obtained.
            ConfigurationError: The identity service cannot be reached with the network settings.
        """
        return self._cache.get()

    async def aget_token(self) -> str:
        """A valid access token.

        Raises:
            CredentialsError: None could be obtained.
            ConfigurationError: The identity service cannot be reached with the network settings.
        """
        return await self._cache.aget()

    def invalidate(self, token: str) -> None:
        """Stop using this token."""
        self._cache.invalidate(token)

    @abstractmethod
    def _fetch(self, ahead: bool) -> Token:
        """Get a token from the identity service. `ahead`: the current one is still valid."""

    def _service(self) -> TokenEndpoint:
        """The identity service: that of the first client, or the default if there was none."""
        with self._lock.here:
            if self._endpoint is None:
                issuer_url = self._issuer_url or checked_url(
                    "ITP_ISSUER_URL", os.environ.get("ITP_ISSUER_URL") or Environment.PROD.issuer_url
                )
                options = TransportOptions(timeout=(10.0, 12.0))
                self._endpoint = TokenEndpoint(issuer_url, options, self._client_id, self._client_secret)
            return self._endpoint

    def __reduce__(self) -> Any:
        raise TypeError("credentials cannot be pickled or copied, so that they do not end up in files by accident")
