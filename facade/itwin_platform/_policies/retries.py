"""When a request is tried again, and after how long."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC
from email.utils import parsedate_to_datetime

THROTTLED = 429


@dataclass(frozen=True, slots=True)
class Retry:
    """What `on_retry` is told before the client waits and tries again.

    Attributes:
        operation: Id of the operation, for instance `"get-itwin"`.
        host: The host that was asked.
        attempt: Number of the attempt that failed, from 1.
        status: HTTP status of its answer, or None if there was none.
        delay: Seconds until the next attempt.
    """

    operation: str
    host: str
    attempt: int
    status: int | None
    delay: float


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How failed requests are tried again.

    Only what is safe is repeated: GET and other idempotent requests, any request that was surely not sent, and any
    that the platform refused with 429. A certificate that does not fit is never retried. `Retry-After` is honoured
    in full; one beyond `max_retry_after` is raised at once as `RateLimitError` (or `ServerError`).

    Attributes:
        attempts: Attempts in all, the first included.
        base: Seconds; the wait before the second attempt is a random part of it, and it doubles with each attempt.
        cap: Seconds; the longest wait without a `Retry-After`.
        max_retry_after: Seconds; a longer `Retry-After` is not waited for.
        statuses: HTTP statuses that are worth another try.
        on_retry: Called with a `Retry` before each wait. It must not block. What it raises is logged and ignored.
    """

    attempts: int = 4
    base: float = 0.5
    cap: float = 20.0
    max_retry_after: float = 120.0
    statuses: frozenset[int] = frozenset({408, 429, 500, 502, 503, 504})
    on_retry: Callable[[Retry], None] | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        """Show what differs from the defaults."""
        shown = [field for field in fields(self) if field.repr and getattr(self, field.name) != field.default]
        return f"RetryPolicy({', '.join(f'{field.name}={getattr(self, field.name)!r}' for field in shown)})"

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError("attempts must be at least 1")
        if not (0 <= self.base <= self.cap < float("inf") and 0 <= self.max_retry_after < float("inf")):
            raise ValueError("base must be between 0 and cap, and max_retry_after must not be negative")

    def delay_after(
        self,
        *,
        attempt: int,
        status: int | None,
        dropped: bool = False,
        retry_after: float | None = None,
    ) -> float | None:
        """Seconds to wait before the next attempt of a request that may be repeated, or None if there should be none.

        Parameters:
            attempt: Number of the attempt that failed, from 1.
            status: The HTTP status of the answer, or None if there was none.
            dropped: Whether the server gave up the connection instead of an answer, as it does with idle ones.
            retry_after: Seconds that the answer asks to wait, if it does.
        """
        if attempt >= self.attempts or (status is not None and status not in self.statuses):
            return None
        if dropped and attempt == 1:
            return 0.0
        backoff: float = random.uniform(0, min(self.cap, self.base * 2 ** (attempt - 1)))  # noqa: S311
        if retry_after is None:
            return backoff
        if retry_after > self.max_retry_after:
            return None
        # Never before the time asked for, and not all at the same moment after it.
        return retry_after + random.uniform(0, 0.1 * retry_after + 0.25)  # noqa: S311


class RetryBudget:
    """Keeps retries from multiplying the load on a platform that is down: each costs, each success earns a little."""

    _FULL = 500
    _COST = 14
    _THROTTLED_COST = 5

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = self._FULL

    def spend(self, status: int | None) -> bool:
        """Whether there is budget for one more retry, which is then spent."""
        cost = self._THROTTLED_COST if status == THROTTLED else self._COST
        with self._lock:
            if self._left < cost:
                return False
            self._left -= cost
            return True

    def earn(self) -> None:
        """Note a success."""
        if self._left < self._FULL:
            with self._lock:
                self._left = min(self._FULL, self._left + 1)


class PauseGate:
    """Holds back all requests to a host that has said when it wants the next one."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def close(self, host: str, seconds: float) -> None:
        """Let nothing through to `host` for so many seconds."""
        self._until[host] = max(self._until.get(host, 0.0), time.monotonic() + seconds)

    def wait(self, host: str) -> float:
        """Seconds until a request to `host` may go; 0 if at once."""
        until = self._until.get(host)
        if until is None or (left := until - time.monotonic()) <= 0:
            return 0.0
        return left + random.uniform(0, 0.25)  # noqa: S311


def parse_retry_after(value: str | None, now: float) -> float | None:
    """The seconds that a `Retry-After` header asks for, or None if there is none that can be read.

    Parameters:
        value: The header: whole seconds, or an HTTP date.
        now: The time as seconds since 1970, for dates.
    """
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"[0-9]+", value, re.ASCII):
        # More digits than any wait has; int() would be slow or refuse.
        return float(value) if len(value) < 10 else float("inf")
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
