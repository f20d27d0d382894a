"""Waiting, time limits and worker threads for the sync client.

The time limit is a context variable. Blocking code asks `time_left()` how long it may block; the network layer does so
at every connect, read and write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

# Seconds. On Windows, Ctrl-C does not interrupt a wait, so a long one is made of short ones.
_SLICE = 0.5

_ends: ContextVar[float | None] = ContextVar("itwin_platform_time_limit", default=None)


def sleep(seconds: float) -> None:
    """Wait."""
    left = time_left()
    if left is not None and left < seconds:
        time.sleep(max(0.0, left))
        raise TimeoutError
    time.sleep(seconds)


@contextmanager
def time_limit(seconds: float) -> Generator[None]:
    """Raise TimeoutError inside the context when the time is over, at the next I/O at the latest."""
    outer = _ends.get()
    end = time.monotonic() + seconds
    token = _ends.set(end if outer is None else min(outer, end))
    try:
        yield
    finally:
        _ends.reset(token)


def time_left() -> float | None:
    """Seconds until the current limit, negative if it has passed; None without a limit."""
    end = _ends.get()
    return None if end is None else end - time.monotonic()


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
        wait((future,), _SLICE if left is None else min(left, _SLICE))
    return future.result()


def home() -> object:
    """The owner of open connections: None, because threads share them."""
    return None


def is_over(place: object) -> bool:  # noqa: ARG001 (threads share everything)
    """Whether the owner has ended: never."""
    return False
