"""httpcore's connections as the engines use them: one thread or task at a time, and bodies that are not copied.

httpcore guards its connections with locks, in case several threads or tasks share them. Here none do. A lock would only
do harm: Ctrl-C at the wrong moment leaves it held, and the next step waits for it forever, past every deadline.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import h11

T = TypeVar("T")


class _NoLock:
    """Stands where a lock was."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...


_NO_LOCK = _NoLock()


class _State(h11.Connection):
    """h11's part of a connection, which hands the pieces of a body on as they are instead of copying them."""

    def send(self, event: Any) -> Any:
        pieces = self.send_with_data_passthrough(event)
        if pieces is None:
            return None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def without_locks(connection: T) -> T:
    """The same connection, which takes no locks, and neither does one that it holds or will hold.

    The attributes are private. If they disappear in another version of httpcore, its locks and copies are there again,
    and all else stays as it is.
    """
    attributes = vars(connection)
    for name, each in attributes.items():
        if name.endswith("_lock"):
            attributes[name] = _NO_LOCK
        elif type(each) is h11.Connection:
            each.__class__ = _State
    if "_connection" in attributes:
        kind: Any = type(connection)
        connection.__class__ = _outer(kind)
        if attributes["_connection"] is not None:
            without_locks(attributes["_connection"])
    return connection


class _Inner:
    """The attribute for a connection that speaks for the one that has it. Only setting it takes longer."""

    def __set__(self, outer: object, inner: object) -> None:
        vars(outer)["_connection"] = without_locks(inner)


@cache
def _outer(kind: Any) -> Any:
    return type(kind.__name__, (kind,), {"_connection": _Inner()})
