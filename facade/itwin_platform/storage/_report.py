"""The progress of a transfer while it runs, and the report at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """A file in the container.

    Attributes:
        name: Its full name, with slashes.
        size: Its size in bytes.
        last_modified: When it was last written, in UTC.
    """

    name: str
    size: int
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """The outcome for one file.

    Attributes:
        name: Its name in the container.
        path: Its path on this machine.
        size: Its size in bytes; 0 if unknown.
        reason: Why it was skipped or failed; empty if it was transferred.
    """

    name: str
    path: Path
    size: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a transfer. A file is done once it was sent, was skipped or has failed.

    Attributes:
        files_done: Number of files that are done.
        files_total: Number of all files.
        bytes_done: Bytes that are done, including those of skipped files.
        bytes_total: All bytes. It grows while files are downloaded by name, because a size is known only once its
            file is opened.
        name: The file that has progressed.
    """

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    name: str


# Returning False cancels the transfer; so does an exception, which the transfer then raises.
ProgressCallback = Callable[[Progress], object]


@dataclass(frozen=True, slots=True, repr=False)
class TransferReport:
    """The result of a transfer. Files are sorted by name.

    Attributes:
        sent: Files that were transferred, in either direction.
        skipped: Files that already existed or are not regular files; `reason` says which.
        failed: Files that could not be transferred; `reason` says why.
        bytes_sent: Bytes of the files in `sent`, including parts that an earlier run sent.
        seconds: How long it took.
    """

    sent: tuple[FileOutcome, ...]
    skipped: tuple[FileOutcome, ...]
    failed: tuple[FileOutcome, ...]
    bytes_sent: int
    seconds: float

    def __str__(self) -> str:
        """The counts, without the files."""
        counts = (
            f"{len(self.sent)} sent ({self.bytes_sent} bytes), {len(self.skipped)} skipped, {len(self.failed)} failed"
        )
        return f"{counts}, in {self.seconds:.1f} s"

    def __repr__(self) -> str:
        """One line, however many files there are."""
        return f"<TransferReport: {self}>"
