"""The values in filters: which there can be, and how OData writes them."""

from __future__ import annotations

import math
import unicodedata
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

Value = str | int | float | bool | datetime | UUID | None


def checked(value: Any) -> Value:
    """A value as one of the types that `literal` writes.

    Raises:
        ValueError: It cannot be part of a filter.
    """
    match value:
        case None | bool() | UUID():
            return value
        case str():
            return _text(str.__str__(value))  # of the member of an enum, too, the value
        case int():
            return int(value)
        case float():
            if not math.isfinite(value):
                raise ValueError("a number in a filter must be finite")
            return float(value)
        case datetime():
            return _moment(value)
        case date():
            raise ValueError("a date does not say in which time zone its day begins: give a datetime with a time zone")
        case _:
            raise ValueError(
                "a value in a filter must be a string, a number, a boolean, None, a datetime or a UUID, "
                f"not {type(value).__name__}"
            )


def ordered(value: Any) -> Value:
    """A value that others are greater or less than.

    Raises:
        ValueError: There are none, or it cannot be part of a filter.
    """
    if value is None or isinstance(value, bool):
        raise ValueError(f"nothing is greater or less than {value}: compare with == or !=")
    return checked(value)


def literal(value: Value, *, quoted_guids: bool) -> str:
    """A checked value as OData."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case UUID() if not quoted_guids:
            return str(value)
        case str() | UUID():
            return "'{}'".format(str(value).replace("'", "''"))
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case float():
            from decimal import Decimal

            return format(Decimal(repr(value)), "f")  # without an exponent, which not every service reads
        case int():
            return str(value)


def _text(text: str) -> str:
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
        raise ValueError("a string in a filter must not contain control characters or lone surrogates")
    return text


def _moment(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise ValueError("a datetime in a filter needs a time zone, for instance datetime(2024, 9, 1, tzinfo=UTC)")
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        moment = None
    if moment is None:
        raise ValueError("a datetime in a filter must be in the years 1 to 9999 in UTC")
    return datetime.combine(moment.date(), moment.time(), UTC)  # without what subclasses add
