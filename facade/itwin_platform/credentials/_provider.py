"""What a client needs from credentials, and the kinds that get their token from the user's own code."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeGuard, cast, runtime_checkable

from .._concurrency import asynchronous, is_async
from .._policies.redaction import MASK, Secret
from ..errors import ConfigurationError, CredentialsError, ITwinPlatformError

# RFC 6750. Anything else would end up quoted in an error of the HTTP library.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)
# Whose lines say nothing to a user.
_PACKAGE = Path(__file__).parents[1]


@runtime_checkable
class TokenProvider(Protocol):
    """What a client needs from its credentials. Methods may be called from any thread, once for every attempt."""

    def get_token(self) -> str:
        """A valid access token, without the word Bearer. Called by the sync client; may block."""
        ...

    async def aget_token(self) -> str:
        """The same for the async client. Must not block."""
        ...

    def invalidate(self, token: str) -> None:
        """The platform has refused this token: do not return it again if another one can be obtained."""
        ...


def checked_token(token: object, source: str) -> str:
    """The token, if it can be sent in a header.

    Raises:
        CredentialsError: It cannot. The message says why, without showing it.
    """
    problem = _token_problem(token)
    if problem is None:
        return cast(str, token)
    del token  # a traceback with locals would show it
    raise CredentialsError(f"The access token from {source} {problem}.")


def _token_problem(token: object) -> str | None:
    if not isinstance(token, str):
        return f"is not a string but {type(token).__name__}"
    if not token:
        return "is empty"
    if token != token.strip():
        return "begins or ends with white space, perhaps the line break at the end of a file; strip it"
    if token.lower().startswith("bearer "):
        return "begins with the word Bearer; pass only what follows it"
    return None if _TOKEN.fullmatch(token) else "has characters that are not allowed in a token (RFC 6750)"


class StaticToken:
    """One access token, used for as long as it works.

    Parameters:
        token: The token, without the word Bearer.

    Raises:
        CredentialsError: It is not a valid token.
    """

    def __init__(self, token: str, *, source: str = "the argument") -> None:
        secret = Secret(token)
        del token  # a traceback with locals would show it
        checked_token(secret.reveal(), source)
        self._token = secret

    def get_token(self) -> str:
        """The token."""
        return self._token.reveal()

    async def aget_token(self) -> str:
        """The token."""
        return self._token.reveal()

    def invalidate(self, token: str) -> None:
        """Do nothing: there is no other token."""

    def __repr__(self) -> str:
        return f"StaticToken('{MASK}')"

    def __reduce__(self) -> Any:
        raise TypeError("credentials cannot be pickled or copied, so that they do not end up in files by accident")


class CallableToken:
    """A callable that returns an access token. It is called for every attempt, so caching is up to it.

    Parameters:
        function: Takes no arguments and returns the token, without the word Bearer. For the async client it may be
            async; a sync one runs in a thread there, since it may block.

    Raises:
        ConfigurationError: It must be called with arguments.
    """

    def __init__(
        self, function: Callable[[], str] | Callable[[], Awaitable[str]], *, source: str = "the credentials callable"
    ) -> None:
        if _needs_arguments(function):
            raise ConfigurationError(f"{_sentence(source)} must take no arguments.")
        self._function = function
        self._source = source

    def get_token(self) -> str:
        """Call the function.

        Raises:
            CredentialsError: It raised an exception, or did not return a valid token.
        """
        return checked_token(self._result(), self._source)

    async def aget_token(self) -> str:
        """Call the function, and await its result if that is awaitable.

        Raises:
            CredentialsError: It raised an exception, or did not return a valid token.
        """
        return checked_token(await self._aresult(), self._source)

    def invalidate(self, token: str) -> None:
        """Do nothing: the function is called again in any case."""

    def _result(self) -> object:
        result = self._call()
        if not _is_awaitable(result):
            return result
        if inspect.iscoroutine(result):
            result.close()
        raise ConfigurationError(f"{_sentence(self._source)} is async; it needs the async client, AsyncITwinPlatform.")

    async def _aresult(self) -> object:
        if is_async(self._function):
            result = self._call()
        else:
            result = await asynchronous.in_thread(self._call)
        if not _is_awaitable(result):
            return result
        try:
            return await result
        except ITwinPlatformError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever a user's function raises)
            problem = where(error)
        raise CredentialsError(f"{_sentence(self._source)} raised {problem}.")

    def _call(self) -> object:
        try:
            return self._function()
        except ITwinPlatformError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever a user's function raises)
            problem = where(error)
        raise CredentialsError(f"{_sentence(self._source)} raised {problem}.")

    def __repr__(self) -> str:
        return f"CallableToken({getattr(self._function, '__qualname__', type(self._function).__name__)})"


class OtherProvider:
    """A provider from outside this package. Its tokens are checked; its errors become CredentialsError.

    Parameters:
        provider: The provider.
    """

    def __init__(self, provider: TokenProvider) -> None:
        name = type(provider).__name__
        self._get = CallableToken(provider.get_token, source=f"{name}.get_token")
        self._aget = CallableToken(provider.aget_token, source=f"{name}.aget_token")
        self._invalidate = provider.invalidate
        self._name = name

    def get_token(self) -> str:
        """The provider's token."""
        return self._get.get_token()

    async def aget_token(self) -> str:
        """The provider's token."""
        return await self._aget.aget_token()

    def invalidate(self, token: str) -> None:
        """Pass the call on.

        Raises:
            CredentialsError: The provider raised an exception.
        """
        try:
            return self._invalidate(token)
        except ITwinPlatformError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever a user's provider raises)
            problem = where(error)
        raise CredentialsError(f"{self._name}.invalidate raised {problem}.")

    def __repr__(self) -> str:
        return f"OtherProvider({self._name})"


def _needs_arguments(function: Callable[[], object]) -> bool:
    """Whether a function cannot be called without arguments, as far as its signature can be known."""
    try:
        parameters = inspect.signature(function)
    except (TypeError, ValueError):
        return False
    try:
        parameters.bind()
    except TypeError:
        return True
    return False


def _is_awaitable(value: object) -> TypeGuard[Awaitable[object]]:
    return inspect.isawaitable(value)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] if text.startswith("the ") else text


def where(error: BaseException) -> str:
    """Type and place of an error in a user's function. Its text is left out, because it may hold the token."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if _PACKAGE not in Path(each.filename).parents]
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
