"""The file of an export as records, read as a stream: the same records whatever the format of the file.

The platform names the formats without describing them. So this tolerates anything around the records, and is strict
about the records themselves. Only one record and a piece of the file are in memory, whatever the file unpacks to.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import cache
from math import inf, isfinite
from typing import IO, Any, BinaryIO, Final, NoReturn, cast

import attrs

Record = dict[str, Any]

# Characters that are read at a time, and that a record may have.
_PIECE: Final = 64 * 1024
_LONGEST: Final = 1024 * 1024
_MOST_MEMBERS: Final = 1000
_NOT_BLANK: Final = re.compile(r"[^ \t\r\n]")
# An object whose first property holds the records.
_ENVELOPE: Final = re.compile(r'\{\s*"[^"\\]{1,100}"\s*:\s*\[')
_MIDDLE: Final = "ends in the middle"
_TWICE: Final = "has a record with two properties of the same name"
# More strictly than `float`, which also takes underscores, blanks, NaN and infinity.
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# What the libraries raise for damaged files; zipfile raises what it happens to run into.
_NOT_PACKED: Final = (
    gzip.BadGzipFile,
    zlib.error,
    zipfile.BadZipFile,
    struct.error,
    RuntimeError,
    ValueError,
    OverflowError,
)
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


class UnreadableError(Exception):
    """The file is not valid. The text is a predicate, and contains nothing of the file."""


def records_of(file: BinaryIO, output_format: str) -> Generator[Record]:
    """The records of a file, with the documented names of their properties.

    Numbers are converted and empty cells of CSV are None, as in JSON. Times are text.

    Parameters:
        file: The file, from its beginning. For a zip archive it has to be seekable.
        output_format: `"JsonGZip"`, `"JsonZipArchive"`, `"CsvGZip"` or `"Csv"`.

    Raises:
        UnreadableError: It is not such a file, or it is incomplete. The records before that have been yielded.
    """
    if output_format not in _FORMATS:
        raise UnreadableError("has a format that this version cannot read: download it instead")
    unpack, read = _FORMATS[output_format]
    try:
        for content in unpack(file):
            with content:
                yield from read(_decoded(content))
    except UnicodeError:
        problem = "is not text in UTF-8 or UTF-16"
    except EOFError:
        problem = _MIDDLE
    except _NOT_PACKED as error:
        problem = f"cannot be unpacked ({type(error).__name__})"
    else:
        return
    raise UnreadableError(problem)


def _plain(file: BinaryIO) -> Iterator[IO[bytes]]:
    yield file


def _gzip(file: BinaryIO) -> Iterator[IO[bytes]]:
    with gzip.open(file) as content:
        yield cast(IO[bytes], content)


def _zip(file: BinaryIO) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(file) as archive:
        members = [each for each in archive.infolist() if not each.is_dir()]
        if not 1 <= len(members) <= _MOST_MEMBERS:
            raise UnreadableError(f"is an archive of {len(members)} files")
        for member in members:
            # The others are never used here, need much memory, and fail with errors of their own.
            if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise UnreadableError("is an archive with an unusual compression")
            yield archive.open(member)


def _decoded(content: IO[bytes]) -> io.TextIOWrapper:
    """The text of a file; line ends are left to those who know quotes."""
    buffered: Any = content  # all of them can look ahead
    encoding = "utf-16" if buffered.peek(2)[:2] in _UTF_16 else "utf-8-sig"
    return io.TextIOWrapper(content, encoding, newline="")


@cache
def _columns() -> dict[str, tuple[str, bool]]:
    """The documented name of each property and whether it is a number, by the name in lower case."""
    from itwin_platform_api.itwins.models import ITwin

    # Each attribute has its own name as its value, so that the object says what that is called in JSON.
    kinds = {each.name: str(each.type) for each in attrs.fields(ITwin) if each.name != "additional_properties"}
    filled: Any = ITwin(**{name: name for name in kinds})  # type: ignore[arg-type]
    return {name.lower(): (name, "float" in kinds[attribute]) for name, attribute in filled.to_dict().items()}


class _Json:
    """JSON text that is read piece by piece."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0

    def next(self) -> str:
        """The next character that is not blank, which stays; empty at the end."""
        while (found := _NOT_BLANK.search(self._buffer, self._at)) is None:
            self._at = len(self._buffer)
            if not self._more():
                return ""
        self._at = found.start()
        return found[0]

    def take(self, character: str) -> bool:
        """Take a character, if it is the next one."""
        if self.next() != character:
            return False
        self._at += 1
        return True

    def take_envelope(self) -> bool:
        """Take the beginning of an object whose first property is a list, if it is next."""
        found = _ENVELOPE.match(self._buffer, self._at) if self.next() == "{" else None
        self._at = self._at if found is None else found.end()
        return found is not None

    def record(self) -> Record:
        """Take an object. It is complete where it ends, so what is not complete is read on."""
        if self.next() != "{":
            raise UnreadableError("holds something other than objects" if self.next() else _MIDDLE)
        while True:
            try:
                record: Record
                record, self._at = _DECODER.raw_decode(self._buffer, self._at)
            except RecursionError:
                break
            except ValueError:
                if len(self._buffer) - self._at > _LONGEST:
                    break
                if not self._more():
                    raise UnreadableError(f"{_MIDDLE}, or is not JSON") from None
            else:
                return record
        raise UnreadableError(f"is not JSON, or has a record of more than {_LONGEST} characters")

    def _more(self) -> bool:
        piece = self._text.read(_PIECE)
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0
        return piece != ""


