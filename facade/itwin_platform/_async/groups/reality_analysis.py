"""The Reality Analysis API: the bucket that its jobs read from and write to, and the files that it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itwin_platform_api.reality_analysis.models import File

from ..._groups import cached_property
from ..containers import AsyncTransferBucket
from ..pages import AsyncPages
from .containers import transfer_bucket
from .group import Group

if TYPE_CHECKING:
    from .analysis_jobs import AnalysisJobs
    from .detectors import Detectors


class RealityAnalysis(Group):
    """Reality analysis: `platform.reality_analysis`."""

    @cached_property
    def jobs(self) -> AnalysisJobs:
        """Jobs of Reality Analysis."""
        from .analysis_jobs import AnalysisJobs

        return AnalysisJobs(self._pipeline)

    @cached_property
    def detectors(self) -> Detectors:
        """Detectors, which find things in photos, orthophotos and point clouds."""
        from .detectors import Detectors

        return Detectors(self._pipeline)

    async def get_bucket(self, itwin_id: str) -> AsyncTransferBucket:
        """Get the bucket of an iTwin: a storage container with a SAS URL to use it.

        The operation is a technical preview: for trying out, not for production.

        `GET /reality-analysis/itwins/{iTwinId}/bucket`,
        https://developer.bentley.com/apis/reality-analysis/operations/buckets-get/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.

        Returns:
            The bucket, with methods to transfer files. Its `container_url` gives access to the container until
            `expires_at`, without a token.

        Raises:
            InvalidRequestError: The bucket is not available, for instance because the data of the iTwin is in a region
                that is not supported (`InvalidRealityAnalysisRequest`); `details` say why.
            NotFoundError: There is no such iTwin, or the caller may not see it (`iTwinNotFound`).
        """
        from itwin_platform_api.reality_analysis.api.buckets import buckets_get

        return await transfer_bucket(self._pipeline, buckets_get.request(itwin_id=itwin_id))

    def list_files(self, *, limit: int | None = None) -> AsyncPages[File]:
        """List the files that the service offers, which job specifications can refer to, for instance presets.

        The operation is a technical preview: for trying out, not for production.

        `GET /reality-analysis/files`,
        https://developer.bentley.com/apis/reality-analysis/operations/files-get-all/

        Parameters:
            limit: The maximum number of files to return; by default all.

        Returns:
            The files, all on one page. Nothing is sent before you iterate over them.

        Raises:
            ValueError: The limit is not a positive whole number. Nothing was sent.
        """
        from itwin_platform_api.reality_analysis.api.files import files_get_all

        return AsyncPages(self._pipeline, files_get_all.request(), lambda page: page.files, limit=limit)
