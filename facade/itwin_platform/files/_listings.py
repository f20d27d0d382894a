"""The part of the file systems that lists and describes files."""

# What is inherited from fsspec has no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from ..errors import StorageNotFoundError
from ..storage._ranges import Remote
from ..storage._single_blobs import SingleBlobs
from ._base import ContainerFileSystem
from ._cache import Entry, forget_everywhere
from ._entries import directory, entries_below, file_entry, level_entries
from ._paths import one_or_several, one_path


class Listings(ContainerFileSystem):
    """Lists folders and describes files."""

    def invalidate_cache(self, path: str | None = None) -> None:
        """Clear cached listings.

        Parameters:
            path: The path whose listings, with those of everything below it and of its parent folders, all file systems
                of this process forget. None for all listings of this file system.
        """
        super().invalidate_cache(path)
        if path is None:
            self.dircache.forget()
        else:
            forget_everywhere(self.protocol, self._stripped(path))

    def ls(self, path: str, detail: bool = True, refresh: bool = False, **_: object) -> Any:
        """List a folder, without the folders below it.

        Parameters:
            path: The folder, or a file.
            detail: Whether to return entries like those of `info`, or paths.
            refresh: Whether to ask the storage even if the listing is cached.

        Raises:
            StorageNotFoundError: There is no such folder or file.
            StoragePermissionError: The SAS URL does not permit listing. The documented one of a bucket does not.
        """
        path = self._stripped(path)
        found: list[Entry] | None = None if refresh else self.dircache.get(path)
        if found is None:
            blobs, name = self._at(path)
            version = self.dircache.version
            level = blobs.level(f"{name}/" if name else "")
            if name and not level:
                found = [file_entry(path, self._look(blobs, name))]
            else:
                found = level_entries(path, name, level)
                self.dircache.keep(path, found, version)
        return list(found) if detail else sorted(entry["name"] for entry in found)

    def _look(self, blobs: SingleBlobs, name: str) -> Remote:
        remote = blobs.look(name)
        if remote.is_folder:
            raise StorageNotFoundError(f"{name!r} is a folder.")
        return remote

    def info(self, path: str, refresh: bool = False, **_: object) -> Entry:
        """Describe a path: name, size and type; and last_modified, etag and sha256 of a file, if known.

        Parameters:
            path: The path.
            refresh: Whether to ask the storage even if a listing is cached.

        Raises:
            StorageNotFoundError: There is no such file or folder.
        """
        path = self._stripped(path)
        known = () if refresh else self.dircache.get(self._parent(path), ())
        for entry in known:
            if entry["name"] == path:
                return dict(entry)
        if not path:
            return directory(path)
        blobs, name = self._at(path)
        if not name:
            return directory(path)
        try:
            return file_entry(path, self._look(blobs, name))
        except StorageNotFoundError:
            if not blobs.has_any(f"{name}/"):
                raise
        return directory(path)

    def exists(self, path: str, **options: Any) -> bool:
        """Whether there is a file or a folder. If the storage cannot be reached, an error is raised."""
        try:
            self.info(path, **options)
        except FileNotFoundError:
            return False
        return True

    def isdir(self, path: str) -> bool:
        """Whether a path is a folder."""
        return self._is_a("directory", path)

    def isfile(self, path: str) -> bool:
        """Whether a path is a file."""
        return self._is_a("file", path)

    def _is_a(self, kind: str, path: str) -> bool:
        try:
            return bool(self.info(path)["type"] == kind)
        except FileNotFoundError:
            return False

    def modified(self, path: str) -> datetime | None:
        """When a file was last written, in UTC."""
        moment: datetime | None = self.info(path).get("last_modified")
        return moment

    def find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,
        detail: bool = False,
        prefix: str = "",
        **_: object,
    ) -> Any:
        """All files below a folder, at any depth. This needs a single listing, unless there is a `maxdepth`.

        Parameters:
            path: The folder, or a file.
            maxdepth: How many levels to go down; None for all.
            withdirs: Whether to return folders as well.
            detail: Whether to return entries by their paths, or sorted paths.
            prefix: What the rest of their paths, after the folder and a slash, must begin with.
        """
        path = self._stripped(path)
        if maxdepth is not None and maxdepth < 1:
            raise ValueError("maxdepth must be at least 1")
        blobs, name = self._at(path)
        found = self._down(path, maxdepth) if maxdepth else self._all_below(path, blobs, name)
        if found and withdirs:
            found[path] = directory(path)
        elif not found and name:
            with suppress(FileNotFoundError):
                found[path] = self.info(path)
        chosen = {
            key: found[key]
            for key in sorted(found)
            if (withdirs or found[key]["type"] == "file") and (not prefix or key.startswith(f"{path}/{prefix}"))
        }
        return chosen if detail else list(chosen)

    def glob(self, path: Any, maxdepth: int | None = None, **options: Any) -> Any:
        """The files and folders that a pattern matches: see fsspec."""
        found: Any = super().glob(one_path(path), maxdepth, **options)
        return found

    def expand_path(self, path: Any, recursive: bool = False, maxdepth: int | None = None, **options: Any) -> list[str]:
        """The paths that paths and patterns stand for: see fsspec."""
        found: list[str] = super().expand_path(one_or_several(path), recursive, maxdepth, **options)
        return found

    def _all_below(self, path: str, blobs: SingleBlobs, name: str) -> dict[str, Entry]:
        prefix, version = f"{name}/" if name else "", self.dircache.version
        found, folders = entries_below(path, prefix, blobs.all(prefix))
        if found:
            for folder, entries in folders.items():
                self.dircache.keep(folder, entries, version)
        return found

    def _down(self, path: str, depth: int) -> dict[str, Entry]:
        try:
            level = {entry["name"]: entry for entry in self.ls(path) if entry["name"] != path}
        except FileNotFoundError:
            return {}
        folders = [key for key, entry in level.items() if entry["type"] == "directory"] if depth > 1 else []
        for folder in folders:
            level.update(self._down(folder, depth - 1))
        return level
