"""Technical previews: the first call of each one warns."""

from __future__ import annotations

import warnings
from inspect import currentframe
from threading import RLock
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

from .._concurrency.forks import on_fork

if TYPE_CHECKING:
    from itwin_platform_api.runtime import Operation

# Whose lines say nothing to a user: those of the package itself, and of what runs coroutines for it.
_INNER = frozenset({"itwin_platform", "itwin_platform_api", "asyncio"})


class TechnicalPreviewWarning(UserWarning):
    """An operation is a technical preview: for trying out, not for production; it may change or disappear.

    Each such operation warns once in a process, at the line that calls it, before anything is sent. To silence the
    warning:

        warnings.simplefilter("ignore", itwin_platform.TechnicalPreviewWarning)

    With `"error"` instead of `"ignore"`, such a call raises the warning and sends nothing. On the command line of
    Python, where the class cannot be imported yet, use `-W "error:Technical preview"`; with pytest, use
    `-W error::itwin_platform.TechnicalPreviewWarning`.
    """


class Previews:
    """The operations that have warned. Threads may share it."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()
        self._lock = RLock()
        on_fork(self)

    def tell(self, operation: Operation[Any]) -> None:
        """Warn of an operation, unless it has warned already.

        Raises:
            TechnicalPreviewWarning: Warnings are errors. It will be raised the next time, too.
        """
        key = operation.method, operation.path
        if key in self._told:
            return
        with self._lock:
            if key in self._told:
                return
            # Noted before: what shows the warning might call the platform itself.
            self._told.add(key)
            try:
                warnings.warn(
                    f"Technical preview, not for production: {operation.id} ({operation.method} {operation.path}). "
                    "To silence it: "
                    f'warnings.simplefilter("ignore", itwin_platform.{TechnicalPreviewWarning.__name__})',
                    TechnicalPreviewWarning,
                    stacklevel=_level_of_caller(),
                )
            except BaseException:
                self._told.discard(key)
                raise

    def after_fork(self) -> None:
        """Free the lock, which a thread of the parent process may have held."""
        self._lock = RLock()


PREVIEWS = Previews()


def _level_of_caller() -> int:
    """The `stacklevel`, seen from the function that calls this one, of the first line outside the package."""
    frame, level = cast(FrameType, currentframe()), 0
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _INNER:
        frame, level = frame.f_back, level + 1
    return level
