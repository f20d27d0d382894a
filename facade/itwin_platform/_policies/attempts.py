"""Whether another attempt follows a failed one, and after how long: the decision behind every retry loop."""

from __future__ import annotations

from dataclasses import dataclass

from .retries import THROTTLED, RetryPolicy

# Methods whose requests may be repeated even if an earlier one was processed.
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
# Statuses after which the request may have been processed nevertheless.
_UNSURE = frozenset({408, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong below HTTP, without anything that could hold a secret.

    `unsent`: the request certainly did not reach the server. `final`: another attempt would fail as well. `dropped`:
    the server closed the connection, as it does with idle ones; that says nothing about its health.
    """

    phase: str
    text: str
    unsent: bool = False
    final: bool = False
    dropped: bool = False


NO_FAILURE = Failure("", "")


@dataclass(slots=True)
class Attempts:
    """The attempts of one request.

    Parameters:
        policy: How often to retry, and how long to wait.
        repeatable: Whether the request may be sent again even if it may have been processed.
        refusals: Statuses by which the server says that it has not processed the request.

    Attributes:
        count: Attempts begun so far.
        unsure: Whether one of them may have been processed without an answer that says so.
    """

    policy: RetryPolicy
    repeatable: bool
    refusals: frozenset[int] = frozenset({THROTTLED})
    count: int = 0
    unsure: bool = False

    def begin(self) -> None:
        """Begin an attempt."""
        self.count += 1

    def delay(
        self, status: int | None, failure: Failure = NO_FAILURE, retry_after: float | None = None
    ) -> float | None:
        """Seconds until the next attempt; None if there should be none.

        Parameters:
            status: The HTTP status of the answer, or None without an answer.
            failure: What went wrong, without an answer.
            retry_after: The seconds to wait that the answer names, if any.
        """
        refused = failure.unsent or status in self.refusals
        self.unsure = self.unsure or (not refused and (status is None or status in _UNSURE))
        if failure.final or not (self.repeatable or refused):
            return None
        return self.policy.delay_after(
            attempt=self.count, status=status, dropped=failure.dropped, retry_after=retry_after
        )
