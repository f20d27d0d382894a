"""One level of a schema in one form, however it was written.

OpenAPI has many spellings for one thing: `nullable: true`, `type: [string, "null"]` and `oneOf` with null; `const` and
an enum of one value; a reference and an `allOf` around that reference; a base class in `allOf` and the same properties
written out; `exclusiveMinimum: true` beside `minimum` and `exclusiveMinimum: 3`. A View hides the spelling, so that
what differs between two views differs for clients.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Final

from codegen.documents import Json

from .documents import follow

Node = dict[str, Any] | bool

PROSE: Final = frozenset(
    {
        "title",
        "description",
        "summary",
        "example",
        "examples",
        "externalDocs",
        "deprecated",
        "$comment",
        "$schema",
        "$id",
    }
    | {"$defs", "definitions", "$anchor"}
)
# What limits values without changing their type. The first two groups have a direction: larger is tighter, or looser.
LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")
UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")
FACETS: Final = (*LOWER, *UPPER, "format", "pattern", "multipleOf", "uniqueItems", "default", "readOnly", "writeOnly")
_DEFAULTS: Final[dict[str, Any]] = {
    "uniqueItems": False, "readOnly": False, "writeOnly": False, "minLength": 0, "minItems": 0, "minProperties": 0,
}  # fmt: skip
_PARTS: Final = frozenset(
    {"type", "nullable", "enum", "const", "properties", "required", "additionalProperties", "items", "oneOf", "anyOf"}
    | {"allOf", "discriminator", "$ref", "x-extensible-enum"}
)


@dataclasses.dataclass
class View:
    """One level of a schema."""

    types: frozenset[str] | None = None  # None: any
    implied: bool = False  # the types follow from other keywords; strictly speaking, other types are allowed too
    nullable: bool = False
    enum: tuple[Any, ...] | None = None
    open_enum: tuple[Any, ...] | None = None  # x-extensible-enum
    properties: dict[str, Node] = dataclasses.field(default_factory=dict[str, Any])
    required: frozenset[str] = frozenset()
    additional: Node = True
    items: Any = None  # a schema, or a list of them in the old form of tuples
    union: str = ""  # "oneOf", "anyOf" or nothing
    variants: tuple[Node, ...] = ()
    discriminator: Json = dataclasses.field(default_factory=dict[str, Any])
    facets: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    rest: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    prose: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])

    @property
    def kind(self) -> str:
        """The type in words."""
        if self.types:
            return " or ".join(sorted(self.types))
        return self.union or "any type"


@dataclasses.dataclass(frozen=True)
class Use:
    """A schema where it is used: what it looks like, and the component that it stands for if it is just a reference."""

    view: View
    name: str | None = None
    nullable_here: bool = False  # null is allowed at this place although the component does not allow it
    prose_here: Json = dataclasses.field(default_factory=dict[str, Any])


def schema_name(reference: str) -> str | None:
    """The name of the component that a reference leads to."""
    prefix = "#/components/schemas/"
    name = reference.removeprefix(prefix)
    return name.replace("~1", "/").replace("~0", "~") if reference.startswith(prefix) and "/" not in name else None


class Schemas:
    """The schemas of one document."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._components: dict[str, View] = {}

    def component(self, name: str) -> View:
        """The view of a component."""
        if name not in self._components:
            schema = self._document["components"]["schemas"][name]
            self._components[name] = self._view(schema, frozenset({f"#/components/schemas/{name}"}))
        return self._components[name]

    def shown(self, node: Node) -> Node:
        """A schema as it is written, or the one that it refers to: for people."""
        name = schema_name(str(node["$ref"])) if isinstance(node, dict) and "$ref" in node else None
        schema: Node = self._document["components"]["schemas"][name] if name else node
        return schema

    def use(self, node: Node) -> Use:
        """The view of a schema at the place where it is used."""
        reference, prose, nullable = self._plain_reference(node)
        name = schema_name(reference) if reference else None
        if name is None:
            return Use(self._view(node))
        view = self.component(name)
        return Use(view, name, nullable and not view.nullable, prose)

    def _plain_reference(self, node: Node) -> tuple[str | None, Json, bool]:
        """The reference that a node amounts to, the prose beside it, and whether it adds null."""
        if isinstance(node, bool):
            return None, {}, False
        prose = {key: value for key, value in node.items() if _is_prose(key)}
        nullable = node.get("nullable") is True
        left = node.keys() - prose.keys() - {"nullable"}
        if left == {"$ref"}:
            return str(node["$ref"]), {} if self._ignores_siblings else prose, nullable and not self._ignores_siblings
        if len(left) == 1 and (key := left.pop()) in ("allOf", "oneOf", "anyOf"):
            members = [member for member in node[key] if key == "allOf" or not _is_null(member)]
            if len(members) == 1 and isinstance(members[0], dict):
                reference, inner, inner_nullable = self._plain_reference(members[0])
                has_null = len(members) < len(node[key])
                return reference, {**inner, **prose}, nullable or inner_nullable or has_null
        return None, {}, False

    @property
    def _ignores_siblings(self) -> bool:
        return str(self._document.get("openapi", "")).startswith("3.0")

    def _view(self, node: Node, seen: frozenset[str] = frozenset()) -> View:
        if isinstance(node, bool):
            return View() if node else View(rest={"not": {}})
        if "$ref" in node:
            reference = str(node["$ref"])
            if not reference.startswith("#"):
                return View(rest={"$ref": reference})
            if reference in seen:
                return View(rest={"$ref": reference})
            target = self._view(follow(self._document, reference), seen | {reference})
            siblings = {key: value for key, value in node.items() if key != "$ref"}
            if self._ignores_siblings or not siblings:
                return target
            view = _meet(target, self._view(siblings, seen))
            return dataclasses.replace(view, prose={**target.prose, **view.prose})
        view = self._with_variants(_own(node), node, seen)
        nullable = view.nullable
        for member in node.get("allOf", []):
            inner = self._view(member, seen)
            alone = len(node["allOf"]) == 1 and not (node.keys() - _ANNOTATIONS - PROSE - {"allOf", "nullable"})
            view = _inline(view, inner) if alone else _meet(view, inner)
        view.nullable = view.nullable or nullable
        return view

    def _with_variants(self, view: View, node: Json, seen: frozenset[str]) -> View:
        """Add the variants of a union; null is no variant, and a single one is the schema itself."""
        for key in ("oneOf", "anyOf"):
            members = [member for member in node.get(key, []) if not _is_null(member)]
            if len(members) < len(node.get(key, [])):
                view.nullable = True
            if len(members) == 1:
                view = _inline(view, self._view(members[0], seen))
            elif members and view.union:
                view.rest[key] = members
            elif members:
                view.union, view.variants = key, tuple(members)
        return view


