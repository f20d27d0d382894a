"""Checks of values against the part of JSON schema that the definitions use."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

Json = Mapping[str, Any]

MISSING = "MissingRequiredProperty"
INVALID = "InvalidValue"
UNKNOWN = "InvalidProperty"
READ_ONLY = "ReadOnlyProperty"


class Problem(NamedTuple):
    """What is wrong with a value, in the words of the platform: a code, and what it is about."""

    code: str
    target: str


def problems(schema: Json, value: Any, target: str = "") -> Iterator[Problem]:
    """Everything that is wrong with a value. Properties inside others are named with dots between them."""
    if value is None and schema.get("nullable"):
        return
    if not _has_type(schema, value) or not _is_within(schema, value) or not _fits_variants(schema, value):
        yield Problem(INVALID, target)
        return
    for each in schema.get("allOf", ()):
        yield from problems(each, value, target)
    if isinstance(value, dict):
        yield from _problems_inside(schema, cast(dict[str, Any], value), f"{target}." if target else "")
    elif isinstance(value, list):
        for item in value:  # pyright: ignore[reportUnknownVariableType] (mypy finds a cast redundant)
            yield from problems(schema.get("items", {}), item, target)


def _problems_inside(schema: Json, value: dict[str, Any], prefix: str) -> Iterator[Problem]:
    for name in schema.get("required", ()):
        if value.get(name) in (None, ""):
            yield Problem(MISSING, prefix + name)
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name, each in value.items():
        if name in properties:
            # The platform makes no difference between a required property that is missing, null or empty.
            if name not in schema.get("required", ()) or each not in (None, ""):
                yield from problems(properties[name], each, prefix + name)
        elif others is False:
            yield Problem(UNKNOWN, prefix + name)
        elif others is not True:
            yield from problems(others, each, prefix + name)


def _has_type(schema: Json, value: Any) -> bool:
    named = schema.get("type")
    if named is None:
        return True
    types: list[str] = [named] if isinstance(named, str) else named
    return any(_is(value, each) for each in types)


def _is(value: Any, name: str) -> bool:
    match name:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return value is None


def _is_within(schema: Json, value: Any) -> bool:
    """Whether a value keeps to the limits that are about values like it."""
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
            return False
        return "pattern" not in schema or re.search(schema["pattern"], value) is not None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return bool(schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf))
    return True


def _fits_variants(schema: Json, value: Any) -> bool:
    """Whether one of the variants takes the value. Where several do it is not asked which: examples do so too."""
    return all(
        any(next(problems(each, value), None) is None for each in schema[keyword])
        for keyword in ("anyOf", "oneOf")
        if keyword in schema
    )
