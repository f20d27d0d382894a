"""What must be recreated in a child process: connections belong to the parent, and nobody may release its locks."""

from __future__ import annotations

import os
import threading
from typing import Protocol
from weakref import WeakSet


class ForkAware(Protocol):
    """What has connections, locks or threads."""

    def after_fork(self) -> None:
        """Begin anew. It runs in the child, before anything else does, and must not touch what the parent uses."""


_known: WeakSet[ForkAware] = WeakSet()


def on_fork(holder: ForkAware) -> None:
    """Call the object's `after_fork` in every child process."""
    _known.add(holder)


class ProcessLock:
    """A lock of one process: `with lock.here`. A thread of the parent that holds it does not block a child.

    Attributes:
        here: The lock of this process.
    """

    def __init__(self) -> None:
        self.here = threading.Lock()
        on_fork(self)

    def after_fork(self) -> None:
        """Begin with a lock that nobody holds."""
        self.here = threading.Lock()


def _in_child() -> None:
    for holder in list(_known):
        holder.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
