"""SAS URLs: when they expire, and what keeps them out of reprs and pickles."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ._staying import Shared, Stays


def expiry_of(url: str) -> datetime | None:
    """When a SAS URL expires, in UTC; None if it does not say."""
    try:
        moment = datetime.fromisoformat(parse_qs(urlsplit(url).query)["se"][0])
    except (ValueError, KeyError, IndexError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class HoldsSas(Shared, Stays):
    """An immutable object with a SAS URL. Copies are the same object, and pickles never contain the URL.

    A URL is a field that is declared with `repr=False`. Objects are equal if all fields are, even if one of them can
    transfer files and the other cannot.
    """

    def __repr__(self) -> str:
        """Show the URLs without their SAS."""
        from itwin_platform_api.writing import mask_query

        shown = {each.name: (repr if each.repr else mask_query)(self._held(each.name)) for each in fields(self)}
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in shown.items())})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HoldsSas) or fields(self) != fields(other):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        # Of the id alone: the URL of an object that has come from another process is asked for later.
        return hash(self._held(fields(self)[0].name))

    def _values(self) -> tuple[object, ...]:
        return tuple(self._held(each.name) for each in fields(self))

    def _held(self, name: str) -> Any:
        """The value of a field; None if it has not been requested yet."""
        try:
            return object.__getattribute__(self, name)
        except AttributeError:
            return None
