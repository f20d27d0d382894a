"""Waiting, time limits and worker threads for the async client, on asyncio and trio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager
from typing import TypeVar

import anyio
import anyio.from_thread
import anyio.lowlevel
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


async def in_thread_to_its_end(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """Run something that blocks, in a thread. If the wait is given up, `stop` is called and the end awaited."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 (whatever it is, it is raised where the work was asked for)
            future.set_exception(error)

    threading.Thread(target=run, name="itwin-work", daemon=True).start()
    try:
        return await wait_for(future)
    except BaseException:
        stop()
        with anyio.CancelScope(shield=True):
            await in_thread(lambda: wait([future]))
        raise


def from_threads(work: Callable[[], Awaitable[T]]) -> Callable[[], T]:
    """A function that any thread can call: it does the work on the event loop of the caller and waits for it."""
    token = anyio.lowlevel.current_token()

    async def on_loop() -> T:
        return await work()

    return lambda: anyio.from_thread.run(on_loop, token=token)


async def wait_for(future: Future[T]) -> T:
    """The result of work that a thread does. Giving up the wait leaves the work alone."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return await in_thread(future.result)
    return await asyncio.shield(asyncio.wrap_future(future, loop=loop))


def home() -> object:
    """What open connections belong to: the event loop that they were opened on."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
