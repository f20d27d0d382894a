"""Containers with transfers of their files: the bucket of an iTwin, and the container of reality data."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import fields
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar, cast

from .._concurrency import asynchronous as concurrency
from .._containers import Bucket, RealityDataContainer
from .._flags import check_flags
from .._http import TransportOptions
from .._policies.redaction import interrupts_show_nothing
from .._sas import expiry_of
from ..storage._access import Access
from ..storage._delete import delete
from ..storage._download import download
from ..storage._listing import list_blobs
from ..storage._names import listed_names
from ..storage._progress import shown
from ..storage._reader import AsyncBlobReader, open_blob
from ..storage._report import BlobInfo, Progress, ProgressCallback, TransferReport
from ..storage._run import Run
from ..storage._upload import upload

T = TypeVar("T")


class Origin(Protocol):
    """Requests a container from the platform, in any process."""

    @property
    def options(self) -> TransportOptions:
        """How connections are made."""
        ...

    async def __call__(self) -> str:
        """A new SAS URL."""
        ...


class AsyncTransfers:
    """A container whose files can be transferred: what buckets and containers of reality data have in common."""

    container_url: str
    _held: Callable[[str], Any]
    _no_pickle: ClassVar[str]
    _options: TransportOptions
    _renew: Callable[[], Awaitable[str]]
    _how_to_write: str
    _how_to_change: ClassVar[str]

    def __new__(cls, *_: object, **fields: object) -> Self:
        """Raise an error that says what to do instead of `dataclasses.replace`, which passes the fields."""
        if "container_url" in fields:
            raise TypeError(cls._how_to_change)
        return super().__new__(cls)

    def _transfer_with(
        self, options: TransportOptions, renew: Callable[[], Awaitable[str]], how_to_write: str = ""
    ) -> None:
        # The classes of containers are frozen: attributes are set like this.
        object.__setattr__(self, "_options", options)
        object.__setattr__(self, "_renew", renew)
        object.__setattr__(self, "_how_to_write", how_to_write)

    def _parts(self) -> tuple[object, ...]:
        """What identifies the container: the arguments that its class takes before the URL."""
        raise NotImplementedError

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        """Pickle the id and the client. The other process requests its own SAS URL when it first needs one."""
        if not hasattr(self._renew, "options"):
            raise TypeError(self._no_pickle)
        return shared_container, (type(self), self._parts(), self._renew, self._how_to_write)

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            """The fields that a container from another process has only after it has asked for its URL."""
            if name not in {"container_url", "expires_at"}:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            if not concurrency.MAY_BLOCK:
                raise AttributeError(
                    f"{name} is not available: this object was unpickled without its SAS URL. Its "
                    "methods ask for one; to have it yourself, get the object again from the platform."
                )
            access = self._access
            with access.renewed_by(self._renew):
                object.__setattr__(self, "container_url", access.url)
            object.__setattr__(self, "expires_at", expiry_of(access.url))
            return getattr(self, name)

    @property
    def _access(self) -> Access:
        """Access to the container, shared by all transfers. The first of them creates it, without a lock."""
        made: Access | None = self.__dict__.get("_made")
        if made is None:
            with interrupts_show_nothing:
                access = Access(self._held("container_url"), self._options, self._how_to_write)
            return cast(Access, self.__dict__.setdefault("_made", access))
        return made

    async def upload(
        self,
        path: str | os.PathLike[str],
        prefix: str = "",
        *,
        overwrite: bool = False,
        concurrency: int = 16,
        progress: bool | Callable[[Progress], object] = False,
    ) -> TransferReport:
        """Upload a file, or a folder with everything below it.

        A file becomes `prefix/name`, a file in a folder `prefix/path/below/the/folder`. Files that already exist with
        the same size and hash are skipped, so rerunning an interrupted upload continues where it stopped; in a large
        file it sends only the 8 MiB parts that have not arrived yet. The hash, SHA-256, is stored as the metadata
        `sha256`; a blob that another program uploaded without it is read and compared. A blob is replaced completely
        or not at all.

        Links below the folder are not followed. The report lists them as skipped, as well as devices, pipes and
        sockets. Empty folders are ignored, because storage has no folders. A file that changes while it is read is not
        sent.

        Parameters:
            path: A file or a folder on this machine.
            prefix: A folder in the container, with slashes; empty for the root.
            overwrite: Replace existing files whose content differs, instead of reporting them as failed.
            concurrency: Files at a time, 1 to 256. At most eight of them are over 128 KiB, and two over 2 MiB.
            progress: True draws a progress bar (extra `[progress]`). A function is called with `Progress`, from
                worker threads, one at a time; it must be quick. If it returns False, the transfer is cancelled.

        Returns:
            The files that were sent and skipped.

        Raises:
            ValueError: An argument cannot be used. Nothing was sent.
            StorageNotFoundError: There is no such path. Nothing was sent.
            TransferError: Files failed; `report` lists them with the reasons. The others have been sent.
            TransferCancelled: The progress function asked to stop.
            StoragePermissionError: The SAS URL does not permit writing, or reading (needed without `overwrite`).
            StorageError: The path cannot be used, or the SAS URL has expired and could not be renewed.
            ConfigurationError: obstore or rich is not installed.
        """
        check_flags(overwrite=overwrite)
        with shown(progress, "Uploading") as on_progress:
            access = self._access
            run = Run(access, on_progress)
            work = partial(upload, access, path, prefix, overwrite=overwrite, concurrency=concurrency, run=run)
            return await self._to_its_end(access, run, work)

    async def download(
        self,
        names: str | BlobInfo | Iterable[str | BlobInfo],
        folder: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        concurrency: int = 16,
        progress: bool | Callable[[Progress], object] = False,
    ) -> TransferReport:
        """Download a folder of the container with everything below it, or files by their names, to a folder.

        What is in a folder keeps its path below it; files in a list keep their full names. Files that already exist in
        the target with the same size and hash are skipped. A file is written under a temporary name (`.itp-*.part`) and
        renamed once it is complete and matches its stored hash. Rerunning an interrupted download resumes in the
        middle of a file, if the blob has a stored hash.

        Nothing is written outside the folder: neither by names with `..`, drive letters or backslashes, nor through
        links in the folder. Such names are reported as failed, as are names that the file system does not allow. Empty
        blobs that mark folders (`name/`) are skipped.

        Parameters:
            names: A string is the name of a folder in the container or of a file, or empty for all files; it needs the
                permission to list. A list of full names, or of blobs that `list` returned, does not need it.
            folder: The target on this machine. It and the folders below it are created when a file needs them.
            overwrite: Replace existing files whose content differs, instead of reporting them as failed.
            concurrency: Files at a time, 1 to 256.
            progress: As for `upload`.

        Returns:
            The files that were downloaded (as `sent`) and skipped.

        Raises:
            ValueError: An argument cannot be used. Nothing was sent.
            StorageNotFoundError: There is nothing with the name that a string gives.
            TransferError: Files failed, for instance because the container has no file with one of the names in a list;
                `report` lists them with the reasons. The others have been downloaded.
            TransferCancelled: The progress function asked to stop.
            StoragePermissionError: The SAS URL does not permit reading, or listing (needed for a string).
            StorageError: `folder` is a file or below one, the container cannot be listed, or the SAS URL has expired
                and could not be renewed.
            ConfigurationError: obstore or rich is not installed.
        """
        check_flags(overwrite=overwrite)
        with shown(progress, "Downloading") as on_progress:
            chosen = names if isinstance(names, str) else listed_names(names)
            return await self._download(
                chosen, folder, overwrite=overwrite, concurrency=concurrency, on_progress=on_progress
            )

    async def _download(
        self,
        names: str | list[str],
        folder: str | os.PathLike[str],
        *,
        overwrite: bool,
        concurrency: int,
        on_progress: ProgressCallback | None,
        into: str = "",
    ) -> TransferReport:
        """The same to a folder in the folder, for the outputs of jobs."""
        access = self._access
        run = Run(access, on_progress)
        work = partial(
            download, access, names, folder, overwrite=overwrite, concurrency=concurrency, run=run, into=into
        )
        return await self._to_its_end(access, run, work)

    async def list(self, prefix: str = "") -> list[BlobInfo]:
        """The files under a prefix, sorted by name.

        Parameters:
            prefix: A folder in the container, or the full name of a file; empty for all files.

        Raises:
            ValueError: No file can have the prefix. Nothing was sent.
            StoragePermissionError: The SAS URL does not permit listing. The documented one of a bucket does not.
            StorageError: The container cannot be listed, for instance because the SAS URL has expired and could not be
                renewed.
        """
        access = self._access
        run = Run(access, None)
        return await self._to_its_end(access, run, partial(list_blobs, access, prefix, run))

    async def delete(self, names: str | BlobInfo | Iterable[str | BlobInfo]) -> None:
        """Delete files by their full names. Names that do not exist are ignored; files below a name are kept.

        Parameters:
            names: The full name of a file, or several; or blobs that `list` returned: `container.list("folder")`.

        Raises:
            ValueError: A name is not valid. Nothing was sent.
            TransferError: Files could not be deleted; `report` lists them with the reasons. The others are deleted.
            StoragePermissionError: The SAS URL does not permit deleting. The documented one of a bucket does not.
        """
        chosen = listed_names(names)
        access = self._access
        run = Run(access, None)
        await self._to_its_end(access, run, partial(delete, access, chosen, run))

    async def open(self, name: str | BlobInfo) -> AsyncBlobReader:
        """Open a file in the container for reading. It is read a few MiB at a time, whatever its size.

        Parameters:
            name: The full name of the file, or a blob that `list` returned.

        Returns:
            The file, a context manager. Reading raises StorageError if it changes in the container meanwhile.

        Raises:
            ValueError: The name is not valid. Nothing was sent.
            StoragePermissionError: The SAS URL does not permit reading.
            StorageNotFoundError: The file does not exist.
            StorageError: It cannot be reached.
            ConfigurationError: obstore is not installed.
        """
        access = self._access
        with access.renewed_by(concurrency.from_threads(self._renew)):
            return AsyncBlobReader(await concurrency.in_thread(partial(open_blob, access, name)))

    async def _to_its_end(self, access: Access, run: Run, work: Callable[[], T]) -> T:
        """Run blocking work in a thread. If the wait for it is cancelled, the work is stopped."""
        with access.renewed_by(concurrency.from_threads(self._renew)):
            return await concurrency.in_thread_to_its_end(work, run.cancel)


class AsyncTransferBucket(AsyncTransfers, Bucket):
    """The bucket of an iTwin, whose files can be transferred.

    Transfers request a new SAS URL from the platform before theirs expires; `container_url` stays the original one.
    Threads and tasks can share a bucket, and so can forked processes; copies are the same object. A bucket can be
    pickled if its client can. The pickle has no SAS URL: the other process requests its own at the first use.

    All methods except `list` and `delete` need the extra `[storage]`. They raise StoragePermissionError if the SAS URL
    does not permit the operation: before anything is sent, if the URL names its permissions.
    """

    _how_to_change = (
        "This bucket cannot be changed, because its URL is renewed. Get another one: "
        "platform.reality_analysis.get_bucket(itwin_id)"
    )

    def __init__(  # pyright: ignore[reportInconsistentConstructor] (see __new__)
        self, bucket: Bucket, options: TransportOptions, renew: Callable[[], Awaitable[str]]
    ) -> None:
        Bucket.__init__(self, bucket.itwin_id, bucket.container_url, bucket.expires_at)
        self._transfer_with(options, renew)

    def _parts(self) -> tuple[object, ...]:
        return (self.itwin_id,)


class AsyncTransferContainer(AsyncTransfers, RealityDataContainer):
    """The container of reality data, whose files can be transferred.

    It has the methods of a bucket, and is renewed, shared, copied and pickled like one.

    With `access="read"`, uploading and deleting raise StoragePermissionError: before anything is sent, if the SAS URL
    names its permissions.
    """

    _how_to_change = (
        "This container cannot be changed, because its URL is renewed. Get another one: "
        "platform.reality_data.container(reality_data_id)"
    )

    def __init__(  # pyright: ignore[reportInconsistentConstructor] (see __new__)
        self, container: RealityDataContainer, options: TransportOptions, renew: Callable[[], Awaitable[str]]
    ) -> None:
        RealityDataContainer.__init__(
            self, container.reality_data_id, container.access, container.container_url, container.expires_at
        )
        how_to_write = 'Get the container with access="write".' if container.access == "read" else ""
        self._transfer_with(options, renew, how_to_write)

    def _parts(self) -> tuple[object, ...]:
        return self.reality_data_id, self.access


# Many tasks of a cluster that are given the same container ask for one SAS URL. So many containers are kept.
@lru_cache(maxsize=256)
def shared_container(kind: type[T], parts: tuple[object, ...], origin: Origin, how_to_write: str) -> T:
    """The container of this process for a pickled one. Pickles refer to this function."""
    made: Any = object.__new__(kind)
    for field, value in zip(fields(made), parts, strict=False):
        object.__setattr__(made, field.name, value)
    made._transfer_with(origin.options, origin, how_to_write)  # noqa: SLF001 (what its constructor does)
    return cast(T, made)
