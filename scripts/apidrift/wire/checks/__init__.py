"""What is looked at in two schemas: one aspect per module. A check tells whether the others are worth asking."""

from __future__ import annotations

from typing import Final

from .composition import bases, bodies, keywords, leads_out, prose, rest
from .limits import facets
from .properties import items, maps, properties
from .types import types
from .unions import unions
from .values import values

CHECKS: Final = [
    prose, leads_out, bodies, unions, types, values, facets, properties, maps, items, keywords, bases, rest,
]  # fmt: skip

__all__ = ["CHECKS"]
