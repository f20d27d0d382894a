"""A new version of a detector, and where to upload its file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from itwin_platform_api.reality_analysis.models import DetectorVersion

from ._sas import HoldsSas, expiry_of

if TYPE_CHECKING:
    from itwin_platform_api.reality_analysis.models import DetectorVersionCreateResponse


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DetectorVersionUpload(HoldsSas):
    """A version of a detector that waits for its file.

    Attributes:
        version: The version, in the state `AwaitingData`.
        upload_url: SAS URL to upload the file to, with one `PUT` that has the header `x-ms-blob-type: BlockBlob`. It
            needs no token and grants access to anyone who has it, so it is masked in `repr()`, and the object cannot be
            pickled.
        expires_at: When the URL expires, in UTC; None if it does not say.
    """

    version: DetectorVersion
    upload_url: str = field(repr=False)
    expires_at: datetime | None
    _no_pickle: ClassVar[str] = (
        "The upload of a version cannot be pickled, because its SAS URL is a secret. Upload the file in the process "
        "that has created the version."
    )


def version_upload_of(answer: DetectorVersionCreateResponse) -> DetectorVersionUpload:
    """The new version in an answer, without its link to complete the upload, which does not work."""
    url = answer.links.upload_url.href
    return DetectorVersionUpload(version=answer.version, upload_url=url, expires_at=expiry_of(url))
