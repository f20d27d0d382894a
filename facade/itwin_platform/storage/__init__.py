"""File transfers to and from the bucket of an iTwin, a container in Azure Blob Storage.

    bucket = platform.reality_analysis.get_bucket(itwin_id)
    bucket.upload("photos", prefix="site-a")
    bucket.download("site-a", "copy")

Needs the extra `[storage]`: `pip install "itwin-platform[storage]"`; `progress=True` also needs `[progress]`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ._report import BlobInfo, FileOutcome, Progress, TransferReport

if TYPE_CHECKING:
    from .._async.bucket import AsyncTransferBucket
    from .._sync.bucket import TransferBucket
    from ._reader import AsyncBlobReader, BlobReader

__all__ = [
    "AsyncBlobReader",
    "AsyncTransferBucket",
    "BlobInfo",
    "BlobReader",
    "FileOutcome",
    "Progress",
    "TransferBucket",
    "TransferReport",
]

_HOMES = {
    "AsyncBlobReader": "._reader",
    "AsyncTransferBucket": ".._async.bucket",
    "BlobReader": "._reader",
    "TransferBucket": ".._sync.bucket",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value
