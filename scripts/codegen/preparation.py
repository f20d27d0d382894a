"""What is done to a document before the generator reads it, so that it keeps what it would otherwise lose.

The marks are extensions that `questions` reads again: `x-nullable` on a schema that takes null, `x-write` on one that
only bodies of requests use.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, cast

from .documents import METHODS, Json, follow
from .naming import snake_case


def prepare(document: Json) -> Json:
    """A copy of a document with everything marked and named."""
    document = copy.deepcopy(document)
    _mark_nullable(document)
    _mark_written(document)
    _name_members(document)
    return document


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Path, method and operation of everything that can be called."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def binary_types(document: Json) -> set[str]:
    """The media types of bodies that are neither JSON nor a form."""
    bodies = [follow(document, operation.get("requestBody", {})) for _, _, operation in operations(document)]
    types = {str(media_type) for body in bodies for media_type in body.get("content", {})}
    return {each for each in types if not re.search(r"json|x-www-form-urlencoded|^multipart/", each)}


def _mark_nullable(node: object) -> None:
    """Put `x-nullable` in the place of the other ways to say it, of which the generator makes unions with odd names."""
    if isinstance(node, dict):
        _mark_nullable_schema(cast(Json, node))
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _mark_nullable(child)


def _mark_nullable_schema(schema: Json) -> None:
    found = schema.get("nullable") is True
    if isinstance(kinds := schema.get("type"), list) and "null" in kinds:
        rest = [kind for kind in cast(list[object], kinds) if kind != "null"]
        if rest:
            schema["type"] = rest[0] if len(rest) == 1 else rest
            found = True
    for keyword in ("anyOf", "oneOf"):
        if isinstance(variants := schema.get(keyword), list) and {"type": "null"} in variants:
            rest = [variant for variant in cast(list[object], variants) if variant != {"type": "null"}]
            del schema[keyword]
            if len(rest) == 1 and isinstance(rest[0], dict) and "$ref" not in rest[0]:
                schema.update({**rest[0], **schema})
            else:
                schema["allOf" if len(rest) == 1 else keyword] = rest
            found = True
    if isinstance(values := schema.get("enum"), list) and None in values and len(cast(list[object], values)) > 1:
        schema["enum"] = [value for value in cast(list[object], values) if value is not None]
        found = True
    if found:
        schema.pop("nullable", None)
        schema["x-nullable"] = True


def _mark_written(document: Json) -> None:
    """Mark the schemas that bodies of requests use and answers do not."""
    sent: dict[int, Json] = {}
    received: dict[int, Json] = {}
    for _, _, operation in operations(document):
        body = follow(document, operation.get("requestBody", {}))
        _collect(document, [content.get("schema") for content in body.get("content", {}).values()], sent)
        for response in operation.get("responses", {}).values():
            answer = follow(document, response)
            _collect(document, [content.get("schema") for content in answer.get("content", {}).values()], received)
    for key, schema in sent.items():
        if key not in received:
            schema["x-write"] = True


def _collect(document: Json, nodes: list[Any], found: dict[int, Json]) -> None:
    """Every schema that some schemas consist of, references followed."""
    while nodes:
        schema = follow(document, nodes.pop())
        if not isinstance(schema, dict) or id(cast(Json, schema)) in found:
            continue
        found[id(cast(Json, schema))] = cast(Json, schema)
        for key, child in cast(Json, schema).items():
            if key in _MAPS and isinstance(child, dict):
                nodes += cast(Json, child).values()
            elif key in _LISTS and isinstance(child, list):
                nodes += child
            elif key in _SCHEMAS:
                nodes.append(child)


_MAPS = frozenset({"properties", "patternProperties"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf"})
_SCHEMAS = frozenset({"items", "additionalProperties", "not"})


def _name_members(node: object) -> None:
    """Give the members of string enums readable names: REALITY_DATA rather than REALITYDATA."""
    if isinstance(node, dict):
        values = node.get("enum")
        if isinstance(values, list) and all(isinstance(value, str) for value in values):
            names = [_member_name(value) for value in values]
            if len(set(names)) == len(names) and all(name.isidentifier() for name in names):
                node.setdefault("x-enum-varnames", names)
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _name_members(child)


def _member_name(value: str) -> str:
    if value[:1].isdigit():
        return f"VALUE_{re.sub(r'[^A-Za-z0-9]+', '_', value).upper()}"
    return snake_case(re.sub(r"[^A-Za-z0-9]+", " ", value)).upper()
