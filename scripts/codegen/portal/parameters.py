"""The parameters of operations, in a definition that may not be valid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..documents import Json, follow


def parameters_of(document: Json, owner: Json) -> Iterator[Json]:
    """The parameters that an operation or a path names itself, references followed."""
    found = owner.get("parameters")
    for each in found if isinstance(found, list) else ():
        parameter: Any = follow(document, each)
        if isinstance(parameter, dict):
            yield parameter


def header(document: Json, path: str, operation: Json, name: str) -> Json:
    """A header that an operation or its path takes; empty if it takes none of that name."""
    for owner in (operation, follow(document, document["paths"][path])):
        for parameter in parameters_of(document, owner):
            if parameter.get("in") == "header" and str(parameter.get("name", "")).lower() == name:
                return parameter
    return {}


def schema_of(document: Json, parameter: Json) -> Json:
    """The schema of a parameter, its reference followed."""
    schema: Any = follow(document, parameter.get("schema"))
    return schema if isinstance(schema, dict) else {}
