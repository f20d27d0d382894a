"""The Reality Modeling API: its jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, overload

from itwin_platform_api.reality_modeling.models import (
    CalibrationSpecificationsCreate,
    ConstraintsSpecificationsCreate,
    FillImagePropertiesSpecificationsCreate,
    GaussianSplatsSpecificationsCreate,
    ImportPointCloudSpecificationsCreate,
    Job,
    JobMessages,
    JobProgress,
    JobSpecifications,
    ProductionSpecificationsCreate,
    ReconstructionSpecificationsCreate,
    TilingSpecificationsCreate,
    TouchUpExportSpecificationsCreate,
    TouchUpImportSpecificationsCreate,
    WaterConstraintsSpecificationsCreate,
)

from ..._policies.arguments import given, text
from ..._policies.jobs import job_filter, job_of
from ...filters import Expression
from ..containers import AsyncTransferBucket
from ..pages import AsyncPages
from .containers import transfer_bucket
from .long_jobs import LongJobs

TypedSpecifications: TypeAlias = (
    CalibrationSpecificationsCreate
    | ConstraintsSpecificationsCreate
    | FillImagePropertiesSpecificationsCreate
    | GaussianSplatsSpecificationsCreate
    | ImportPointCloudSpecificationsCreate
    | ProductionSpecificationsCreate
    | ReconstructionSpecificationsCreate
    | TilingSpecificationsCreate
    | TouchUpExportSpecificationsCreate
    | TouchUpImportSpecificationsCreate
    | WaterConstraintsSpecificationsCreate
)
Specifications: TypeAlias = TypedSpecifications | JobSpecifications | Mapping[str, object]


class ModelingJobs(LongJobs[Job, JobProgress, JobMessages]):
    """Jobs of reality modeling: `platform.reality_modeling.jobs`."""

    _called = "platform.reality_modeling.jobs"

    @overload
    def list(self, itwin_id: str, *, page_size: int | None = None, limit: int | None = None) -> AsyncPages[Job]: ...
    @overload
    def list(
        self, *, filter: str | Expression, page_size: int | None = None, limit: int | None = None
    ) -> AsyncPages[Job]: ...
    def list(
        self,
        itwin_id: str | None = None,
        *,
        filter: str | Expression | None = None,  # noqa: A002 (the word of the field)
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncPages[Job]:
        """List the jobs of an iTwin, or those that match a filter.

        Without an iTwin, a filter matches only jobs that the caller has created.

        The operation is not fully documented: parameters and errors may differ from what is said here.

        `GET /reality-modeling/jobs`, https://developer.bentley.com/apis/reality-modeling/operations/jobs-get-all/

        Parameters:
            itwin_id: Id of the iTwin, a GUID. Either this or `filter` is required.
            filter: Comparisons of `id`, `iTwinId`, `name`, `email`, `type`, `state` and `createdDateTime` by `eq`,
                `ne`, `lt`, `le`, `gt` and `ge`, joined by `and` and `or`: an expression of `itwin_platform.filters`, or
                text. In text, ids and dates are not quoted, for instance
                `"iTwinId eq 3fa85f64-5717-4562-b3fc-2c963f66afa6 and state eq Active"`.
            page_size: Jobs per request, at most 1000; the platform's default is 100.
            limit: The maximum number of jobs to return; by default all.

        Returns:
            The jobs. Nothing is sent before you iterate over them.

        Raises:
            ValueError: Neither iTwin nor filter is given, or both are, or one cannot be sent. Nothing was sent.
            InvalidRequestError: The platform does not accept the filter (`InvalidRealityModelingRequest`).
            NotFoundError: There is no such iTwin, or the caller may not see it (`iTwinNotFound`).
        """
        from itwin_platform_api.reality_modeling.api.jobs import jobs_get_all

        request = jobs_get_all.request(filter_=job_filter(itwin_id, filter), top=page_size)
        return AsyncPages(self._pipeline, request, lambda page: page.jobs, limit=limit)

    async def get(self, job_id: str) -> Job:
        """Get a job.

        `GET /reality-modeling/jobs/{id}`, https://developer.bentley.com/apis/reality-modeling/operations/jobs-get/

        Parameters:
            job_id: Id of the job, a GUID.

        Returns:
            The job. The shape of `specifications` depends on the type of the job; its `outputs` say where the results
            are, for instance `job.specifications["outputs"]["scene"]`.

        Raises:
            NotFoundError: There is no such job, or the caller may not see it (`JobNotFound`).
        """
        from itwin_platform_api.reality_modeling.api.jobs import jobs_get

        return (await self._pipeline.call(jobs_get.request(job_id=job_id))).job

    @overload
    async def create(
        self, itwin_id: str, specifications: Specifications, *, type_: str, name: str | None = None
    ) -> Job: ...
    @overload
    async def create(self, itwin_id: str, specifications: TypedSpecifications, *, name: str | None = None) -> Job: ...
    async def create(
        self, itwin_id: str, specifications: Specifications, *, type_: str | None = None, name: str | None = None
    ) -> Job:
        """Create a job. It starts automatically.

        `POST /reality-modeling/jobs`, https://developer.bentley.com/apis/reality-modeling/operations/jobs-create/

        Parameters:
            itwin_id: Id of the iTwin that has the inputs and gets the outputs, a GUID.
            specifications: Inputs, names of outputs, and options: for the documented types a class of
                `itwin_platform.models.reality_modeling`, for instance `CalibrationSpecificationsCreate`, for any type
                `JobSpecifications` or a mapping, which is sent unchanged.
            type_: The type of the job, for instance `"Calibration"`. It can be left out if it follows from the class of
                the specifications.
            name: The name shown to users.

        Returns:
            The job. For each output, its `specifications` say where it will be: the id of reality data, or a path in
            the bucket of the iTwin that begins with `bkt:`.

        Raises:
            ValueError: The type does not match the specifications, or is missing. Nothing was sent.
            InvalidRequestError: A value is not allowed (`InvalidRealityModelingRequest`); `details` say which.
        """
        from itwin_platform_api.reality_modeling.api.jobs import jobs_create
        from itwin_platform_api.reality_modeling.models import JobCreate, JobType

        kind, parts = job_of(JobType, JobSpecifications.from_dict, type_, specifications)
        body = JobCreate(type_=kind, specifications=parts, itwin_id=text("itwin_id", itwin_id), name=given(name))
        return (await self._pipeline.call(jobs_create.request(body=body))).job

    async def cancel(self, job_id: str) -> Job:
        """Cancel a job. It ends some time later, unless it is about to complete.

        The operation is not fully documented: parameters and errors may differ from what is said here.

        `DELETE /reality-modeling/jobs/{id}`,
        https://developer.bentley.com/apis/reality-modeling/operations/jobs-cancel/

        Parameters:
            job_id: Id of the job, a GUID.

        Returns:
            The job, usually in the state `TerminatingOnCancel`; once it has ended, it is `Cancelled`.

        Raises:
            NotFoundError: There is no such job, or the caller may not see it (`JobNotFound`).
            InvalidRequestError: The job can no longer be cancelled (`InvalidRealityModelingRequest`); `details` say
                why.
        """
        from itwin_platform_api.reality_modeling.api.jobs import jobs_cancel

        return (await self._pipeline.call(jobs_cancel.request(job_id=job_id))).job

    async def get_messages(self, job_id: str) -> JobMessages:
        """Get the errors and warnings of a job.

        The operation is not fully documented: parameters and errors may differ from what is said here.

        `GET /reality-modeling/jobs/{id}/messages`,
        https://developer.bentley.com/apis/reality-modeling/operations/jobs-messages/

        Parameters:
            job_id: Id of the job, a GUID.

        Returns:
            The messages, `errors` and `warnings`.

        Raises:
            NotFoundError: There is no such job, or the caller may not see it (`JobNotFound`).
        """
        from itwin_platform_api.reality_modeling.api.jobs import jobs_messages

        return (await self._pipeline.call(jobs_messages.request(job_id=job_id))).messages

    async def get_progress(self, job_id: str) -> JobProgress:
        """Get the progress of a job.

        The operation is not fully documented: parameters and errors may differ from what is said here.

        `GET /reality-modeling/jobs/{id}/progress`,
        https://developer.bentley.com/apis/reality-modeling/operations/jobs-progress/

        Parameters:
            job_id: Id of the job, a GUID.

        Returns:
            State and percentage, 0 to 100. The percentage is meaningful only while the job is active.

        Raises:
            NotFoundError: There is no such job, or its progress was deleted, after 30 days (`JobProgressNotFound`).
        """
        from itwin_platform_api.reality_modeling.api.jobs import jobs_progress

        return (await self._pipeline.call(jobs_progress.request(job_id=job_id))).progress

    async def _bucket_of(self, itwin_id: str) -> AsyncTransferBucket:
        from itwin_platform_api.reality_modeling.api.buckets import buckets_get

        return await transfer_bucket(self._pipeline, buckets_get.request(itwin_id=itwin_id))

    def _progress_of(self, job: Job) -> JobProgress:
        return JobProgress(percentage=0, state=job.state)
