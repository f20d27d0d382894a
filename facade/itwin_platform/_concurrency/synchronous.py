"""Waiting, time limits and worker threads for the sync client.

A time limit is kept in a context variable. What blocks asks `time_left()` how long it may; the network layer does so
at every connect, read and write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")

# Seconds. Windows does not let Ctrl-C into a wait, so a long one is made of short ones.
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
    """Raise TimeoutError in what runs inside, at the latest at its next I/O, once the time is over."""
    outer = _ends.get()
    end = time.monotonic() + seconds
    token = _ends.set(end if outer is None else min(outer, end))
    try:
        yield
    finally:
        _ends.reset(token)


def time_left() -> float | None:
    """Seconds until the limit that is in force, negative if it has passed; None if there is none."""
    end = _ends.get()
    return None if end is None else end - time.monotonic()


def in_thread(work: Callable[[], T]) -> T:
    """Run something that blocks: here it may."""
    return work()


def in_thread_to_its_end(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """Run something that blocks: here it may. If it is interrupted, `stop` is called."""
    try:
        return work()
    except BaseException:
        stop()
        raise


def from_threads(work: Callable[[], T]) -> Callable[[], T]:
    """A function that any thread can call to do the work."""
    return work


def wait_for(future: Future[T]) -> T:
    """The result of work that a thread does. Giving up the wait leaves the work alone."""
    from concurrent.futures import wait

    while not future.done():
        left = time_left()
        if left is not None and left <= 0:
            raise TimeoutError
        wait((future,), _SLICE if left is None else min(left, _SLICE))
    return future.result()


def home() -> object:
    """What open connections belong to: nothing in particular, threads share them."""
    return None


def is_over(place: object) -> bool:  # noqa: ARG001 (threads have no place of their own)
    """Whether nothing can run there any more."""
    return False
