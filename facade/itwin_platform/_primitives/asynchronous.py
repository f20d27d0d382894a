"""Waiting, time limits and worker threads for the async client, on asyncio and trio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")


async def sleep(seconds: float) -> None:
    """Wait."""
    await anyio.sleep(seconds)


def time_limit(seconds: float) -> AbstractContextManager[object]:
    """Raise TimeoutError in what runs inside once the time is over, even in the middle of I/O."""
    return anyio.fail_after(seconds)


async def in_thread(work: Callable[[], T]) -> T:
    """Run something that blocks where it does not hold up the event loop."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)


async def wait_for(future: Future[T]) -> T:
    """The result of work that a thread does. Giving up the wait leaves the work alone."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return await in_thread(future.result)
    return await asyncio.shield(asyncio.wrap_future(future, loop=loop))


def home() -> object:
    """What open connections belong to: the event loop that they were opened on. trio's are told apart by no loop."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def is_over(place: object) -> bool:
    """Whether nothing can run there any more."""
    return isinstance(place, asyncio.AbstractEventLoop) and place.is_closed()
