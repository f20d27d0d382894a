"""Whether a failed attempt is followed by another, and after how long: the decision behind every loop of requests."""

from __future__ import annotations

from dataclasses import dataclass

from .retries import THROTTLED, RetryPolicy

# Methods whose requests may be repeated although an earlier one may have been carried out.
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
# Statuses behind which the request may have been carried out all the same.
_UNSURE = frozenset({408, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong below HTTP, without anything that could hold a secret.

    `unsent`: the request surely did not reach the server. `final`: another attempt would fail as well. `dropped`: the
    server gave up the connection, which happens to those that were idle for a while and says nothing about its health.
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
        policy: How often, and how long to wait.
        repeatable: Whether the request may be sent again although it may have been carried out.
        refusals: Statuses with which the server says that it has not carried out the request.

    Attributes:
        count: How many have begun.
        unsure: Whether one of them may have been carried out although no answer says so.
    """

    policy: RetryPolicy
    repeatable: bool
    refusals: frozenset[int] = frozenset({THROTTLED})
    count: int = 0
    unsure: bool = False

    def begin(self) -> None:
        """Count an attempt."""
        self.count += 1

    def delay(
        self, status: int | None, failure: Failure = NO_FAILURE, retry_after: float | None = None
    ) -> float | None:
        """Seconds to wait before the next attempt, or None if there should be none.

        Parameters:
            status: The HTTP status of the answer, or None if there was none.
            failure: What went wrong where there was none.
            retry_after: Seconds that the answer asks to wait, if it does.
        """
        refused = failure.unsent or status in self.refusals
        self.unsure = self.unsure or (not refused and (status is None or status in _UNSURE))
        if failure.final or not (self.repeatable or refused):
            return None
        return self.policy.delay_after(
            attempt=self.count, status=status, dropped=failure.dropped, retry_after=retry_after
        )
