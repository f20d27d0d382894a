"""The file of an export: opened, and read batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Generator
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import unquote, urlsplit

from itwin_platform_api.reading import MISMATCH, BodyError

from ..errors import ITwinPlatformError, StorageError
from ._access import FileAccess
from ._reader import BlobReader, RawBlob
from ._records import Record, UnreadableError, records_of

if TYPE_CHECKING:
    from itwin_platform_api.itwins.models import Export

T = TypeVar("T")

_BATCH = 1000


def name_of(url: str) -> str:
    """The name of the file that a SAS URL leads to."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def check_completed(export: Export) -> None:
    """Check that an export is completed.

    Raises:
        ValueError: It is no export.
        StorageError: It is not completed.
    """
    from itwin_platform_api.itwins.models import Export

    if not isinstance(export, Export):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"export must be the export or its id, not {type(export).__name__}")  # noqa: TRY004
    if export.status.value != "Completed":
        raise StorageError(
            f"Export {export.id} has no file yet: it is {export.status.value}. "
            f"Wait for it: platform.exports.wait({export.id!r})"
        )


def url_of(export: Export) -> str:
    """The SAS URL of the file of a completed export.

    Raises:
        StorageError: It has none.
    """
    if export.output_url:
        return export.output_url
    raise StorageError(f"Export {export.id} has no file: nothing was found.")


class ExportReading(Generic[T]):
    """One pass over the records of an export. It blocks: async code calls it in threads."""

    def __init__(self, access: FileAccess, export: Export, read: Callable[[Record], T]) -> None:
        """Begin; nothing is sent yet.

        Parameters:
            access: Access to the file.
            export: The export.
            read: Converts a record.
        """
        self._access = access
        self._export = export
        self._name = name_of(url_of(export))
        self._read = read
        self._raw: RawBlob | None = None
        self._file: BlobReader | None = None
        self._records: Generator[Record] | None = None
        self._problem: ITwinPlatformError | None = None
        self._over = False

    def batch(self) -> list[T]:
        """The next records; none at the end.

        Raises:
            ITwinPlatformError: The file cannot be read any further. The records before that have been returned.
        """
        batch: list[T] = []
        if not self._over:
            try:
                batch.extend(map(self._made, islice(self._records or self._open(), _BATCH)))
            except UnreadableError as error:
                self._problem = self._unreadable(str(error))
            except ITwinPlatformError as error:
                self._problem = error
            if self._problem is not None or len(batch) < _BATCH:
                self.close()
        if batch or self._problem is None:
            return batch
        raise self._problem

    def abort(self) -> None:
        """Make the read in progress fail, from another thread."""
        if self._raw is not None:
            self._raw.abort()

    def close(self) -> None:
        """Close the file."""
        self._over = True
        if self._records is not None:
            self._records.close()
        if self._file is not None:
            self._file.close()

    def _open(self) -> Generator[Record]:
        self._raw = RawBlob(self._access, self._name)
        self._file = BlobReader(self._raw)
        self._records = records_of(self._file, self._export.request.output_format.value)
        return self._records

    def _made(self, record: Record) -> T:
        try:
            return self._read(record)
        except MISMATCH as error:
            problem = str(error) if isinstance(error, BodyError) else type(error).__name__
        raise UnreadableError(f"has an iTwin that does not match its specification ({problem})")

    def _unreadable(self, problem: str) -> StorageError:
        return StorageError(
            f"The file of export {self._export.id} ({self._export.request.output_format.value}) {problem}. "
            f"Read it again, or look at it: platform.exports.download({self._export.id!r}, path)"
        )
