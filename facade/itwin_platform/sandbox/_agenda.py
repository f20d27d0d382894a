"""Events at times of the sandbox's clock. They happen at the first request after their time."""

import heapq
import itertools
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from ._blobs import BlobError
from ._clock import Clock
from ._store import FullError, Store


class Agenda:
    """Things to do later. Safe to use from several threads."""

    def __init__(self, clock: Clock, store: Store) -> None:
        self._clock: Final = clock
        self._store: Final = store
        self._order: Final = itertools.count()
        self._entries: Final[list[tuple[datetime, int, Callable[[], None]]]] = []
        self._running = False

    def add(self, when: datetime, act: Callable[[], None]) -> None:
        """Do something at this time."""
        with self._store.lock:
            heapq.heappush(self._entries, (when, next(self._order), act))

    def run(self) -> None:
        """Do what is due."""
        if not self._entries:
            return
        with self._store.lock:
            # What is done looks at resources, which runs the agenda as well.
            if self._running:
                return
            self._running = True
            try:
                while self._entries and self._entries[0][0] <= self._clock.now():
                    # For what does not fit there is nobody to tell.
                    with suppress(FullError, BlobError):
                        heapq.heappop(self._entries)[2]()
            finally:
                self._running = False
