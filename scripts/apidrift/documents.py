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
METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})

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
    """The document that the parser's events describe."""
    builder = _Builder(name)
    for event in events:
        builder.take(event)
    if len(builder.documents) != 1:
        raise DriftError(f"{name}: {len(builder.documents)} YAML documents instead of one")
    return builder.documents[0]


class _Builder:
    """Builds a document without recursion: no tags but those of JSON's types, keys are text and there once."""

    def __init__(self, name: str) -> None:
        self.documents: list[object] = []
        self._name = name
        # Open containers, each with the key that awaits its value.
        self._open: list[tuple[object, list[str]]] = [(self.documents, [])]
        self._anchors: dict[str, object] = {}

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._put(_scalar(event, self._name), event.anchor)
            case yaml.AliasEvent(anchor=anchor):
                if anchor not in self._anchors:
                    raise DriftError(f"{self._name}: unknown alias {anchor!r}")
                self._put(self._anchors[anchor], None)
            case yaml.MappingStartEvent():
                self._start({}, event)
            case yaml.SequenceStartEvent():
                self._start([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()
            case _:
                pass

    def _start(self, container: object, event: Any) -> None:
        if len(self._open) > MAX_DEPTH:
            raise DriftError(f"{self._name}: nested deeper than {MAX_DEPTH} levels")
        if event.tag not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            raise DriftError(f"{self._name}: the YAML tag {event.tag!r} is not accepted")
        self._put(container, event.anchor)
        self._open.append((container, []))

    def _put(self, value: object, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = value
        container, key = self._open[-1]
        if isinstance(container, list):
            container.append(value)
        elif key:
            cast(Json, container)[key.pop()] = value
        elif isinstance(value, (dict, list)):
            raise DriftError(f"{self._name}: the key of an object is not text")
        else:
            key.append(value if isinstance(value, str) else json.dumps(value))
            if key[0] in cast(Json, container):
                raise DriftError(f"{self._name}: the key {key[0]!r} is there twice in one object")


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
    _check_components(document, name)
    _expect(document, "paths", dict, name)
    for path, item in document.get("paths", {}).items():
        if not path.startswith("x-"):
            _expect(document["paths"], path, dict, name)
            for method in METHODS & item.keys():
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
