"""Reads the lists of the storage: a stream of entries, without a document type, and limited in every direction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from ._problems import RequestFailed

# A page of 2,000 files with all their metadata, or 50,000 blocks, stays far below these.
_MAX_DEPTH, _MAX_ELEMENTS, _MAX_TEXT = 16, 500_000, 64 * 1024
# Bytes that the parser may swallow without finding anything in them: it keeps them, and an element's attributes.
_MAX_TOKEN = 64 * 1024
_PIECE = 16 * 1024


class _NotAListError(Exception):
    """The document is not what was expected."""


@dataclass(slots=True)
class Entry:
    """One entry: its tag, and the texts of its elements, by their path below it."""

    tag: str
    texts: dict[str, str] = field(default_factory=dict[str, str])
    encoded: bool = False

    def text(self, path: str) -> str:
        """A text; empty if there is none."""
        return self.texts.get(path, "")


@dataclass(slots=True)
class Page:
    """The entries of an answer, and where the next one begins."""

    entries: list[Entry]
    marker: str


class _Reader:
    def __init__(self, root: str, entries: tuple[str, ...]) -> None:
        self.page = Page([], "")
        self._root, self._entry_tags = root, entries
        self._path: list[str] = []
        self._entry: Entry | None = None
        self._entry_depth = 0
        self._text: list[str] = []
        self._left = _MAX_TEXT
        self._elements = 0
        self._quiet = 0

    def read(self, body: bytes) -> Page:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        for start in range(0, len(body), _PIECE):
            piece = body[start : start + _PIECE]
            self._quiet += len(piece)
            if self._quiet > _MAX_TOKEN:
                raise _NotAListError
            parser.Parse(piece, False)
        parser.Parse(b"", True)
        return self.page

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._quiet = 0
        self._elements += 1
        self._path.append(tag)
        if self._elements > _MAX_ELEMENTS or len(self._path) > _MAX_DEPTH or self._path[0] != self._root:
            raise _NotAListError
        self._text.clear()
        if self._entry is None and tag in self._entry_tags:
            self._entry, self._entry_depth, self._left = Entry(tag), len(self._path), _MAX_TEXT
        elif tag == "Name" and attributes.get("Encoded", "").lower() == "true" and self._entry is not None:
            self._entry.encoded = True

    def _characters(self, text: str) -> None:
        self._quiet = 0
        self._left -= len(text)
        if self._left < 0:
            raise _NotAListError
        self._text.append(text)

    def _end(self, tag: str) -> None:
        self._quiet = 0
        if self._entry is None:
            if tag == "NextMarker" and len(self._path) == 2:
                self.page.marker = "".join(self._text)
            self._left = _MAX_TEXT
        elif len(self._path) == self._entry_depth:
            self.page.entries.append(self._entry)
            self._entry = None
        else:
            self._entry.texts.setdefault("/".join(self._path[self._entry_depth :]), "".join(self._text))
        self._text.clear()
        self._path.pop()


def _refuse(*_: object) -> None:
    # Entities make a small document large, and read files.
    raise _NotAListError


def read_page(body: bytes, root: str, entries: tuple[str, ...], what: str) -> Page:
    """The entries of a list.

    Parameters:
        body: The XML.
        root: The name of its root.
        entries: The names of the elements that are entries.
        what: What was expected, for the message.

    Raises:
        RequestFailed: The XML is something else.
    """
    read: Callable[[bytes], Page] = _Reader(root, entries).read
    try:
        return read(body)
    except (expat.ExpatError, _NotAListError, LookupError, ValueError):
        pass  # LookupError: it names an unknown encoding
    raise RequestFailed(200, problem=f"is not {what}")
