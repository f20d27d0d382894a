"""An image to upload: reads it, and checks its type, size and shape."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

from .._paths import local_path
from ._places import unreadable

Picture: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO"
MediaType: TypeAlias = Literal["image/png", "image/jpeg"]

MAX_BYTES = 5 * 1024 * 1024
MAX_RATIO = 5

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# Markers that start a frame, and so tell its size: SOF0 to SOF15 without DHT, JPG and DAC, which lie between them.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers without a length behind them: TEM, RST0 to RST7, SOI.
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
# Where the image itself begins, and the end: no size comes after that.
_LAST = frozenset({0xD9, 0xDA})


def content_of(picture: Picture) -> bytes:
    """The bytes of an image.

    Parameters:
        picture: A path, bytes, or an open binary file, which is read from its current position.

    Raises:
        ValueError: It is none of these, or too large.
        StorageError: The file cannot be read; StorageNotFoundError if there is none.
    """
    if isinstance(picture, (bytes, bytearray, memoryview)):
        content = bytes(picture)
    elif isinstance(picture, (str, os.PathLike)):
        content = _content_of_file(local_path("image", picture))
    elif callable(getattr(picture, "read", None)):
        content = _read(picture)
    else:
        problem = f"image must be a path, bytes or an open binary file, not {type(picture).__name__}"
        raise ValueError(problem)  # noqa: TRY004 (bad input is a ValueError everywhere)
    if len(content) > MAX_BYTES:
        raise ValueError("the image is larger than 5 MB")
    return content


def media_type_of(content: bytes) -> MediaType:
    """The type of an image, by its content.

    Raises:
        ValueError: It is neither PNG nor JPEG, or one side is over five times as long as the other.
    """
    if not content:
        raise ValueError("the image is empty")
    size = size_of(content)
    if size is None:
        raise ValueError("the image is neither PNG nor JPEG, or is damaged")
    if max(size) > MAX_RATIO * min(size):
        raise ValueError(f"the image is {size[0]} x {size[1]} pixels: one side is over five times as long as the other")
    return "image/png" if content.startswith(_PNG) else "image/jpeg"


def size_of(content: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or JPEG, in pixels; None where it is neither, or says none."""
    if content.startswith(_PNG):
        size = (_number(content[16:20]), _number(content[20:24])) if content[12:16] == b"IHDR" else (0, 0)
    else:
        frames = (segment for marker, segment in _segments(content) if marker in _FRAMES)
        frame = next(frames, b"")
        # Precision, height, width.
        size = (_number(frame[3:5]), _number(frame[1:3]))
    return size if min(size) > 0 else None


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The segments at the start of a JPEG: marker and content of each."""
    position = 2 if content.startswith(_JPEG) else len(content)
    while position + 4 <= len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if marker in _LAST:
            return
        if marker == 0xFF or marker in _BARE:  # fill bytes stand before a marker
            position += 1 if marker == 0xFF else 2
            continue
        length = _number(content[position + 2 : position + 4])
        yield marker, content[position + 4 : position + 2 + length]
        position += 2 + max(length, 2)


def _number(content: bytes) -> int:
    return int.from_bytes(content, "big")


def _content_of_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _read(file)
    except OSError as error:
        problem = unreadable(path, error, "an image")
    raise problem


def _read(file: BinaryIO) -> bytes:
    """What a file holds, up to one byte more than is accepted. It may give less than it is asked for."""
    content = bytearray()
    while len(content) <= MAX_BYTES:
        chunk = file.read(MAX_BYTES + 1 - len(content))
        if not isinstance(chunk, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError("image must be a file that was opened in binary mode")  # noqa: TRY004
        if not chunk:
            break
        content += chunk
    return bytes(content)
