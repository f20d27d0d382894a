"""What JSON values are, in the way that type checkers understand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether it is an object."""
    return isinstance(value, Mapping)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether it is an array."""
    return isinstance(value, (list, tuple))


def object_in(value: object, name: str) -> Mapping[str, Any]:
    """The object that another has under this name; an empty one if there is none."""
    found = value.get(name) if is_object(value) else None
    return found if is_object(found) else {}
