"""Read an OpenAPI definition that may come from a stranger, and say what is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from codegen.documents import METHODS, DocumentError, Json, read_yaml, target_of


class DriftError(Exception):
    """Two definitions cannot be compared. One line says why."""


def read_document(path: Path) -> Json:
    """The definition in a file."""
    try:
        document = read_yaml(path)
    except DocumentError as error:
        raise DriftError(str(error)) from None
    check_structure(document, path.name)
    return document


def check_structure(document: Json, name: str) -> None:
    """Fail on what would make a comparison meaningless: not OpenAPI 3, or an object where a list belongs."""
    version = document.get("openapi")
    if not isinstance(version, str) or not re.match(r"3\.[012](\.|$)", version):
        found = f"OpenAPI {version}" if version else "Swagger 2.0" if "swagger" in document else "no OpenAPI definition"
        raise DriftError(f"{name}: {found}; OpenAPI 3.0 and 3.1 can be compared")
    if not isinstance(document.get("info"), dict):
        raise DriftError(f"{name}: has no `info`")
    if "paths" not in document and version.startswith("3.0"):
        raise DriftError(f"{name}: has no `paths`")
    _check_components(document, name)
    _expect(document, "paths", dict, name)
    for path, item in document.get("paths", {}).items():
        if not path.startswith("x-"):
            _expect(document["paths"], path, dict, name)
            for method in item.keys() & METHODS:
                _expect(item, method, dict, f"{name}: {path}")
                _check_operation(item[method], f"{name}: {method.upper()} {path}")
    _check_values(document, name)


def _check_components(document: Json, name: str) -> None:
    _expect(document, "components", dict, name)
    components: Json = document.get("components", {})
    for section, entries in components.items():
        if not section.startswith("x-"):
            _expect(components, section, dict, name)
            for key in entries:
                _expect(entries, key, (dict, bool) if section == "schemas" else dict, f"{name}: components.{section}")


def _check_operation(operation: Json, name: str) -> None:
    _expect(operation, "responses", dict, name)
    _expect(operation, "parameters", list, name)
    _expect(operation, "requestBody", dict, name)
    _expect(operation, "tags", list, name)
    _expect(operation, "security", list, name)
    for status in operation.get("responses", {}):
        if not status.startswith("x-"):
            _expect(operation["responses"], status, dict, name)
            if not re.fullmatch(r"[1-5](\d\d|XX|xx)|default", status):
                raise DriftError(f"{name}: {status!r} is no status")


_KINDS: Final[dict[str, type | tuple[type, ...]]] = {
    "properties": dict,
    "patternProperties": dict,
    "required": (list, bool),
    "enum": list,
    "oneOf": list,
    "anyOf": list,
    "allOf": list,
    "discriminator": dict,
    "content": dict,
    "headers": dict,
    "items": (dict, bool, list),
    "additionalProperties": (dict, bool),
    "schema": (dict, bool),
}
_FREE: Final = frozenset({"example", "examples", "default", "const", "enum", "value", "mapping", "scopes", "variables"})


def _check_values(document: Json, name: str) -> None:
    """Every reference inside the document leads somewhere, and keywords hold the kind of value that they must hold.

    Examples and defaults are data: whatever is in there is neither a reference nor a keyword.
    """
    stack: list[tuple[object, bool]] = [
        (document, False)
    ]  # a node, and whether its keys are names chosen by the author
    while stack:
        node, named = stack.pop()
        if isinstance(node, list):
            stack.extend((child, False) for child in node)
        elif isinstance(node, dict) and named:
            stack.extend((child, False) for child in node.values())
        elif isinstance(node, dict):
            _check_keywords(document, node, name)
            stack.extend((child, key in _NAMED) for key, child in node.items() if not _is_data(key))


def _check_keywords(document: Json, node: Json, name: str) -> None:
    if "$ref" in node:
        if not isinstance(node["$ref"], str):
            raise DriftError(f"{name}: a $ref is not text")
        if node["$ref"].startswith("#"):
            follow(document, node["$ref"], name)
    for key in node.keys() & _KINDS.keys():
        if not _is_data(key):
            _expect(node, key, _KINDS[key], name)


def problem_of(document: Json) -> str:
    """What the OpenAPI schema says against a definition; empty if nothing."""
    # Imported here: only broken definitions and those to adopt need it, and it takes a while.
    from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

    validator: Any = OpenAPIV30SpecValidator if document["openapi"].startswith("3.0") else OpenAPIV31SpecValidator
    try:
        problem = next(validator(document).iter_errors(), None)
    except Exception as error:  # noqa: BLE001 (code of others, on the text of a stranger)
        return f"cannot be validated: {type(error).__name__}"
    if problem is None:
        return ""
    where = "/".join(map(str, problem.absolute_path))
    return f"not a valid OpenAPI definition: {where}: {str(problem.message).splitlines()[0][:200]}"


def _is_data(key: str) -> bool:
    return key in _FREE or key.startswith("x-")


_NAMED: Final = frozenset(
    {"properties", "patternProperties", "schemas", "parameters", "responses", "headers", "requestBodies", "examples"}
    | {"links", "callbacks", "securitySchemes", "pathItems", "content", "paths", "$defs", "definitions", "encoding"}
    | {"dependentSchemas", "dependentRequired", "webhooks"}
)


def _expect(node: Json, key: str, kind: type | tuple[type, ...], name: str) -> None:
    if key in node and not isinstance(node[key], kind):
        raise DriftError(f"{name}: {key!r} is {type(node[key]).__name__}, which OpenAPI does not allow there")


def follow(document: Json, reference: str, name: str = "the definition") -> Any:
    """What a reference inside the document leads to."""
    try:
        return target_of(document, reference)
    except DocumentError as error:
        raise DriftError(f"{name}: {error}") from None


def external_references(document: Json) -> list[str]:
    """The references that lead out of the document. None of them is ever followed."""
    found: set[str] = set()
    stack: list[object] = [document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str) and not reference.startswith("#"):
                found.add(reference)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return sorted(found)
