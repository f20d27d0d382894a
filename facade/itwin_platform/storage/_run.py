"""Runs a transfer: threads that take one file after another, progress, cancellation, the report."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from .._concurrency.synchronous import is_stopped
from ..errors import StorageError, TransferCancelled, TransferError
from ._access import Access
from ._outcomes import Refusal, Skip, Stopped
from ._problems import Problem, one_problem
from ._report import FileOutcome, Progress, ProgressCallback, TransferReport

T = TypeVar("T")

# How many failed files a traceback lists.
_SHOWN = 20
_RERUN = "Run it again to continue with the rest."
_LOOK = "See error.report.failed."
# Seconds that requests in progress may take to finish when a transfer is stopped.
_GRACE = 1.0
_NOT_TRIED = "was not transferred: the transfer"


@dataclass(frozen=True, slots=True)
class Lane:
    """A queue of files, and how many threads work on it."""

    jobs: deque[FileOutcome]
    threads: int


def _nothing() -> None:
    """Do nothing: there is nothing to abort."""


class Run:
    """One transfer of many files, in worker threads."""

    def __init__(self, access: Access, on_progress: ProgressCallback | None) -> None:
        self._access = access
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._why = ""
        self._raised: BaseException | None = None
        self._cancelled = False
        self._abort: Callable[[], None] = _nothing
        self._advice = _LOOK
        self._files_total = self._bytes_total = self._bytes_done = self._files_done = 0
        self._counted: dict[str, int] = {}
        # Names of the files that failed because of something on this machine: messages show where they are.
        self._local: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._sent: list[FileOutcome] = []
        self._skipped: list[FileOutcome] = []
        self._failed: list[FileOutcome] = []

    def cancel(self) -> None:
        """Stop the transfer as soon as possible, from any thread."""
        self._end("was cancelled")
        self._abort()

    def when_cancelled(self, abort: Callable[[], None]) -> None:
        """Call `abort`, which ends requests in progress, when the transfer is cancelled."""
        self._abort = abort

    def check(self) -> None:
        """Raise Stopped if the transfer has been stopped."""
        if self._stop.is_set():
            raise Stopped

    def pause(self, seconds: float) -> None:
        """Wait. Raises Stopped if the transfer is stopped."""
        if self._stop.wait(seconds):
            raise Stopped

    def expect(self, name: str, size: int) -> None:
        """Correct the planned size of a file."""
        with self._lock:
            self._bytes_total += size - self._sizes.get(name, 0)
            self._sizes[name] = size

    def advance(self, name: str, amount: int) -> None:
        """Count bytes of a file as done. Raises Stopped if the transfer has been stopped."""
        self.check()
        if self._on_progress is None:
            return
        with self._lock:
            self._counted[name] = self._counted.get(name, 0) + amount
            self._bytes_done += amount
            self._tell(name)

    def restart(self, name: str) -> None:
        """Uncount the bytes of a file that is started again."""
        with self._lock:
            self._bytes_done -= self._counted.pop(name, 0)

    def carry_out(
        self,
        lanes: Iterable[Lane],
        work: Callable[[FileOutcome], FileOutcome],
        *,
        verb: str,
        settled: Iterable[tuple[FileOutcome, bool]] = (),
        abort: Callable[[], None] = _nothing,
    ) -> TransferReport:
        """Do the work for every file and report.

        Parameters:
            lanes: The files, and how many at a time.
            work: Transfers one file and returns its outcome; raises Skip, Refusal, Stopped or anything else.
            verb: What happens to files, as a participle for messages.
            settled: Files whose outcome is already known, and whether they failed.
            abort: Ends requests in progress that do not finish soon after the transfer is stopped.

        Raises:
            TransferError: A file failed.
            TransferCancelled: The callback asked to stop.
        """
        started = time.monotonic()
        lanes = [lane for lane in lanes if lane.jobs]
        self._files_total = sum(len(lane.jobs) for lane in lanes)
        self._sizes = {job.name: job.size for lane in lanes for job in lane.jobs}
        self._bytes_total = sum(self._sizes.values())
        for outcome, failed in settled:
            (self._failed if failed else self._skipped).append(outcome)
        if lanes:
            self._work_off([lane.jobs for lane in lanes for _ in range(min(lane.threads, len(lane.jobs)))], work, abort)
        return self._report(time.monotonic() - started, verb)

    def _work_off(
        self,
        queues: list[deque[FileOutcome]],
        work: Callable[[FileOutcome], FileOutcome],
        abort: Callable[[], None],
    ) -> None:
        """Do the work with a thread for each entry of `queues`, several of which may be the same queue."""
        with ThreadPoolExecutor(len(queues), thread_name_prefix="itwin-transfer") as pool:
            threads: set[Future[None]] = set()
            try:
                for jobs in queues:
                    # If the machine has no more threads, the queue is left to the others.
                    with suppress(RuntimeError):
                        threads.add(pool.submit(self._take_jobs, jobs, work))
                # The timeout lets Ctrl-C in on every platform.
                while wait(threads, timeout=0.5).not_done and not self._stop.is_set():
                    if is_stopped():  # the transfer is part of a `platform.map` that is over
                        raise TimeoutError
            except BaseException:
                self.cancel()
                raise
            finally:
                if wait(threads, timeout=_GRACE if self._stop.is_set() else None).not_done:
                    abort()
        if not threads:
            raise StorageError("No thread could be started for the transfer. Try again later.")
        for thread in threads:
            thread.result()

    def _report(self, seconds: float, verb: str) -> TransferReport:
        if self._raised is not None:
            raise self._raised

        def in_order(outcomes: list[FileOutcome]) -> tuple[FileOutcome, ...]:
            return tuple(sorted(outcomes, key=lambda outcome: outcome.name))

        report = TransferReport(
            sent=in_order(self._sent),
            skipped=in_order(self._skipped),
            failed=in_order(self._failed),
            bytes_sent=sum(outcome.size for outcome in self._sent),
            seconds=seconds,
        )
        if self._cancelled:
            raise cancelled_error(report, verb)
        if report.failed:
            raise failed_error(report, verb, self._advice, self._local)
        return report

    def _take_jobs(self, jobs: deque[FileOutcome], work: Callable[[FileOutcome], FileOutcome]) -> None:
        while True:
            try:
                job = jobs.popleft()
            except IndexError:
                return
            self._finish(job, *self._outcome(job, work))

    def _outcome(
        self, job: FileOutcome, work: Callable[[FileOutcome], FileOutcome]
    ) -> tuple[list[FileOutcome], FileOutcome]:
        """The outcome for a file, and the list that it belongs in."""
        try:
            self.check()
            return self._sent, work(job)
        except Stopped:
            return self._failed, _with_reason(job, f"{_NOT_TRIED} {self._why}")
        except Skip as skip:
            return self._skipped, _with_reason(job, str(skip))
        except Refusal as refusal:
            return self._failed, _with_reason(job, str(refusal))
        except Exception as error:  # noqa: BLE001 (one file must not stop the others, whatever is wrong with it)
            problem = one_problem(error)
        if self._stop.is_set():
            return self._failed, _with_reason(job, f"{_NOT_TRIED} {self._why}")
        return self._failed, self._given_up(job, problem)

    def _given_up(self, job: FileOutcome, problem: Problem) -> FileOutcome:
        if problem.is_of_sas and self._access.problem is not None:
            problem = one_problem(self._access.problem)
        if problem.may_pass:
            self._advice = _RERUN
        if problem.local:
            self._local.add(job.name)
        if problem.everywhere:
            self._end(f"was abandoned because {job.name!r} {problem.text}")
        return _with_reason(job, problem.text)

    def _finish(self, job: FileOutcome, outcomes: list[FileOutcome], outcome: FileOutcome) -> None:
        with self._lock:
            outcomes.append(outcome)
            self._files_done += 1
            # Skipped and failed files are done too.
            self._bytes_done += self._sizes.get(job.name, 0) - self._counted.pop(job.name, 0)
            with suppress(Stopped):
                self._tell(job.name)

    def _tell(self, name: str) -> None:
        """Call the callback, one thread at a time."""
        if self._on_progress is None or self._stop.is_set():
            return
        state = Progress(self._files_done, self._files_total, self._bytes_done, self._bytes_total, name)
        try:
            wanted = self._on_progress(state)
        except BaseException as error:  # noqa: BLE001 (raised again in the thread that started the transfer)
            self._raised = error
            self._end("was stopped by its progress callback")
            raise Stopped from None
        if wanted is False:
            self._cancelled = True
            self.cancel()
            raise Stopped

    def _end(self, why: str) -> None:
        if not self._stop.is_set():
            self._why = why
            self._stop.set()


def check_concurrency(concurrency: int) -> None:
    """Raise ValueError unless it is a possible number of files at a time."""
    if not isinstance(concurrency, int) or not 1 <= concurrency <= 256:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError("concurrency must be a whole number from 1 to 256")


def in_parallel(tasks: Iterable[Callable[[], None]], threads: int) -> None:
    """Run tasks, a few at a time. A task is taken only when a thread is free; the first error stops everything."""
    with ThreadPoolExecutor(threads, thread_name_prefix="itwin-part") as pool:
        running: set[Future[None]] = set()
        for task in tasks:
            if len(running) == threads:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
            running.add(pool.submit(task))
        for future in running:
            future.result()


def ahead(items: Iterator[T]) -> Generator[T]:
    """The same items, none of them None. Each is fetched in another thread while the one before it is used."""
    with ThreadPoolExecutor(1, thread_name_prefix="itwin-read") as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def _with_reason(job: FileOutcome, reason: str) -> FileOutcome:
    return FileOutcome(job.name, job.path, job.size, reason)


def failed_error(
    report: TransferReport, verb: str, advice: str = _LOOK, local: Collection[str] = frozenset()
) -> TransferError:
    """The error for files that were not transferred.

    Parameters:
        report: What the transfer did.
        verb: What happens to files, as a participle.
        advice: What to do.
        local: Names of files that failed because of something on this machine: the message shows where they are.
    """
    count, total = len(report.failed), len(report.sent) + len(report.skipped) + len(report.failed)

    def said(outcome: FileOutcome) -> str:
        where = f" ({str(outcome.path)!r})" if outcome.name in local else ""
        return f"{outcome.name!r} {outcome.reason}{where}"

    # The cause says more than the files that were abandoned because of it.
    first = next((one for one in report.failed if not one.reason.startswith(_NOT_TRIED)), report.failed[0])
    more = f"; and {count - 1} more" if count > 1 else ""
    error = TransferError(
        f"{count} of {total} files {'was' if count == 1 else 'were'} not {verb}: {said(first)}{more}. {advice}",
        report=report,
    )
    if count > 1:
        # A traceback shows notes below the message.
        for outcome in report.failed[:_SHOWN]:
            error.add_note(f"- {said(outcome)}")
        if count > _SHOWN:
            error.add_note(f"- and {count - _SHOWN} more, see error.report.failed")
    return error


def cancelled_error(report: TransferReport, verb: str) -> TransferCancelled:
    """The error for a transfer that its progress callback has cancelled."""
    count = len(report.sent)
    return TransferCancelled(f"Cancelled with {count} file{'' if count == 1 else 's'} {verb}. {_RERUN}", report=report)
