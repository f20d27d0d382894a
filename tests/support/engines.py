"""The ways to make the same call: the sync client, and the async one on each of its engines."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors


@dataclass(frozen=True)
class Engine:
    """One of them."""

    name: str
    kind: type[ITwinPlatform] | type[AsyncITwinPlatform]
    arguments: dict[str, Any]

    def client(self, credentials: Any = "token", **arguments: Any) -> Any:
        """A client on this engine."""
        return self.kind(credentials, **self.arguments, **arguments)

    def __call__(self, call: Callable[[Any], Any], credentials: Any = "token", **arguments: Any) -> Any:
        """Make a client, let `call` do something with it, and close it."""
        if self.kind is ITwinPlatform:
            with self.client(credentials, **arguments) as platform:
                return call(platform)

        async def run() -> Any:
            async with self.client(credentials, **arguments) as platform:
                result = call(platform)
                return await result if inspect.isawaitable(result) else result

        return asyncio.run(run())

    def many(self, call: Callable[[Any], Any], times: int, credentials: Any = "token", **arguments: Any) -> list[Any]:
        """Call one after the other on one client: the results, or the errors."""
        if self.kind is ITwinPlatform:
            with self.client(credentials, **arguments) as platform:
                return [_outcome(lambda: call(platform)) for _ in range(times)]

        async def run() -> list[Any]:
            async with self.client(credentials, **arguments) as platform:
                return [await _async_outcome(call(platform)) for _ in range(times)]

        return asyncio.run(run())


def _outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 (whatever it is, a test looks at it)
        return error


async def _async_outcome(result: Any) -> Any:
    try:
        return await result
    except Exception as error:  # noqa: BLE001 (whatever it is, a test looks at it)
        return error


ENGINES = (
    Engine("sync", ITwinPlatform, {}),
    Engine("async", AsyncITwinPlatform, {"aiohttp": False}),
    Engine("aiohttp", AsyncITwinPlatform, {"aiohttp": True}),
)


def get_itwin(platform: Any) -> Any:
    """The call that most tests make."""
    return platform.itwins.get("i-1")


def get_bucket(platform: Any) -> Any:
    """The call whose answer holds a secret."""
    return platform.reality_analysis.get_bucket("i-1")


# The error for each status.
KINDS: dict[int, type[errors.ApiError]] = {
    400: errors.InvalidRequestError,
    401: errors.UnauthorizedError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    413: errors.ApiError,
    422: errors.InvalidRequestError,
    429: errors.RateLimitError,
    500: errors.ServerError,
    503: errors.ServerError,
    599: errors.ServerError,
    402: errors.ApiError,
    300: errors.ApiError,
    304: errors.ApiError,
    999: errors.ApiError,
}
