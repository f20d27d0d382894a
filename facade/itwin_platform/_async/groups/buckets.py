"""The bucket of an iTwin, which several APIs give access to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itwin_platform_api.runtime import Request

from ..._bucket import Bucket, bucket_of
from ..bucket import AsyncTransferBucket
from ..pipeline import Pipeline

if TYPE_CHECKING:
    from itwin_platform_api.reality_analysis.models import BucketResponse
    from itwin_platform_api.reality_modeling.models import BucketResponse as ModelingBucketResponse


async def transfer_bucket(
    pipeline: Pipeline, request: Request[BucketResponse | ModelingBucketResponse]
) -> AsyncTransferBucket:
    """The bucket that a request asks for. The same request renews its SAS URL."""

    async def ask() -> Bucket:
        return bucket_of(await pipeline.call(request))

    async def renew() -> str:
        return (await ask()).container_url

    return AsyncTransferBucket(await ask(), pipeline.transport_options, renew)
