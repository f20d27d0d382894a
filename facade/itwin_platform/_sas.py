"""SAS URLs: when they expire, and what keeps them out of reprs and pickles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar, NoReturn, Self
from urllib.parse import parse_qs, urlsplit


def expiry_of(url: str) -> datetime | None:
    """When a SAS URL expires, in UTC; None if it does not say."""
    try:
        moment = datetime.fromisoformat(parse_qs(urlsplit(url).query)["se"][0])
    except (ValueError, KeyError, IndexError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class HoldsSas:
    """An object that has a SAS URL and does not change: its copies are itself, and it cannot be pickled."""

    __slots__ = ()
    _no_pickle: ClassVar[str]

    def __copy__(self) -> Self:
        """The same object: it does not change."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """The same object: it does not change."""
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Keep the SAS, which anyone can use, out of pickles."""
        raise TypeError(self._no_pickle)
