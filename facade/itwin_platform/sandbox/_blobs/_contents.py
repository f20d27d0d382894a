"""Bytes that are stored: small ones in memory, the others in files of a temporary folder, and not more than a limit.

Whoever holds a piece can read it. Its room is given back when nobody does any more.
"""

import hashlib
import os
import shutil
import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from ._errors import BlobError

# Bytes that are kept in memory, of one piece and of all.
_SMALL: Final = 1024 * 1024
_MEMORY: Final = 64 * 1024 * 1024
# What a piece takes beside its content: a million empty blobs need room, too.
_OVERHEAD: Final = 512
_CHUNK: Final = 256 * 1024


class Piece:
    """Bytes that do not change."""

    def __init__(self, content: bytes | Path, size: int, md5: bytes) -> None:
        self._content: Final = content
        self.size: Final = size
        self.md5: Final = md5

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` to before `end`, in chunks."""
        if isinstance(self._content, bytes):
            yield self._content[start:end]
            return
        with self._content.open("rb") as file:
            file.seek(start)
            while start < end and (chunk := file.read(min(_CHUNK, end - start))):
                start += len(chunk)
                yield chunk


class Contents:
    """Room for pieces. Safe to use from several threads."""

    def __init__(self, limit: int) -> None:
        self._limit: Final = limit
        self._lock: Final = threading.Lock()
        self._used = 0
        self._in_memory = 0
        # Room that was given back. A finalizer may run in the middle of anything, so that it must not wait for a lock.
        self._freed: Final = deque[tuple[int, int]]()
        self._folder: Path | None = None
        self._count = 0

    def writer(self) -> "Writer":
        """Begin a piece."""
        return Writer(self)

    def take(self, size: int, memory: int) -> bool:
        """Take room; whether there is still memory for it.

        Raises:
            BlobError: There is no room.
        """
        with self._lock:
            while self._freed:
                total, remembered = self._freed.popleft()
                self._used -= total
                self._in_memory -= remembered
            if self._used + size > self._limit:
                raise BlobError(507, "InsufficientStorage")
            self._used += size
            if self._in_memory + memory > _MEMORY:
                return False
            self._in_memory += memory
            return True

    def give_back(self, size: int, memory: int) -> None:
        """Give room back."""
        self._freed.append((size, memory))

    def new_file(self) -> tuple[IO[bytes], Path]:
        """A file in the temporary folder, which goes when the process ends or nobody needs it any more."""
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="itwin-sandbox-"))
                weakref.finalize(self, _remove_folder, self._folder, os.getpid())
            self._count += 1
            path = self._folder / f"{self._count}"
        return path.open("xb"), path


class Writer:
    """A piece that is being written."""

    def __init__(self, contents: Contents) -> None:
        self._contents: Final = contents
        self._md5: Final = hashlib.md5(usedforsecurity=False)
        self._buffer: list[bytes] = []
        self._file: tuple[IO[bytes], Path] | None = None
        self.size = 0
        self._taken = self._remembered = 0
        contents.take(_OVERHEAD, 0)
        self._taken = _OVERHEAD

    def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises:
            BlobError: There is no room for them.
        """
        size = len(chunk)
        small = self._file is None and self.size + size <= _SMALL
        fits = self._contents.take(size, size if small else 0)
        self._taken += size
        self._md5.update(chunk)
        try:
            if small and fits:
                self._remembered += size
                self._buffer.append(chunk)
            else:
                self._open().write(chunk)
        except OSError:
            raise BlobError(507, "InsufficientStorage") from None
        self.size += size

    def finish(self) -> Piece:
        """The piece, which is complete.

        Raises:
            BlobError: There is no room for it.
        """
        content: bytes | Path
        if self._file is None:
            content = b"".join(self._buffer)
        else:
            try:
                self._file[0].close()
            except OSError:
                raise BlobError(507, "InsufficientStorage") from None
            content = self._file[1]
        piece = Piece(content, self.size, self._md5.digest())
        path = None if isinstance(content, bytes) else content
        freeing = weakref.finalize(piece, _free, self._contents, self._taken, self._remembered, path, os.getpid())
        freeing.atexit = False
        self._buffer, self._file, self._taken, self._remembered = [], None, 0, 0
        return piece

    def discard(self) -> None:
        """Give up; does nothing after `finish`."""
        if self._file is not None:
            with suppress(OSError):  # what is still to be written does not fit on the disk
                self._file[0].close()
        path = self._file[1] if self._file else None
        _free(self._contents, self._taken, self._remembered, path, os.getpid())
        self._buffer, self._file, self._taken, self._remembered = [], None, 0, 0

    def _open(self) -> IO[bytes]:
        if self._file is None:
            self._file = self._contents.new_file()
            self._file[0].write(b"".join(self._buffer))
            self._contents.give_back(0, self._remembered)
            self._buffer, self._remembered = [], 0
        return self._file[0]


# A forked process has the objects but must not delete the files.
def _free(contents: Contents, size: int, memory: int, path: Path | None, process: int) -> None:
    contents.give_back(size, memory)
    if path is not None and process == os.getpid():
        path.unlink(missing_ok=True)


def _remove_folder(folder: Path, process: int) -> None:
    if process == os.getpid():
        shutil.rmtree(folder, ignore_errors=True)
