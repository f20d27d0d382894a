"""Checks of values against the part of JSON schema that the definitions use."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from ._clock import read

Json = Mapping[str, Any]

MISSING = "MissingRequiredProperty"
INVALID = "InvalidValue"
UNKNOWN = "InvalidProperty"
READ_ONLY = "ReadOnlyProperty"

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


class Problem(NamedTuple):
    """What is wrong with a value, in the words of the platform: a code, and what it is about.

    `reason` tells apart what has the same code: `empty` and `long`, for instance. `value` is what some texts repeat.
    """

    code: str
    target: str
    reason: str = ""
    value: str = ""


def is_guid(value: str) -> bool:
    """Whether a text has the form of a GUID."""
    return _GUID.fullmatch(value) is not None


def problems(schema: Json, value: Any, target: str = "") -> Iterator[Problem]:
    """Everything that is wrong with a value. Properties inside others are named with dots between them."""
    if value is None and schema.get("nullable"):
        return
    if (reason := _reason(schema, value)) is not None:
        yield Problem(INVALID, target, reason, value if isinstance(value, str) else "")
        return
    for keyword in ("anyOf", "oneOf"):
        if found := _problems_of_variants(schema.get(keyword, ()), value, target):
            yield from found
            return
    for each in schema.get("allOf", ()):
        yield from problems(each, value, target)
    if isinstance(value, dict):
        yield from _problems_inside(schema, cast(dict[str, Any], value), f"{target}." if target else "")
    elif isinstance(value, list):
        for item in value:  # pyright: ignore[reportUnknownVariableType] (mypy finds a cast redundant)
            yield from problems(schema.get("items", {}), item, target)


def unpaired(schemas: Json, values: Json, prefix: str = "") -> Iterator[Problem]:
    """The values that do not go with the value of another property or parameter (`x-pairs`)."""
    for name, schema in schemas.items():
        if not (pairs := schema.get("x-pairs")) or not (other := values.get(pairs["with"])):
            continue
        value = values.get(name)
        fits = value in pairs["allowed"].get(other, ()) if value else other not in pairs.get("needed", ())
        if not fits:
            yield Problem(INVALID, prefix + name)


def _problems_inside(schema: Json, value: dict[str, Any], prefix: str) -> Iterator[Problem]:
    for name in schema.get("required", ()):
        if value.get(name) in (None, ""):
            yield Problem(MISSING, prefix + name, "empty")
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    wrong: list[Problem] = []
    for name, each in value.items():
        if name in properties:
            # The platform makes no difference between a required property that is missing, null or empty.
            if name not in schema.get("required", ()) or each not in (None, ""):
                wrong += problems(properties[name], each, prefix + name)
        elif others is False:
            wrong.append(Problem(UNKNOWN, prefix + name))
        elif others is not True:
            wrong += problems(others, each, prefix + name)
    yield from wrong
    if not wrong:
        yield from unpaired(properties, value, prefix)


def _reason(schema: Json, value: Any) -> str | None:
    """Why a value as a whole is wrong; None if it is not."""
    if value is None and schema.get("type"):
        return "empty"
    if not _has_type(schema, value) or ("enum" in schema and value not in schema["enum"]):
        return ""
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0):
            return "" if value else "empty"
        if len(value) > schema.get("maxLength", math.inf):
            return "long"
        if "pattern" in schema and re.search(schema["pattern"], value) is None:
            return ""
        return None if _has_format(schema.get("format"), value) else ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return None if schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf) else ""
    return None


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


def _has_format(name: str | None, value: str) -> bool:
    match name:
        case "uuid":
            return is_guid(value)
        case "date-time":
            return read(value) is not None
        case "date-time-range":
            begin, slash, end = value.partition("/")
            return bool(slash) and read(begin) is not None and read(end) is not None
        case _:
            return True


def _problems_of_variants(variants: Iterable[Json], value: Any, target: str) -> list[Problem]:
    """What is wrong with a value that none of the variants takes; nothing if one does.

    Where several take it is not asked which: examples do so too. Where the value says with one of its properties which
    variant it is meant to be, or where only what is inside is wrong, the problems are told one by one.
    """
    found = [(each, list(problems(each, value, target))) for each in variants]
    if not found or any(not wrong for _, wrong in found):
        return []
    meant = [wrong for variant, wrong in found if _is_meant(variant, value)]
    if len(meant) == 1 and all(problem.target != target for problem in meant[0]):
        return meant[0]
    _, closest = min(found, key=lambda each: len(each[1]))
    is_inside = all(problem.code == INVALID and problem.target != target for problem in closest)
    return closest if is_inside else [Problem(INVALID, target)]


def _is_meant(variant: Json, value: Any) -> bool:
    """Whether a value has a property that only some variants take, with a value of this one."""
    if not isinstance(value, dict):
        return False
    named = cast(dict[str, Any], value)
    return any(
        "enum" in schema and named.get(name) in schema["enum"] for name, schema in variant.get("properties", {}).items()
    )
