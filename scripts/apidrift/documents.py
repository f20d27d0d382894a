"""Read an OpenAPI definition, in JSON or YAML 1.2, that may come from a stranger.

Nothing in it is executed or fetched. Size, depth and number of values are limited, so that neither a long file nor
a few nested aliases can exhaust the machine, and only references inside the document are followed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, cast

import yaml

Json = dict[str, Any]

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 150
MAX_VALUES: Final = 2_000_000
METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

# The implicit types of the YAML 1.2 core schema. YAML 1.1, which PyYAML implements, also turns NO, on, 12:30 and dates
# into something else than text.
_SCALARS: Final = (
    (re.compile(r"(?:null|Null|NULL|~|)"), lambda _: None),
    (re.compile(r"(?:true|True|TRUE)"), lambda _: True),
    (re.compile(r"(?:false|False|FALSE)"), lambda _: False),
    (re.compile(r"[-+]?[0-9]{1,400}"), int),
    (re.compile(r"0o[0-7]{1,400}"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]{1,400}"), lambda text: int(text[2:], 16)),
    (re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), float),
)
_TAGS: Final = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
}
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DriftError(Exception):
    """Two definitions cannot be compared. One line says why."""


def read_document(path: Path) -> Json:
    """The definition in a file."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DriftError(f"{path.name}: {size} bytes are more than the {MAX_BYTES} that are read")
        text = path.read_bytes()
    except OSError as error:
        raise DriftError(f"{path}: {error.strerror or 'cannot be read'}") from None
    return parse_document(text, path.name)


def parse_document(content: bytes, name: str) -> Json:
    """The definition in `content`; `name` stands in error messages."""
    if len(content) > MAX_BYTES:
        raise DriftError(f"{name}: {len(content)} bytes are more than the {MAX_BYTES} that are read")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DriftError(f"{name}: not UTF-8 text") from None
    document = _parse_json(text, name) if text.lstrip().startswith("{") else None
    if document is None:
        document = _parse_yaml(text, name)
    if not isinstance(document, dict):
        raise DriftError(f"{name}: not an object")
    _check_limits(document, name)
    check_structure(cast(Json, document), name)
    return cast(Json, document)


def _parse_json(text: str, name: str) -> object:
    try:
        document: object = json.loads(text)
    except RecursionError:
        raise DriftError(f"{name}: nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:
        return None  # a YAML document may start with a brace too
    return document


def _parse_yaml(text: str, name: str) -> object:
    try:
        return _build(yaml.parse(text, Loader=_LOADER), name)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise DriftError(f"{name}{where}: {getattr(error, 'problem', None) or 'not JSON or YAML'}") from None
    except RecursionError:
        raise DriftError(f"{name}: nested deeper than {MAX_DEPTH} levels") from None


def _build(events: Any, name: str) -> object:
    """Build the document from the parser's events: no recursion, no tags but those of JSON's types, keys are text."""
    root: list[object] = []
    stack: list[tuple[object, list[object]]] = [(root, [])]  # open containers, each with the key that awaits a value
    anchors: dict[str, object] = {}

    def put(value: object) -> None:
        container, key = stack[-1]
        if isinstance(container, list):
            container.append(value)
        elif not key:
            if isinstance(value, (dict, list)):
                raise DriftError(f"{name}: the key of an object is not text")
            key.append(_key(value))
            if key[0] in cast(Json, container):
                raise DriftError(f"{name}: the key {key[0]!r} is there twice in one object")
        else:
            cast(Json, container)[cast(str, key.pop())] = value

    for event in events:
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event, name)
            put(value)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise DriftError(f"{name}: unknown alias {event.anchor!r}")
            put(value := anchors[event.anchor])
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if len(stack) > MAX_DEPTH:
                raise DriftError(f"{name}: nested deeper than {MAX_DEPTH} levels")
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
            if event.tag not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
                raise DriftError(f"{name}: the YAML tag {event.tag!r} is not accepted")
            put(value)
            stack.append((value, []))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            stack.pop()
            continue
        else:
            continue
        if getattr(event, "anchor", None) and not isinstance(event, yaml.AliasEvent):
            anchors[event.anchor] = value
    if len(root) != 1:
        raise DriftError(f"{name}: {len(root)} YAML documents instead of one")
    return root[0]


def _scalar(event: yaml.ScalarEvent, name: str) -> object:
    text = event.value
    if event.tag not in (None, "!"):
        if event.tag not in _TAGS:
            raise DriftError(f"{name}: the YAML tag {event.tag!r} is not accepted")
        try:
            return _TAGS[event.tag](text)
        except ValueError:
            raise DriftError(f"{name}: {text[:40]!r} is not a {event.tag.rpartition(':')[2]}") from None
    if event.style:  # quoted, or a block: always text
        return text
    for pattern, read in _SCALARS:
        if pattern.fullmatch(text):
            return cast(object, read(text))
    return text


def _key(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)


def _check_limits(document: object, name: str) -> None:
    """Count every value, each alias as often as it is used."""
    count = 0
    stack: list[tuple[object, int]] = [(document, 1)]
    while stack:
        node, depth = stack.pop()
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        count += 1
        if count > MAX_VALUES:
            raise DriftError(f"{name}: more than {MAX_VALUES} values")
        if depth > MAX_DEPTH:
            raise DriftError(f"{name}: nested deeper than {MAX_DEPTH} levels")
        stack.extend((child, depth + 1) for child in children)


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
    _expect(document, "paths", dict, name)
    _expect(document, "components", dict, name)
    for section, entries in document.get("components", {}).items():
        if not section.startswith("x-"):
            _expect(document["components"], section, dict, name)
            for key in entries:
                _expect(entries, key, (dict, bool) if section == "schemas" else dict, f"{name}: components.{section}")
    for path, item in document.get("paths", {}).items():
        if path.startswith("x-"):
            continue
        _expect(document["paths"], path, dict, name)
        for method in METHODS:
            if method in item:
                _expect(item, method, dict, f"{name}: {path}")
                _check_operation(item[method], f"{name}: {method.upper()} {path}")
    _check_references(document, name)


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


def _check_references(document: Json, name: str) -> None:
    """Every reference inside the document leads somewhere, and keywords hold the kind of value that they must hold.

    The same walk does both. Examples and defaults are data: whatever is in there is neither a reference nor a keyword.
    """
    stack: list[tuple[object, bool]] = [
        (document, False)
    ]  # a node, and whether its keys are names chosen by the author
    while stack:
        node, named = stack.pop()
        if isinstance(node, list):
            stack.extend((child, False) for child in node)
        if not isinstance(node, dict):
            continue
        if not named and isinstance(reference := node.get("$ref"), str):
            if reference.startswith("#"):
                follow(document, reference, name)
        elif not named and "$ref" in node:
            raise DriftError(f"{name}: a $ref is not text")
        for key, child in node.items():
            if not named:
                if key in _FREE or key.startswith("x-"):
                    continue
                if key in _KINDS:
                    _expect(node, key, _KINDS[key], name)
            stack.append((child, not named and key in _NAMED))


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
    node: Any = document
    for part in reference.removeprefix("#").split("/")[1:]:
        key = _unescape(part)
        if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, dict) and key in node:
            node = node[key]
        else:
            raise DriftError(f"{name}: {reference[:200]!r} leads nowhere")
    return node


def _unescape(part: str) -> str:
    text = re.sub(r"%([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), part)
    return text.replace("~1", "/").replace("~0", "~")


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
