"""A clock that jumps instead of waiting."""

from __future__ import annotations

import time
from typing import Any

import anyio
import anyio.lowlevel
import pytest


class VirtualClock:
    """Time passes as usual, and at once where somebody sleeps. `sleeps` says for how long.

    What is patched is the clock of this process: the code under test sleeps and looks at the time as ever.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.sleeps: list[float] = []
        self._ahead = 0.0
        monotonic, wall = time.monotonic, time.time
        patch.setattr(time, "monotonic", lambda: monotonic() + self._ahead)
        patch.setattr(time, "time", lambda: wall() + self._ahead)
        patch.setattr(time, "sleep", self._sleep)
        patch.setattr(anyio, "sleep", self._async_sleep)

    @property
    def slept(self) -> float:
        return sum(self.sleeps)

    def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self._ahead += seconds

    async def _async_sleep(self, seconds: float) -> Any:
        end = time.monotonic() + seconds
        # Whoever sleeps at the same time wakes up by the same clock.
        for _ in range(50):
            await anyio.lowlevel.checkpoint()
        self.sleeps.append(seconds)
        self._ahead += max(0.0, end - time.monotonic())
