"""Single blobs of a container, one request or a few at a time: what a file system is made of."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from ..errors import ITwinPlatformError, StorageError, StorageExistsError
from ._access import Access
from ._blocks import Blocks
from ._listing import list_all, list_level
from ._names import checked_name, listed_name
from ._outcomes import Refusal, Stopped
from ._problems import RequestFailed, one_problem
from ._quick import TINY, QuickPut, check_installed
from ._ranges import Reading, Remote
from ._reader import reading_error
from ._report import BlobInfo
from ._service import BlobService

T = TypeVar("T")

CREATE_ONLY = {"If-None-Match": "*"}
_BEYOND_THE_END = 416
# How storages say that they do not copy, or not from there.
_COPIES_NOT = frozenset({"CannotVerifyCopySource", "NotImplemented", "UnsupportedHeader"})


class SingleBlobs:
    """The blobs of a container, over connections that all threads share until they are closed.

    Parameters:
        access: The container.
        renew: Gets a new SAS URL of it.
    """

    def __init__(self, access: Access, renew: Callable[[], str]) -> None:
        check_installed()
        self._access = access
        self._renew = renew
        self._service = BlobService(access, time.sleep)
        self._quick = QuickPut(access)

    @property
    def address(self) -> str:
        """Identifies the container."""
        return f"{self._access.endpoint}/{self._access.container}"

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def look(self, name: str) -> Remote:
        """The current state of a blob.

        Raises:
            StorageNotFoundError: There is none.
        """
        name = listed_name("a name", name)
        return self._do(f"Opening {name!r}", "r", partial(self._service.look, name))

    def read(
        self,
        name: str,
        start: int | None = None,
        end: int | None = None,
        *,
        remote: Remote | None = None,
    ) -> bytes:
        """The bytes of a blob, or those from `start` to before `end`, which count like those of a slice.

        Parameters:
            name: The blob.
            start: The first byte.
            end: The byte after the last one.
            remote: The version to read; None for whichever is there.

        Raises:
            StorageNotFoundError: There is no such blob.
            StorageError: It is no longer the version to read.
        """
        if (start or 0) < 0 or (end or 0) < 0:
            remote = remote or self.look(name)
            start, end, _ = slice(start, end).indices(remote.size)
        start = start or 0
        if end is not None and end <= start:
            return b""
        pieces: list[bytes] = []
        self.fetch(name, Reading(lambda _, chunk: pieces.append(chunk), remote, start, end))
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def fetch(self, name: str, reading: Reading) -> None:
        """Read what a reading asks for; see `read`.

        What `reading.take` raises comes from here, so that its traceback does not show the request with its SAS.
        """
        name = listed_name("a name", name)
        known, take = reading.remote is not None, reading.take
        problem: BaseException | None = None

        def guarded(remote: Remote, chunk: bytes) -> None:
            nonlocal problem
            try:
                take(remote, chunk)
            except BaseException as error:  # noqa: BLE001 (it is raised below)
                problem = error
                raise Stopped from None

        def work() -> None:
            reading.take = guarded
            try:
                self._service.read(name, reading)
            except Stopped:
                return
            except RequestFailed as failed:
                # A range of a blob of unknown size may lie behind its end, where nothing is.
                if failed.status != _BEYOND_THE_END or reading.remote is not None:
                    raise

        self._do(f"Reading {name!r}", "r", work, partial(reading_error, self._access, name=name) if known else None)
        if problem is not None:
            raise problem

    def all(self, prefix: str) -> list[tuple[BlobInfo, Remote]]:
        """All blobs whose names begin with a prefix, with those that only mark a folder (`name/`)."""
        return self._do("Listing the container", "l", lambda: list(list_all(self._service, prefix)))

    def level(self, prefix: str) -> list[str | tuple[BlobInfo, Remote]]:
        """What is directly in a folder: names of folders, with a slash at their end, and blobs with their state."""
        return self._do("Listing the container", "l", lambda: list(list_level(self._service, prefix)))

    def has_any(self, prefix: str) -> bool:
        """Whether the name of any blob begins with a prefix; False if the SAS URL does not permit listing."""
        return self._access.permits("l") and self._do(
            "Listing the container", "l", lambda: next(list_all(self._service, prefix), None) is not None
        )

    def put(self, name: str, content: bytes, condition: dict[str, str]) -> None:
        """Write a blob in one request, with its hash.

        Raises:
            StorageExistsError: It exists, but the condition is `CREATE_ONLY`.
        """
        name = checked_name("a name", name)
        digest = hashlib.sha256(content).hexdigest()

        def work() -> None:
            if len(content) <= TINY and self._quick.put(name, content, digest, condition):
                return
            headers = {**condition, "x-ms-blob-type": "BlockBlob", "x-ms-meta-sha256": digest}
            self._service.send("PUT", "", name=name, headers=headers, content=content)
            self._quick.open = True

        self._do(f"Writing {name!r}", "w", work, partial(self._writing_error, name))

    def blocks(self, name: str) -> Blocks:
        """The blocks of a blob that is to be written, without what an unfinished upload has left."""
        name = checked_name("a name", name)
        blocks = Blocks(self._service, name, _ignore)
        if self._access.permits("r"):
            try:
                self._do(f"Writing {name!r}", "w", blocks.find)
            except Refusal as refusal:
                raise StorageError(f"{name!r} {refusal}.") from None
        return blocks

    def send_block(self, name: str, send: Callable[[], None]) -> None:
        """Send a block that `blocks(name).add` has returned."""
        self._do(f"Writing {name!r}", "w", send)

    def put_together(self, name: str, blocks: Blocks, condition: dict[str, str]) -> None:
        """Make the blob of its blocks.

        Raises:
            StorageExistsError: It exists, but the condition is `CREATE_ONLY`.
        """
        self._do(f"Writing {name!r}", "w", lambda: blocks.put_together(condition), partial(self._writing_error, name))

    def delete(self, name: str) -> None:
        """Delete a blob.

        Raises:
            StorageNotFoundError: There is none.
        """
        name = listed_name("a name", name)
        headers = {"x-ms-delete-snapshots": "include"}
        self._do(f"Deleting {name!r}", "d", lambda: self._service.send("DELETE", "", name=name, headers=headers))

    def copy(self, name: str, source: SingleBlobs, source_name: str) -> bool:
        """Make a blob a copy of another one, also of another container. The storage does the work.

        Returns:
            Whether the storage can do that. Not every one can, or between any two containers.

        Raises:
            StorageNotFoundError: There is nothing to copy.
        """
        remote, name = source.look(source_name), checked_name("a name", name)

        def address() -> str:
            with source._access.renewed_by(source._renew):
                access = source._access
                return access.target("", source_name, access.sas()).url

        def error(problem: Exception) -> ITwinPlatformError:
            if one_problem(problem).is_rival:
                return StorageError(f"{source_name!r} has changed in the container while it was copied. Copy it again.")
            return self._access.error_for(problem, f"Copying {source_name!r}", "w")

        def work() -> bool:
            try:
                self._service.copy(name, address, remote.etag)
            except RequestFailed as failed:
                if failed.code in _COPIES_NOT:
                    return False
                raise
            return True

        return self._do(f"Writing {name!r}", "w", work, error)

    def _writing_error(self, name: str, problem: Exception) -> ITwinPlatformError:
        found = one_problem(problem)
        if found.is_rival and found.code != "InvalidBlockList":
            return StorageExistsError(
                f"{name!r} already exists in the container. Write it with mode 'wb' to replace it."
            )
        return self._access.error_for(problem, f"Writing {name!r}", "w")

    def _do(
        self,
        purpose: str,
        right: str,
        work: Callable[[], T],
        error: Callable[[Exception], ITwinPlatformError] | None = None,
    ) -> T:
        """Do something with the container.

        Raises:
            ITwinPlatformError: It failed; `error` may say how.
        """
        with self._access.renewed_by(self._renew):
            self._access.need(right, purpose)
            try:
                return work()
            except (ITwinPlatformError, RequestFailed) as caught:
                problem = caught
        # Outside, so that what the storage said is not shown with it.
        if error is not None and not isinstance(problem, ITwinPlatformError):
            raise error(problem)
        raise self._access.error_for(problem, purpose, right)


def _ignore(_: int) -> None:
    """Ignore progress."""
