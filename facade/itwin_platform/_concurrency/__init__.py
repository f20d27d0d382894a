"""What sync and async code must do differently, under the same names, so that one source serves both.

`asynchronous` is for the async client, on asyncio and trio; `synchronous` is for the sync client.
"""

from inspect import iscoroutinefunction


def is_async(function: object) -> bool:
    """Whether calling it returns a coroutine, as far as that can be known without calling it."""
    return iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 (the method itself is inspected)
