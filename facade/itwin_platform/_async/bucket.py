"""The bucket of an iTwin with what can be done to its files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .._bucket import Bucket
from .._concurrency import asynchronous as concurrency
from ..storage._access import Access
from ..storage._delete import delete
from ..storage._download import download
from ..storage._listing import list_blobs
from ..storage._progress import shown
from ..storage._reader import AsyncBlobReader, open_blob
from ..storage._run import Run
from ..storage._upload import upload

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .._http import TransportOptions
    from ..storage._report import BlobInfo, Progress, TransferReport

T = TypeVar("T")


class AsyncTransferBucket(Bucket):
    """The bucket of an iTwin, whose files can be transferred.

    The transfers ask the platform for another SAS URL before theirs ends; `container_url` stays the one that the
    bucket came with. A bucket is shared safely by threads and tasks. Pickled or copied, it keeps its attributes and
    can no longer transfer.

    All methods but `list` and `delete` need the extra `[storage]`. They raise StoragePermissionError where the SAS URL
    does not permit what is asked for, before anything is sent if the URL tells.
    """

    _options: TransportOptions
    _renew: Callable[[], Awaitable[str]]

    def __init__(self, bucket: Bucket, options: TransportOptions, renew: Callable[[], Awaitable[str]]) -> None:
        super().__init__(bucket.itwin_id, bucket.container_url, bucket.expires_at)
        # A frozen object: this is how its own attributes are set.
        object.__setattr__(self, "_options", options)
        object.__setattr__(self, "_renew", renew)

    def __reduce__(self) -> tuple[Any, ...]:
        return Bucket, (self.itwin_id, self.container_url, self.expires_at)

    @cached_property
    def _access(self) -> Access:
        """The right to use the container, for all transfers. Two threads that make it at once may each have their own.

        A method therefore asks for it only once.
        """
        return Access(self.container_url, self._options)

    async def upload(
        self,
        source: str | Path,
        prefix: str = "",
        *,
        overwrite: bool = False,
        concurrency: int = 16,
        progress: bool | Callable[[Progress], object] = False,
    ) -> TransferReport:
        """Upload a file, or a folder with all that is below it.

        A file becomes `prefix/name`, a file below a folder `prefix/path/below/the/folder`. Files that are there
        already with the same size and hash are skipped, so that rerunning an interrupted upload goes on where it
        stopped: in the middle of a large file too, with the parts of 8 MiB that have not arrived yet. Their hash,
        SHA-256, is stored beside them as the metadata `sha256`; a file that something else has uploaded is compared
        by reading it. A blob is replaced at once or not at all.

        Links below the folder are not followed, and neither they nor devices, pipes and sockets are uploaded: the
        report lists them as skipped. Empty folders do not exist in storage. A file that changes while it is read is
        not sent.

        Parameters:
            source: A file or a folder.
            prefix: A folder in the bucket, with slashes; empty for the top.
            overwrite: Replace files that are there with another content, instead of reporting them as failed.
            concurrency: Files at a time, 1 to 256. Of files over 128 KiB there are at most eight at a time, of files
                over 2 MiB, which go in parts, two.
            progress: True draws a progress bar (extra `[progress]`). A function is called with `Progress`, from
                worker threads, one at a time; it must be quick. The transfer is cancelled if it returns False.

        Returns:
            What was sent and what was skipped.

        Raises:
            ValueError: The prefix cannot be part of a name. Nothing was sent.
            TransferError: Files failed; `report` lists them with the reasons. The others have been sent.
            TransferCancelled: The progress function has asked to stop.
            StoragePermissionError: The SAS URL does not permit to write, or to read (needed without `overwrite`).
            StorageError: There is nothing at `source`, or the SAS URL has expired and could not be renewed.
            ConfigurationError: obstore or rich is not installed.
        """
        with shown(progress, "Uploading") as on_progress:
            access = self._access
            run = Run(access, on_progress)
            work = partial(upload, access, source, prefix, overwrite=overwrite, concurrency=concurrency, run=run)
            return await self._to_its_end(access, run, work)

    async def download(
        self,
        prefix: str | Iterable[str],
        folder: str | Path,
        *,
        overwrite: bool = False,
        concurrency: int = 16,
        progress: bool | Callable[[Progress], object] = False,
    ) -> TransferReport:
        """Download all files under a prefix, or the files named, to a folder.

        Files under a prefix keep their path below it, named ones their whole name. Files that are in the folder
        already with the same size and hash are skipped. A file is written under a temporary name (`.itp-*.part`) and
        gets its own at once when it is complete and agrees with its stored hash; rerunning an interrupted download
        goes on in the middle of a file.

        Nothing is written outside the folder: not by names with `..`, drive letters or backslashes, nor through links
        that lie in it. Such names are reported as failed, as are those that the file system cannot hold.

        Parameters:
            prefix: A folder in the bucket (the empty string for all of it), which needs the permission to list; or
                the whole names of files as a list, which does not.
            folder: Where to. It and folders below it are created when a file needs them.
            overwrite: Replace files that are there with another content, instead of reporting them as failed.
            concurrency: Files at a time, 1 to 256.
            progress: As for `upload`.

        Returns:
            What was fetched (as `sent`) and what was skipped.

        Raises:
            ValueError: The prefix or a name cannot be one. Nothing was sent.
            TransferError: Files failed; `report` lists them with the reasons. The others have been fetched.
            TransferCancelled: The progress function has asked to stop.
            StoragePermissionError: The SAS URL does not permit to read, or to list (needed for a prefix).
            StorageError: There is nothing under the prefix, the bucket cannot be listed, or the SAS URL has expired
                and could not be renewed.
            ConfigurationError: obstore or rich is not installed.
        """
        with shown(progress, "Downloading") as on_progress:
            access = self._access
            run = Run(access, on_progress)
            names = prefix if isinstance(prefix, str) else list(prefix)
            work = partial(download, access, names, folder, overwrite=overwrite, concurrency=concurrency, run=run)
            return await self._to_its_end(access, run, work)

    async def list(self, prefix: str = "") -> list[BlobInfo]:
        """The files under a prefix, in the order of their names.

        Parameters:
            prefix: A folder in the bucket, or the whole name of a file; empty for all files.

        Raises:
            ValueError: No file can have the prefix. Nothing was sent.
            StoragePermissionError: The SAS URL does not permit to list. The documented one permits to read and write.
            StorageError: The bucket cannot be listed, for instance because the SAS URL has expired and could not be
                renewed.
        """
        access = self._access
        run = Run(access, None)
        return await self._to_its_end(access, run, partial(list_blobs, access, prefix, run))

    async def delete(self, names: str | Iterable[str]) -> None:
        """Delete files. Those that are not there are as good as deleted; what is below a name is not touched.

        Parameters:
            names: The whole name of a file, or several: `[blob.name for blob in bucket.list("folder")]`.

        Raises:
            ValueError: A name cannot be one. Nothing was sent.
            TransferError: Files could not be deleted; `report` lists them with the reasons. The others are.
            StoragePermissionError: The SAS URL does not permit to delete. The documented one permits to read and
                write.
        """
        access = self._access
        run = Run(access, None)
        await self._to_its_end(access, run, partial(delete, access, names, run))

    async def open(self, name: str) -> AsyncBlobReader:
        """Open a file of the bucket for reading. It is read some MiB at a time, whatever its size.

        Parameters:
            name: The whole name of the file.

        Returns:
            The file, to be used as a context. Reading raises StorageError if it changes in the bucket meanwhile.

        Raises:
            ValueError: The name cannot be one. Nothing was sent.
            StoragePermissionError: The SAS URL does not permit to read.
            StorageError: There is no such file, or it cannot be reached.
            ConfigurationError: obstore is not installed.
        """
        access = self._access
        with access.renewed_by(concurrency.from_threads(self._renew)):
            return AsyncBlobReader(await concurrency.in_thread(partial(open_blob, access, name)))

    async def _to_its_end(self, access: Access, run: Run, work: Callable[[], T]) -> T:
        """Run what blocks for long. Cancelling the wait ends it."""
        with access.renewed_by(concurrency.from_threads(self._renew)):
            return await concurrency.in_thread_to_its_end(work, run.cancel)
