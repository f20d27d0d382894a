"""Walk over a definition that may not be valid. What has an unexpected shape is passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from .documents import METHODS, Json, follow

# A place in a document, as its last key and the place above.
Place = tuple[Any, ...]

# Keywords whose values are data, however much they look like a part of the definition.
DATA: Final = frozenset({"const", "default", "enum", "example", "examples", "mapping", "scopes", "value", "variables"})
# Keywords whose values have names as their keys, which the author has chosen.
NAMED: Final = frozenset(
    {"$defs", "additionalOperations", "callbacks", "content", "definitions", "dependentRequired", "dependentSchemas"}
    | {"encoding", "examples", "flows", "headers", "links", "mediaTypes", "parameters", "pathItems", "paths"}
    | {"patternProperties", "properties", "requestBodies", "responses", "schemas", "scopes", "securitySchemes"}
    | {"variables", "webhooks"}
)


def is_data(key: str) -> bool:
    """Whether the value of a keyword is data: examples and defaults, and extensions, whose form nobody knows."""
    return key in DATA or key.startswith("x-")


def objects(document: Json, is_data: Callable[[str], bool] = is_data) -> Iterator[tuple[Json, Place]]:
    """Every object of a document whose keys are keywords, with its place. It may be changed as it comes.

    Parameters:
        document: The document, or a part of it whose keys are keywords.
        is_data: The keywords below which nothing is looked at.
    """
    waiting: list[tuple[Any, bool, Place]] = [(document, False, ())]  # and whether its keys are names
    while waiting:
        node, is_named, place = waiting.pop()
        if isinstance(node, list):
            waiting += [(child, False, (index, place)) for index, child in enumerate(node)]
        elif isinstance(node, dict):
            if not is_named:
                yield node, place
            waiting += [
                (child, not is_named and key in NAMED, (key, place))
                for key, child in node.items()
                if isinstance(child, (dict, list)) and (is_named or not (is_data(key) or _lists_examples(key, child)))
            ]


def _lists_examples(key: str, value: object) -> bool:
    """Examples of a schema are a list of values; those of a body or parameter are objects with words of their own."""
    return key == "examples" and isinstance(value, list)


def path_items(document: Json) -> Iterator[tuple[str, Json]]:
    """Every path with what it holds, its reference followed."""
    paths = document.get("paths")
    for path, written in paths.items() if isinstance(paths, dict) else ():
        item = follow(document, written)
        if isinstance(item, dict) and not path.startswith("x-"):
            yield path, item


def operations_of(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Path, method and operation of everything that can be called."""
    for path, item in path_items(document):
        for method in METHODS:
            if isinstance(item.get(method), dict):
                yield path, method, item[method]
