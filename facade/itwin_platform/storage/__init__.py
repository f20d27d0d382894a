"""File transfers to and from containers in Azure Blob Storage: the bucket of an iTwin, and those of reality data.

    bucket = platform.reality_analysis.get_bucket(itwin_id)
    bucket.upload("photos", prefix="site-a")

    container = platform.reality_data.container(reality_data_id)
    container.download("", "copy")

Needs the extra `[storage]`: `pip install "itwin-platform[storage]"`; `progress=True` also needs `[progress]`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ._report import BlobInfo, FileOutcome, Progress, TransferReport

if TYPE_CHECKING:
    from .._async.containers import AsyncTransferBucket, AsyncTransferContainer
    from .._sync.containers import TransferBucket, TransferContainer
    from ._reader import AsyncBlobReader, BlobReader

__all__ = [
    "AsyncBlobReader",
    "AsyncTransferBucket",
    "AsyncTransferContainer",
    "BlobInfo",
    "BlobReader",
    "FileOutcome",
    "Progress",
    "TransferBucket",
    "TransferContainer",
    "TransferReport",
]

_HOMES = {
    "AsyncBlobReader": "._reader",
    "AsyncTransferBucket": ".._async.containers",
    "AsyncTransferContainer": ".._async.containers",
    "BlobReader": "._reader",
    "TransferBucket": ".._sync.containers",
    "TransferContainer": ".._sync.containers",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
