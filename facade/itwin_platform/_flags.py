"""Arguments that are True or False."""

from __future__ import annotations


def check_flags(**flags: object) -> None:
    """Raise ValueError if an argument is anything else, for instance "no", which would count as true."""
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be True or False, not {type(value).__name__}")  # noqa: TRY004 (as for all)
