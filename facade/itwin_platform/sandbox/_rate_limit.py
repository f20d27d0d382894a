"""Answers of 429 on demand."""

import threading
from typing import Final

MOST: Final = 1_000_000_000


class RateLimit:
    """How many of the next requests are refused with 429. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times = 0
        self._retry_after = 0

    def set(self, times: int, retry_after: int) -> None:
        """Refuse the next `times` requests and tell them to wait `retry_after` seconds."""
        if not (0 <= times <= MOST and 0 <= retry_after <= MOST):
            raise ValueError(f"times and retry_after must not be negative and not exceed {MOST}")
        with self._lock:
            self._times, self._retry_after = times, retry_after

    def take(self) -> int | None:
        """Count one request; return the seconds to wait if it is to be refused, else None."""
        with self._lock:
            if self._times == 0:
                return None
            self._times -= 1
            return self._retry_after