_ANNOTATIONS: Final = frozenset({"readOnly", "writeOnly", "default"})


def _is_prose(key: str) -> bool:
    return key in PROSE or (key.startswith("x-") and key != "x-extensible-enum")


def _is_null(node: Node) -> bool:
    if not isinstance(node, dict):
        return False
    return node.get("type") == "null" or node.get("enum") == [None] or ("const" in node and node["const"] is None)


def _own(node: Json) -> View:
    """What a node says by itself, without what it refers to."""
    declared = node.get("type")
    types = set(declared) if isinstance(declared, list) else {declared} if isinstance(declared, str) else set[str]()
    values = [node["const"]] if "const" in node else node.get("enum")
    nullable = node.get("nullable") is True or "null" in types
    if values is not None and None in values:
        nullable = nullable or not types
        values = [value for value in values if value is not None]
    types.discard("null")
    implied = not types and values is None
    if not types:
        types = _implied_types(node, values)
    additional = node.get("additionalProperties", True)
    if node.get("unevaluatedProperties") is False and "allOf" not in node and not _has_union(node):
        additional = False
    required = node.get("required")
    view = View(
        types=frozenset(types) or None,
        implied=implied and bool(types),
        nullable=nullable,
        enum=None if values is None else tuple(values),
        open_enum=tuple(node["x-extensible-enum"]) if isinstance(node.get("x-extensible-enum"), list) else None,
        properties=dict(node.get("properties", {})),
        required=frozenset(map(str, required)) if isinstance(required, list) else frozenset(),
        additional=True if additional == {} else additional,
        items=node.get("items"),
        discriminator=dict(node.get("discriminator", {})),
        facets=_facets(node),
        prose={key: value for key, value in node.items() if _is_prose(key)},
    )
    handled = _PARTS | set(FACETS) | view.prose.keys()
    view.rest = {key: value for key, value in node.items() if key not in handled}
    if additional is False and node.get("unevaluatedProperties") is False:
        view.rest.pop("unevaluatedProperties", None)
    for name in view.required - view.properties.keys():
        if types == {"object"}:
            view.properties[name] = True
    return view


