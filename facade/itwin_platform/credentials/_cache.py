"""One token for any number of threads, tasks and event loops, fetched once, renewed ahead of time.

The fetch runs in a thread of its own, so that no caller is its leader: a caller that gives up or is cancelled harms
nobody, and no event loop is blocked.
"""

from __future__ import annotations

import copy
import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from .._primitives import asynchronous, synchronous
from ..errors import CredentialsError

logger = logging.getLogger("itwin_platform")

# Renew at the latest so many seconds, or this part of the lifetime, before the end.
_AHEAD, _AHEAD_PART = 300.0, 0.2
# A token with less left is not used any more: it might expire on its way.
_MARGIN = 10.0
# After a renewal ahead of time has failed, the next is tried after so many seconds.
_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and when it ends, by the clock that never jumps and by the one that knows about sleep."""

    value: str = field(repr=False)
    ends: float
    ends_by_wall_clock: float
    renew_with: float

    @classmethod
    def lasting(cls, value: str, seconds: float) -> Token:
        """A token that is valid for so many seconds from now."""
        ahead = min(_AHEAD, _AHEAD_PART * seconds)
        jitter = random.uniform(0.8, 1.0)  # noqa: S311 (spreads the renewals of many processes)
        return cls(value, time.monotonic() + seconds, time.time() + seconds, ahead * jitter)

    @property
    def left(self) -> float:
        """Seconds until the token ends, by the more careful clock."""
        return min(self.ends - time.monotonic(), self.ends_by_wall_clock - time.time())

    def __reduce__(self) -> Any:
        raise TypeError("tokens cannot be pickled, so that they do not end up in files by accident")


class TokenCache:
    """Keeps a token and renews it.

    Parameters:
        fetch: Gets a new token; blocks, and raises CredentialsError where none is to be had.
    """

    def __init__(self, fetch: Callable[[], Token]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._pending: Future[Token] | None = None
        self._not_before = 0.0

    def get(self) -> str:
        """The token; blocks while there is none."""
        found = self._current()
        if isinstance(found, str):
            return found
        return self._outcome(lambda: synchronous.wait_for(found)).value

    async def aget(self) -> str:
        """The token; waits while there is none."""
        found = self._current()
        if isinstance(found, str):
            return found
        try:
            return (await asynchronous.wait_for(found)).value
        except CredentialsError as error:
            failed = error
        raise copy.copy(failed)

    def invalidate(self, token: str) -> None:
        """Drop the token, if it is still the one that was refused."""
        with self._lock:
            if self._token is not None and self._token.value == token:
                self._token = None

    @staticmethod
    def _outcome(wait: Callable[[], Token]) -> Token:
        # Many callers share one failure. Each raises its own copy, or their tracebacks would grow into each other.
        try:
            return wait()
        except CredentialsError as error:
            failed = error
        raise copy.copy(failed)

    def _current(self) -> str | Future[Token]:
        """The token if it can be used, else the fetch to wait for."""
        token = self._token
        if token is not None and (left := token.left) > _MARGIN:
            if left < token.renew_with:
                self._renew_ahead()
            return token.value
        with self._lock:
            token = self._token
            if token is not None and token.left > _MARGIN:
                return token.value
            return self._start()

    def _renew_ahead(self) -> None:
        with self._lock:
            if self._pending is None and time.monotonic() >= self._not_before:
                self._start()

    def _start(self) -> Future[Token]:
        if self._pending is None:
            self._pending = Future()
            # A daemon: a fetch that hangs must not keep the program from ending.
            threading.Thread(target=self._work, args=(self._pending,), name="itwin-platform-token", daemon=True).start()
        return self._pending

    def _work(self, future: Future[Token]) -> None:
        future.set_running_or_notify_cancel()
        try:
            token = self._fetch()
        except CredentialsError as error:
            self._failed(future, error)
        except BaseException as error:  # noqa: BLE001 (waiting callers have to hear of whatever it was)
            self._failed(future, CredentialsError(f"No token could be had: {type(error).__name__}."))
        else:
            with self._lock:
                self._token, self._pending = token, None
            future.set_result(token)

    def _failed(self, future: Future[Token], error: CredentialsError) -> None:
        error.__traceback__ = None
        with self._lock:
            self._pending, self._not_before = None, time.monotonic() + _PAUSE
            still = self._token
        if still is not None and still.left > _MARGIN:
            logger.warning("the access token could not be renewed; the present one is used for %.0f s more", still.left)
        future.set_exception(error)
