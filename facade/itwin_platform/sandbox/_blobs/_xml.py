"""The lists that the service sends and takes, as XML."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote
from xml.parsers import expat
from xml.sax.saxutils import escape

from ._contents import Piece
from ._errors import BlobError
from ._store import Blob, Listed

_PLACES: Final = frozenset({"Committed", "Uncommitted", "Latest"})
# What no XML document can have in it.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def http_date(when: datetime) -> str:
    """A time as HTTP writes it."""
    return format_datetime(when, usegmt=True)


def page_of(listed: Listed, echoed: Mapping[str, str], marker: str, *, metadata: bool) -> bytes:
    """A page of a list of blobs.

    Parameters:
        listed: The page.
        echoed: What was asked for, by the names of the elements that repeat it; `ServiceEndpoint` and `ContainerName`
            are attributes.
        marker: What the next page is asked for with; empty at the end.
        metadata: Whether the metadata is shown.
    """
    attributes = " ".join(f'{name}="{_attribute(echoed[name])}"' for name in ("ServiceEndpoint", "ContainerName"))
    asked = "".join(_element(name, text) for name, text in echoed.items() if name[0] in "PMD" and text)
    entries = "".join(
        f"<BlobPrefix>{_name(name)}</BlobPrefix>" if blob is None else _blob(name, blob, metadata=metadata)
        for name, blob in listed.entries
    )
    inside = f"{asked}<Blobs>{entries}</Blobs>{_element('NextMarker', marker)}"
    return _document(f"<EnumerationResults {attributes}>{inside}</EnumerationResults>")


def blocks_of(committed: Iterable[tuple[str, Piece]], staged: Mapping[str, Piece], kind: str) -> bytes:
    """The list of the blocks of a blob: `committed`, `uncommitted` or `all`."""
    lists = (("CommittedBlocks", committed, "uncommitted"), ("UncommittedBlocks", staged.items(), "committed"))
    inside = "".join(
        f"<{name}>{''.join(_block(each, piece) for each, piece in found if each)}</{name}>"
        for name, found, excluded in lists
        if kind != excluded
    )
    return _document(f"<BlockList>{inside}</BlockList>")


def read_block_list(body: bytes) -> list[tuple[str, str]]:
    """Where to look for each block, and its id.

    Raises:
        BlobError: It is not such a list.
    """
    found: list[tuple[str, str]] = []
    path: list[str] = []

    def start(tag: str, _: dict[str, str]) -> None:
        path.append(tag)
        if path[0] != "BlockList" or len(path) > 2 or (len(path) == 2 and tag not in _PLACES):
            raise BlobError(400, "InvalidXmlDocument")
        if len(path) == 2:
            found.append((tag, ""))

    def text(characters: str) -> None:
        if len(path) == 2:
            place, before = found[-1]
            found[-1] = (place, before + characters)

    def refuse(*_: object) -> None:
        # Entities make a small document large, and read files.
        raise BlobError(400, "InvalidXmlDocument")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: path.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError):
        raise BlobError(400, "InvalidXmlDocument") from None
    return [(place, name.strip()) for place, name in found]


def _document(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()


def _blob(name: str, blob: Blob, *, metadata: bool) -> str:
    properties = {
        "Creation-Time": http_date(blob.created),
        "Last-Modified": http_date(blob.modified),
        "Etag": blob.etag.strip('"'),
        "Content-Length": str(blob.size),
        **blob.properties,
        "BlobType": "BlockBlob",
        "AccessTier": "Hot",
        "AccessTierInferred": "true",
        "LeaseStatus": "unlocked",
        "LeaseState": "available",
        "ServerEncrypted": "true",
    }
    inside = f"{_name(name)}<Properties>{_elements(properties)}</Properties>"
    if metadata and blob.metadata:
        inside += f"<Metadata>{_elements(blob.metadata)}</Metadata>"
    return f"<Blob>{inside}</Blob>"


def _block(name: str, piece: Piece) -> str:
    return f"<Block><Name>{escape(name)}</Name><Size>{piece.size}</Size></Block>"


def _name(name: str) -> str:
    if _UNPRINTABLE.search(name):
        return f'<Name Encoded="true">{quote(name, errors="surrogatepass")}</Name>'
    return _element("Name", name)


def _elements(texts: Mapping[str, str]) -> str:
    return "".join(_element(name, text) for name, text in texts.items())


def _element(name: str, text: str) -> str:
    # Left as it is, a carriage return would be read as the end of a line. Names are written by `_name`; whatever else
    # has such characters in it repeats what was asked for.
    text = _UNPRINTABLE.sub("\ufffd", text)
    return f"<{name}>{escape(text, {chr(13): '&#13;'})}</{name}>"


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;"})
