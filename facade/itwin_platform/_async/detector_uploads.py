"""The upload of a detector version, step by step. Steps that an earlier run has taken are skipped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .._concurrency import asynchronous as concurrency
from .._detector_steps import Step, archive, next_step, ready_version, version_of
from .._policies.arguments import text, texts
from ..errors import ConflictError
from ..storage._access import FileAccess
from ..storage._journal import Journal
from ..storage._progress import shown
from ..storage._report import Progress, ProgressCallback
from ..storage._run import Run
from ..storage._single import upload_file
from .pipeline import Pipeline

if TYPE_CHECKING:
    from itwin_platform_api.reality_analysis.models import DetectorVersion

    from .groups.detectors import Detectors


class VersionUpload:
    """An upload of a version, which may continue an earlier one.

    Parameters:
        detectors: The group, whose methods are the steps.
        pipeline: Carries out requests.
        name: Name of the detector.
        number: Number of the version.
        labels: What the version can find.
        exports: The kinds of results that it can produce.
    """

    def __init__(
        self,
        detectors: Detectors,
        pipeline: Pipeline,
        *,
        name: str,
        number: str,
        labels: Iterable[str],
        exports: Iterable[str] | None,
    ) -> None:
        self._detectors = detectors
        self._options = pipeline.transport_options
        self._api_url = pipeline.api_url
        self._name = text("detector_name", name)
        self._number = text("version_number", number)
        self._labels = texts("labels", labels)
        self._exports = None if exports is None else texts("exports", exports)

    async def carry_out(
        self, path: str | os.PathLike[str], *, publish: bool, progress: bool | Callable[[Progress], object]
    ) -> DetectorVersion:
        """Take the steps that are missing."""
        with shown(progress, "Uploading") as on_progress:
            return await self._carry_out(path, publish=publish, on_progress=on_progress)

    async def _carry_out(
        self, path: str | os.PathLike[str], *, publish: bool, on_progress: ProgressCallback | None
    ) -> DetectorVersion:
        file = await concurrency.in_thread(partial(archive, path))
        journal = await concurrency.in_thread(partial(Journal, self._api_url, self._name, self._number))
        version = await self._version()
        step = await concurrency.in_thread(partial(self._next, version, file, journal))
        if step is Step.RENEW:
            await self._detectors.delete_version(self._name, self._number)
        if step in {Step.CREATE, Step.RENEW}:
            await self._upload(file, journal, on_progress)
        if step is not Step.PUBLISH:
            await self._detectors.complete_version(self._name, self._number)
            version = await self._version()
        ready = ready_version(version, self._called)
        journal.forget()
        if publish:
            await self._publish(again=step is Step.PUBLISH)
        return ready

    @property
    def _called(self) -> str:
        return f"Version {self._number} of detector {self._name!r}"

    def _next(self, version: DetectorVersion | None, file: Path, journal: Journal) -> Step:
        return next_step(
            version,
            self._called,
            file,
            journal=journal,
            labels=self._labels,
            exports=self._exports,
            options=self._options,
        )

    async def _version(self) -> DetectorVersion | None:
        return version_of(await self._detectors.get(self._name), self._number)

    async def _upload(self, file: Path, journal: Journal, on_progress: ProgressCallback | None) -> None:
        made = await self._detectors.create_version(
            self._name, self._number, labels=self._labels, exports=self._exports
        )
        access = FileAccess(made.upload_url, self._options)
        moment = made.version.creation_date.isoformat()
        await concurrency.in_thread(partial(journal.begin, made.upload_url, moment))
        run = Run(access, on_progress)
        work = partial(upload_file, access, file, journal, run)
        await concurrency.in_thread_to_its_end(work, run.cancel)

    async def _publish(self, *, again: bool) -> None:
        try:
            await self._detectors.publish_version(self._name, self._number)
        except ConflictError:
            # No answer says whether a version is published. One that was ready before may have been published as well.
            if not again:
                raise
