"""What jobs of all APIs have in addition to single operations: waiting for their end, and downloading their outputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from ..._bars import Bar, shown
from ..._concurrency.asynchronous import in_thread
from ..._flags import check_flags
from ..._policies.arguments import texts
from ..._policies.finished_jobs import ENDED, Output, job_error, outputs_of
from ..._policies.waiting import INTERVALS, Awaited, Look, Polling, check_id, id_of
from ...errors import InvalidRequestError, ITwinPlatformError, NotFoundError, PermissionDeniedError, StorageError
from ...storage._report import Progress, TransferReport
from ..containers import AsyncTransferBucket, AsyncTransferContainer
from ..waiting import wait_until
from .group import Group
from .reality_data_containers import RealityDataContainers

if TYPE_CHECKING:
    from ..._jobs import Job, JobMessages, JobProgress

J = TypeVar("J", bound="Job")
P = TypeVar("P", bound="JobProgress")
M = TypeVar("M", bound="JobMessages")


class LongJobs(Group, Generic[J, P, M]):
    """The methods of a group of jobs that are the same for every API."""

    _called: ClassVar[str]

    async def get(self, job_id: str) -> J:
        """Get a job."""
        raise NotImplementedError

    async def get_messages(self, job_id: str) -> M:
        """Get the errors and warnings of a job."""
        raise NotImplementedError

    async def get_progress(self, job_id: str) -> P:
        """Get the progress of a job."""
        raise NotImplementedError

    async def _bucket_of(self, itwin_id: str) -> AsyncTransferBucket:
        """The bucket that jobs of an iTwin write to."""
        raise NotImplementedError

    def _progress_of(self, job: J) -> P:
        """The progress of a job whose progress is no longer, or not yet, available."""
        raise NotImplementedError

    async def wait(
        self,
        job: str | J,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 (it ends between two looks, and says how to go on)
        intervals: Iterable[float] = INTERVALS,
        progress: bool | Callable[[P], object] = False,
    ) -> J:
        """Wait until a job has ended, and return it.

        Waiting does not affect the job: after a timeout, Ctrl-C or a restart of the program, wait again with the same
        id. Throttling, failures of the platform and broken connections do not end the wait, but are logged. `deadline`
        of the client applies to each request, not to the wait.

        It sends `GET .../jobs/{id}/progress`, and `GET .../jobs/{id}` at the end.

        Parameters:
            job: The job, or its id.
            timeout: Seconds after which to give up; by default it waits forever. A last poll at the end may
                take 10 seconds more.
            intervals: Seconds between two polls. The last one is repeated. They start over whenever the state or the
                percentage has changed. The platform may ask for longer pauses.
            progress: True draws a progress bar (extra `[progress]`). A function is called with the progress at each
                poll. If it returns False, the wait is cancelled, but not the job; use `cancel` for that.

        Returns:
            The job, in the state `Success`. `download` downloads its outputs.

        Raises:
            ValueError: An argument cannot be used. Nothing was sent.
            JobFailedError: The job has failed; `messages` say why. `JobCancelledError` if it was cancelled.
            WaitTimeout: The time was up. The message says how to continue waiting.
            WaitCancelled: The progress function asked to end the wait.
            NotFoundError: There is no such job, or it was deleted: finished jobs are kept for 30 days (`JobNotFound`).
            ConfigurationError: rich is not installed.
        """
        from ..._jobs import Job

        job_id = id_of("job", job, Job)
        again = f"{self._called}.wait({job_id!r})"
        polling = Polling(Awaited(f"Job {job_id}", job_id, again), timeout=timeout, intervals=intervals)
        with shown(progress, Bar("Waiting", _columns, _fields)) as on_progress:
            ended = await wait_until(partial(self._look, job_id), polling, on_progress)
        if ended.state == "Success":
            return ended
        messages, problem = None, None
        try:
            messages = await self.get_messages(job_id)
        except ITwinPlatformError as error:
            problem = error
        raise job_error(ended, messages, problem)

    async def _look(self, job_id: str) -> Look[P, J]:
        seen: P | None = None
        # It is kept for a while only; the job itself says whether it is there.
        with suppress(NotFoundError):
            seen = await self.get_progress(job_id)
        if seen is not None and seen.state not in ENDED:
            return Look(seen, (seen.state, seen.percentage))
        job = await self.get(job_id)
        check_id(job.id, job_id, "job.id")
        seen = seen or self._progress_of(job)
        return Look(seen, (seen.state, seen.percentage), job if job.state in ENDED else None)

    async def download(
        self,
        job: str | J,
        folder: str | os.PathLike[str],
        *,
        outputs: str | Iterable[str] | None = None,
        overwrite: bool = False,
        concurrency: int = 16,
        progress: bool | Callable[[Progress], object] = False,
    ) -> TransferReport:
        """Download the outputs of a finished job, whether they are reality data or in the bucket of the iTwin.

        Each output gets its own folder below `folder`, named after it: `scene`, or `exports/3DTiles` for one of
        several. The guarantees are those of downloads from containers. Rerunning an interrupted download continues
        where it stopped.

        Parameters:
            job: The job, or its id. Passing the job saves a request.
            folder: The target. It and the folders below it are created when a file needs them.
            outputs: The name of the output to download, or several; by default all. `"exports"` means all of them.
            overwrite: Replace existing files whose content differs, instead of reporting them as failed.
            concurrency: Files at a time, 1 to 256.
            progress: True draws a progress bar (extra `[progress]`). A function is called with `Progress`, from worker
                threads, one at a time; it must be quick. If it returns False, the download is cancelled. The totals
                grow as each output begins.

        Returns:
            The files of all outputs that were downloaded (as `sent`) and skipped. Their names begin with the name of
            the output.

        Raises:
            ValueError: An argument cannot be used. Nothing was sent.
            StorageError: The job has not ended, or has no outputs; `StorageNotFoundError` if it has none of that name.
            JobFailedError: The job has failed, `JobCancelledError` if it was cancelled.
            NotFoundError: There is no such job (`JobNotFound`).
            TransferError: Files failed; `report` lists them with the reasons. The others have been downloaded.
            TransferCancelled: The progress function asked to stop.
            ConfigurationError: obstore or rich is not installed.
        """
        from ...storage._progress import shown as shown_transfer
        from ...storage._several import Several

        check_flags(overwrite=overwrite)
        wanted = outputs if outputs is None or isinstance(outputs, str) else texts("outputs", outputs)
        with shown_transfer(progress, "Downloading") as on_progress:
            several = Several(folder, concurrency, on_progress)
            await in_thread(several.check_folder)
            finished = await self.get(job) if isinstance(job, str) else job
            for place in outputs_of(finished, wanted):
                try:
                    container = await self._container_of(place, finished.itwin_id)
                except (InvalidRequestError, NotFoundError, PermissionDeniedError, StorageError, ValueError) as error:
                    several.failed(place.name, error)
                    continue
                try:
                    report = await container._download(  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] (not for users)
                        place.path,
                        folder,
                        into=place.name,
                        overwrite=overwrite,
                        concurrency=concurrency,
                        on_progress=several.progress,
                    )
                except (NotFoundError, PermissionDeniedError, StorageError) as error:
                    several.failed(place.name, error)
                else:
                    several.done(place.name, report)
                if several.cancelled:
                    break
            return several.report()

    async def _container_of(self, place: Output, itwin_id: str) -> AsyncTransferBucket | AsyncTransferContainer:
        """The container that an output is in.

        Raises:
            ValueError: The place that the job names is none.
        """
        if place.reality_data_id is None:
            from ...storage._names import checked_prefix

            checked_prefix(place.path)
            return await self._bucket_of(itwin_id)
        return await RealityDataContainers(self._pipeline).container(place.reality_data_id, itwin_id=itwin_id)


def _columns(bars: Any) -> tuple[Any, ...]:
    return (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.TimeElapsedColumn(),
        bars.TextColumn("{task.fields[state]}"),
    )


def _fields(seen: JobProgress) -> Mapping[str, Any]:
    return {"completed": seen.percentage, "total": 100, "state": str(seen.state)}
