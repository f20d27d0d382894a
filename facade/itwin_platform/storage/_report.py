"""What callers are told about a transfer: the progress while it runs, the report at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """A file in the bucket.

    Attributes:
        name: Its whole name, with slashes.
        size: Bytes.
        last_modified: When it was last written, in UTC.
    """

    name: str
    size: int
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file.

    Attributes:
        name: Its name in the bucket.
        path: Where it is on this machine.
        size: Bytes; 0 if that never became known.
        reason: Why it was skipped, or why it failed; empty if it was transferred.
    """

    name: str
    path: Path
    size: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a transfer is. Files count as done once they are sent, skipped or failed.

    Attributes:
        files_done: Files that are finished.
        files_total: Files in all.
        bytes_done: Bytes that are finished, including those of skipped files.
        bytes_total: Bytes in all. It grows while files are downloaded by their names: a size is known once its
            file is opened.
        name: The file that the news is about.
    """

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    name: str


# Called with news. Returning False cancels the transfer; so does raising, which then comes out of the transfer.
ProgressCallback = Callable[[Progress], object]


@dataclass(frozen=True, slots=True)
class TransferReport:
    """What a transfer did, in the order of the names.

    Attributes:
        sent: Files that went over the wire.
        skipped: Files that did not have to, or that are no regular files; `reason` says which.
        failed: Files that could not be transferred, with the reason of each.
        bytes_sent: Bytes of the files in `sent`; parts that an earlier run has sent are counted too.
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
