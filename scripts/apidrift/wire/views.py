"""One level of a schema in one form, however it was written.

OpenAPI has many spellings for one thing: `nullable: true`, `type: [string, "null"]` and `oneOf` with null; `const`, an
enum of one value and a union of constants; a reference and an `allOf` around that reference; a base class in `allOf`
and its properties written out; `exclusiveMinimum: true` beside `minimum` and `exclusiveMinimum: 3`. A View hides the
spelling, so that what differs between two views differs for clients.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from codegen.documents import Json

from .nodes import Node, is_prose, same_number, text_of

# What limits values without changing their type.
FACETS: Final = (
    "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains",
    "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains",
    "format", "pattern", "multipleOf", "uniqueItems", "default", "readOnly", "writeOnly",
)  # fmt: skip
_DEFAULTS: Final[dict[str, Any]] = {
    "uniqueItems": False, "readOnly": False, "writeOnly": False, "minLength": 0, "minItems": 0, "minProperties": 0,
    "minContains": 1,
}  # fmt: skip
# Keywords that hold schemas and have no rule of their own. What is in them is compared like any schema.
SUBSCHEMAS: Final = frozenset(
    {"contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema", "not", "if", "then"}
    | {"else", "itemSchema", "additionalItems"}
)
_PARTS: Final = frozenset(
    {"type", "nullable", "enum", "const", "properties", "required", "additionalProperties", "items", "oneOf", "anyOf"}
    | {"allOf", "discriminator", "$ref", "x-extensible-enum", "prefixItems", "patternProperties", "dependentSchemas"}
    | SUBSCHEMAS
)
_NAMES: Final[dict[type, str]] = {str: "string", bool: "boolean", int: "integer", float: "number"}


@dataclasses.dataclass(frozen=True)
class Union:
    """A choice between variants."""

    kind: str  # oneOf or anyOf
    variants: tuple[Node, ...]
    discriminator: Json = dataclasses.field(default_factory=dict[str, Any])


@dataclasses.dataclass
class View:
    """One level of a schema."""

    types: frozenset[str] | None = None  # None: any
    implied: bool = False  # the types follow from other keywords; strictly speaking, other types are allowed too
    nullable: bool = False
    enum: tuple[Any, ...] | None = None
    constant: bool = False  # the value is a `const`
    open_enum: tuple[Any, ...] | None = None  # x-extensible-enum
    properties: dict[str, Node] = dataclasses.field(default_factory=dict[str, Any])
    required: frozenset[str] = frozenset()
    additional: Node = True
    items: Node | None = None
    unions: tuple[Union, ...] = ()
    # A union that was taken for an enum or a list of types, and what stands beside it.
    choice: tuple[Union, View] | None = None
    # Discriminators of base classes, each with the reference to the class: what extends it is told apart by them.
    bases: tuple[tuple[Json, str], ...] = ()
    facets: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    inner: dict[tuple[str, str], Node] = dataclasses.field(default_factory=dict[tuple[str, str], Any])
    rest: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    prose: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])

    @property
    def kind(self) -> str:
        """The type in words."""
        if self.types:
            return " or ".join(sorted(self.types))
        return self.unions[0].kind if self.unions else "any type"

    @property
    def is_plain(self) -> bool:
        """Whether nothing is said but a type or a list of values."""
        return not (
            self.properties or self.required or self.items is not None or self.unions or self.bases or self.facets
            or self.inner or self.rest or self.open_enum or self.nullable
        ) and self.additional is True  # fmt: skip


def is_null(node: Node) -> bool:
    """Whether a schema allows null alone."""
    if not isinstance(node, dict):
        return False
    return node.get("type") == "null" or node.get("enum") == [None] or ("const" in node and node["const"] is None)


def own(node: Json) -> View:
    """What a node says by itself, without what it refers to."""
    declared = node.get("type")
    listed: list[Any] = declared if isinstance(declared, list) else [declared]
    types = {each for each in listed if isinstance(each, str)}
    values = _values(node)
    nullable = node.get("nullable") is True or "null" in types
    if values is not None and None in values:
        nullable = nullable or not types
        values = [value for value in values if value is not None]
    types.discard("null")
    implied = not types and values is None
    if values and types:
        # A value of another type never occurs.
        values = [value for value in values if _type_of(value) in types | _wider(types)] or values
    if not types:
        types = _implied_types(node, values)
    required = node.get("required")
    view = View(
        types=frozenset(types) or None,
        implied=implied and bool(types),
        nullable=nullable,
        enum=None if values is None else tuple(values),
        constant="const" in node,
        open_enum=tuple(node["x-extensible-enum"]) if isinstance(node.get("x-extensible-enum"), list) else None,
        properties=dict(node.get("properties", {})),
        required=frozenset(map(str, required)) if isinstance(required, list) else frozenset(),
        additional=_additional(node),
        items=_items(node),
        facets=_facets(node),
        inner=_inner(node),
        prose={key: value for key, value in node.items() if is_prose(key)},
    )
    handled = _PARTS | set(FACETS) | view.prose.keys()
    view.rest = {key: value for key, value in node.items() if key not in handled}
    if view.additional is False:
        view.inner.pop(("unevaluatedProperties", ""), None)
    for name in view.required - view.properties.keys():
        if types == {"object"}:
            view.properties[name] = True
    return view


def _values(node: Json) -> list[Any] | None:
    enum = node.get("enum") if isinstance(node.get("enum"), list) else None
    if "const" not in node:
        return same_number(enum) if enum is not None else None
    const = same_number(node["const"])
    return [const] if enum is None or contains(same_number(enum), const) else []


def contains(values: Any, value: Any) -> bool:
    """Whether a value is among others, where 1 and 1.0 are one value and true is another."""
    return text_of(value) in {text_of(each) for each in values}


def _type_of(value: Any) -> str:
    return _NAMES.get(type(value), "array" if isinstance(value, list) else "object")


def _wider(types: set[str]) -> set[str]:
    return {"integer"} if "number" in types else set()


def _additional(node: Json) -> Node:
    additional: Any = node.get("additionalProperties", True)
    composed = {"oneOf", "anyOf", "allOf", "if", "$ref", "dependentSchemas"} & node.keys()
    if node.get("unevaluatedProperties") is False and not composed:
        additional = False
    return True if additional == {} else additional if isinstance(additional, (dict, bool)) else True


def _items(node: Json) -> Node | None:
    items: Any = node.get("items")
    if isinstance(items, list):  # the old form of tuples, whose other items are additionalItems
        items = node.get("additionalItems")
    return None if items is True or items == {} else items


def _inner(node: Json) -> dict[tuple[str, str], Node]:
    """The schemas of keywords without a rule of their own, by keyword and name."""
    found: dict[tuple[str, str], Any] = {}
    for key in ("patternProperties", "dependentSchemas"):
        found.update({(key, str(name)): schema for name, schema in (node.get(key) or {}).items()})
    items: Any = node.get("items")
    tuples: list[Any] = node.get("prefixItems") or (items if isinstance(items, list) else [])
    found.update({("prefixItems", str(index)): schema for index, schema in enumerate(tuples)})
    found.update({(key, ""): node[key] for key in SUBSCHEMAS & node.keys()})
    if isinstance(items, list):
        found.pop(("additionalItems", ""), None)
    return found


def _implied_types(node: Json, values: list[Any] | None) -> set[str]:
    if {"properties", "additionalProperties"} & node.keys():
        return {"object"}
    if "items" in node or "prefixItems" in node:
        return {"array"}
    if values and all(type(value) in _NAMES for value in values):
        return {_NAMES[type(value)] for value in values}
    return set()


def _facets(node: Json) -> dict[str, Any]:
    facets: dict[str, Any] = {
        key: same_number(node[key])
        for key in FACETS
        if key in node and node[key] is not None and text_of(_DEFAULTS.get(key, _MISSING)) != text_of(node[key])
    }
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        flag = facets.get(exclusive)
        if flag is True:
            del facets[exclusive]
            if limit in facets:
                facets[exclusive] = facets.pop(limit)
        elif flag is False:
            del facets[exclusive]
    if node.get("minContains") is not None and "contains" not in node:
        facets.pop("minContains", None)
    return facets


_MISSING: Final = "(nothing)"
