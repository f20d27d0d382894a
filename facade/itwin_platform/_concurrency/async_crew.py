"""Tasks that take items one after the other, for `platform.map` of the async client, on asyncio and trio."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from contextlib import suppress
from contextvars import copy_context
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from .._many import Outcome
from . import is_async
from .asynchronous import from_other_threads, home, in_background, in_thread

if TYPE_CHECKING:
    from anyio import CancelScope, Event

T = TypeVar("T")
R = TypeVar("R")


def _taker(items: Iterable[T] | AsyncIterable[T]) -> Callable[[], Awaitable[T]]:
    """What takes the next item."""
    if isinstance(items, AsyncIterable):
        return aiter(items).__anext__
    iterator = iter(items)

    async def take() -> T:
        try:
            for item in iterator:
                return item
        except StopAsyncIteration as error:
            # As it is, it would end the items, as if there were no more.
            raise RuntimeError("the items raised StopAsyncIteration") from error
        raise StopAsyncIteration

    return take


class Crew(Generic[T, R]):
    """Workers that call a function with one item after the other.

    There are as many as needed, up to a limit. If twice as many outcomes wait to be taken, the workers pause. They hold
    no reference to the consumer, so they can be stopped when it is gone.

    Parameters:
        function: What to call. If it is not async, it is called in a thread; what it returns may be awaitable.
        items: The items. They are taken one at a time.
        workers: The maximum number of workers.
    """

    def __init__(
        self,
        function: Callable[[T], Awaitable[R] | R],
        items: Iterable[T] | AsyncIterable[T],
        workers: int,
    ) -> None:
        self._function = function
        self._is_async = is_async(function)
        self._items = items
        self._workers = workers
        self._context = copy_context()
        self._outcomes: deque[Outcome[R]] = deque()
        self._scopes: dict[int, CancelScope] = {}  # by the ids of the tasks
        self._hired = self._left = self._taken = 0
        self._over = False
        self._news: Event | None = None

    async def get(self) -> Outcome[R] | None:
        """The next outcome in the order of completion; None after the last. The first call starts the work.

        Raises:
            RuntimeError: This is another event loop than that of the first call.
        """
        if not self._hired and not self._over:
            from anyio import CapacityLimiter, Lock, Semaphore

            self._home = home()
            self._call_soon = from_other_threads()
            self._threads = CapacityLimiter(self._workers)
            self._room = Semaphore(2 * self._workers)
            self._turn = Lock()
            self._next = _taker(self._items)
            self._hire()
        if self._hired and self._home is not home():
            raise RuntimeError("platform.map cannot be continued on another event loop")
        while not self._outcomes:
            if self._left == self._hired:
                return None
            await self._some_news()
        return self._outcomes.popleft()

    def make_room(self) -> None:
        """An outcome has been handed out, and there may be another."""
        self._room.release()

    def abandon(self) -> None:
        """Start nothing more, and cancel what runs."""
        self._over = True
        for scope in list(self._scopes.values()):
            scope.cancel()

    def drop(self) -> None:
        """Cancel what runs, from any thread and without waiting."""
        if self._left < self._hired:
            with suppress(RuntimeError):  # the event loop has ended, and with it all tasks
                self._call_soon(self.abandon)

    async def end(self) -> None:
        """Cancel what runs, and wait until all workers have left. Workers that call this do not wait for each other."""
        from anyio import CancelScope, get_current_task

        if self._hired and self._home is not home():
            self.drop()
            return
        self.abandon()
        if get_current_task().id in self._scopes:
            return
        with CancelScope(shield=True):
            while self._left < self._hired:
                await self._some_news()

    def _hire(self) -> None:
        """Start one more worker. Each does so when it has found an item, until there are enough."""
        if self._hired < self._workers and not self._over:
            self._hired += 1
            in_background(self._work, self._context.copy(), self._leave)

    def _leave(self) -> None:
        self._left += 1
        self._tell()

    async def _work(self) -> None:
        from anyio import CancelScope, get_current_task

        task = get_current_task().id
        scope = self._scopes[task] = CancelScope()
        try:
            with scope:
                if not self._over:
                    await self._take_items()
        finally:
            del self._scopes[task]

    async def _take_items(self) -> None:
        while True:
            await self._room.acquire()
            async with self._turn:
                if self._over:
                    break
                number = self._taken
                try:
                    item = await self._next()
                except StopAsyncIteration:
                    self._over = True
                    break
                except BaseException as error:
                    self._over = True
                    self._put(Outcome(number, error=error, final=True))
                    if not isinstance(error, Exception):
                        raise
                    break
                self._taken += 1
                self._hire()
            await self._call(number, item)
        # Others may wait for room, only to find that it is over.
        self._room.release()

    async def _call(self, number: int, item: T) -> None:
        try:
            if self._is_async:
                result: Any = self._function(item)
            else:
                # In a tuple: trio takes no awaitable out of a thread.
                (result,) = await in_thread(lambda: (self._function(item),), self._threads)
            if isawaitable(result):
                result = await result
        except BaseException as error:
            # Also a cancellation that was not ours: nothing is lost without a word.
            self._put(Outcome(number, error=error))
            if not isinstance(error, Exception):
                raise
        else:
            self._put(Outcome(number, cast(R, result)))

    def _put(self, outcome: Outcome[R]) -> None:
        self._outcomes.append(outcome)
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, None
        if news is not None:
            news.set()

    async def _some_news(self) -> None:
        from anyio import Event

        if self._news is None:
            self._news = Event()
        await self._news.wait()
