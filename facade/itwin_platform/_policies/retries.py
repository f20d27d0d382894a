"""When a request is retried, and after how long."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC
from email.utils import parsedate_to_datetime

THROTTLED = 429
# Seconds, more than 30 years: no system sleeps much longer, and none needs to.
FOREVER = 1e9
# Seconds over which requests are spread that all wait for the same `Retry-After`.
_SPREAD = 2.0


@dataclass(frozen=True, slots=True)
class Retry:
    """The argument of `on_retry`, which is called before the client waits and retries.

    Attributes:
        operation: Id of the operation, for instance `"get-itwin"`.
        host: The host that the request went to.
        attempt: Number of the failed attempt, from 1.
        status: HTTP status of its answer, or None without an answer.
        delay: Seconds until the next attempt.
        method: The HTTP method.
        path: The path of the request, without its query.
    """

    operation: str
    host: str
    attempt: int
    status: int | None
    delay: float
    method: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How failed requests are retried.

    Only safe requests are repeated: GET and other idempotent ones, those that were certainly not sent, and those that
    the platform refused with 429. An invalid certificate is never retried. `Retry-After` is honoured in full; if it
    exceeds `max_retry_after`, `RateLimitError` (or `ServerError`) is raised at once.

    Attributes:
        attempts: All attempts, including the first.
        base: Seconds; the wait before the second attempt is a random part of it. It doubles with each attempt.
        cap: Seconds; the longest wait without a `Retry-After`.
        max_retry_after: Seconds; the client does not wait for a longer `Retry-After`.
        statuses: HTTP statuses that are retried.
        on_retry: Called with a `Retry` before each wait. It must not block. Its exceptions are logged and ignored.
    """

    attempts: int = 4
    base: float = 0.5
    cap: float = 20.0
    max_retry_after: float = 120.0
    statuses: frozenset[int] = frozenset({408, 429, 500, 502, 503, 504})
    on_retry: Callable[[Retry], None] | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        """Show the values that differ from the defaults."""
        shown = [field for field in fields(self) if field.repr and getattr(self, field.name) != field.default]
        return f"RetryPolicy({', '.join(f'{field.name}={getattr(self, field.name)!r}' for field in shown)})"

    def __post_init__(self) -> None:
        object.__setattr__(self, "statuses", frozenset(self.statuses))
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
        """Seconds until the next attempt of a request that may be repeated; None if there should be none.

        Parameters:
            attempt: Number of the failed attempt, from 1.
            status: The HTTP status of the answer, or None without an answer.
            dropped: Whether the server closed the connection without an answer, as it does with idle ones.
            retry_after: The seconds to wait that the answer names, if any.
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
        # Never earlier than requested, and not all clients at the same moment. Not much later either: what is left of
        # the rate that the platform allows is lost.
        return retry_after + random.uniform(0, min(_SPREAD, 0.1 * retry_after + 0.25))  # noqa: S311


class RetryBudget:
    """Keeps retries from multiplying the load on a platform that is down: they cost, successes earn a little.

    Without a lock, which Ctrl-C could leave held: a few retries more or less do no harm.
    """

    _FULL = 500
    _COST = 14
    _THROTTLED_COST = 5

    def __init__(self) -> None:
        self._left = self._FULL

    def spend(self, status: int | None) -> bool:
        """Pay for one more retry; return whether the budget sufficed."""
        cost = self._THROTTLED_COST if status == THROTTLED else self._COST
        if self._left < cost:
            return False
        self._left -= cost
        return True

    def earn(self) -> None:
        """Note a success."""
        self._left = min(self._FULL, self._left + 1)


class PauseGate:
    """Holds back all requests to a host until the time that its `Retry-After` names."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def close(self, host: str, seconds: float) -> None:
        """Hold back requests to `host` for some seconds."""
        self._until[host] = max(self._until.get(host, 0.0), time.monotonic() + seconds)

    def until(self, host: str) -> float:
        """When the pause of a host ends, on the monotonic clock; 0 if there has been none."""
        return self._until.get(host, 0.0)

    def wait(self, host: str) -> float:
        """Seconds until a request may be sent to `host`; 0 if it may be sent now."""
        until = self._until.get(host)
        if until is None or (left := until - time.monotonic()) <= 0:
            return 0.0
        return left + random.uniform(0, 0.25)  # noqa: S311


def parse_retry_after(value: str | None, now: float) -> float | None:
    """The seconds that a `Retry-After` header names; None if it is missing or cannot be read.

    Parameters:
        value: The header: whole seconds, or an HTTP date.
        now: The time as seconds since 1970, for dates.
    """
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"[0-9]+", value, re.ASCII):
        # float() would be slow with very many digits.
        return float(value) if len(value) < 10 else FOREVER
    moment = parse_date(value)
    return None if moment is None else min(max(0.0, moment - now), FOREVER)


def parse_date(value: str | None) -> float | None:
    """The moment that an HTTP date names, as seconds since 1970; None if it is missing or cannot be read."""
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
