"""Waiting, time limits and worker threads for the async client, on asyncio and trio.

asyncio and anyio are imported by the functions: the sync client does without them, and they take a while to load.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import TypeVar

T = TypeVar("T")


async def sleep(seconds: float) -> None:
    """Wait."""
    import anyio

    await anyio.sleep(seconds)


def time_limit(seconds: float) -> AbstractContextManager[object]:
    """Raise TimeoutError in what runs inside once the time is over, even in the middle of I/O."""
    import anyio

    return anyio.fail_after(seconds)


async def in_thread(work: Callable[[], T]) -> T:
    """Run something that blocks where it does not hold up the event loop."""
    import anyio.to_thread

    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)


async def wait_for(future: Future[T]) -> T:
    """The result of work that a thread does. Giving up the wait leaves the work alone."""
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return await in_thread(future.result)
    return await asyncio.shield(asyncio.wrap_future(future, loop=loop))


def home() -> object:
    """What open connections belong to: the event loop that they were opened on. trio's are told apart by no loop."""
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def is_over(place: object) -> bool:
    """Whether nothing can run there any more."""
    import asyncio

    return isinstance(place, asyncio.AbstractEventLoop) and place.is_closed()
