"""Walk over the operations of a definition that may not be valid. What has an unexpected shape is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..documents import METHODS, Json, follow


def operations_of(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Path, method and operation of everything that can be called."""
    paths = document.get("paths")
    for path, item in paths.items() if isinstance(paths, dict) else ():
        for method in METHODS:
            if isinstance(item, dict) and isinstance(item.get(method), dict):
                yield path, method, item[method]


def parameters_of(document: Json, owner: Json) -> Iterator[Json]:
    """The parameters that an operation or a path names itself, references followed."""
    found = owner.get("parameters")
    for each in found if isinstance(found, list) else ():
        parameter: Any = follow(document, each)
        if isinstance(parameter, dict):
            yield parameter


def header(document: Json, path: str, operation: Json, name: str) -> Json:
    """A header that an operation or its path takes; empty if it takes none of that name."""
    for owner in (operation, document["paths"][path]):
        for parameter in parameters_of(document, owner):
            if parameter.get("in") == "header" and str(parameter.get("name", "")).lower() == name:
                return parameter
    return {}


def schema_of(document: Json, parameter: Json) -> Json:
    """The schema of a parameter, its reference followed."""
    schema: Any = follow(document, parameter.get("schema"))
    return schema if isinstance(schema, dict) else {}
