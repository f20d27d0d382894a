"""Answers as the engines give them, and whether their connections can be used again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import h11

# Answers that have no body, whatever their headers say.
_NO_BODY = frozenset({204, 205, 304})

# Where the layers of a connection keep what nobody has taken yet: h11; TLS of anyio, of trio and of httpcore; anyio.
_BUFFERS = frozenset({"_h11_state", "_read_bio", "_incoming", "_protocol"})
# What lies below a layer, from httpcore's connections down to the socket.
_BELOW = ("_connection", "_network_stream", "_stream", "transport_stream")


class Head:
    """Status and headers of an answer whose body has not been read yet.

    Attributes:
        status: The HTTP status.
        headers: The headers by their names in lower case. Where one comes several times, its values are joined.
        locations: The values of the Location header, of which there should be one at most.
    """

    __slots__ = ("headers", "locations", "status")

    def __init__(self, status: int, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self.status = status
        self.headers: dict[str, str] = {}
        self.locations: list[str] = []
        for name, value in raw:
            key, text = name.decode("latin-1").lower(), _text(value)
            if key == "location":
                self.locations.append(text)
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    @property
    def announces_too_much(self) -> bool:
        """Whether a body is announced that an answer with this status does not have: it may follow all the same."""
        return self.status in _NO_BODY and (
            self.headers.get("content-length", "0").strip() != "0" or "transfer-encoding" in self.headers
        )


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def has_unread(layer: Any) -> bool:
    """Whether more has arrived on one of httpcore's connections than its answers consist of, and waits in a buffer.

    It would pass for the next answer. Only private attributes lead there; if they disappear, httpcore still looks at
    the socket before it uses a connection again.
    """
    found: dict[str, Any] = layer.__dict__
    if not _BUFFERS.isdisjoint(found) and any(_holds_bytes(found[name]) for name in _BUFFERS & found.keys()):
        return True
    below = next((found[name] for name in _BELOW if name in found), None)
    return below is not None and has_unread(below)


def _holds_bytes(buffer: Any) -> bool:
    if isinstance(buffer, h11.Connection):
        return bool(buffer.trailing_data[0])
    return bool(getattr(buffer, "pending", 0) or getattr(buffer, "read_queue", None))
