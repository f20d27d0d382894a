"""Types for the annotations of the client, which are not loaded with it, as in `itwin_platform._late`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .many import AsyncResults

__all__ = ["AsyncResults"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import many

    return getattr(many, name)
