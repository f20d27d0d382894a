"""Listings that are remembered for some seconds, and forgotten when this process changes something in them."""

# What is inherited from fsspec has no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import Any
from weakref import WeakValueDictionary

from ._fsspec import DirCache

Entry = dict[str, Any]


class ListingsCache(DirCache):  # type: ignore[misc]  # fsspec has no types
    """Entries of folders by their paths.

    Parameters:
        protocol: What the addresses of the folders begin with.
        used: Whether to remember anything.
        seconds: For how long.

    Attributes:
        version: Another object after each change.
    """

    def __init__(self, protocol: str, *, used: bool, seconds: float) -> None:
        super().__init__(use_listings_cache=used, listings_expiry_time=seconds)
        self.version = object()
        _of_this_process[protocol][id(self)] = self

    def keep(self, path: str, entries: list[Entry], version: object) -> None:
        """Remember a listing, unless something has changed since it was requested.

        Parameters:
            path: The folder.
            entries: What is in it.
            version: The version when the listing was requested.
        """
        self[path] = entries
        if self.version is not version:  # asked for last, because another thread may be in `forget`
            self._drop(path)

    def forget(self, path: str | None = None) -> None:
        """Forget the listings of a path, of everything below it and of its parent folders; or all."""
        self.version = object()
        if path is None:
            self.clear()
            return
        changed = path.lower()  # ids in capital letters are the same ids
        remembered: list[str] = list(self)
        for known in remembered:
            folder = known.lower()
            if folder == changed or folder.startswith(f"{changed}/") or changed.startswith(f"{folder}/"):
                self._drop(known)

    def _drop(self, path: str) -> None:
        with suppress(KeyError):  # another thread has dropped it as well
            del self[path]


_of_this_process: defaultdict[str, WeakValueDictionary[int, ListingsCache]] = defaultdict(WeakValueDictionary)


def forget_everywhere(protocol: str, path: str) -> None:
    """Let all file systems of this process forget their listings of a path, which has changed."""
    for reference in _of_this_process[protocol].valuerefs():
        if (listings := reference()) is not None:
            listings.forget(path)
