"""What a client needs of credentials, and how the simple kinds provide it."""

from __future__ import annotations

import inspect
import os
import re
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, cast, runtime_checkable

from .._primitives import asynchronous
from ..errors import ConfigurationError, CredentialsError

if TYPE_CHECKING:
    from .._settings import Settings

# RFC 6750. Anything else would end up quoted in an error of the HTTP library.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)


@runtime_checkable
class TokenProvider(Protocol):
    """What a client asks of its credentials. The methods are called by any thread, and for every attempt."""

    def get_token(self) -> str:
        """An access token that is valid now, without the word Bearer. Called by the sync client; may block."""
        ...

    async def aget_token(self) -> str:
        """The same for the async client; must not block."""
        ...

    def invalidate(self, token: str) -> None:
        """The platform has refused this token: do not return it again, if there is another to be had."""
        ...


CredentialsArgument = str | Callable[[], str] | Callable[[], Awaitable[str]] | TokenProvider | None


def checked_token(token: object, source: str) -> str:
    """A token that can go into a header.

    Raises:
        CredentialsError: It cannot. The message says why and does not show it.
    """
    if not isinstance(token, str):
        problem = f"is no string but {type(token).__name__}"
    elif not token:
        problem = "is empty"
    elif token != token.strip():
        problem = "begins or ends with white space, such as the line break at the end of a file; strip it"
    elif token.lower().startswith("bearer "):
        problem = "begins with the word Bearer; give only what follows it"
    elif not _TOKEN.fullmatch(token):
        problem = "has characters that no token has (RFC 6750)"
    else:
        return token
    raise CredentialsError(f"The access token from {source} {problem}.")


class StaticToken:
    """One access token, used as long as it works.

    Parameters:
        token: The token, without the word Bearer.

    Raises:
        CredentialsError: It cannot be a token.
    """

    def __init__(self, token: str, *, source: str = "the argument") -> None:
        self._token = checked_token(token, source)

    def get_token(self) -> str:
        """The token."""
        return self._token

    async def aget_token(self) -> str:
        """The token."""
        return self._token

    def invalidate(self, token: str) -> None:
        """Nothing: there is no other token."""

    def __repr__(self) -> str:
        return "StaticToken('***')"

    def __reduce__(self) -> Any:
        raise TypeError("credentials cannot be pickled, so that they do not end up in files by accident")


class CallableToken:
    """A callable that returns an access token. It is called for every attempt, so that it decides what is cached.

    Parameters:
        function: Takes nothing and returns the token, without the word Bearer. For the async client it may be async;
            one that is not runs in a thread there, since it may block.
    """

    def __init__(self, function: Callable[[], str] | Callable[[], Awaitable[str]]) -> None:
        self._function = function

    def get_token(self) -> str:
        """Call the function.

        Raises:
            CredentialsError: It raised, or what it returned cannot be a token.
        """
        return checked_token(self._call(), "the callable")

    async def aget_token(self) -> str:
        """Call the function, and await what it returns if that can be awaited.

        Raises:
            CredentialsError: It raised, or what it returned cannot be a token.
        """
        if inspect.iscoroutinefunction(self._function):
            result = self._call()
        else:
            result = await asynchronous.in_thread(self._call)
        if _is_awaitable(result):
            try:
                result = await result
            except Exception as error:  # noqa: BLE001 (whatever a user's function raises)
                problem = _where(error)
            else:
                return checked_token(result, "the callable")
            raise CredentialsError(f"The credentials callable raised {problem}.")
        return checked_token(result, "the callable")

    def invalidate(self, token: str) -> None:
        """Nothing: the callable is asked again in any case."""

    def _call(self) -> object:
        try:
            return self._function()
        except Exception as error:  # noqa: BLE001 (whatever a user's function raises)
            problem = _where(error)
        raise CredentialsError(f"The credentials callable raised {problem}.")

    def __repr__(self) -> str:
        return f"CallableToken({getattr(self._function, '__qualname__', type(self._function).__name__)})"


def _is_awaitable(value: object) -> TypeGuard[Awaitable[object]]:
    return inspect.isawaitable(value)


def _where(error: BaseException) -> str:
    """Kind and place of an error of a user's function. Its text may hold the token, so it is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


def provider_of(credentials: CredentialsArgument, settings: Settings, *, for_async: bool) -> TokenProvider:
    """The provider for what a client was given as credentials; None stands for the variables of the environment.

    Raises:
        ConfigurationError: There is nothing to go by, or it is nothing that can be used.
        CredentialsError: A token cannot be one.
    """
    # Late, because it needs this module.
    from ._client_credentials import ClientCredentials

    if credentials is None:
        credentials = _from_environment()
    if isinstance(credentials, str):
        return StaticToken(credentials)
    if isinstance(credentials, ClientCredentials):
        return credentials.for_client(settings)
    if isinstance(credentials, TokenProvider) and not isinstance(credentials, type):
        return credentials
    if callable(credentials) and not isinstance(credentials, type):
        if not for_async and inspect.iscoroutinefunction(credentials):
            raise ConfigurationError("An async credentials callable needs the async client: use AsyncITwinPlatform.")
        return CallableToken(cast(Callable[[], str], credentials))
    raise ConfigurationError(
        f"credentials must be a token, a callable that returns one, or a credentials object, "
        f"not {type(credentials).__name__}."
    )


def _from_environment() -> CredentialsArgument:
    from ._client_credentials import ClientCredentials

    if token := os.environ.get("ITP_ACCESS_TOKEN"):
        return StaticToken(token, source="ITP_ACCESS_TOKEN")
    client_id = os.environ.get("ITP_SERVICE_CLIENT_ID")
    client_secret = os.environ.get("ITP_SERVICE_CLIENT_SECRET")
    if client_id and client_secret:
        return ClientCredentials(client_id, client_secret)
    if client_id or client_secret:
        missing = "ITP_SERVICE_CLIENT_SECRET" if client_id else "ITP_SERVICE_CLIENT_ID"
        raise ConfigurationError(f"{missing} is not set. A service app needs both its id and its secret.")
    raise ConfigurationError(
        "There are no credentials. Pass a token or credentials, or set ITP_ACCESS_TOKEN, or ITP_SERVICE_CLIENT_ID "
        "and ITP_SERVICE_CLIENT_SECRET."
    )
