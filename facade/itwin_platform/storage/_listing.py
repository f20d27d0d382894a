"""The blobs in a container. Without obstore, whose lists fail entirely on a name it does not accept (`a//b`)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote

from ..errors import ITwinPlatformError
from ._access import Access
from ._names import MAX_NAME, checked_prefix
from ._problems import RequestFailed
from ._ranges import Remote, stored_hash
from ._report import BlobInfo
from ._run import Run
from ._service import BlobService
from ._xml import Entry, read_page

# Entries per page. One has 12 kB at most, and a page must fit into the largest answer that is accepted.
_PAGE = 2000
_LIST = "a list of files"
# A list beyond these is none of a real storage: pages in a row without a file, files, characters of a marker.
_IDLE, _MAX_FILES, _MAX_MARKER = 1000, 5_000_000, 4096


def list_blobs(access: Access, prefix: str, run: Run) -> list[BlobInfo]:
    """The blobs under a prefix, sorted by name; see the method of the container."""
    prefix = checked_prefix(prefix)
    access.need("l", "Listing")
    return [blob for blob, _ in find_blobs(access, prefix, run)]


def find_blobs(access: Access, prefix: str, run: Run) -> list[tuple[BlobInfo, Remote]]:
    """The blobs under a prefix with their current state, sorted by name.

    Raises:
        ITwinPlatformError: They cannot be listed.
    """
    # A storage that is written to meanwhile may show a blob on two pages.
    found: dict[str, tuple[BlobInfo, Remote]] = {}
    try:
        with closing(BlobService(access, run.pause)) as service:
            run.when_cancelled(service.close)
            for blob in _find(service, prefix):
                run.check()
                found[blob[0].name] = blob
    except (ITwinPlatformError, RequestFailed) as error:
        problem = error
    else:
        return [found[name] for name in sorted(found)]
    raise access.error_for(problem, "Listing the container", "l")


def _find(service: BlobService, prefix: str) -> Generator[tuple[BlobInfo, Remote]]:
    """The blobs in a folder; if there is no such folder, the blob whose whole name is the prefix."""
    in_folder = False
    for found in list_all(service, f"{prefix}/" if prefix else ""):
        in_folder = True
        yield found
    if prefix and not in_folder:
        # The storage sorts by name, so the shortest comes first.
        first = next(list_all(service, prefix), None)
        if first is not None and first[0].name == prefix:
            yield first


def list_all(service: BlobService, prefix: str) -> Generator[tuple[BlobInfo, Remote]]:
    """All blobs whose names begin with a prefix."""
    for entry in _entries(service, prefix, "&include=metadata"):
        if not _is_folder(entry):
            yield _read(entry, prefix)


def list_level(service: BlobService, prefix: str) -> Generator[str | tuple[BlobInfo, Remote]]:
    """What is directly in a folder: names of folders, with a slash at their end, and blobs.

    A part of a name without a character is no folder of its own: what is in `a//` belongs to `a/`.

    Parameters:
        service: Sends the requests.
        prefix: The name of the folder, with a slash at its end; empty for the whole container.
    """
    for entry in _entries(service, prefix, "&include=metadata&delimiter=/"):
        if entry.tag != "BlobPrefix":
            if not _is_folder(entry):
                yield _read(entry, prefix)
            continue
        name = _name_of(entry)
        if not (name.startswith(prefix) and name.endswith("/") and len(prefix) < len(name) <= MAX_NAME):
            raise RequestFailed(200, problem=f"is not {_LIST}")
        if name == f"{prefix}/":
            yield from list_level(service, name)
        else:
            yield name


def _entries(service: BlobService, prefix: str, options: str) -> Generator[Entry]:
    """The entries of a list, page by page."""
    marker, seen, idle, count = "", set[str](), 0, 0
    while True:
        query = f"restype=container&comp=list&maxresults={_PAGE}{options}"
        query += f"&prefix={quote(prefix, safe='')}" + (f"&marker={quote(marker, safe='')}" if marker else "")
        page = read_page(service.send("GET", query), "EnumerationResults", ("Blob", "BlobPrefix"), _LIST)
        yield from page.entries
        count += len(page.entries)
        idle = 0 if page.entries else idle + 1
        marker = page.marker
        if not marker:
            return
        if marker in seen or idle > _IDLE or len(marker) > _MAX_MARKER:
            raise RequestFailed(200, problem="never ends")
        if count > _MAX_FILES:
            raise RequestFailed(200, problem=f"continues after {_MAX_FILES} files; list a folder of it instead")
        seen.add(marker)


def _is_folder(blob: Entry) -> bool:
    """Whether an entry is a folder: accounts with real folders list them along with the files."""
    return blob.text("Properties/ResourceType") == "directory" or blob.text("Metadata/hdi_isfolder").lower() == "true"


def _read(blob: Entry, prefix: str) -> tuple[BlobInfo, Remote]:
    name, changed = _name_of(blob), None
    try:
        size = int(blob.text("Properties/Content-Length"))
        changed = parsedate_to_datetime(blob.text("Properties/Last-Modified")).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        size = -1
    # Other names than asked for would be deleted along with them.
    if size >= 0 and changed is not None and name and name.startswith(prefix):
        etag = blob.text("Properties/Etag")
        # Conditions need the quotes that the header of a single blob has.
        etag = etag if etag.startswith('"') else f'"{etag}"'
        return BlobInfo(name, size, changed), Remote(size, etag, stored_hash(blob.text("Metadata/sha256")), changed)
    raise RequestFailed(200, problem=f"is not {_LIST}")


def _name_of(entry: Entry) -> str:
    name = entry.text("Name")
    return unquote(name) if entry.encoded else name
