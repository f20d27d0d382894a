"""One token for any number of threads, tasks and event loops: fetched once, renewed before it expires.

The fetch runs in a thread of its own. So a caller that gives up or is cancelled does not affect the others, and no
event loop is blocked.
"""

from __future__ import annotations

import copy
import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any

from .._concurrency import asynchronous, synchronous
from .._concurrency.forks import on_fork
from ..errors import CredentialsError, ITwinPlatformError

logger = logging.getLogger("itwin_platform")

# A token is renewed this many seconds, or this part of its lifetime, before it ends; whichever is less.
_AHEAD, _AHEAD_PART = 300.0, 0.2
# A token with less left is no longer used: it might expire on its way.
_MARGIN, _MARGIN_PART = 10.0, 0.1
# Seconds between early renewals that fail.
_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and when it ends: by the clock that never jumps, and by the one that counts time asleep."""

    value: str = field(repr=False)
    ends: float
    ends_by_wall_clock: float
    renew_with: float
    margin: float

    @classmethod
    def lasting(cls, value: str, seconds: float, *, renewable: bool = True) -> Token:
        """A token that is valid for a number of seconds from now.

        Parameters:
            value: The token.
            seconds: How long it is valid.
            renewable: Whether another one can be obtained before it ends.
        """
        ahead = min(_AHEAD, _AHEAD_PART * seconds) if renewable else 0.0
        jitter = random.uniform(0.8, 1.0)  # noqa: S311 (spreads the renewals of many processes)
        return cls(
            value,
            time.monotonic() + seconds,
            time.time() + seconds,
            ahead * jitter,
            min(_MARGIN, _MARGIN_PART * seconds),
        )

    @property
    def left(self) -> float:
        """Seconds until the token ends, by whichever clock is ahead."""
        return min(self.ends - time.monotonic(), self.ends_by_wall_clock - time.time())

    @property
    def usable(self) -> bool:
        """Whether it is valid long enough for a request."""
        return self.left > self.margin

    def __reduce__(self) -> Any:
        raise TypeError("tokens cannot be pickled or copied, so that they do not end up in files by accident")


@dataclass(frozen=True, slots=True, eq=False)
class _Fetch:
    """A fetch in progress and its outcome. `ahead`: it renews a token that is still valid."""

    ahead: bool
    # An error is stored as a value: raised in many threads, one exception would collect the tracebacks of them all.
    outcome: Future[Token | ITwinPlatformError] = field(default_factory=Future[Token | ITwinPlatformError])


class TokenCache:
    """Keeps a token and renews it.

    Parameters:
        fetch: Gets a new token; blocks, and raises CredentialsError if it cannot. Its argument says whether the
            current token is still valid; if so, it must not ask a person to log in.
    """

    def __init__(self, fetch: Callable[[bool], Token]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._pending: _Fetch | None = None
        self._not_before = 0.0
        self._refused: str | None = None
        on_fork(self)

    def get(self) -> str:
        """The token; blocks until there is one."""
        while True:
            found = self._current()
            if isinstance(found, str):
                return found
            token = self._gained(found, synchronous.wait_for(found.outcome))
            if token is not None:
                return token

    async def aget(self) -> str:
        """The token; waits until there is one."""
        while True:
            found = self._current()
            if isinstance(found, str):
                return found
            token = self._gained(found, await asynchronous.wait_for(found.outcome))
            if token is not None:
                return token

    def invalidate(self, token: str) -> None:
        """Drop the token that was refused, if it is still the current one."""
        with self._lock:
            self._refused = token
            if self._token is not None and self._token.value == token:
                self._token = None

    def clear(self) -> None:
        """Drop the token, and the outcome of a fetch in progress."""
        with self._lock:
            self._token = self._pending = None

    def after_fork(self) -> None:
        """Forget the parent's fetch, whose thread does not exist here. The token stays valid."""
        self._lock = threading.Lock()
        self._pending = None

    def _current(self) -> str | _Fetch:
        """The token if it is usable, else the fetch to wait for."""
        token = self._token
        if token is not None and (left := token.left) > token.margin:
            if left < token.renew_with:
                self._renew_ahead(token)
            return token.value
        with self._lock:
            token = self._token
            if token is not None and token.usable:
                return token.value
            return self._start(ahead=False)

    def _gained(self, fetch: _Fetch, outcome: Token | ITwinPlatformError) -> str | None:
        """The outcome of a fetch for a caller that waited for it: a token, an error, or None to try again."""
        if isinstance(outcome, Token):
            return None if outcome.value == self._refused else outcome.value
        if fetch.ahead:
            return None
        raise copy.copy(outcome)

    def _renew_ahead(self, token: Token) -> None:
        with self._lock:
            # It may have been renewed since the check without the lock.
            if self._token is token and self._pending is None and time.monotonic() >= self._not_before:
                self._start(ahead=True)

    def _start(self, *, ahead: bool) -> _Fetch:
        if self._pending is not None:
            return self._pending
        fetch = _Fetch(ahead)
        # A daemon, so that a fetch that hangs does not keep the program from ending. A context of its own, because the
        # time limit of the first caller must not apply to the others.
        thread = threading.Thread(
            target=Context().run, args=(self._work, fetch), name="itwin-platform-token", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            fetch.outcome.set_result(
                CredentialsError("No token could be obtained: no thread can be started, or the program is ending.")
            )
        else:
            self._pending = fetch
        return fetch

    def _work(self, fetch: _Fetch) -> None:
        while True:
            refused = self._refused
            outcome = self._attempt(fetch.ahead)
            with self._lock:
                if isinstance(outcome, Token) and outcome.value == self._refused:
                    if refused != self._refused:
                        continue  # it was refused while it was being fetched
                    self._refused = None  # the service issues no other
                if self._pending is fetch:
                    self._keep(outcome)
            break
        fetch.outcome.set_result(outcome)

    def _keep(self, outcome: Token | ITwinPlatformError) -> None:
        self._pending = None
        if isinstance(outcome, Token):
            self._token, self._not_before = outcome, 0.0
            return
        self._not_before = time.monotonic() + _PAUSE
        if self._token is not None and self._token.usable:
            logger.warning(
                "the access token could not be renewed; the current one is valid for %.0f s more: %s",
                self._token.left,
                outcome,
            )

    def _attempt(self, ahead: bool) -> Token | ITwinPlatformError:
        try:
            return self._fetch(ahead)
        except ITwinPlatformError as error:
            # A copy without the traceback and context, whose frames hold secrets.
            return copy.copy(error)
        except BaseException as error:  # noqa: BLE001 (callers are waiting for an outcome)
            return CredentialsError(f"No token could be obtained: {type(error).__name__}.")
