"""What is done to a document before the generator reads it, so that it takes all of it and names nothing by itself."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, cast

from .calls import Call, Calls
from .documents import Json, follow
from .errors import GenerationError
from .made import Made, referring
from .naming import visible
from .shapes import Shapes
from .walks import operations_of


@dataclass(frozen=True)
class Prepared:
    """A document as the generator takes it, and what the templates need to know besides.

    Attributes:
        document: For the generator. Properties are called like their attributes in it, and operations like their
            modules.
        classes: The classes by their names.
        calls: The operations by the names of their modules.
        problems: What cannot be generated, one text for each.
    """

    document: Json
    classes: dict[str, Made]
    calls: dict[str, Call]
    problems: list[str]


def prepare(document: Json) -> Prepared:
    """Make classes and operations out of a document.

    Raises:
        GenerationError: Nothing at all can be generated from it.
    """
    document = copy.deepcopy(document)
    if not str(document.get("openapi", "")).startswith("3."):
        raise GenerationError("#/openapi: it is not an OpenAPI document of version 3")
    problems: list[GenerationError] = []
    _mark_written(document)
    shapes = Shapes(document, problems.append)
    shapes.take_components()
    calls = {call.module: call for call in Calls(document, shapes, problems.append).all()}
    classes = {made.name: made for made in shapes.classes()}
    return Prepared(_for_generator(document, classes, calls), classes, calls, list(dict.fromkeys(map(str, problems))))


def _for_generator(document: Json, classes: dict[str, Made], calls: dict[str, Call]) -> Json:
    info = document.get("info")
    title = info.get("title") if isinstance(info, dict) else None
    return {
        "openapi": "3.0.3",
        "info": {"title": " ".join(visible(str(title or "An API")).split()), "version": "1"},
        "paths": {f"/{call.module}": {"get": _operation(call)} for call in calls.values()},
        "components": {"schemas": {name: made.schema for name, made in classes.items()}},
    }


def _operation(call: Call) -> Json:
    """An operation with what the generator makes types of: every parameter as one of the query, bodies as JSON."""
    found: Json = {
        "operationId": call.module,
        "tags": [call.tag],
        "parameters": [
            {"name": each.python_name, "in": "query", "required": each.required, "schema": referring(each.shape)}
            for each in call.arguments
        ],
        "responses": {
            str(each.status): {"description": "", **({"content": _content(each.shape)} if each.kind == "json" else {})}
            for each in call.successes
        },
    }
    if call.body is not None and call.body.kind in {"json", "form"}:
        found["requestBody"] = {"required": call.body.required, "content": _content(call.body.shape)}
    return found


def _content(shape: Json) -> Json:
    return {"application/json": {"schema": referring(shape)}}


def _mark_written(document: Json) -> None:
    """Mark the schemas that bodies of requests use and answers do not."""
    sent: dict[int, Json] = {}
    received: dict[int, Json] = {}
    for _, _, operation in operations_of(document):
        _collect(document, _schemas_in(document, operation.get("requestBody")), sent)
        responses = operation.get("responses")
        for answer in cast(Json, responses).values() if isinstance(responses, dict) else ():
            _collect(document, _schemas_in(document, answer), received)
    for key, schema in sent.items():
        if key not in received:
            schema["x-write"] = True


def _schemas_in(document: Json, node: Any) -> list[Any]:
    """The schemas of the content of a body or an answer."""
    target = follow(document, node)
    content = target.get("content") if isinstance(target, dict) else None
    return (
        [each.get("schema") for each in cast(Json, content).values() if isinstance(each, dict)]
        if isinstance(content, dict)
        else []
    )


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
