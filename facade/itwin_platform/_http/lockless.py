"""httpcore without its locks, for engines that one thread uses at a time.

httpcore guards its pools and connections with locks, in case several threads share them. Here none do. A lock would
only do harm: Ctrl-C at the wrong moment leaves it held, and the next step waits for it for ever, past every deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import httpcore


class _NoLock:
    """Stands where a lock was."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


_NO_LOCK = _NoLock()


def without_locks(pool: Any) -> None:
    """Take the locks out of a pool and of every connection that it will make.

    The attributes are private. If they disappear in another version of httpcore, its locks are there again, and all
    else stays as it is.
    """
    if hasattr(pool, "_optional_thread_lock"):
        pool._optional_thread_lock = _NO_LOCK  # noqa: SLF001
    make: Callable[[Any], Any] = pool.create_connection

    def make_lockless(origin: Any) -> Any:
        return _lockless(make(origin))

    pool.create_connection = make_lockless


def _lockless(value: Any) -> Any:
    """The same connection, which takes no locks, and neither does the one that it will hold."""
    if isinstance(value, httpcore.ConnectionInterface):
        kind: Any = type(value)
        value.__class__ = _lockless_kind(kind)
        for name, each in list(vars(value).items()):
            setattr(value, name, _NO_LOCK if name.endswith("_lock") else each)
    return value


class _Inner:
    """The attribute for a connection that speaks for the one that has it. Only setting it takes longer."""

    def __set__(self, outer: object, inner: object) -> None:
        vars(outer)["_connection"] = _lockless(inner)


@cache
def _lockless_kind(kind: Any) -> Any:
    return kind if "_connection" in vars(kind) else type(kind.__name__, (kind,), {"_connection": _Inner()})
