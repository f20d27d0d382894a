"""Waiting, time limits and worker threads for the async client, on asyncio and trio.

The functions import asyncio and anyio themselves, because these load slowly and the sync client does not need them.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from asyncio import Task
    from contextvars import Context

    from anyio import CancelScope, CapacityLimiter, Semaphore

T = TypeVar("T")

# What is closed to have something closed before its event loop ends.
LoopEnd = AsyncGenerator[None]


async def sleep(seconds: float) -> None:
    """Wait."""
    import anyio

    await anyio.sleep(seconds)


# The limits that are in force.
_limits: ContextVar[tuple[CancelScope, ...]] = ContextVar("itwin_platform_time_limits", default=())


@contextmanager
def time_limit(seconds: float) -> Generator[None]:
    """Raise TimeoutError inside the context when the time is over, even in the middle of I/O."""
    from anyio import CancelScope, current_time

    with CancelScope(deadline=current_time() + seconds) as scope:
        before = _limits.set((*_limits.get(), scope))
        try:
            yield
        finally:
            _limits.reset(before)
    if scope.cancelled_caught and current_time() >= scope.deadline:
        raise TimeoutError


@contextmanager
def untimed() -> Generator[None]:
    """Stop the clock of all limits that are in force: the time inside the context does not count."""
    import anyio

    left = [(scope, scope.deadline - anyio.current_time()) for scope in _limits.get()]
    for scope, _ in left:
        scope.deadline = float("inf")
    try:
        yield
    finally:
        for scope, seconds in left:
            scope.deadline = anyio.current_time() + seconds


async def in_thread(work: Callable[[], T], limiter: CapacityLimiter | None = None) -> T:
    """Run blocking work in a thread, so that it does not block the event loop.

    Parameters:
        work: The work.
        limiter: Limits how many threads run at the same time; None for the limit that the whole program shares.
    """
    import anyio.to_thread

    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)


async def in_thread_to_its_end(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """Run blocking work in a thread. If the wait is cancelled, call `stop` and wait until the work has ended."""
    import anyio

    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 (raised again in the caller)
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
    """A function for any thread that runs the work on the current event loop and waits for its result."""
    import anyio.from_thread
    import anyio.lowlevel

    token = anyio.lowlevel.current_token()

    async def on_loop() -> T:
        return await work()

    return lambda: anyio.from_thread.run(on_loop, token=token)


async def wait_for(future: Future[T]) -> T:
    """The result of a thread's work. Cancelling the wait does not affect the work."""
    import anyio

    done = anyio.Event()
    call_soon = from_other_threads()

    def wake(_: Future[T]) -> None:
        with suppress(RuntimeError):  # the event loop has ended, so nobody is waiting
            call_soon(done.set)

    future.add_done_callback(wake)
    await done.wait()
    return future.result()


# asyncio itself does not keep tasks.
_tasks: set[Task[None]] = set()


def in_background(work: Callable[[], Coroutine[Any, Any, None]], context: Context, done: Callable[[], object]) -> None:
    """Run something as a task of its own in a context, and call `done` when it has ended in whatever way."""
    import asyncio

    try:
        task = asyncio.get_running_loop().create_task(work(), context=context)
    except RuntimeError:
        _in_background_of_trio(work, context, done)
        return

    def ended(task: Task[None]) -> None:
        _tasks.discard(task)
        if not task.cancelled():
            task.exception()  # it has been passed on; asyncio would report it as one that nobody has seen
        done()

    _tasks.add(task)
    task.add_done_callback(ended)


def _in_background_of_trio(
    work: Callable[[], Coroutine[Any, Any, None]], context: Context, done: Callable[[], object]
) -> None:
    import trio

    async def to_its_end() -> None:
        try:
            await work()
        finally:
            done()

    trio.lowlevel.spawn_system_task(to_its_end, context=context)


def from_other_threads() -> Callable[[Callable[[], None]], object]:
    """A function by which other threads have the running event loop call something."""
    import asyncio

    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        import trio  # the only other event loop, so it is installed

        return trio.lowlevel.current_trio_token().run_sync_soon


def home() -> object:
    """The owner of open connections: the event loop they were opened on; None on trio."""
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def is_over(place: object) -> bool:
    """Whether that event loop is closed."""
    import asyncio

    return isinstance(place, asyncio.AbstractEventLoop) and place.is_closed()


async def when_loop_ends(close: Callable[[], Awaitable[object]]) -> AsyncGenerator[None]:
    """Have something closed when the running event loop ends, or earlier: when what is returned is closed."""
    generator = _until_the_end(close)
    await anext(generator)
    return generator


async def _until_the_end(close: Callable[[], Awaitable[object]]) -> AsyncGenerator[None]:
    # Event loops close their async generators before they end. There is no other way to hear of it.
    import anyio

    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            await close()


def at_exit(close: Callable[[], Awaitable[object]]) -> None:
    """Nothing to close when the process ends: connections end with their event loops."""


# Whether code that cannot wait in any other way, such as that of an attribute, may block.
MAY_BLOCK: bool = False


class Slots:
    """A limited number of callers at a time on each event loop; the others wait for their turn.

    The wait does not count towards a time limit.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._homes: dict[object, _Turn] = {}

    def one(self) -> _Turn:
        """A slot, as a context manager. Waiting for it can be cancelled."""
        place = home()
        found = self._homes.get(place)
        if found is None:
            from anyio import Semaphore

            for over in [other for other in self._homes if is_over(other)]:
                self._homes.pop(over, None)
            found = self._homes.setdefault(place, _Turn(Semaphore(self._count, fast_acquire=True)))
        return found


class _Turn:
    def __init__(self, semaphore: Semaphore) -> None:
        self._semaphore = semaphore

    async def __aenter__(self) -> None:
        if self._semaphore.value:
            await self._semaphore.acquire()
            return
        with untimed():
            await self._semaphore.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._semaphore.release()
