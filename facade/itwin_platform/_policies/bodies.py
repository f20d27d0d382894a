"""Reads the body of an answer: decoded, and limited in size however well it is compressed."""

from __future__ import annotations

import zlib
from typing import Any

# Bytes to decode at once, so that a body over the limit is noticed before it takes much memory.
_SLICE = 1024 * 1024


class BodyReader:
    """Collects a body piece by piece.

    Parameters:
        encoding: The Content-Encoding header; empty if there is none.
        limit: The maximum number of bytes after decoding.

    Attributes:
        problem: What is wrong with the body, or None.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        encoding = encoding.strip().lower()
        self._limit = limit
        self._body = bytearray()
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding == "gzip" else None
        self.problem: str | None = None
        if encoding not in {"", "identity", "gzip"}:
            self.problem = "has an encoding that was not requested"

    @property
    def goes_on(self) -> bool:
        """Whether to read on: nothing is wrong so far."""
        return self.problem is None

    def feed(self, data: bytes) -> bool:
        """Take the next piece; return whether to read on."""
        if self._inflate is None:
            self._append(data)
        else:
            self._decode(data, self._inflate)
        return self.goes_on

    def _decode(self, data: bytes, inflate: Any) -> None:
        decoded = b""
        while self.goes_on and (data or len(decoded) == _SLICE):
            try:
                decoded = inflate.decompress(data, _SLICE)
            except zlib.error:
                self.problem = "is not valid gzip"
                return
            self._append(decoded)
            data = inflate.unconsumed_tail
            if inflate.unused_data:
                self.problem = "continues after the end of its gzip stream"

    def finish(self) -> bytes:
        """The whole body; empty if there is a problem."""
        if self._inflate is not None and self.problem is None and self._body and not self._inflate.eof:
            self.problem = "ends in the middle of its gzip stream"
        return b"" if self.problem else bytes(self._body)

    def _append(self, data: bytes) -> None:
        if len(self._body) + len(data) > self._limit:
            self.problem = f"is larger than {self._limit} bytes"
        else:
            self._body += data
