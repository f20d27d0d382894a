"""Waiting, time limits and worker threads for the async client, on asyncio and trio.

asyncio and anyio are imported by the functions: the sync client does without them, and they take a while to load.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

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


async def in_thread_to_its_end(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """Run something that blocks, in a thread. If the wait is given up, `stop` is called and the end awaited."""
    from concurrent.futures import Future, wait

    import anyio

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
    import anyio.from_thread
    import anyio.lowlevel

    token = anyio.lowlevel.current_token()

    async def on_loop() -> T:
        return await work()

    return lambda: anyio.from_thread.run(on_loop, token=token)


async def wait_for(future: Future[T]) -> T:
    """The result of work that a thread does. Giving up the wait leaves the work alone."""
    import anyio

    done = anyio.Event()
    call_soon = _from_other_threads()

    def wake(_: Future[T]) -> None:
        with suppress(RuntimeError):  # the event loop has ended: nobody waits there any more
            call_soon(done.set)

    future.add_done_callback(wake)
    await done.wait()
    return future.result()


def _from_other_threads() -> Callable[[Callable[[], None]], object]:
    """What makes the running event loop call a function, when used by another thread."""
    import asyncio

    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        import trio  # there is no other event loop, so it is there

        return trio.lowlevel.current_trio_token().run_sync_soon


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
