"""Containers with transfers, which several APIs give access to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from itwin_platform_api.runtime import Request

from ..._containers import Bucket, RealityDataContainer, bucket_of, container_of
from ..._http import TransportOptions
from ..._policies.redaction import interrupts_show_nothing
from ..containers import AsyncTransferBucket, AsyncTransferContainer
from ..pipeline import Pipeline

if TYPE_CHECKING:
    from itwin_platform_api.reality_analysis.models import BucketResponse
    from itwin_platform_api.reality_management.models import ContainerAccess
    from itwin_platform_api.reality_modeling.models import BucketResponse as ModelingBucketResponse

A = TypeVar("A")
C = TypeVar("C", Bucket, RealityDataContainer)
T = TypeVar("T")


async def transfer_bucket(
    pipeline: Pipeline, request: Request[BucketResponse | ModelingBucketResponse]
) -> AsyncTransferBucket:
    """The bucket that a request asks for."""
    return await _with_transfers(pipeline, request, bucket_of, AsyncTransferBucket)


async def transfer_container(
    pipeline: Pipeline, request: Request[ContainerAccess], reality_data_id: str, access: Literal["read", "write"]
) -> AsyncTransferContainer:
    """The container of reality data that a request asks for."""
    read = partial(container_of, reality_data_id=reality_data_id, access=access)
    return await _with_transfers(pipeline, request, read, AsyncTransferContainer)


async def _with_transfers(
    pipeline: Pipeline,
    request: Request[A],
    read: Callable[[A], C],
    kind: Callable[[C, TransportOptions, Callable[[], Awaitable[str]]], T],
) -> T:
    """What a request asks for, as a container of this kind. The same request renews its SAS URL."""
    origin = ContainerOrigin(pipeline, request, read)
    with interrupts_show_nothing:
        return kind(await origin.ask(), origin.options, origin)


class ContainerOrigin(Generic[C]):
    """Asks for a container, in this process or in another: it is pickled with a container."""

    def __init__(self, pipeline: Pipeline, request: Request[A], read: Callable[[A], C]) -> None:
        self._pipeline = pipeline
        self._request: Request[Any] = request
        self._read: Callable[[Any], C] = read

    @property
    def options(self) -> TransportOptions:
        """How connections are made."""
        return self._pipeline.transport_options

    async def ask(self) -> C:
        """The container, with a new SAS URL."""
        with interrupts_show_nothing:
            return self._read(await self._pipeline.call(self._request))

    async def __call__(self) -> str:
        """A new SAS URL."""
        return (await self.ask()).container_url

    def _key(self) -> tuple[object, ...]:
        return self._pipeline, self._request.operation.id, self._request.target

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, ContainerOrigin) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())
