"""The Reality Analysis API: the bucket that its jobs read from and write to."""

from __future__ import annotations

from ..._bucket import Bucket, bucket_of
from ..bucket import AsyncTransferBucket
from ..pipeline import Pipeline


class RealityAnalysis:
    """Reality analysis: `platform.reality_analysis`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def get_bucket(self, itwin_id: str) -> AsyncTransferBucket:
        """Get the bucket of an iTwin: a storage container with a SAS URL to use it.

        `GET /reality-analysis/itwins/{iTwinId}/bucket`,
        https://developer.bentley.com/apis/reality-analysis/operations/buckets-get/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.

        Returns:
            The bucket, with methods to transfer files. Its `container_url` opens the container until `expires_at`
            and needs no token.

        Raises:
            InvalidRequestError: The bucket cannot be had, for instance because the iTwin keeps its data in a region
                that is not supported (`InvalidRealityAnalysisRequest`); `details` say why.
            NotFoundError: There is no such iTwin, or the caller may not see it (`iTwinNotFound`).
        """
        from itwin_platform_api.reality_analysis.api.buckets import buckets_get

        async def ask() -> Bucket:
            return bucket_of(await self._pipeline.call(buckets_get.request(itwin_id=itwin_id)))

        async def renew() -> str:
            return (await ask()).container_url

        return AsyncTransferBucket(await ask(), self._pipeline.transport_options, renew)
