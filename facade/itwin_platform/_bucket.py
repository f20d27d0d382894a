"""The bucket of an iTwin: a storage container and temporary access to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from ._sas import HoldsSas, expiry_of

if TYPE_CHECKING:
    from itwin_platform_api.reality_analysis.models import BucketResponse
    from itwin_platform_api.reality_modeling.models import BucketResponse as ModelingBucketResponse


@dataclass(frozen=True, slots=True, eq=False)
class Bucket(HoldsSas):
    """The storage container of an iTwin. Buckets are equal if all three attributes are.

    The object that `get_bucket` returns can also transfer files: see `itwin_platform.storage`.

    Attributes:
        itwin_id: Id of the iTwin.
        container_url: SAS URL of the container, for storage libraries. It grants access to anyone who has it, so it is
            masked in `repr()`, and a bucket cannot be pickled.
        expires_at: When the URL expires, in UTC; None if it does not say.
    """

    itwin_id: str
    container_url: str = field(repr=False)
    expires_at: datetime | None
    _no_pickle: ClassVar[str] = (
        "A bucket cannot be pickled, because its SAS URL is a secret. Pass the id of the iTwin, and get the bucket "
        "again in the other process: platform.reality_analysis.get_bucket(itwin_id)."
    )

    def __repr__(self) -> str:
        """Show the container without its SAS."""
        from itwin_platform_api.writing import mask_query

        url = mask_query(self.container_url)
        return f"{type(self).__name__}(itwin_id={self.itwin_id!r}, container_url={url}, expires_at={self.expires_at!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bucket):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, str, datetime | None]:
        return self.itwin_id, self.container_url, self.expires_at


def bucket_of(answer: BucketResponse | ModelingBucketResponse) -> Bucket:
    """The bucket that an answer describes."""
    url = answer.links.container_url.href
    return Bucket(itwin_id=answer.bucket.itwin_id, container_url=url, expires_at=expiry_of(url))
