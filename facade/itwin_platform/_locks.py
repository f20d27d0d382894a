"""Locks of open files between processes. They end with the process, whatever becomes of it."""

from __future__ import annotations

import os
import sys


def try_lock(file: int) -> bool:
    """Lock a file, given its descriptor; whether nobody else has locked it.

    Raises:
        OSError: It cannot be locked, for instance because its file system has no locks.
    """
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):  # PermissionError on Windows
        return False
    return True


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def unlock(file: int) -> None:
        """Unlock a file."""
        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def unlock(file: int) -> None:
        """Unlock a file."""
        # close() is not enough: a child process forked meanwhile holds the same lock.
        fcntl.flock(file, fcntl.LOCK_UN)
