"""The specifications as the contract tests need them: read, resolved and merged into one document."""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.support.examples import SPECIFICATIONS, example_of, operations_in, resolved, specification

RETRY_AFTER = 7

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A documented answer of an operation; without a body, it has no media type."""

    key: str  # of the operation: API and id
    status: int
    media_type: str | None
    schema: Json
    example: Any

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def __str__(self) -> str:
        return f"{self.key}-{self.status}"


@dataclass(frozen=True)
class Body:
    """A documented body of a request."""

    key: str  # of the operation: API and id
    media_type: str
    schema: Json
    example: Any

    def __str__(self) -> str:
        return f"{self.key}-{self.media_type}"


def answers() -> Iterator[Answer]:
    """Every documented answer of every operation, once for each of its media types."""
    for key, document, operation in _operations():
        for status, response in operation["responses"].items():
            contents = resolved(document, response).get("content", {})
            for media_type, content in contents.items() or [(None, {})]:
                schema = _rooted(content.get("schema", {}), document)
                yield Answer(key, int(status), media_type, schema, example_of(content))


def bodies() -> Iterator[Body]:
    """Every documented body of a request that is JSON."""
    for key, document, operation in _operations():
        for media_type, content in resolved(document, operation.get("requestBody", {})).get("content", {}).items():
            if media_type == "application/json":
                yield Body(key, media_type, _rooted(content["schema"], document), example_of(content))


def _operations() -> Iterator[tuple[str, Json, Json]]:
    for name in SPECIFICATIONS:
        document = specification(name)
        for _, _, operation in operations_in(document):
            yield f"{name}/{operation['operationId']}", document, operation


def merged(read: Callable[[str], Json] = specification) -> Json:
    """One document with the operations of all specifications, which share the names of some components.

    The ids of the operations get the name of their API before them, because several APIs have a `jobs-get`.
    With an example for `retry-after`, so that it can be told from a value that a server makes up. `read` gives each
    specification.
    """
    result: Json = {"openapi": "3.0.3", "info": {"title": "All operations", "version": "1"}, "paths": {}}
    components: Json = {}
    for name in SPECIFICATIONS:
        document = _prefixed(read(name), name)
        for _, _, operation in operations_in(document):
            operation["operationId"] = f"{name}/{operation['operationId']}"
            operation.setdefault("security", document.get("security", []))
        assert not result["paths"].keys() & document["paths"].keys()
        result["paths"] |= document["paths"]
        for kind, members in document["components"].items():
            components.setdefault(kind, {}).update(members)
    result["components"] = components
    for _, _, operation in operations_in(result):
        for response in operation["responses"].values():
            headers = resolved(result, response).get("headers", {})
            if "retry-after" in headers:
                headers["retry-after"]["example"] = RETRY_AFTER
    return result


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


def as_read(node: Any) -> Any:
    """JSON as a model understands it: times as Python has them, and null is the same as absent."""
    if isinstance(node, dict):
        return {key: as_read(value) for key, value in node.items() if value is not None}
    if isinstance(node, list):
        return [as_read(value) for value in node]
    is_time = isinstance(node, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", node)
    return datetime.fromisoformat(node) if is_time else node


def _rooted(schema: Json, document: Json) -> Json:
    """The schema as a document of its own, in which its references lead somewhere."""
    return {"allOf": [schema], "components": document["components"]}
