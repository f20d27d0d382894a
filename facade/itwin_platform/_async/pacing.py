"""Holds requests back, so that there are never more per minute than the user allows."""

from __future__ import annotations

import time

from .._concurrency import asynchronous as concurrency
from .._policies.calls import Call
from .._policies.pacing import Pace


class Pacing:
    """The pace of a client. Waiting requests are sent one after the other, in order.

    Parameters:
        requests_per_minute: The maximum number of requests per minute; None for any number.
    """

    def __init__(self, requests_per_minute: int | None) -> None:
        self._pace = None if requests_per_minute is None else Pace(requests_per_minute)
        self._turns = concurrency.Slots(1)

    async def wait(self, call: Call) -> None:
        """Wait until the next request of a call may be sent, and count it. The wait does not count for its deadline."""
        if self._pace is None or not call.signed:
            return
        began = time.monotonic()
        with concurrency.untimed():
            async with self._turns.one():
                while (seconds := self._pace.wait()) > 0:
                    await concurrency.sleep(seconds)
                call.paced = self._pace.note()
        call.ends += time.monotonic() - began

    def answered(self, call: Call, status: int | None) -> None:
        """Note that a request of the call was answered, or has failed."""
        if call.paced is not None:
            call.paced.answered(status)
            call.paced = None

    def after_fork(self) -> None:
        """Forget waiting threads of the parent process. Requests that it has sent still count."""
        self._turns = concurrency.Slots(1)
