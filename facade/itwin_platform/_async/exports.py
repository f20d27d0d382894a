"""The records of an export, read from its file as a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from itwin_platform_api.itwins.models import Export, ITwin

from .._concurrency import asynchronous as concurrency
from .._http import TransportOptions
from .._staying import Stays
from ..frames._geojson import check_exported
from ..storage import _export_file as file
from ..storage._access import FileAccess
from ..storage._places import check_target
from ..storage._progress import shown
from ..storage._report import Progress
from ..storage._run import Run
from ..storage._single import download_file
from .tables import AsyncTables, ItemIterator

T = TypeVar("T")

_STAYS = (
    "The records of an export cannot be pickled, because the link to its file is a secret. Pickle the iTwins, "
    "to_list(), or pass the client and the id, and call exports.records(id) in the other process."
)


class AsyncExportRecords(AsyncTables[ITwin]):
    """The iTwins of an export.

    Iterate over it: the file is read piece by piece, so that a million iTwins take no more memory than a few thousand.
    Every iteration starts from the beginning. The iTwins are the same in every format of the file, and have the same
    class as in lists: numbers and times are converted even from CSV, where an empty cell is None. Properties that were
    not exported are None too. A broken connection is resumed, and an expired link is renewed.

    Attributes:
        export: The export.

    Raises:
        StorageError: The file cannot be read, has another format, or lacks ids or display names; in the last case use
            `dicts`. The iTwins read before the error have been returned.
        NotFoundError: The platform no longer has the export; it keeps exports for 4 hours (`iTwinExportNotFound`).
    """

    _no_pickle = _STAYS

    def __init__(self, export: Export, options: TransportOptions, renew: Callable[[], Awaitable[str]]) -> None:
        self.export = export
        self._renew = renew
        # What was exported with nothing in it has no file.
        self._access = FileAccess(file.url_of(export), options) if export.output_url else None

    def dicts(self) -> AsyncIterator[dict[str, Any]]:
        """The exported properties of each iTwin, by their documented names. Times are text, as in the file."""
        return ItemIterator(self._batches(lambda record: record))

    def _pages(self) -> AsyncIterator[list[ITwin]]:
        return self._batches(ITwin.from_dict)

    def _class(self) -> type:
        return ITwin

    def _check_coordinates(self) -> None:
        check_exported(self.export.request.select)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of export {self.export.id}>"

    def _batches(self, read: Callable[[dict[str, Any]], T]) -> AsyncIterator[list[T]]:
        reading = None if self._access is None else file.ExportReading(self._access, self.export, read)
        return _BatchIterator(reading, self._access, self._renew)


class _BatchIterator(Stays, Generic[T]):
    # Not a generator: one that a loop has left early would be closed by somebody else, some time later.
    _no_pickle = _STAYS

    def __init__(
        self, reading: file.ExportReading[T] | None, access: FileAccess | None, renew: Callable[[], Awaitable[str]]
    ) -> None:
        self._reading = reading
        self._access = access
        self._renew = renew

    def __aiter__(self) -> AsyncIterator[list[T]]:
        return self

    async def __anext__(self) -> list[T]:
        if self._reading is not None and self._access is not None:
            reading = self._reading
            with self._access.renewed_by(concurrency.from_threads(self._renew)):
                batch = await concurrency.in_thread_to_its_end(reading.batch, reading.abort)
            if batch:
                return batch
        raise StopAsyncIteration


async def check_download(path: Path) -> None:
    """Check where a download goes, before anything is sent.

    Raises:
        StorageError: A file cannot be written there.
    """
    await concurrency.in_thread(partial(check_target, path))


async def download_export(
    export: Export,
    path: Path,
    options: TransportOptions,
    renew: Callable[[], Awaitable[str]],
    *,
    overwrite: bool,
    progress: bool | Callable[[Progress], object],
) -> Path:
    """Download the file of an export; see the method of the group."""
    url = file.url_of(export)
    access = FileAccess(url, options)
    with shown(progress, "Downloading") as on_progress, access.renewed_by(concurrency.from_threads(renew)):
        run = Run(access, on_progress)
        work = partial(download_file, access, file.name_of(url), path, overwrite=overwrite, run=run)
        await concurrency.in_thread_to_its_end(work, run.cancel)
    return path
