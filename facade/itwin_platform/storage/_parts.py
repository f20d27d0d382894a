"""Unfinished downloads: never a half-written file under its real name."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from stat import S_ISDIR, S_ISREG

from ._local import belongs_to, is_temporary, part_name
from ._outcomes import Refusal
from ._tree import Folder

_BLOCK = 1024 * 1024


class PartFile:
    """A download under its temporary name. It is renamed when it is complete."""

    def __init__(self, folder: Folder, target: str, name: str, etag: str, *, resumes: bool) -> None:
        """Open it.

        Parameters:
            folder: Where it is.
            target: The real name of the file.
            name: The name of the blob.
            etag: Its version.
            resumes: Whether to go on with what an earlier run has written. What cannot be checked at the end must not.
        """
        self._folder = folder
        self._target = target
        self._blob = name
        self._name = part_name(name, etag)
        self.hash = hashlib.sha256()
        self.size = 0
        self._file = os.fdopen(self._open(resumes=resumes), "r+b", buffering=0)

    def _open(self, *, resumes: bool) -> int:
        status = self._folder.status(self._name)
        if status is not None:
            # A file with a second name is somebody else's.
            if resumes and S_ISREG(status.st_mode) and status.st_nlink == 1:
                return self._folder.open(self._name, os.O_RDWR)
            self._folder.unlink(self._name)
        return self._folder.open(self._name, os.O_RDWR | os.O_CREAT | os.O_EXCL)

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
        """Leave the file for a rerun."""
        self._file.close()

    def discard(self) -> None:
        """Delete the file."""
        self._file.close()
        self._folder.unlink(self._name)

    def finish(self, strays: list[str]) -> None:
        """Give the file its real name, and delete those of `strays` that are older downloads of the same blob.

        Raises:
            Refusal: Another program has put something else in its place.
            OSError: It cannot be renamed.
        """
        ours, found = os.fstat(self._file.fileno()), self._folder.status(self._name)
        self._file.close()
        # (The numbers that tell files apart are not the same for both questions in every version of Windows.)
        if found is not None and os.name != "nt" and not os.path.samestat(ours, found):
            raise Refusal("was downloaded by another program at the same time. Run it again")
        try:
            self._folder.replace(self._name, self._target)
        except FileNotFoundError:
            # Another download of the same content finished first.
            found = self._folder.status(self._target)
            if found is None or not S_ISREG(found.st_mode) or found.st_size != self.size:
                raise
        except OSError as error:
            found = self._folder.status(self._target)
            if found is None or not S_ISDIR(found.st_mode):
                raise
            self._folder.unlink(self._name)
            raise IsADirectoryError(errno.EISDIR, "a folder is in the way") from error
        for stray in strays:
            if belongs_to(stray, self._blob):
                with suppress(OSError):
                    self._folder.unlink(stray)


def temporary_files(folder: Folder) -> list[str]:
    """The names of unfinished downloads in a folder."""
    try:
        with folder.entries() as entries:
            return [entry.name for entry in entries if is_temporary(entry.name)]
    except OSError:
        return []
