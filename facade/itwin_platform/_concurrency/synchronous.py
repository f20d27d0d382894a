"""Waiting, time limits and worker threads for the sync client.

The time limit is a context variable. Blocking code asks `time_left()` how long it may block; the network layer does so
at every connect, read and write.
"""

from __future__ import annotations

import atexit
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from threading import Event
from typing import TypeVar
from weakref import getweakrefcount, ref

T = TypeVar("T")

LoopEnd = ExitStack

# Seconds. On Windows, Ctrl-C does not interrupt a wait, so a long one is made of short ones.
SLICE = 0.5

# Seconds after which those that wait for a slot, or for somebody who may lose interest, look for themselves.
_LOOK = 0.05

# The limits that are in force, the innermost first.
_Entry = tuple["ref[time_limit]", "_Entry | None"]
_limits: ContextVar[_Entry | None] = ContextVar("itwin_platform_time_limit", default=None)


# What ends the waits of a thread of `platform.map` early, when nobody wants its results any more; several if maps are
# nested.
_stops: ContextVar[tuple[Event, ...]] = ContextVar("itwin_platform_stops", default=())


@contextmanager
def stopped_by(stop: Event) -> Generator[None]:
    """Have no time left inside the context from when the event is set."""
    before = _stops.set((*_stops.get(), stop))
    try:
        yield
    finally:
        _stops.reset(before)


def is_stopped() -> bool:
    """Whether nobody wants the results of this thread any more."""
    stops = _stops.get()
    return bool(stops) and any(stop.is_set() for stop in stops)


def sleep(seconds: float) -> None:
    """Wait."""
    left = time_left()
    if left is not None and left < seconds:
        _sleep(max(0.0, left))
        raise TimeoutError
    _sleep(seconds)


def _sleep(seconds: float) -> None:
    if not _stops.get():
        time.sleep(seconds)
        return
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if is_stopped():
            raise TimeoutError
        time.sleep(min(left, _LOOK))


class time_limit:  # noqa: N801 (used like the function of the async client)
    """Raise TimeoutError inside the context when the time is over, at the latest at its next I/O.

    A limit counts as long as its object is there: if Ctrl-C comes before it is taken back, it is gone with the frame.
    """

    __slots__ = ("__weakref__", "_before", "end")

    def __init__(self, seconds: float) -> None:
        left = time_left()
        self.end: float | None = time.monotonic() + (seconds if left is None else min(left, seconds))

    def __enter__(self) -> None:
        self._before = _innermost()
        _limits.set((ref(self), self._before))

    def __exit__(self, *_: object) -> None:
        self.end = None
        _limits.set(self._before)


@contextmanager
def untimed() -> Generator[None]:
    """Stop the clock of all limits that are in force: the time inside the context does not count."""
    entry, began = _limits.get(), time.monotonic()
    _limits.set(None)
    try:
        yield
    finally:
        _limits.set(entry)
        while entry is not None:
            limit, entry = entry[0](), entry[1]
            if limit is not None and limit.end is not None:
                limit.end += time.monotonic() - began


def _innermost() -> _Entry | None:
    """The innermost limit that is still there. Those that Ctrl-C has left behind are passed over."""
    entry = _limits.get()
    while entry is not None and ((limit := entry[0]()) is None or limit.end is None):
        entry = entry[1]
    return entry


def time_left() -> float | None:
    """Seconds until the limit that is in force, negative if it has passed; None if there is none."""
    if is_stopped():
        return -1.0
    entry = _innermost()
    limit = None if entry is None else entry[0]()
    return None if limit is None or limit.end is None else limit.end - time.monotonic()


def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work: here it may block."""
    return work()


def in_thread_to_its_end(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """Run blocking work: here it may block. If it is interrupted, call `stop`."""
    try:
        return work()
    except BaseException:
        stop()
        raise


def from_threads(work: Callable[[], T]) -> Callable[[], T]:
    """A function for any thread that does the work: the same one."""
    return work


def wait_for(future: Future[T]) -> T:
    """The result of a thread's work. Interrupting the wait does not affect the work."""
    while not future.done():
        left = time_left()
        if left is not None and left <= 0:
            raise TimeoutError
        wait((future,), SLICE if left is None else min(left, SLICE))
    return future.result()


def home() -> object:
    """The owner of open connections: None, because threads share them."""
    return None


def is_over(place: object) -> bool:  # noqa: ARG001 (threads share everything)
    """Whether the owner has ended: never."""
    return False


def when_loop_ends(close: Callable[[], object]) -> ExitStack:  # noqa: ARG001 (there is no loop)
    """Nothing to wait for: threads have no event loop."""
    return ExitStack()


def at_exit(close: Callable[[], object]) -> None:
    """Close something when the process ends."""
    atexit.register(close)


# Whether code that cannot wait in any other way, such as that of an attribute, may block.
MAY_BLOCK: bool = True


class Slots:
    """A limited number of callers at a time; the others wait for their turn, the first one first.

    The wait does not count towards a time limit.

    There is no lock that Ctrl-C could leave held, and no count that it could leave wrong: a slot is a weak reference,
    and Python itself knows how many there are. Whoever gives one back hands it to the first that waits.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.counted = _Counted()
        self.waiting: deque[SimpleQueue[ref[_Counted]]] = deque()

    def one(self) -> _Turn:
        """A slot, as a context manager."""
        return _Turn(self)


class _Counted:
    """What the weak references refer to."""

    __slots__ = ("__weakref__",)


class _Turn:
    __slots__ = ("_slot", "_slots")

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._slot: ref[_Counted] | None = None

    def __enter__(self) -> None:
        try:
            if self._slots.waiting or not self._take():
                with untimed():
                    self._wait()
        except BaseException:
            self._slot = None
            raise

    def __exit__(self, *_: object) -> None:
        # Not left to the end of the frame, which an error keeps alive.
        slot, self._slot = self._slot, None
        if slot is not None and self._slots.waiting:
            with suppress(IndexError):
                self._slots.waiting.popleft().put(slot)

    def _take(self) -> bool:
        # References with a callback are each their own; without one they would be the same.
        self._slot = ref(self._slots.counted, id)
        if getweakrefcount(self._slots.counted) > self._slots.count:
            self._slot = None
        return self._slot is not None

    def _wait(self) -> None:
        handed: SimpleQueue[ref[_Counted]] = SimpleQueue()
        self._slots.waiting.append(handed)
        try:
            # A slot that got lost on its way to somebody who waits no longer is free: nobody is told, so all look.
            while not self._take():
                if is_stopped():
                    raise TimeoutError
                with suppress(Empty):
                    self._slot = handed.get(timeout=_LOOK)
                    return
            with suppress(ValueError):
                self._slots.waiting.remove(handed)
        finally:
            del handed  # with what somebody may have put into it
