"""What a node of a definition is: prose or content, a reference, a number that is written in two ways."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from codegen.documents import Json
from codegen.walks import DATA, NAMED

from ..changes import arrow
from ..sources.documents import follow, is_pointer
from ..sources.marks import OPEN_UNION, SDK_REQUIRED

Node = dict[str, Any] | bool

PROSE: Final = frozenset(
    {"title", "description", "summary", "example", "examples", "externalDocs", "deprecated", "$comment", "$schema"}
    | {"$id", "$anchor"}
)
# What is only compared where a reference leads to it.
SHELVES: Final = frozenset({"$defs", "definitions"})
_CONSTANTS: Final = {"None": "null", "True": "true", "False": "false"}


def is_prose(key: str) -> bool:
    """Whether a keyword documents a schema, and means nothing to requests and answers."""
    return key in PROSE or key in SHELVES or (key.startswith("x-") and key != "x-extensible-enum")


def same_number(value: Any) -> Any:
    """A value in which 1.0 is written 1. True stays apart from 1 where values are compared as text."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, dict):
        return {key: same_number(each) for key, each in value.items()}
    return [same_number(each) for each in value] if isinstance(value, list) else value


def text_of(value: Any) -> str:
    """The same text for the same value."""
    if isinstance(value, str):
        return f'"{value}"'
    if value is None or type(value) in (bool, int):
        return _CONSTANTS.get(repr(value)) or repr(value)
    return json.dumps(same_number(value), sort_keys=True, default=str)


def schema_name(reference: str) -> str | None:
    """The name of the component that a reference leads to."""
    prefix = "#/components/schemas/"
    name = reference.removeprefix(prefix)
    return name.replace("~1", "/").replace("~0", "~") if reference.startswith(prefix) and "/" not in name else None


def display(reference: str) -> str:
    """What reports call the target of a reference."""
    return schema_name(reference) or reference.removeprefix("#/")


def prose_changes(old: Json, new: Json) -> Iterator[tuple[str, str]]:
    """Code and detail of every difference in what documents a thing."""
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if key in (OPEN_UNION, SDK_REQUIRED) or text_of(before) == text_of(after):
            continue
        if key == "deprecated":
            if bool(before) != bool(after):
                yield ("deprecated" if after else "reactivated"), "deprecated" if after else "no longer deprecated"
            continue
        code = "extension" if key.startswith("x-") else _PROSE_CODES.get(key, key.strip("$"))
        yield (
            f"{code}-changed",
            f"{key}: {arrow('none' if before is None else before, 'none' if after is None else after)}",
        )


# A union of constants is an enum; what describes its values stands under the name of the union.
_PROSE_CODES: Final = {"externalDocs": "external-docs", "oneOf": "description", "anyOf": "description", "$defs": "defs",
                       "definitions": "defs"}  # fmt: skip


class Difference:
    """Whether two nodes of two documents differ, with references followed on both sides and prose aside."""

    def __init__(self, old: Json, new: Json) -> None:
        self._documents = (old, new)
        self.followed: tuple[set[str], set[str]] = (set(), set())
        self._equal: set[tuple[str, str]] = set()  # references that are equal, or are being compared
        self._assumed: list[tuple[str, str]] = []

    def __call__(self, old: Any, new: Any) -> bool:
        """Whether two nodes differ."""
        self._assumed.clear()
        differs = self._differs(old, new, data=False, named=False)
        if differs:  # what was assumed to be equal while it was being compared may not be
            self._equal.difference_update(self._assumed)
        return differs

    def _differs(self, old: Any, new: Any, *, data: bool, named: bool) -> bool:
        if isinstance(old, dict) and isinstance(new, dict):
            if not data and not named and ("$ref" in old or "$ref" in new):
                return self._references(old, new)
            return self._objects(old, new, data=data, named=named)
        if isinstance(old, list) and isinstance(new, list):
            if len(old) != len(new):
                return True
            return any(self._differs(one, two, data=data, named=False) for one, two in zip(old, new, strict=True))
        return text_of(old) != text_of(new)

    def _objects(self, old: Json, new: Json, *, data: bool, named: bool) -> bool:
        keys = old.keys() | new.keys()
        if not data and not named:
            keys = {key for key in keys if not is_prose(key)}
        for key in keys:
            if key not in old or key not in new:
                return True
            inner = data or (not named and key in DATA)
            if key == "required" and not named and isinstance(old[key], list) and isinstance(new[key], list):
                if {text_of(each) for each in old[key]} != {text_of(each) for each in new[key]}:
                    return True
            elif self._differs(old[key], new[key], data=inner, named=not data and not named and key in NAMED):
                return True
        return False

    def _references(self, old: Json, new: Json) -> bool:
        one, two = self._target(0, old), self._target(1, new)
        if one is None or two is None:
            return text_of(old) != text_of(new)
        if "$ref" not in old or "$ref" not in new:
            return self._differs(self._whole(*one), self._whole(*two), data=False, named=False)
        if self._objects(one[1], two[1], data=False, named=False):
            return True
        pair = (str(old["$ref"]), str(new["$ref"]))
        if pair in self._equal:
            return False
        self._equal.add(pair)
        self._assumed.append(pair)
        return self._differs(one[0], two[0], data=False, named=False)

    def _target(self, side: int, node: Json) -> tuple[Any, Json] | None:
        """What a node is or refers to, and what stands beside the reference; None if it leads out of the document."""
        reference = node.get("$ref")
        if reference is None:
            return node, {}
        if not isinstance(reference, str) or not is_pointer(reference):
            return None
        self.followed[side].add(reference)
        ignores = str(self._documents[side].get("openapi", "")).startswith("3.0")
        beside = {} if ignores else {key: node[key] for key in node if key != "$ref" and not is_prose(key)}
        return follow(self._documents[side], reference), beside

    @staticmethod
    def _whole(target: Any, beside: Json) -> Any:
        return {"allOf": [target], **beside} if beside else target
