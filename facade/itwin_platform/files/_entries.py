"""What fsspec is told about files and folders. Storage has no folders: they are derived from the names of files.

A part of a name without a character is no folder of its own, because no path could lead to it: `a//b` is in `a`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..storage._ranges import Remote
from ..storage._report import BlobInfo
from ._cache import Entry

Blob = tuple[BlobInfo, Remote]

# The first part of a name, with the slashes before it.
_FIRST = re.compile(r"/*[^/]+")


def directory(path: str) -> Entry:
    """The entry of a folder."""
    return {"name": path, "size": 0, "type": "directory"}


def file_entry(path: str, remote: Remote) -> Entry:
    """The entry of a file."""
    return {
        "name": path,
        "size": remote.size,
        "type": "file",
        "last_modified": remote.changed,
        "etag": remote.etag,
        "sha256": remote.sha256,
    }


def level_entries(path: str, name: str, level: Iterable[str | Blob]) -> list[Entry]:
    """The entries of a folder.

    Parameters:
        path: Its path.
        name: Its name in the container; empty for the container itself.
        level: What is directly in it.
    """
    root = path[: len(path) - len(name)].rstrip("/")
    found: list[Entry] = []
    for each in level:
        if isinstance(each, str):
            found.append(directory(f"{root}/{each.rstrip('/')}"))
        elif not each[0].name.endswith("/"):  # such ones only mark the folder
            found.append(file_entry(f"{root}/{each[0].name}", each[1]))
    return found


def entries_below(path: str, prefix: str, blobs: Iterable[Blob]) -> tuple[dict[str, Entry], dict[str, list[Entry]]]:
    """All entries below a folder by their paths, and those of each folder.

    Parameters:
        path: Its path.
        prefix: What the names of the blobs begin with: its name in the container with a slash; empty for the container.
        blobs: The blobs.
    """
    found: dict[str, Entry] = {}
    folders: dict[str, list[Entry]] = {path: []}

    def folder_of(parts: list[str]) -> str:
        """The path of a folder; it is made known, and so are those that it is in."""
        whole = "".join((path, *parts))
        if whole not in folders:
            parent = folder_of(parts[:-1])
            folders[whole] = []
            folders[parent].append(directory(whole))
            # A file may have the same name. A path leads to the file then.
            found.setdefault(whole, directory(whole))
        return whole

    for blob, remote in blobs:
        parts = _FIRST.findall("/" + blob.name[len(prefix) :])
        if blob.name.endswith("/"):
            folder_of(parts)
            continue
        parent = folder_of(parts[:-1])
        entry = file_entry(parent + parts[-1], remote)
        folders[parent].append(entry)
        found[entry["name"]] = entry
    return found, folders
