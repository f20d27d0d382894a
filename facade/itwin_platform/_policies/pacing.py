"""How soon a request may follow those before it, for users who know the rate that the platform allows them."""

from __future__ import annotations

import time
from collections import deque

# Seconds for which the platform counts, and a little for requests that take longer on their way than later ones.
WINDOW = 60.0
MARGIN = 1 / 60


class Pace:
    """So many requests in each window, wherever one lays it.

    They go out as fast as they come until the window is full. Nothing is spread evenly: a short job need not wait.

    Parameters:
        count: The most requests in a window.
        window: Its length in seconds.
    """

    def __init__(self, count: int, window: float = WINDOW) -> None:
        self._count = count
        self._window = window * (1 + MARGIN)
        self._sent: deque[float] = deque(maxlen=count)

    def wait(self) -> float:
        """Seconds until a request may be sent; 0 if it may be sent now."""
        if len(self._sent) < self._count:
            return 0.0
        return max(0.0, self._sent[0] + self._window - time.monotonic())

    def note(self) -> None:
        """A request is sent now."""
        self._sent.append(time.monotonic())
