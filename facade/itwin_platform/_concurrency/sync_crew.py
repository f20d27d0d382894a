"""Threads that take items one after the other, for `platform.map` of the sync client."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from .._many import Outcome
from . import is_async
from .synchronous import SLICE, is_stopped, stopped_by

T = TypeVar("T")
R = TypeVar("R")


class Crew(Generic[T, R]):
    """Workers that call a function with one item after the other.

    There are as many as needed, up to a limit. If twice as many outcomes wait to be taken, the workers pause. They hold
    no reference to the consumer, so they end when it is gone.

    Parameters:
        function: What to call.
        items: The items. They are taken in these threads, one at a time.
        workers: The maximum number of workers.

    Raises:
        ValueError: The function or the items are async.
    """

    def __init__(self, function: Callable[[T], R], items: Iterable[T], workers: int) -> None:
        if is_async(function):
            raise ValueError("function must not be async: use AsyncITwinPlatform for it")
        if hasattr(items, "__aiter__") and not hasattr(items, "__iter__"):
            raise ValueError("items must not be async: use AsyncITwinPlatform for them")
        self._function = function
        self._items = items
        self._workers = workers
        self._context = copy_context()
        # Counts the free places. A semaphore has a lock, which the thread of a destructor may hold already.
        self._room: SimpleQueue[None] = SimpleQueue()
        for _ in range(2 * workers):
            self._room.put(None)
        self._turn = threading.Lock()
        self._outcomes: SimpleQueue[Outcome[R] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._left = 0
        self._taken = 0
        self._over = False
        self._stop = threading.Event()
        self._process = os.getpid()

    def get(self) -> Outcome[R] | None:
        """The next outcome in the order of completion; None after the last. The first call starts the work.

        Raises:
            RuntimeError: This is a forked process, which has none of the threads.
        """
        if self._process != os.getpid():
            raise RuntimeError("platform.map cannot be continued in a forked process, which has none of its threads")
        if not self._threads and not self._over:
            self._iterator = iter(self._items)
            self._hire()
        while self._left < len(self._threads):
            if is_stopped():  # this map is part of another one
                raise TimeoutError
            with suppress(Empty):
                outcome = self._outcomes.get(timeout=SLICE)
                if outcome is not None:
                    return outcome
                self._left += 1
        return None

    def make_room(self) -> None:
        """An outcome has been handed out, and there may be another."""
        self._room.put(None)

    def abandon(self) -> None:
        """Start nothing more, and break off what waits for the platform. This neither waits nor blocks."""
        self._over = True
        if self._process != os.getpid():
            return  # the workers are in the other process, and perhaps held the locks of all this
        self._stop.set()
        self._room.put(None)

    def end(self) -> None:
        """Break off, and wait until all workers have left. Workers that call this do not wait for each other."""
        self.abandon()
        if threading.current_thread() in self._threads or sys.is_finalizing():
            return
        for thread in self._threads:
            with suppress(RuntimeError):  # Ctrl-C has come before it was started
                thread.join()

    def drop(self) -> None:
        """Break off what nobody has closed. Python may call this anywhere, so it must not wait."""
        self.abandon()

    def _hire(self) -> None:
        """Start one more worker. Each does so when it has found an item, until there are enough."""
        if len(self._threads) < self._workers and not self._over:
            work = partial(self._context.copy().run, self._work)
            thread = threading.Thread(target=work, name="itwin-map", daemon=True)
            self._threads.append(thread)
            try:
                thread.start()
            except RuntimeError:  # this system has no more threads to give
                self._threads.remove(thread)
                if not self._threads:
                    raise

    def _work(self) -> None:
        with stopped_by(self._stop):
            self._take_items()
        # Others may wait for room, only to find that it is over.
        self._room.put(None)
        self._outcomes.put(None)

    def _take_items(self) -> None:
        while True:
            self._room.get()
            with self._turn:
                if self._over:
                    break
                number = self._taken
                try:
                    item = next(self._iterator)
                except StopIteration:
                    self._over = True
                    break
                except BaseException as error:  # noqa: BLE001 (raised where the outcomes are taken)
                    self._over = True
                    self._outcomes.put(Outcome(number, error=error, final=True))
                    break
                self._taken += 1
                self._hire()
            self._outcomes.put(copy_context().run(self._outcome, number, item))

    def _outcome(self, number: int, item: T) -> Outcome[R]:
        try:
            return Outcome(number, self._function(item))
        except BaseException as error:  # noqa: BLE001 (raised where the outcomes are taken)
            return Outcome(number, error=error)
