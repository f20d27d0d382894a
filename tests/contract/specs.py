"""The specifications as the contract tests need them: read, resolved and merged into one document."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.examples import ROOT, specification

NAMES = sorted(path.stem for path in (ROOT / "openapi").glob("*.yaml"))

RETRY_AFTER = 7

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A documented answer of an operation."""

    operation_id: str
    status: int
    media_type: str
    schema: Json
    example: Any


def answers() -> Iterator[Answer]:
    """Every documented answer of every operation."""
    for name in NAMES:
        document = specification(name)
        for item in document["paths"].values():
            for operation in item.values():
                for status, response in operation["responses"].items():
                    for media_type, content in _resolve(document, response)["content"].items():
                        yield Answer(
                            operation["operationId"],
                            int(status),
                            media_type,
                            _rooted(content["schema"], document),
                            content["example"],
                        )


def merged(*, ids: Mapping[str, str] | None = None) -> Json:
    """One document with the operations of all specifications, which share the names of some components.

    With an example for `retry-after`, so that it can be told from a value that a server makes up, and with one for
    each path parameter in `ids`.
    """
    result: Json = {"openapi": "3.0.3", "info": {"title": "All operations", "version": "1"}, "paths": {}}
    components: Json = {}
    for name in NAMES:
        document = _prefixed(specification(name), name)
        assert not result["paths"].keys() & document["paths"].keys()
        result["paths"] |= document["paths"]
        for kind, members in document["components"].items():
            components.setdefault(kind, {}).update(members)
    for response in _responses(result["paths"], components):
        if "retry-after" in response.get("headers", {}):
            response["headers"]["retry-after"]["example"] = RETRY_AFTER
    for parameter in _parameters(result["paths"], components):
        if ids is not None:
            parameter["example"] = ids[parameter["name"]]
    return result | {"components": components}


def _responses(paths: Json, components: Json) -> Iterator[Json]:
    for item in paths.values():
        for operation in item.values():
            yield from operation["responses"].values()
    yield from components.get("responses", {}).values()


def _parameters(paths: Json, components: Json) -> Iterator[Json]:
    for item in paths.values():
        for operation in item.values():
            yield from (parameter for parameter in operation["parameters"] if "name" in parameter)
    yield from components.get("parameters", {}).values()


def _prefixed(document: Json, prefix: str) -> Json:
    """The document with the prefix before the name of each component, except for those of security."""
    document = copy.deepcopy(document)
    kept = document["components"].pop("securitySchemes")
    document = _with_references(document, prefix)
    for kind, members in document["components"].items():
        document["components"][kind] = {f"{prefix}.{name}": member for name, member in members.items()}
    document["components"]["securitySchemes"] = kept
    return document


def _with_references(node: Any, prefix: str) -> Any:
    if isinstance(node, dict):
        return {key: _with_references(value, prefix) for key, value in node.items()}
    if isinstance(node, list):
        return [_with_references(value, prefix) for value in node]
    if isinstance(node, str) and node.startswith("#/components/"):
        head, _, name = node.rpartition("/")
        return f"{head}/{prefix}.{name}"
    return node


def _rooted(schema: Json, document: Json) -> Json:
    """The schema as a document of its own, in which its references lead somewhere."""
    return {"allOf": [schema], "components": document["components"]}


def _resolve(document: Json, node: Json) -> Json:
    while "$ref" in node:
        target: Any = document
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node
