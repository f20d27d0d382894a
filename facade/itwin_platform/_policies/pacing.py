"""How soon a request may follow those before it, for users who know the rate that the platform allows them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .retries import THROTTLED

# Seconds for which the platform counts, and a little for its clock.
WINDOW = 60.2


@dataclass(slots=True, eq=False)
class Sent:
    """A request that counts.

    Attributes:
        latest: The latest moment at which the platform may have counted it: when it was sent, until the answer comes.
    """

    latest: float

    def answered(self, status: int | None) -> None:
        """Note that the answer has arrived, or will never arrive. Refused requests do not count."""
        self.latest = float("-inf") if status == THROTTLED else time.monotonic()


class Pace:
    """A maximum number of requests in any period of a minute.

    They are sent at once until a minute's worth is sent. They are not spread evenly, so a short job need not wait.

    Parameters:
        count: The maximum number of requests per minute.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._sent: list[Sent] = []

    def wait(self) -> float:
        """Seconds until a request may be sent; 0 if it may be sent now."""
        begin = time.monotonic() - WINDOW
        sent = self._sent
        if len(sent) >= self._count or (sent and sent[0].latest <= begin):
            self._sent = sent = [each for each in sent if each.latest > begin]
        return 0.0 if len(sent) < self._count else min(each.latest for each in sent) - begin

    def note(self) -> Sent:
        """A request is sent now."""
        sent = Sent(time.monotonic())
        self._sent.append(sent)
        return sent