def _not_json(_: str) -> NoReturn:
    raise ValueError


def _unique(properties: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, none of whose properties is there twice: nobody knows which of them is right."""
    if len(found := dict(properties)) < len(properties):
        raise UnreadableError(_TWICE)
    return found


_DECODER: Final = json.JSONDecoder(parse_constant=_not_json, object_pairs_hook=_unique)


def _from_json(text: io.TextIOWrapper) -> Generator[Record]:
    """The objects of a list, of the list in an object, or one after the other."""
    source, columns = _Json(text), _columns()
    wrapped = source.take_envelope()
    listed = wrapped or source.take("[")
    if not listed and source.next() == "":
        raise UnreadableError("is empty")
    while not (source.take("]") if listed else source.next() == ""):
        yield _named(source.record(), columns)
        if not source.take(",") and listed and source.next() not in {"]", ""}:
            raise UnreadableError("is not JSON: a comma is missing")
    if wrapped and not source.take("}"):
        raise UnreadableError(_MIDDLE)
    if source.next():
        raise UnreadableError("goes on after its end")


def _named(found: Record, columns: Mapping[str, tuple[str, bool]]) -> Record:
    """A record with the documented names."""
    record: Record = {}
    for name, value in found.items():
        documented, is_number = columns.get(name.lower(), (name, False))
        if is_number and isinstance(value, float) and not isfinite(value):
            raise UnreadableError(f"has a {documented} that is too large for a number")
        record[documented] = value
    if len(record) < len(found):
        raise UnreadableError(_TWICE)
    return record


class _Lines:
    """The lines of a CSV file, so many characters of which may belong to one record."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.left = _LONGEST

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(self.left):
            self.left -= len(line)
            if self.left <= 0:
                raise UnreadableError(f"has a record of more than {_LONGEST} characters")
            yield line


def _from_csv(text: io.TextIOWrapper) -> Generator[Record]:
    """The rows, by the names in the first one."""
    lines = _Lines(text)
    rows, columns = csv.reader(lines, strict=True), _columns()
    try:
        header = next(rows, None)
        if not header:
            raise UnreadableError("has no names of columns")
        known = [columns.get(name.strip().lower(), (name, False)) for name in header]
        if len({name for name, _ in known}) < len(known):
            raise UnreadableError("has two columns of the same name")
        for row in rows:
            lines.left = _LONGEST
            if row or len(known) == 1:
                yield _record(known, row or [""], rows.line_num)
    except csv.Error:
        problem = f"is not valid CSV at line {rows.line_num}"
    else:
        return
    raise UnreadableError(problem)


def _record(known: list[tuple[str, bool]], row: list[str], line: int) -> Record:
    if len(row) != len(known):
        raise UnreadableError(f"has {len(row)} values in line {line}, but {len(known)} columns")
    record: Record = {}
    for (name, is_number), value in zip(known, row, strict=True):
        try:
            record[name] = None if value == "" else _number(value) if is_number else value
        except ValueError:
            raise UnreadableError(f"has a {name} in line {line} that is not a number") from None
    return record


def _number(text: str) -> float:
    number = float(text) if _NUMBER.fullmatch(text) else inf
    if not isfinite(number):
        raise ValueError
    return number


_FORMATS: Final[
    dict[str, tuple[Callable[[BinaryIO], Iterator[IO[bytes]]], Callable[[io.TextIOWrapper], Generator[Record]]]]
] = {
    "JsonGZip": (_gzip, _from_json),
    "JsonZipArchive": (_zip, _from_json),
    "CsvGZip": (_gzip, _from_csv),
    "Csv": (_plain, _from_csv),
}
