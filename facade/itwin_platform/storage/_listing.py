"""What a bucket holds. Not by obstore, whose lists fail as a whole on one name that it cannot take (`a//b`)."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element

from ._problems import RequestFailed
from ._report import BlobInfo
from ._requests import Requests, read_xml

# An entry has some 12 kB at most; a page has to fit into what is read of an answer.
_PAGE = 2000
_LIST = "a list of files"
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Remote:
    """A blob as it is now. The hash is the one stored beside it, if there is one."""

    size: int
    etag: str
    sha256: str | None


def stored_hash(text: str | None) -> str | None:
    """The hash that is stored beside a blob, if it can be one."""
    return text if text and _SHA256.fullmatch(text) else None


def find_blobs(requests: Requests, prefix: str) -> Generator[tuple[BlobInfo, Remote]]:
    """The blobs in a folder, or the one that the prefix is the whole name of if there is no such folder."""
    in_folder = False
    for found in _list(requests, f"{prefix}/" if prefix else ""):
        in_folder = True
        yield found
    if prefix and not in_folder:
        # In the order of names the shortest comes first.
        first = next(_list(requests, prefix), None)
        if first is not None and first[0].name == prefix:
            yield first


def _list(requests: Requests, prefix: str) -> Generator[tuple[BlobInfo, Remote]]:
    marker = ""
    while True:
        query = f"restype=container&comp=list&maxresults={_PAGE}&include=metadata"
        query += f"&prefix={quote(prefix, safe='')}" + (f"&marker={quote(marker, safe='')}" if marker else "")
        page = read_xml(requests.send("GET", query), _LIST)
        for element in page.iter("Blob"):
            if not _is_folder(element):
                yield _read(element)
        marker = page.findtext("NextMarker") or ""
        if not marker:
            return


def _is_folder(blob: Element) -> bool:
    """Whether an entry stands for a folder: accounts with real folders list them beside the files."""
    return (
        blob.findtext("Properties/ResourceType") == "directory"
        or (blob.findtext("Metadata/hdi_isfolder") or "").lower() == "true"
    )


def _read(blob: Element) -> tuple[BlobInfo, Remote]:
    name = blob.findtext("Name") or ""
    if blob.find("Name[@Encoded='true']") is not None:
        name = unquote(name)
    try:
        size = int(blob.findtext("Properties/Content-Length") or "")
        changed = parsedate_to_datetime(blob.findtext("Properties/Last-Modified") or "").astimezone(UTC)
    except (ValueError, TypeError):
        pass
    else:
        etag = blob.findtext("Properties/Etag") or ""
        # The header of a single blob has quotes around it, which conditions need.
        etag = etag if etag.startswith('"') else f'"{etag}"'
        return BlobInfo(name, size, changed), Remote(size, etag, stored_hash(blob.findtext("Metadata/sha256")))
    raise RequestFailed(200, problem=f"is not {_LIST}")
