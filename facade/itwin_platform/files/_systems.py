"""The file systems: the buckets of iTwins, and the containers of reality data."""

from __future__ import annotations

from typing import Any

from .._sync.client import ITwinPlatform
from .._sync.containers import Transfers
from ..storage._single_blobs import SingleBlobs
from ._changes import Changes
from ._fsspec import tokenize


class BucketFileSystem(Changes):
    """The buckets of iTwins as a file system of fsspec: `itwin://<iTwin id>/<path>`.

    Folders need not be created: they exist if there is a file in them. Changes that other programs make appear in
    listings after 30 seconds at the latest; `invalidate_cache()` clears all listings at once. A file is always opened
    in its current version.

    Threads can share a file system, and so can forked processes. It is pickled with its options, so it must have a
    client that can be pickled, or none.

    Parameters:
        platform: The client; None creates one with the credentials of the environment.
        concurrency: How many files are transferred at the same time, 1 to 256.
        use_listings_cache: Whether to cache listings.
        listings_expiry_time: For how many seconds to cache them.
        asynchronous: Not used.
        loop: Not used.

    Raises:
        TypeError: The client is of another kind, or an option is unknown.
        ValueError: `concurrency` is out of range.
    """

    protocol = "itwin"
    _of_what = "iTwin"

    def _container(self, container_id: str, *, change: bool) -> SingleBlobs:  # noqa: ARG002 (one SAS URL is for both)
        def get() -> Transfers:
            return self.platform.reality_analysis.get_bucket(container_id)

        return self._containers.open((self.protocol, container_id), get)


class RealityDataFileSystem(Changes):
    """The containers of reality data as a file system of fsspec: `itwin-reality://<reality data id>/<path>`.

    It is like the file system of buckets. The container is requested with `access="write"` once something is changed.

    Parameters:
        platform: The client; None creates one with the credentials of the environment.
        itwin_id: Id of the iTwin in which the caller has permissions.
        options: Those of `BucketFileSystem`.
    """

    protocol = "itwin-reality"
    _of_what = "reality data"

    def __init__(self, platform: ITwinPlatform | None = None, *, itwin_id: str | None = None, **options: Any) -> None:
        super().__init__(platform, **options)
        self._itwin_id = itwin_id

    @property
    def _fs_token(self) -> str:
        return tokenize(super()._fs_token, self._itwin_id)

    def _container(self, container_id: str, *, change: bool) -> SingleBlobs:
        def get() -> Transfers:
            return self.platform.reality_data.container(
                container_id, access="write" if change else "read", itwin_id=self._itwin_id
            )

        access = "write" if change else "read"
        return self._containers.open((self.protocol, container_id, access, self._itwin_id or ""), get)