def _has_union(node: Json) -> bool:
    return bool({"oneOf", "anyOf", "if", "$ref"} & node.keys())


def _implied_types(node: Json, values: list[Any] | None) -> set[str]:
    if {"properties", "additionalProperties"} & node.keys():
        return {"object"}
    if "items" in node:
        return {"array"}
    names: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}
    if values and all(type(value) in names for value in values):
        return {names[type(value)] for value in values}
    return set()


def _facets(node: Json) -> dict[str, Any]:
    facets: dict[str, Any] = {
        key: node[key] for key in FACETS if key in node and _DEFAULTS.get(key, _MISSING) != node[key]
    }
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        flag = facets.get(exclusive)
        if flag is True:
            facets[exclusive] = facets.pop(limit, None)
        elif flag is False:
            del facets[exclusive]
    return {key: value for key, value in facets.items() if value is not None}


_MISSING: Final = object()


def _inline(outer: View, inner: View) -> View:
    """A schema that wraps exactly one other: the inner one, with what the outer one adds."""
    view = _meet(outer, inner)
    view.nullable = outer.nullable or inner.nullable
    view.prose = {**inner.prose, **outer.prose}
    return view


def _meet(one: View, two: View) -> View:
    """The values that both schemas allow."""
    view = View(
        types=_common(one.types, two.types),
        implied=(one.types is None and two.implied)
        or (two.types is None and one.implied)
        or (one.implied and two.implied),
        nullable=one.nullable and two.nullable,
        required=one.required | two.required,
        additional=_both(one.additional, two.additional),
        discriminator=one.discriminator or two.discriminator,
        union=one.union or two.union,
        variants=one.variants or two.variants,
        facets=dict(one.facets),
        rest=dict(one.rest),
        prose=one.prose,
    )
    view.enum = one.enum if two.enum is None else two.enum if one.enum is None else _shared(one.enum, two.enum)
    view.open_enum = one.open_enum or two.open_enum
    view.items = (
        one.items if two.items is None else two.items if one.items is None else {"allOf": [one.items, two.items]}
    )
    view.properties = dict(one.properties)
    for name, schema in two.properties.items():
        other = view.properties.get(name, True)
        view.properties[name] = schema if other is True or other == schema else _both(other, schema)
    if one.union and two.union and (one.union, one.variants) != (two.union, two.variants):
        view.rest["allOf"] = [{two.union: list(two.variants)}]
    for key, value in two.facets.items():
        view.facets[key] = _tighter(key, view.facets[key], value) if key in view.facets else value
    for key, value in two.rest.items():
        view.rest[key] = value if view.rest.get(key, value) == value else {"allOf": [view.rest[key], value]}
    return view


def _shared(one: tuple[Any, ...], two: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value for value in one if value in two)


def _common(one: frozenset[str] | None, two: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or two is None:
        return one if two is None else two
    both = one & two
    if not both and {"integer", "number"} == one | two:
        return frozenset({"integer"})
    return both or one | two


def _both(one: Node, two: Node) -> Node:
    if one is True or one == two:
        return two
    if two is True:
        return one
    if one is False or two is False:
        return False
    return {"allOf": [one, two]}


def _tighter(key: str, one: Any, two: Any) -> Any:
    try:
        if key in LOWER:
            return max(one, two)
        if key in UPPER:
            return min(one, two)
    except TypeError:
        return two
    return two if one in (None, False) else one


def fingerprint(node: Any) -> str:
    """The same text for the same schema, references by name, prose aside."""
    return json.dumps(_plain(node), sort_keys=True, default=str)


def _plain(node: Any, named: bool = False) -> Any:
    if isinstance(node, dict):
        keep = {key: value for key, value in node.items() if named or not _is_prose(key)}
        return {key: _plain(value, not named and key == "properties") for key, value in keep.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return node
