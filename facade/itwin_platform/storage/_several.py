"""Downloads from several containers, one after the other, reported as one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from .._paths import local_path
from ..errors import ITwinPlatformError, TransferCancelled, TransferError
from ._places import check_folder
from ._report import FileOutcome, Progress, ProgressCallback, TransferReport
from ._run import cancelled_error, check_concurrency, failed_error


class Several:
    """The downloads so far.

    Parameters:
        folder: Where all of them write to, each to a folder of its own.
        concurrency: How many files each of them takes at a time.
        on_progress: Called with their progress, added to that of earlier downloads.

    Raises:
        ValueError: An argument cannot be used.
    """

    def __init__(self, folder: str | os.PathLike[str], concurrency: int, on_progress: ProgressCallback | None) -> None:
        check_concurrency(concurrency)
        self._folder = local_path("folder", folder)
        self._on_progress = on_progress
        self._began = time.monotonic()
        self._before = self._now = Progress(0, 0, 0, 0, "")
        self._reports: list[TransferReport] = []
        self.cancelled = False

    def check_folder(self) -> None:
        """Raise StorageError if the folder, or one above it, is a file."""
        check_folder(self._folder)

    @property
    def progress(self) -> ProgressCallback | None:
        """The progress callback for the next download."""
        return None if self._on_progress is None else self._tell

    def done(self, into: str, report: TransferReport) -> None:
        """Note the report of a download.

        Parameters:
            into: The folder that it has written to.
            report: Its report.
        """

        def told(outcomes: tuple[FileOutcome, ...]) -> tuple[FileOutcome, ...]:
            return tuple(replace(each, name=f"{into}/{each.name}".rstrip("/")) for each in outcomes)

        sent, skipped, failed = told(report.sent), told(report.skipped), told(report.failed)
        self._reports.append(replace(report, sent=sent, skipped=skipped, failed=failed))
        self._before = self._now

    def failed(self, into: str, error: ITwinPlatformError | ValueError) -> None:
        """Note that a download has failed, as a whole or for some of its files."""
        if isinstance(error, TransferError):
            self.cancelled = isinstance(error, TransferCancelled)
            self.done(into, error.report)
        else:
            reason = f"could not be downloaded: {str(error).rstrip('.')}"
            whole = FileOutcome("", self._folder / into, 0, reason)
            self.done(into, TransferReport((), (), (whole,), 0, 0.0))

    def report(self) -> TransferReport:
        """The report of all of them.

        Raises:
            TransferError: Files failed.
            TransferCancelled: The callback asked to stop.
        """
        report = TransferReport(
            sent=_in_order(one.sent for one in self._reports),
            skipped=_in_order(one.skipped for one in self._reports),
            failed=_in_order(one.failed for one in self._reports),
            bytes_sent=sum(one.bytes_sent for one in self._reports),
            seconds=time.monotonic() - self._began,
        )
        if self.cancelled:
            raise cancelled_error(report, "downloaded")
        if report.failed:
            raise failed_error(report, "downloaded")
        return report

    def _tell(self, state: Progress) -> object:
        before = self._before
        self._now = Progress(
            before.files_done + state.files_done,
            before.files_total + state.files_total,
            before.bytes_done + state.bytes_done,
            before.bytes_total + state.bytes_total,
            state.name,
        )
        return None if self._on_progress is None else self._on_progress(self._now)


def _in_order(several: Iterable[tuple[FileOutcome, ...]]) -> tuple[FileOutcome, ...]:
    return tuple(sorted(chain.from_iterable(several), key=lambda outcome: outcome.name))
