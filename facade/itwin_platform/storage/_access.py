"""Access to a container: its SAS URL, what that permits, and its renewal before it expires."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast
from urllib.parse import parse_qs, quote, unquote, urlsplit

from .. import _http
from .._concurrency.forks import on_fork
from .._policies.addresses import Target, signed_target
from .._sas import expiry_of
from ..errors import ITwinPlatformError, StorageError, StorageNotFoundError, StoragePermissionError
from ._problems import UNTRANSFERRED, one_problem

# A SAS URL is renewed this many seconds before it expires, or when a quarter of its time is left; whichever is later.
_MARGIN = 300.0
_VERBS = {"r": "read", "w": "write", "l": "list", "d": "delete"}
_CHANGES = "wd"


@dataclass(frozen=True, slots=True)
class _Container:
    """A SAS URL in parts, and the letters of what it permits, if it says that."""

    origin: str
    path: str
    sas: str
    rights: str | None


def _container(url: str, noun: str) -> _Container:
    target = signed_target(url)
    path, _, sas = target.path.partition("?") if target is not None else ("", "", "")
    path = path.rstrip("/")
    if target is None or not path or not sas:
        raise StorageError(f"The URL is not the https URL of a {noun} with a SAS. Get the {noun} again.")
    return _Container(target.origin, path, sas, parse_qs(sas).get("sp", [None])[0])


class Access:
    """Access to one container, shared by all transfers of it, in any thread.

    Parameters:
        url: The SAS URL; None for one that is asked for at the first use.
        options: How to reach the storage.
        how_to_write: What to do if the URL does not permit changes, for the message.
    """

    _noun = "container"

    def __init__(self, url: str | None, options: _http.TransportOptions, how_to_write: str = "") -> None:
        self.options = options
        self._how_to_write = how_to_write
        self._lock = threading.Lock()
        self._known: tuple[str, _Container] | None = None
        self._fresh_until = float("-inf")
        if url is not None:
            self._take(url)
        # What gets a new URL: from each operation in progress, and from the latest one. None without a platform.
        self._renewals: list[Callable[[], str]] = []
        self._last_renewal: Callable[[], str] | None = None
        # Why the last renewal failed.
        self.problem: ITwinPlatformError | None = None
        on_fork(self)

    def after_fork(self) -> None:
        """Start anew in a child process: the threads that held the lock, and the event loops, are not there."""
        self._lock = threading.Lock()
        self._renewals = []
        self._last_renewal = None

    @property
    def url(self) -> str:
        """The SAS URL as it was last given out."""
        return self._there()[0]

    @property
    def _container(self) -> _Container:
        return self._there()[1]

    def _there(self) -> tuple[str, _Container]:
        if self._known is None:
            with self._lock:
                if self._known is None:
                    self._take(self._ask())
        return cast("tuple[str, _Container]", self._known)

    @property
    def origin(self) -> str:
        """Scheme and host of the storage."""
        return self._container.origin

    @property
    def host(self) -> str:
        """The host of the storage."""
        return urlsplit(self._container.origin).hostname or ""

    @property
    def endpoint(self) -> str:
        """The address of the account."""
        return self._container.origin + self._container.path.rpartition("/")[0]

    @property
    def container(self) -> str:
        """The name of the container."""
        return unquote(self._container.path.rpartition("/")[2])

    @contextmanager
    def renewed_by(self, renew: Callable[[], str]) -> Generator[None]:
        """Use `renew` to get a new URL during an operation, and after it until another operation brings its own.

        Each operation brings its own, because it runs on the operation's event loop, which may end.
        """
        self._last_renewal = renew
        self._renewals.append(renew)
        try:
            yield
        finally:
            with suppress(ValueError):  # a child process has forgotten them
                self._renewals.remove(renew)

    def _ask(self) -> str:
        """A new URL.

        Raises:
            ITwinPlatformError: None could be obtained.
        """
        problem = StorageError(f"The {self._noun}'s SAS URL cannot be renewed. Get the {self._noun} again.")
        for renew in (*reversed(self._renewals), self._last_renewal):
            try:
                if renew is not None:
                    return renew()
            except ITwinPlatformError:
                raise
            except Exception as error:  # noqa: BLE001 (its event loop may have ended)
                problem = StorageError(
                    f"The {self._noun}'s SAS URL could not be renewed ({type(error).__name__}). "
                    f"Get the {self._noun} again."
                )
        raise problem

    def _take(self, url: str) -> None:
        self._known = url, _container(url, self._noun)
        self._expires_at = expiry_of(url)
        left = self._seconds_left()
        self._margin = 0.0 if left is None else max(0.0, min(_MARGIN, left / 4))
        self._fresh_until = float("inf") if left is None else time.time() + left - self._margin
        self._tried = float("-inf")

    def _seconds_left(self) -> float | None:
        return None if self._expires_at is None else (self._expires_at - datetime.now(UTC)).total_seconds()

    def permits(self, right: str) -> bool:
        """Whether the URL permits this, as far as it says."""
        granted = self._container.rights
        return granted is None or right in granted

    def need(self, rights: str, purpose: str, advice: str = "") -> None:
        """Check the permissions that the URL names, without a request.

        Parameters:
            rights: Letters of the permissions, as in `sp`.
            purpose: What needs them, for the message.
            advice: An alternative, for the message.

        Raises:
            StoragePermissionError: One is missing.
        """
        for right in rights:
            if not self.permits(right):
                given = self._container.rights or ""
                raise self._not_permitted(purpose, right, f" (sp={given[:20]}).{advice}")

    def sas(self, *, refused: str | None = None) -> str:
        """The current SAS, renewed if it expires soon or is the one that was refused.

        Raises:
            ITwinPlatformError: It has expired and cannot be renewed.
        """
        if refused is None and time.time() < self._fresh_until:
            return self._container.sas  # without the lock, for which many threads would queue
        self._there()
        with self._lock:
            left = self._seconds_left()
            ends_soon = left is not None and left <= self._margin
            if (ends_soon or refused == self._container.sas) and self._last_renewal is not None:
                self._try_to_renew(must=refused is not None or (left is not None and left <= 0))
            left = self._seconds_left()
            if left is not None and left <= 0:
                advice = (
                    f"Get the {self._noun} again"
                    if self._last_renewal is None
                    else "So has its replacement: check the clock of this machine"
                )
                raise StorageError(f"The {self._noun}'s SAS URL has expired. {advice}.")
            return self._container.sas

    def _try_to_renew(self, *, must: bool) -> None:
        # While the URL still works, a platform that is down is not asked again for every file.
        if not must and time.monotonic() - self._tried < self._margin / 4:
            return
        self._tried = time.monotonic()
        try:
            self._take(self._ask())
        except ITwinPlatformError as error:
            self.problem = error
            if must:
                raise
            return
        self.problem = None

    def again(self, refused: str) -> bool:
        """After a refusal: whether there is another SAS to try."""
        try:
            if self._last_renewal is None or self.sas(refused=refused) == refused:
                return False
        except ITwinPlatformError:
            return False
        return True

    def target(self, query: str, name: str | None, sas: str) -> Target:
        """Where a request goes.

        Parameters:
            query: The query without the SAS.
            name: The blob; None for the container.
            sas: The SAS.
        """
        path = self._container.path + ("" if name is None else f"/{quote(name)}")
        return Target(self._container.origin, f"{path}?{query}{query and '&'}{sas}")

    def error_for(self, error: Exception, purpose: str, right: str) -> ITwinPlatformError:
        """The public error for what went wrong in a single operation.

        Parameters:
            error: The error.
            purpose: What was attempted, for the message.
            right: The permission that it needs.
        """
        if isinstance(error, ITwinPlatformError):
            return error
        problem = one_problem(error)
        if problem.refused and self.problem is not None:
            return self.problem.with_traceback(None)  # its frames hold the SAS that was refused
        if problem.code == "AuthorizationPermissionMismatch":
            return self._not_permitted(purpose, right, ".")
        text = problem.text.removeprefix(f"{UNTRANSFERRED}: ")
        kind = StorageNotFoundError if problem.missing else StorageError
        return kind(f"{purpose} failed: {text}." if text != problem.text else f"{purpose} failed: it {text}.")

    def _not_permitted(self, purpose: str, right: str, end: str) -> StoragePermissionError:
        if self._how_to_write and right in _CHANGES:
            end += f" {self._how_to_write}"
        return StoragePermissionError(
            f"{purpose} needs the permission to {_VERBS[right]} ({right}); the {self._noun}'s SAS URL does not grant "
            f"it{end}",
            permission=right,
        )


class FileAccess(Access):
    """Access to one file by a SAS URL of its own. Whatever name is asked for, it is this file: names are for messages.

    The parameters are those of `Access`.
    """

    _noun = "file"

    def target(self, query: str, name: str | None, sas: str) -> Target:  # noqa: ARG002 (the URL names the file)
        """Where a request goes."""
        return super().target(query, None, sas)
