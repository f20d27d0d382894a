"""The API groups as attributes of the clients: made when first used, and visible on the class as well."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from functools import cached_property
else:

    class cached_property(functools.cached_property):  # noqa: N801 (it takes the place of the other)
        """A cached property that is, on the class, the class of what it will hold: `create_autospec` looks there."""

        def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
            if instance is None:
                return type(self.func(SimpleNamespace(_pipeline=None)))
            return super().__get__(instance, owner)


__all__ = ["cached_property"]
