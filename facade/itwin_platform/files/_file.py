"""A blob as an open file of fsspec: it reads one version, and writes all or nothing."""

# What is inherited from fsspec has no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import dis
import sys
import warnings
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..errors import StorageError
from ..storage._ranges import Remote
from ..storage._single_blobs import CREATE_ONLY, SingleBlobs
from ._fsspec import AbstractBufferedFile

if TYPE_CHECKING:
    from ..storage._blocks import Blocks

READ_BUFFER = 4 * 1024 * 1024
PART = 8 * 1024 * 1024
# A blob can have 50,000 parts. After so many they become twice as large, so that a stream of unknown length fits.
_PARTS_OF_A_SIZE = 8192
# Parts in flight while the next ones are written.
_IN_FLIGHT = 4

_WITH_EXCEPT_START = dis.opmap.get("WITH_EXCEPT_START")


def _leaves_a_block(before: BaseException | None) -> bool:
    """Whether the caller is a `with` block that is being left by an exception, which was not there before.

    Others stand between: a text file or a compressor is closed by the block, and closes the file without saying why.
    So the frames are asked what they are doing. `close()` in an `except` or `finally` clause means what it says.
    """
    if sys.exc_info()[1] in (None, before):
        return False
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        if frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == _WITH_EXCEPT_START:
            return True
        frame = frame.f_back
    return False


class ReadFile(AbstractBufferedFile):  # type: ignore[misc]  # fsspec has no types
    """A blob that is read. If it is replaced meanwhile, further reads raise StorageError."""

    def __init__(
        self, fs: Any, path: str, details: dict[str, Any], blobs: SingleBlobs, name: str, remote: Remote, **options: Any
    ) -> None:
        self._blobs, self._name, self._remote = blobs, name, remote
        self.details = details
        options["block_size"] = options.get("block_size") or READ_BUFFER
        super().__init__(fs, path, "rb", **{**options, "size": remote.size})

    def _fetch_range(self, start: int, end: int) -> bytes:
        return self._blobs.read(self._name, start, end, remote=self._remote)


class WriteFile(AbstractBufferedFile):  # type: ignore[misc]  # fsspec has no types
    """A blob that is written. It appears when the file is closed, with its hash as metadata.

    Nothing is written if an exception leaves a `with` block, if `discard` is called, or if the file is never closed.
    """

    closed: bool

    def __init__(self, fs: Any, path: str, mode: str, blobs: SingleBlobs, name: str, **options: Any) -> None:
        # First of all: an object that could not be made is closed, too.
        self._settled = False
        self._before = sys.exc_info()[1]
        self._blobs, self._name = blobs, name
        self._condition = CREATE_ONLY if mode == "xb" else {}
        self._content: bytes | None = None
        self._parts: Parts | None = None
        self._is_whole = self._has_failed = False
        options["block_size"] = max(options.get("block_size") or PART, PART)
        super().__init__(fs, path, mode, **options)

    def seekable(self) -> bool:
        """True at the beginning, although `seek` is not supported: text files ask this for a byte order mark."""
        return not self.closed and self.loc == 0

    def _upload_chunk(self, final: bool = False) -> None:
        if self._has_failed:
            raise StorageError(f"{self.path!r} was not written, because an earlier part of it could not be sent.")
        content = self.buffer.getvalue()
        try:
            if final and self._parts is None and len(content) <= PART:
                self._content = content
            else:
                if self._parts is None:
                    self._parts = Parts(self._blobs, self._name)
                self.blocksize = self._parts.add(content)
        except BaseException:
            self._has_failed = True  # nobody knows what has arrived
            raise
        self._is_whole = final
        if final and self.autocommit:
            self.commit()

    def commit(self) -> None:
        """Create the blob; fsspec calls this at the end of a transaction. A file that is still open is not written."""
        if not self._is_whole:
            self._warn()
        if self._settled:
            return
        try:
            if self._parts is not None:
                self._parts.put_together(self._condition)
            else:
                self._blobs.put(self._name, self._content or b"", self._condition)
        finally:  # an error does not always mean that nothing has changed
            self.fs.invalidate_cache(self.path)
        self._settled = True

    def discard(self) -> None:
        """Forget what was written."""
        self._settled = True
        if self._parts is not None:
            self._parts.stop()

    def close(self) -> None:
        """Write the rest and create the blob, unless an exception is leaving a `with` block."""
        if self.closed:
            return
        if self._settled or _leaves_a_block(self._before):
            self.discard()
            self.closed = True
            return
        try:
            super().close()
        except BaseException:
            self.discard()
            raise

    def _dealloc_warn(self, _: object) -> None:
        """Python calls this when a text file around this one is gone without having been closed."""
        self._warn()

    def _warn(self) -> None:
        if not (self.closed or self._settled):
            self.discard()
            warnings.warn(f"{self.path!r} was not written, because it was not closed", ResourceWarning, stacklevel=3)

    def __del__(self) -> None:
        self._warn()
        self.closed = True


class Parts:
    """The parts of a large blob, sent while the next ones are written."""

    def __init__(self, blobs: SingleBlobs, name: str) -> None:
        self._blobs, self._name = blobs, name
        self._blocks: Blocks = blobs.blocks(name)
        self._count = 0
        self._threads = ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="itwin-part")
        self._sending: deque[Future[None]] = deque()

    def add(self, content: bytes) -> int:
        """Add to the end. Returns how much the next part should have."""
        size = PART << (self._count // _PARTS_OF_A_SIZE)
        for start in range(0, len(content), size):
            send = self._blocks.add(content[start : start + size])
            self._count += 1
            if send is not None:
                self._sending.append(self._threads.submit(self._blobs.send_block, self._name, send))
            while len(self._sending) > _IN_FLIGHT:
                self._sending.popleft().result()
        return size

    def put_together(self, condition: dict[str, str]) -> None:
        """Wait for all parts, and make the blob of them."""
        while self._sending:
            self._sending.popleft().result()
        self._threads.shutdown()
        self._blobs.put_together(self._name, self._blocks, condition)

    def stop(self) -> None:
        """Send no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
