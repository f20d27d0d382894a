"""Chooses the token provider for the credentials that a client was given, or for those in the environment."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import cast

from .._concurrency import asynchronous, is_async
from .._policies.redaction import Secret
from .._settings import Settings
from ..errors import ConfigurationError
from ._client_credentials import ClientCredentials
from ._places import CredentialsAt, found_at
from ._provider import CallableToken, OtherProvider, StaticToken, TokenProvider
from ._renewed import RenewedCredentials

CredentialsArgument = str | Callable[[], str] | Callable[[], Awaitable[str]] | TokenProvider | CredentialsAt | None


def provider_of(credentials: CredentialsArgument, settings: Settings, *, for_async: bool) -> TokenProvider:
    """The provider for the credentials that a client was given. None stands for environment variables.

    Raises:
        ConfigurationError: There are no credentials, or they are of an unsupported type.
        CredentialsError: The token is not valid.
    """
    named, source = "credentials", "the argument"
    if isinstance(credentials, CredentialsAt):
        named = source = f"credentials at {credentials.place!r}"
        credentials = cast(CredentialsArgument, found_at(credentials.place))
    if credentials is None:
        credentials = _from_environment()
    if isinstance(credentials, str):
        secret = Secret(credentials)
        del credentials  # a traceback with locals would show it
        return StaticToken(secret.reveal(), source=source)
    if isinstance(credentials, RenewedCredentials):
        return credentials._for_client(settings)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] (not for users)
    if isinstance(credentials, (StaticToken, CallableToken)):
        return credentials
    if isinstance(credentials, TokenProvider) and not isinstance(credentials, type):
        return OtherProvider(credentials)
    if callable(credentials) and not isinstance(credentials, type):
        if not for_async and is_async(credentials):
            raise ConfigurationError("An async credentials callable needs the async client: use AsyncITwinPlatform.")
        return CallableToken(cast(Callable[[], str], credentials))
    kind = f"the class {credentials.__name__}" if isinstance(credentials, type) else type(credentials).__name__
    raise ConfigurationError(
        f"{named} must be a token, a callable that returns one, or a credentials object, not {kind}."
    )


class LateCredentials:
    """Credentials that are looked up when the first token is needed.

    A client may pass through processes that never use it and have no credentials, such as the scheduler of a cluster.

    Parameters:
        place: Where they are.
        settings: The settings of the client.
        for_async: Whether it is the async client.
    """

    def __init__(self, place: str, settings: Settings, *, for_async: bool) -> None:
        self._place = CredentialsAt(place)
        self._settings = settings
        self._for_async = for_async

    def _found(self) -> TokenProvider:
        found: TokenProvider | None = self.__dict__.get("_provider")
        if found is None:
            made = provider_of(self._place, self._settings, for_async=self._for_async)
            # Another thread may have been quicker; all use the same, which fetches one token.
            found = cast(TokenProvider, self.__dict__.setdefault("_provider", made))
        return found

    def get_token(self) -> str:
        """A token of the credentials.

        Raises:
            ITwinPlatformError: There are no credentials at the place, or they have no token.
        """
        return self._found().get_token()

    async def aget_token(self) -> str:
        """A token of the credentials. They are looked up in a thread, because importing a module may take long.

        Raises:
            ITwinPlatformError: There are no credentials at the place, or they have no token.
        """
        if "_provider" not in self.__dict__:
            await asynchronous.in_thread(self._found)
        return await self._found().aget_token()

    def invalidate(self, token: str) -> None:
        """Stop using this token."""
        self._found().invalidate(token)

    def __repr__(self) -> str:
        return f"LateCredentials({self._place.place!r})"


def _from_environment() -> CredentialsArgument:
    token = _variable("ITP_ACCESS_TOKEN")
    if token:
        return StaticToken(token.reveal(), source="ITP_ACCESS_TOKEN")
    client_id, client_secret = os.environ.get("ITP_SERVICE_CLIENT_ID"), _variable("ITP_SERVICE_CLIENT_SECRET")
    if client_id and client_secret:
        return ClientCredentials(client_id, client_secret.reveal())
    if client_id or client_secret:
        missing = "ITP_SERVICE_CLIENT_SECRET" if client_id else "ITP_SERVICE_CLIENT_ID"
        raise ConfigurationError(f"{missing} is not set. A service app needs both its id and its secret.")
    raise ConfigurationError(
        "There are no credentials. Pass a token or a credentials object, or set ITP_ACCESS_TOKEN, or both "
        "ITP_SERVICE_CLIENT_ID and ITP_SERVICE_CLIENT_SECRET."
    )


def _variable(name: str) -> Secret | None:
    """A secret from the environment. An empty variable counts as not set."""
    return Secret(value) if (value := os.environ.get(name)) else None
