"""Storage containers and temporary access to them: the bucket of an iTwin, and the container of reality data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from ._sas import HoldsSas, expiry_of

if TYPE_CHECKING:
    from itwin_platform_api.reality_analysis.models import BucketResponse
    from itwin_platform_api.reality_management.models import ContainerAccess
    from itwin_platform_api.reality_modeling.models import BucketResponse as ModelingBucketResponse


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Bucket(HoldsSas):
    """The storage container of an iTwin. Buckets are equal if all three attributes are.

    The object that `get_bucket` returns can also transfer files: see `itwin_platform.storage`.

    Attributes:
        itwin_id: Id of the iTwin.
        container_url: SAS URL of the container, for storage libraries. It grants access to anyone who has it, so it is
            masked in `repr()` and never pickled.
        expires_at: When the URL expires, in UTC; None if it does not say.
    """

    itwin_id: str
    container_url: str = field(repr=False)
    expires_at: datetime | None
    _no_pickle: ClassVar[str] = (
        "A bucket cannot be pickled, because its SAS URL is a secret. Pass the id of the iTwin, and get the bucket "
        "again in the other process: platform.reality_analysis.get_bucket(itwin_id)."
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RealityDataContainer(HoldsSas):
    """The storage container of reality data. Containers are equal if all four attributes are.

    The object that `platform.reality_data.container` returns can also transfer files: see `itwin_platform.storage`.

    Attributes:
        reality_data_id: Id of the reality data.
        access: What the container was asked for: `"read"` or `"write"`.
        container_url: SAS URL of the container, for storage libraries. It grants access to anyone who has it, so it is
            masked in `repr()` and never pickled.
        expires_at: When the URL expires, in UTC; None if it does not say.
    """

    reality_data_id: str
    access: Literal["read", "write"]
    container_url: str = field(repr=False)
    expires_at: datetime | None
    _no_pickle: ClassVar[str] = (
        "A container cannot be pickled, because its SAS URL is a secret. Pass the id of the reality data, and get the "
        "container again in the other process: platform.reality_data.container(reality_data_id)."
    )


def bucket_of(answer: BucketResponse | ModelingBucketResponse) -> Bucket:
    """The bucket in an answer."""
    url = answer.links.container_url.href
    return Bucket(itwin_id=answer.bucket.itwin_id, container_url=url, expires_at=expiry_of(url))


def container_of(
    answer: ContainerAccess, reality_data_id: str, access: Literal["read", "write"]
) -> RealityDataContainer:
    """The container in an answer, which does not say whose it is."""
    url = answer.links.container_url.href
    return RealityDataContainer(reality_data_id, access, container_url=url, expires_at=expiry_of(url))
