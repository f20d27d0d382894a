"""One token for any number of threads, tasks and event loops, fetched once, renewed ahead of time.

The fetch runs in a thread of its own, so that no caller is its leader: a caller that gives up or is cancelled harms
nobody, and no event loop is blocked.
"""

from __future__ import annotations

import copy
import logging
import os
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakSet

from .._concurrency import asynchronous, synchronous
from ..errors import CredentialsError, ITwinPlatformError

logger = logging.getLogger("itwin_platform")

# Renew at the latest so many seconds, or this part of the lifetime, before the end.
_AHEAD, _AHEAD_PART = 300.0, 0.2
# A token with less left is not used any more: it might expire on its way.
_MARGIN, _MARGIN_PART = 10.0, 0.1
# After a renewal ahead of time has failed, the next is tried after so many seconds.
_PAUSE = 30.0


class _ForkAware(Protocol):
    def after_fork(self) -> None: ...


_fork_aware: WeakSet[_ForkAware] = WeakSet()


def on_fork(holder: _ForkAware) -> None:
    """Call `after_fork` of an object in every child process, where its threads are gone and its locks may be stuck."""
    _fork_aware.add(holder)


def _in_child() -> None:
    for holder in list(_fork_aware):
        holder.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and when it ends, by the clock that never jumps and by the one that knows about sleep."""

    value: str = field(repr=False)
    ends: float
    ends_by_wall_clock: float
    renew_with: float
    margin: float

    @classmethod
    def lasting(cls, value: str, seconds: float, *, renewable: bool = True) -> Token:
        """A token that is valid for so many seconds from now.

        Parameters:
            value: The token.
            seconds: How long it is valid.
            renewable: Whether another can be had before it ends.
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
        """Seconds until the token ends, by the more careful clock."""
        return min(self.ends - time.monotonic(), self.ends_by_wall_clock - time.time())

    @property
    def usable(self) -> bool:
        """Whether enough is left of it for a request."""
        return self.left > self.margin

    def __reduce__(self) -> Any:
        raise TypeError("tokens cannot be pickled or copied, so that they do not end up in files by accident")


@dataclass(frozen=True, slots=True, eq=False)
class _Fetch:
    """A fetch on its way: what comes of it, and whether a token that is still good is to be renewed by it."""

    ahead: bool
    # An error is a value here too. Raised in many threads, one exception would collect the tracebacks of them all.
    outcome: Future[Token | ITwinPlatformError] = field(default_factory=Future[Token | ITwinPlatformError])


class TokenCache:
    """Keeps a token and renews it.

    Parameters:
        fetch: Gets a new token; blocks, and raises CredentialsError where none is to be had. It is told whether the
            present token is still good, so that nobody should be bothered.
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
        """The token; blocks while there is none."""
        while True:
            found = self._current()
            if isinstance(found, str):
                return found
            token = self._gained(found, synchronous.wait_for(found.outcome))
            if token is not None:
                return token

    async def aget(self) -> str:
        """The token; waits while there is none."""
        while True:
            found = self._current()
            if isinstance(found, str):
                return found
            token = self._gained(found, await asynchronous.wait_for(found.outcome))
            if token is not None:
                return token

    def invalidate(self, token: str) -> None:
        """Drop the token, if it is still the one that was refused."""
        with self._lock:
            self._refused = token
            if self._token is not None and self._token.value == token:
                self._token = None

    def clear(self) -> None:
        """Drop the token, and whatever comes of a fetch that is on its way."""
        with self._lock:
            self._token = self._pending = None

    def after_fork(self) -> None:
        """Forget the thread that fetched in the parent process. The token is as good here as there."""
        self._lock = threading.Lock()
        self._pending = None

    def _current(self) -> str | _Fetch:
        """The token if it can be used, else the fetch to wait for."""
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
        """What a caller that waited for a fetch has of it: a token, an error, or nothing but a reason to look again."""
        if isinstance(outcome, Token):
            return None if outcome.value == self._refused else outcome.value
        if fetch.ahead:
            return None
        raise copy.copy(outcome)

    def _renew_ahead(self, token: Token) -> None:
        with self._lock:
            # It may have been renewed between the look at it and now.
            if self._token is token and self._pending is None and time.monotonic() >= self._not_before:
                self._start(ahead=True)

    def _start(self, *, ahead: bool) -> _Fetch:
        if self._pending is not None:
            return self._pending
        fetch = _Fetch(ahead)
        # A daemon: a fetch that hangs must not keep the program from ending. A context of its own: the time limit of
        # the caller who happens to be first is not that of the others.
        thread = threading.Thread(
            target=Context().run, args=(self._work, fetch), name="itwin-platform-token", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            fetch.outcome.set_result(
                CredentialsError("No token could be had: no thread can be started, or the program is ending.")
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
                        continue  # it was refused while it was on its way here
                    self._refused = None  # the service has no other
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
                "the access token could not be renewed; the present one is used for %.0f s more: %s",
                self._token.left,
                outcome,
            )

    def _attempt(self, ahead: bool) -> Token | ITwinPlatformError:
        try:
            return self._fetch(ahead)
        except ITwinPlatformError as error:
            # The frames of the fetch hold secrets, so its traceback and its context stay behind.
            return copy.copy(error)
        except BaseException as error:  # noqa: BLE001 (waiting callers have to hear of whatever it was)
            return CredentialsError(f"No token could be had: {type(error).__name__}.")
