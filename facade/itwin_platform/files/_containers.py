"""The containers that the file systems of a client have opened: requested once, and shared by all of them."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable

from .._concurrency.forks import ProcessLock
from .._sync.client import ITwinPlatform
from .._sync.containers import Transfers
from ..storage._single_blobs import SingleBlobs
from ._cache import ListingsCache

# Seconds that a listing is remembered: jobs of the platform write into buckets as well.
LISTINGS_EXPIRY = 30.0


class Containers:
    """The containers of one client, and the listings of their files."""

    def __init__(self) -> None:
        self.listings: dict[str, ListingsCache] = {}
        self._opened: dict[tuple[str, ...], SingleBlobs] = {}
        self._lock = ProcessLock()

    def listings_of(self, protocol: str) -> ListingsCache:
        """The cached listings for one kind of addresses."""
        return self.listings.setdefault(protocol, ListingsCache(protocol, used=True, seconds=LISTINGS_EXPIRY))

    def open(self, key: tuple[str, ...], get: Callable[[], Transfers]) -> SingleBlobs:
        """A container.

        Parameters:
            key: Identifies it.
            get: Requests it from the platform.
        """
        opened = self._opened.get(key)
        if opened is not None:
            return opened
        with self._lock.here:  # many threads want the same one: one of them asks
            if key not in self._opened:
                container = get()
                self._opened[key] = SingleBlobs(container._access, container._renew)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            return self._opened[key]

    def close(self) -> None:
        """Close all connections."""
        for opened in self._opened.values():
            opened.close()


_of_clients: weakref.WeakKeyDictionary[ITwinPlatform, Containers] = weakref.WeakKeyDictionary()


def containers_of(platform: ITwinPlatform) -> Containers:
    """What the file systems of a client share. It is closed when the client is deleted."""
    known = _of_clients.get(platform)
    if known is None:
        known = _of_clients.setdefault(platform, Containers())
        weakref.finalize(platform, known.close)
    return known


_from_environment: tuple[dict[str, str], ITwinPlatform] | None = None


def default_client() -> ITwinPlatform:
    """The client with the credentials of the environment: the same one until a variable changes."""
    global _from_environment  # noqa: PLW0603 (one for the process)
    variables = {name: value for name, value in os.environ.items() if name.startswith("ITP_")}
    known = _from_environment
    if known is None or known[0] != variables:
        client = ITwinPlatform()
        # Nobody else can close it: it is closed when nothing uses it any longer.
        weakref.finalize(client, client._pipeline.close)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        known = _from_environment = (variables, client)
    return known[1]
