"""Read an OpenAPI definition that may come from a stranger, and say what is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from codegen.documents import METHODS, DocumentError, Json, read_yaml, target_of
from codegen.walks import Place, objects

# OpenAPI 3.2 has one method more, and any other by name.
ALL_METHODS: Final = (*METHODS, "query")


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
        raise DriftError(f"{name}: {found}; OpenAPI 3.0, 3.1 and 3.2 can be compared")
    if not isinstance(document.get("info"), dict):
        raise DriftError(f"{name}: has no `info`")
    if "paths" not in document and version.startswith("3.0"):
        raise DriftError(f"{name}: has no `paths`")
    _check_components(document, name)
    _check_security(document, name)
    for key in ("tags", "servers"):
        _expect_list(document, key, name)
    for key in ("paths", "webhooks"):
        _expect(document, key, dict, name)
        for path, item in document.get(key, {}).items():
            if not path.startswith("x-"):
                _expect(document[key], path, dict, name)
                _check_item(item, f"{name}: {path}")
    _check_values(document, name)


def _check_components(document: Json, name: str) -> None:
    _expect(document, "components", dict, name)
    components: Json = document.get("components", {})
    for section, entries in components.items():
        if not section.startswith("x-"):
            _expect(components, section, dict, name)
            for key in entries:
                _expect(entries, key, (dict, bool) if section == "schemas" else dict, f"{name}: components.{section}")
    for key, item in components.get("pathItems", {}).items():
        _check_item(item, f"{name}: components.pathItems.{key}")
    for key, scheme in components.get("securitySchemes", {}).items():
        at = f"{name}: components.securitySchemes.{key}"
        _expect(scheme, "flows", dict, at)
        for flow in scheme.get("flows", {}):
            if not flow.startswith("x-"):
                _expect(scheme["flows"], flow, dict, at)
                _expect(scheme["flows"][flow], "scopes", dict, f"{at}.{flow}")


def _check_item(item: Json, name: str) -> None:
    """The operations of a path, and what they have in common. `name` is that of the file and of the path."""
    for method in item.keys() & set(ALL_METHODS):
        _expect(item, method, dict, name)
        _check_operation(item[method], f"{name.partition(': ')[0]}: {method.upper()} {name.partition(': ')[2]}")
    _expect(item, "additionalOperations", dict, name)
    for method in item.get("additionalOperations", {}):
        _expect(item["additionalOperations"], method, dict, name)
        _check_operation(item["additionalOperations"][method], f"{name} {method}")
    for key in ("parameters", "servers"):
        _expect_list(item, key, name)


def _check_operation(operation: Json, name: str) -> None:
    _expect(operation, "responses", dict, name)
    _expect(operation, "requestBody", dict, name)
    _expect(operation, "callbacks", dict, name)
    _expect(operation, "tags", list, name)
    for key in ("parameters", "servers"):
        _expect_list(operation, key, name)
    _check_security(operation, name)
    for status in operation.get("responses", {}):
        if not status.startswith("x-"):
            _expect(operation["responses"], status, dict, name)
            if not re.fullmatch(r"[1-5](\d\d|XX|xx)|default", status):
                raise DriftError(f"{name}: {status!r} is no status")


def _check_security(owner: Json, name: str) -> None:
    """Alternatives are a list of objects, each with lists of scopes by scheme."""
    _expect_list(owner, "security", name)
    for alternative in owner.get("security", []):
        for scheme, scopes in alternative.items():
            if not isinstance(scopes, list) or not all(isinstance(each, str) for each in scopes):
                raise DriftError(f"{name}: `security`: the scopes of {scheme!r} are not a list of texts")


_KINDS: Final[dict[str, type | tuple[type, ...]]] = {
    "properties": dict, "patternProperties": dict, "dependentSchemas": dict, "dependentRequired": dict, "$defs": dict,
    "required": (list, bool), "enum": list, "oneOf": list, "anyOf": list, "allOf": list, "discriminator": dict,
    "content": dict, "headers": dict, "links": dict, "encoding": dict, "prefixItems": list,
    "items": (dict, bool, list), "schema": (dict, bool), "itemSchema": (dict, bool),
    **dict.fromkeys(("additionalProperties", "contains", "propertyNames", "not", "if", "then", "else"), (dict, bool)),
    **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems"), (dict, bool)),
}  # fmt: skip
_SCHEMA_LISTS: Final = ("oneOf", "anyOf", "allOf", "prefixItems")
_SCHEMA_MAPS: Final = ("properties", "patternProperties", "dependentSchemas", "$defs")


def in_words(place: Place) -> str:
    """A place as a JSON pointer."""
    steps: list[str] = []
    while place:
        key, place = place
        steps.append(str(key).replace("~", "~0").replace("/", "~1"))
    return "/".join(["#", *reversed(steps)])


def _check_values(document: Json, name: str) -> None:
    """Every reference inside the document leads somewhere, and keywords hold the kind of value that they must hold."""
    known: set[str] = set()
    for node, _ in objects(document):
        reference = node.get("$ref")
        if reference is not None and reference not in known if isinstance(reference, str) else "$ref" in node:
            _check_reference(document, reference, name)
            known.add(str(reference))
        for key in node.keys() & _KINDS.keys():
            _expect(node, key, _KINDS[key], name)
        for target in mapping_of(node.get("discriminator")).values():
            _check_reference(document, target, name)
        for key in node.keys() & set(_SCHEMA_LISTS):
            _expect_schemas(node[key], key, name)
        for key in node.keys() & set(_SCHEMA_MAPS):
            _expect_schemas(node[key].values(), key, name)


def mapping_of(discriminator: Any) -> dict[str, str]:
    """Where the values of a discriminator lead: references, or just names of components. OpenAPI 3.2 has a default."""
    if not isinstance(discriminator, dict):
        return {}
    mapping = discriminator.get("mapping")
    found = {str(value): str(target) for value, target in mapping.items()} if isinstance(mapping, dict) else {}
    return {
        **found,
        **({"(default)": str(discriminator["defaultMapping"])} if "defaultMapping" in discriminator else {}),
    }


def _check_reference(document: Json, reference: object, name: str) -> None:
    if not isinstance(reference, str):
        raise DriftError(f"{name}: a $ref is not text")
    if is_pointer(reference):
        follow(document, reference, name)


def is_pointer(reference: str) -> bool:
    """Whether a reference leads to a place inside the document. Anchors and other documents are not followed."""
    return reference.startswith("#/")


def problem_of(document: Json) -> str:
    """What the OpenAPI schema says against a definition; empty if nothing."""
    # Imported here: only broken definitions and those to adopt need it, and it takes a while.
    from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator, OpenAPIV32SpecValidator

    validators = {"3.0": OpenAPIV30SpecValidator, "3.1": OpenAPIV31SpecValidator, "3.2": OpenAPIV32SpecValidator}
    validator: Any = validators[document["openapi"][:3]]
    try:
        problem = next(validator(_without_patterns(document)).iter_errors(), None)
    except Exception as error:  # noqa: BLE001 (code of others, on the text of a stranger)
        return f"cannot be validated: {type(error).__name__}"
    if problem is None:
        return ""
    where = "/".join(map(str, problem.absolute_path))
    return f"not a valid OpenAPI definition: {where}: {str(problem.message).splitlines()[0][:200]}"


def _without_patterns(node: Any) -> Any:
    """A copy without patterns: the validator would run them on defaults, and some never end."""
    if isinstance(node, dict):
        return {
            key: _without_patterns(value)
            for key, value in node.items()
            if key != "patternProperties" and not (key == "pattern" and isinstance(value, str))
        }
    return [_without_patterns(value) for value in node] if isinstance(node, list) else node


def _expect(node: Json, key: str, kind: type | tuple[type, ...], name: str) -> None:
    if key in node and not isinstance(node[key], kind):
        raise DriftError(f"{name}: {key!r} is {type(node[key]).__name__}, which OpenAPI does not allow there")


def _expect_list(node: Json, key: str, name: str) -> None:
    """A list of objects."""
    _expect(node, key, list, name)
    for each in node.get(key, []):
        if not isinstance(each, dict):
            raise DriftError(f"{name}: {key!r} holds {type(each).__name__} where an object belongs")


def _expect_schemas(schemas: Any, key: str, name: str) -> None:
    for each in schemas:
        if not isinstance(each, (dict, bool)):
            raise DriftError(f"{name}: {key!r} holds {type(each).__name__} where a schema belongs")


def follow(document: Json, reference: str, name: str = "the definition") -> Any:
    """What a reference inside the document leads to."""
    try:
        return target_of(document, reference)
    except DocumentError as error:
        raise DriftError(f"{name}: {error}") from None
