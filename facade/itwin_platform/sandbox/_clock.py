"""The time of a sandbox, which can run fast: jobs that take hours in life are done in seconds."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ._arguments import check_number

_FASTEST: Final = 1_000_000.0
_YEARS: Final = 3_000_000_000.0  # seconds; what is later than about a hundred years is no use to anyone


class Clock:
    """A clock that begins with the time of this machine. Safe to use from several threads."""

    def __init__(self, speed: float = 1.0) -> None:
        check_number("speed", speed, _FASTEST, over_zero=True)
        self._speed: Final = speed
        self._lock = threading.Lock()
        self._ahead = 0.0
        self._began = time.monotonic()
        self.start: Final = datetime.now(UTC)

    def now(self) -> datetime:
        """The time."""
        with self._lock:
            passed = (time.monotonic() - self._began) * self._speed + self._ahead
        return self.start + timedelta(seconds=min(passed, _YEARS))

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        check_number("seconds", seconds, _YEARS)
        with self._lock:
            self._ahead = min(self._ahead + seconds, _YEARS)

    def written(self, seconds: float = 0) -> str:
        """The time in so many seconds as the platform writes it: with seven digits behind the second."""
        return written(self.now() + timedelta(seconds=seconds))


def written(when: datetime) -> str:
    """A time as the platform writes it."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def read(text: Any) -> datetime | None:
    """A time that is written in one of the ways that the documentation uses; None for anything else."""
    if not isinstance(text, str) or len(text) > 40 or "T" not in text.upper():
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
