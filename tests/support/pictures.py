"""Images, made as small as they can be: what their first bytes say is all that counts."""

from __future__ import annotations

import struct


def picture(width: int, height: int, size: int = 0) -> bytes:
    """A PNG, filled up to a size in bytes."""
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x02\0\0\0"
    return head.ljust(size, b"\0")


def jpeg(width: int, height: int, *, frame: int = 0xC0, before: bytes = b"") -> bytes:
    """A JPEG with a frame of some kind, and with other segments before it."""
    return b"\xff\xd8" + before + b"\xff" + struct.pack(">BHBHHB", frame, 11, 8, height, width, 1) + b"\1\x11\0\xff\xd9"


def segment(marker: int, content: bytes) -> bytes:
    """A segment of a JPEG."""
    return b"\xff" + struct.pack(">BH", marker, len(content) + 2) + content
