"""Unfinished downloads: never a half-written file under its real name."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from stat import S_ISDIR, S_ISREG

from .._locks import try_lock, unlock
from ._local import belongs_to, is_temporary, part_name
from ._outcomes import Refusal
from ._tree import Folder

_BLOCK = 1024 * 1024
_RIVAL = "is being downloaded by another program. Run it again when that has ended"
_TRIES = 3


class PartFile:
    """A download under its temporary name. It is renamed when it is complete.

    It is locked: of two programs that wrote to one file, neither would know what is in it.
    """

    def __init__(self, folder: Folder, target: str, name: str, etag: str, *, resumes: bool) -> None:
        """Open it.

        Parameters:
            folder: Where it is.
            target: The real name of the file.
            name: The name of the blob.
            etag: Its version.
            resumes: Whether to keep what an earlier run has written. What cannot be checked at the end must not.

        Raises:
            Refusal: Another program is downloading the same blob.
            OSError: It cannot be opened.
        """
        self._folder = folder
        self._target = target
        self._blob = name
        self._name = part_name(name, etag)
        self.hash = hashlib.sha256()
        self.size = 0
        self._file = os.fdopen(self._lock(), "r+b", buffering=0)
        if not resumes:
            self._file.truncate(0)

    def _lock(self) -> int:
        # Another program may create, rename or delete the file between any two steps.
        for _ in range(_TRIES):
            try:
                file = self._open()
            except FileExistsError:
                continue
            if _try_lock(file) and self._is_in_place(file):
                return file
            os.close(file)
        raise Refusal(_RIVAL)

    def _open(self) -> int:
        status = self._folder.status(self._name)
        if status is not None:
            # A file with a second name is somebody else's.
            if S_ISREG(status.st_mode) and status.st_nlink == 1:
                with suppress(FileNotFoundError):
                    return self._folder.open(self._name, os.O_RDWR)
            else:
                self._folder.unlink(self._name)
        return self._folder.open(self._name, os.O_RDWR | os.O_CREAT | os.O_EXCL)

    def _is_in_place(self, file: int) -> bool:
        found = self._folder.status(self._name)
        # (The numbers that tell files apart are not the same for both questions in every version of Windows, which lets
        # nobody rename or delete an open file.)
        return found is not None and (os.name == "nt" or os.path.samestat(os.fstat(file), found))

    def resume(self, size: int, check: Callable[[], None]) -> None:
        """Keep what an earlier run has written, unless it is longer than `size`.

        `check` is called repeatedly, and may raise to stop.
        """
        if os.fstat(self._file.fileno()).st_size > size:
            self._file.truncate(0)
        while block := self._file.read(_BLOCK):
            self.hash.update(block)
            self.size += len(block)
            check()

    def write(self, content: bytes) -> None:
        """Append."""
        self.hash.update(content)
        self.size += len(content)
        left = memoryview(content)
        while left:
            left = left[self._file.write(left) :]

    def close(self) -> None:
        """Leave the file for a rerun. Called again, it does nothing."""
        if not self._file.closed:
            with suppress(OSError):  # it was not locked
                unlock(self._file.fileno())
            self._file.close()

    def discard(self) -> None:
        """Delete the file."""
        if os.name == "nt":
            self.close()
        self._folder.unlink(self._name)
        self.close()

    def finish(self, strays: list[str]) -> None:
        """Give the file its real name, and delete those of `strays` that are older downloads of the same blob.

        Raises:
            Refusal: Another program has put something else in its place.
            OSError: It cannot be renamed.
        """
        if not self._is_in_place(self._file.fileno()):
            raise Refusal(_RIVAL)
        if os.name == "nt":
            self.close()
        try:
            # While it is locked, where the system can: nobody else is to open it under its temporary name.
            self._folder.replace(self._name, self._target)
        except OSError as error:
            found = self._folder.status(self._target)
            if found is None or not S_ISDIR(found.st_mode):
                raise
            self._folder.unlink(self._name)
            raise IsADirectoryError(errno.EISDIR, "a folder is in the way") from error
        self.close()
        for stray in strays:
            if belongs_to(stray, self._blob):
                with suppress(OSError):
                    self._folder.unlink(stray)


def _try_lock(file: int) -> bool:
    try:
        return try_lock(file)
    except OSError:  # not every file system has locks
        return True


def temporary_files(folder: Folder) -> list[str]:
    """The names of unfinished downloads in a folder."""
    try:
        with folder.entries() as entries:
            return [entry.name for entry in entries if is_temporary(entry.name)]
    except OSError:
        return []
