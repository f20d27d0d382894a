"""Reading a blob as a file, a few MiB at a time."""

from __future__ import annotations

import io
import weakref
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .._concurrency import asynchronous
from ..errors import ITwinPlatformError, StorageError, StorageNotFoundError
from ._access import Access
from ._names import Name, listed_name
from ._problems import RequestFailed, one_problem
from ._quick import check_installed
from ._ranges import Reading, Remote
from ._service import BlobService

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER = 4 * 1024 * 1024


class RawBlob(io.RawIOBase):
    """A blob, read by ranges. It must not change after it was opened."""

    def __init__(self, access: Access, name: str) -> None:
        self._access = access
        self._service = BlobService(access)
        # A blob that is dropped without being closed, in whatever order its parts are collected.
        weakref.finalize(self, self._service.close).atexit = False
        self.name = name
        self._position = 0
        self._remote = self._open()

    def _open(self) -> Remote:
        try:
            return self._service.look(self.name)
        except (ITwinPlatformError, RequestFailed) as error:
            problem = error
        self._service.close()
        raise self._access.error_for(problem, f"Opening {self.name!r}", "r")

    def close(self) -> None:
        """Close the connections as well."""
        self._service.close()
        super().close()

    def abort(self) -> None:
        """Make the read in progress fail, from any thread. Closing would wait for it."""
        self._service.close()

    @property
    def size(self) -> int:
        """The size of the blob in bytes."""
        return self._remote.size

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Whether it can be positioned: always."""
        return True

    def tell(self) -> int:
        """The current position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position, like any file."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}.get(whence)
        if start is None or start + offset < 0:
            raise ValueError("the position does not exist")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer, or less at the end."""
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self.size - self._position)
        if self.closed:
            raise ValueError("I/O operation on closed file")
        if wanted <= 0:
            return 0
        self._fill(view[:wanted])
        self._position += wanted
        return wanted

    def readall(self) -> bytes:
        """The whole rest, in one request: Python's default would request a few KiB at a time."""
        pieces: list[bytes] = []
        if self.closed:
            raise ValueError("I/O operation on closed file")
        if self._position < self.size:
            self._read(Reading(lambda _, chunk: pieces.append(chunk), self._remote, self._position))
            self._position = self.size
        return b"".join(pieces)

    def _fill(self, view: memoryview) -> None:
        start = self._position

        def take(_: Remote, chunk: bytes) -> None:
            begin = reading.position - start
            view[begin : begin + len(chunk)] = chunk

        reading = Reading(take, self._remote, start, start + len(view))
        self._read(reading)

    def _read(self, reading: Reading) -> None:
        try:
            self._service.read(self.name, reading)
        except (ITwinPlatformError, RequestFailed) as error:
            problem = error
        else:
            return
        raise reading_error(self._access, problem, self.name)


def reading_error(access: Access, problem: Exception, name: str) -> ITwinPlatformError:
    """The public error for a read of a blob that was there when it was opened."""
    found = one_problem(problem)
    if found.is_rival:
        return StorageError(f"{name!r} has changed in the container since it was opened. Open it again.")
    if found.missing:
        return StorageNotFoundError(f"{name!r} has been deleted since it was opened. Upload it again.")
    return access.error_for(problem, f"Reading {name!r}", "r")


def open_blob(access: Access, name: Name) -> RawBlob:
    """Open a blob for reading; see the method of the container."""
    name = listed_name("name", name)
    access.need("r", "Reading")
    check_installed()
    return RawBlob(access, name)


class BlobReader(io.BufferedReader):
    """A blob as a readable binary file, with `read`, `seek`, `readline` and iteration.

    Attributes:
        size: Size of the blob in bytes.
    """

    def __init__(self, raw: RawBlob) -> None:
        super().__init__(raw, BUFFER)
        self.size: int = raw.size


class AsyncBlobReader:
    """A blob that async code can read. Iterating over it yields chunks of a few MiB.

    Attributes:
        name: Its name in the container.
        size: Its size in bytes.
    """

    def __init__(self, raw: RawBlob) -> None:
        self._file = BlobReader(raw)
        self.name: str = raw.name
        self.size: int = raw.size

    async def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes; the whole rest if it is negative.

        Raises:
            StorageError: The blob cannot be read, or has changed since it was opened.
        """
        return await asynchronous.in_thread(partial(self._file.read, size))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position, as in any file. This sends no request."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The current position."""
        return self._file.tell()

    async def aclose(self) -> None:
        """Close the file and release its buffer."""
        self._file.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self.read(BUFFER)
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
