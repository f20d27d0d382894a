"""Answers as the engines give them, and whether their connections can be used again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

# Answers that have no body, whatever their headers say.
_NO_BODY = frozenset({204, 205, 304})


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


class NoPieces:
    """The body of an async request that has none. httpcore would send an empty piece, at the price of a full one."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


def has_read_ahead(stream: Any) -> bool:
    """Whether more has arrived on httpcore's connection than belongs to the answer with this body.

    It would be taken for the next answer. Only private attributes lead there; if they disappear, the headers alone are
    checked. What arrives later is found before the connection is used again.
    """
    found = stream
    for name in ("_connection", "_h11_state", "trailing_data"):
        found = getattr(found, name, None)
    return bool(found and found[0])
