"""Waiting for long work: when to poll, which errors do not end a wait, and when it ends. No I/O."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from ..errors import (
    ApiError,
    CredentialsError,
    DeadlineExceeded,
    ITwinPlatformError,
    ResponseError,
    TransportError,
    WaitCancelled,
    WaitTimeout,
)
from .arguments import text
from .records import logger
from .retries import FOREVER

S = TypeVar("S")
R = TypeVar("R")

# Seconds between looks; they begin again with every change.
INTERVALS = (15, 30, 60, 120)
# Seconds that the last poll may take.
_LAST_POLL = 10.0


@dataclass(frozen=True, slots=True)
class Awaited:
    """The job or export that is waited for, as messages name it.

    Attributes:
        name: For instance `"Job 5b0c2f5d"`, at the beginning of a sentence.
        id: Its id.
        again: The call that waits for it again.
    """

    name: str
    id: str
    again: str

    @property
    def goes_on(self) -> str:
        """Says that only the waiting has ended, and how to continue it."""
        return f"{self.name} continues; only the waiting has ended. {self.how}"

    @property
    def how(self) -> str:
        """Says how to continue the wait."""
        return f"To wait again: {self.again}"


@dataclass(frozen=True, slots=True)
class Look(Generic[S, R]):
    """The result of a poll.

    Attributes:
        seen: The state that was found, for progress functions and errors.
        state: The part of it whose change restarts the intervals.
        result: The result of the wait; None as long as it is not over.
    """

    seen: S
    state: object
    result: R | None = None


class Polling:
    """When to poll again.

    Parameters:
        awaited: What is waited for.
        timeout: Seconds after which to give up; None to wait forever.
        intervals: Seconds between polls. The last one is repeated; they start over when something has changed.
        now: The clock, in seconds.

    Raises:
        ValueError: The timeout or an interval is not a usable number.
    """

    def __init__(
        self,
        awaited: Awaited,
        *,
        timeout: float | None = None,
        intervals: Iterable[float] = INTERVALS,
        now: Callable[[], float] | None = None,
    ) -> None:
        self.awaited = awaited
        self._now = now or time.monotonic
        self._timeout = None if timeout is None else _seconds("timeout", timeout)
        self._ends = None if self._timeout is None else self._now() + self._timeout
        self._intervals = checked_intervals(intervals)
        self._step = 0
        self._last: Look[Any, Any] | None = None
        self._problem: ITwinPlatformError | None = None

    def time_to_poll(self) -> float | None:
        """Seconds that the next poll may take; None if only the deadline of its calls counts."""
        return None if self._ends is None else max(self._ends - self._now(), _LAST_POLL)

    def after(self, look: Look[Any, Any]) -> float:
        """Seconds until the next poll, after a successful one.

        Raises:
            WaitTimeout: The time is over.
        """
        if self._last is None or look.state != self._last.state:
            self._step = 0
        self._last, self._problem = look, None
        return self._pause(0.0)

    def after_problem(self, problem: ITwinPlatformError) -> float:
        """Seconds until the next poll, after a failed one.

        Raises:
            WaitTimeout: The time is over, or will be before the platform accepts another request.
            ITwinPlatformError: The problem itself, if waiting does not help.
        """
        if not passes(problem):
            raise problem
        self._problem = problem
        pause = self._pause(getattr(problem, "retry_after", None) or 0.0)
        logger.warning("%s: still waiting, next poll in %.0f s. %s", self.awaited.name, pause, problem)
        return pause

    def cancelled(self, seen: object) -> WaitCancelled:
        """The error for a wait that the progress function has ended."""
        return WaitCancelled(
            f"The progress function has ended the wait. {self.awaited.goes_on}", id=self.awaited.id, seen=seen
        )

    def _pause(self, at_least: float) -> float:
        pause = max(self._intervals[self._step], at_least)
        self._step = min(self._step + 1, len(self._intervals) - 1)
        if self._ends is None:
            return pause
        left = self._ends - self._now()
        if left <= 0 or at_least > left:
            raise self._too_late()
        return min(pause, left)

    def _too_late(self) -> WaitTimeout:
        why = ""
        if isinstance(self._problem, DeadlineExceeded):
            why = " The last poll was not answered in time."  # whose time it was, the call does not know
        elif self._problem is not None:
            why = f" The last poll failed: {self._problem}"
        error = WaitTimeout(
            f"{self.awaited.name} is not finished after {self._timeout:g} seconds, and continues; only the waiting has "
            f"ended.{why} {self.awaited.how}",
            id=self.awaited.id,
            seen=self._last.seen if self._last is not None else None,
        )
        error.__cause__ = self._problem
        return error


def passes(problem: ITwinPlatformError) -> bool:
    """Whether an error is temporary: throttling, or a server that is down or cannot be reached."""
    if isinstance(problem, TransportError):
        return not problem.final
    if isinstance(problem, ApiError):
        # Gateways say it with a 403 that a quota is used up, and until when.
        used_up = problem.status == 403 and problem.retry_after is not None
        return used_up or problem.status in {408, 429} or problem.status >= 500
    return isinstance(problem, CredentialsError) and problem.may_pass


def id_of(name: str, awaited: Any, kind: Any) -> str:
    """The id of what to wait for, of which the caller has the object or the id.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(awaited, str):
        return text(name, awaited)
    if isinstance(awaited, kind):
        return str(awaited.id)
    raise ValueError(f"{name} must be the {name} or its id, not {type(awaited).__name__}")


def check_id(found: str, asked: str, place: str) -> None:
    """Check that an answer is about what was asked for: a cache on the way may mistake it.

    Raises:
        ResponseError: It is not. `place` is the place of the id in the answer.
    """
    if found.casefold() != asked.casefold():
        raise ResponseError("is not the id that was asked for", place=place, status=200)


def checked_intervals(intervals: object) -> tuple[float, ...]:
    """Seconds between looks.

    Raises:
        ValueError: There are none, or one is not a positive number.
    """
    if isinstance(intervals, str) or not isinstance(intervals, Iterable):
        raise ValueError("intervals must be a list of numbers of seconds, for instance (15, 30, 60, 120)")  # noqa: TRY004
    checked = tuple(_seconds("each of intervals", each) for each in cast(Iterable[object], intervals))
    if not checked or 0 in checked:
        raise ValueError("intervals must be a list of at least one number of seconds, each more than 0")
    return checked


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"{name} must be a finite number of seconds, 0 or more, not {value!r:.50}")
    return min(value, FOREVER)
