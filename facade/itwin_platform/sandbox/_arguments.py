"""Checks of what a test passes to a sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast


def check_whole(name: str, value: object, least: int, most: int | None = None) -> None:
    """Raise ValueError if an argument is not a whole number in a range."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value and (most is None or value <= most):
        return
    wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
    raise ValueError(f"{name} must be a whole number {wanted}, not {value!r:.100}")


def check_number(name: str, value: object, most: float, *, over_zero: bool = False) -> None:
    """Raise ValueError if an argument is not a number from 0, or more than 0, to `most`."""
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else -1
    if 0 <= number <= most and (number or not over_zero):
        return
    wanted = f"more than 0 and at most {most:,.0f}" if over_zero else f"from 0 to {most:,.0f}"
    raise ValueError(f"{name} must be a number {wanted}, not {value!r:.100}")


def check_letters(name: str, value: object, known: str) -> None:
    """Raise ValueError if an argument does not consist of known letters."""
    if not isinstance(value, str) or not value or set(value) - set(known):
        raise ValueError(f"{name} must be one or more of the letters {known!r}, not {value!r:.100}")


def resources_of(address: object, resources: object) -> list[dict[str, object]]:
    """The resources of a collection, copied.

    Raises:
        ValueError: They are not a list of mappings, or the address is not a string.
    """
    if not isinstance(address, str):
        raise ValueError(f"the path of a collection must be a string, not {address!r:.100}")  # noqa: TRY004 (as for all)
    if isinstance(resources, Iterable) and not isinstance(resources, (str, bytes, Mapping)):
        found = list(cast(Iterable[object], resources))
        if all(isinstance(each, Mapping) for each in found):
            return [dict(cast(Mapping[str, object], each)) for each in found]
    raise ValueError(f"the resources for {address} must be a list of mappings")
