"""What `Shapes` makes of schemas, and what it asks of a single one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final, cast

from . import naming
from .documents import Json
from .errors import At, refusal
from .parts import Part, kind_of_schema


@dataclass(eq=False)
class Made:
    """A class that is generated.

    Attributes:
        key: What its name follows from: the key of a component, or the place of what is inside something else.
        wanted: The name that it leads to.
        rank: Which of several classes of one name keeps it: 0 a title of an overlay, 1 a component, 2 the others.
        at: Where it is.
        name: The name that it has got.
        schema: Its schema, with the names of attributes in the place of the names of properties.
        names: The names of properties by those of attributes.
        members: The values of an enum by the names of the members.
        discriminator: The property that tells it from others in a union, and the values that mean it.
    """

    key: str
    wanted: str
    rank: int
    at: At
    name: str = ""
    schema: Json = field(default_factory=dict[str, Any])
    names: dict[str, str] = field(default_factory=dict[str, str])
    members: dict[str, str | int] = field(default_factory=dict[str, "str | int"])
    discriminator: tuple[str, list[str]] | None = None


# What a shape says of its values: `least` and `most`.
LIMITS: Final = "x-limits"
_BOUNDS: Final = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "number": ("minimum", "maximum"),
    "integer": ("minimum", "maximum"),
}


def limits_of(schema: Json, kind: str) -> Json:
    """The limits that a schema sets to values of its type, as a part of their shape; empty where there are none."""
    names = dict(zip(("least", "most"), _BOUNDS.get(kind, ()), strict=False))
    found = {key: schema[name] for key, name in names.items() if type(schema.get(name)) in {int, float}}
    return {LIMITS: found} if found else {}


TYPE_NAMES: Final = {str: "string", int: "integer", float: "number", bool: "boolean"}


def inside(owner: str, name: str) -> str:
    """The name of the class of something inside a class."""
    return naming.class_name(owner + naming.class_name(f"x {name}")[1:])


def is_nullable(schema: Json) -> bool:
    """Whether a schema itself takes null."""
    kinds, values = schema.get("type"), schema.get("enum")
    return (
        schema.get("nullable") is True
        or schema.get("x-nullable") is True
        or (isinstance(kinds, list) and "null" in kinds and len(kinds) > 1)
        or (isinstance(values, list) and None in values and len(values) > 1)
    )


def referring(node: Any) -> Any:
    """The same with names in the place of classes."""
    if isinstance(node, Made):
        return f"#/components/schemas/{node.name}"
    if isinstance(node, dict):
        return {key: referring(value) for key, value in cast(Json, node).items()}
    return [referring(each) for each in node] if isinstance(node, list) else node


def values_of(schema: Json) -> list[Any] | None:
    """The values of an enum, also where each is a constant of its own."""
    values = schema.get("enum")
    if isinstance(values, list):
        return [value for value in values if value is not None] if values else None
    for keyword in ("oneOf", "anyOf"):
        variants = schema.get(keyword)
        if isinstance(variants, list) and len(variants) > 1 and kind_of_schema({**schema, keyword: []}) != "object":
            constants = [
                each["const"]
                for each in variants
                if isinstance(each, dict) and isinstance(each.get("const"), (str, int))
            ]
            if len(constants) == len(variants):
                return constants
    return None


def constant(value: Any) -> Json:
    if isinstance(value, str):
        return {"const": value} if value.isprintable() and value.isascii() else {"type": "string"}
    if value is None:
        return {"type": "null"}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return {"const": value}
    return {"type": "number"} if isinstance(value, float) else {}


def listed(schema: Json, keyword: str, at: At) -> list[Any]:
    found = schema.get(keyword, [])
    if not isinstance(found, list):
        raise refusal((*at, keyword), "it is not a list")
    return found


def label_of(variant: Any) -> str:
    """What to call a variant of a union that has no name: after what it must have, in whatever order that is."""
    if not isinstance(variant, dict):
        return "Variant"
    properties = variant.get("properties")
    names = cast(Json, properties) if isinstance(properties, dict) else {}
    for _, each in sorted(names.items()):
        if isinstance(each, dict):
            values = [each["const"]] if "const" in each else each.get("enum")
            if isinstance(values, list) and len(values) == 1:
                return str(values[0])
    required = variant.get("required")
    must = sorted(str(name) for name in required) if isinstance(required, list) else []
    if must or names:
        return "With " + " ".join(must[:3] or sorted(names)[:1])
    return "" if variant.get("type") == "array" else str(variant.get("type", "Variant"))


def python_name(name: str, found: list[Part]) -> str:
    ours = next((part.node["x-python-name"] for part in reversed(found) if "x-python-name" in part.node), None)
    return naming.attribute_name(ours if isinstance(ours, str) else name)


def members_of(values: list[Any], varnames: Any) -> dict[str, Any]:
    """The members of an enum by their names, which are those of `x-enum-varnames` where they can be."""
    if (
        isinstance(varnames, list)
        and len(varnames) == len(values) == len(set(map(str, varnames)))
        and all(map(_is_member, varnames))
    ):
        return dict(zip(varnames, values, strict=True))
    by_text = {str(value): value for value in values}
    names = naming.assigned(
        {text: naming.member_name(value) for text, value in by_text.items()},
        suffixed=lambda name, digits: f"{name}_{digits.upper()}",
    )
    return {names[text]: value for text, value in by_text.items()}


def _is_member(name: Any) -> bool:
    return (
        isinstance(name, str) and name.isidentifier() and name.isascii() and name.isupper() and not name.startswith("_")
    )


def identity(node: Json) -> str:
    """The same for all that have the same type in Python."""
    return json.dumps(_without_null(node), default=lambda made: f"class {made.key}", sort_keys=True)


def _without_null(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_null(value) for key, value in cast(Json, node).items() if key != "x-nullable"}
    return [_without_null(each) for each in node] if isinstance(node, list) else node


def weight(node: Any) -> int:
    """How large a type is, in nodes of its schema."""
    if isinstance(node, dict):
        return 1 + sum(weight(each) for each in cast(Json, node).values())
    return sum(weight(each) for each in node) if isinstance(node, list) else 0
