"""The limits of an operation's values, from its definition, as the expressions that its module holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from openapi_python_client.strings import PythonIdentifier

from .documents import Json, follow

_KINDS = {
    "string": "text",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "array": "list",
    "object": "object",
}
# Text that has another type in Python.
_OTHER_TYPES = frozenset({"date", "date-time", "uuid", "binary", "byte"})
_VARIANTS = ("oneOf", "anyOf", "allOf")
_MAX_DEPTH = 4


class Limits:
    """Looks for limits in a document."""

    def __init__(self, document: Json) -> None:
        self._document = document

    def of_path(self, path: str, names: dict[str, str]) -> dict[str, str]:
        """For each parameter of a path, what stands in its place in the paths beside this one.

        Parameters:
            path: The path.
            names: What its parameters are called in Python, by their documented names.
        """
        found: dict[str, str] = {}
        for parameter in re.finditer(r"{([^}]*)}", path):
            before = _blank(path[: parameter.start()])
            beside = {
                _blank(other)[len(before) :].partition("/")[0].lower()
                for other in self._document["paths"]
                if _blank(other).startswith(before)
            }
            if taken := tuple(sorted(beside - {"{}", ""})):
                found[parameter[1]] = f"Limit({names[parameter[1]]!r}, taken={taken!r})"
        return found

    def of_parameters(self, declared: Iterable[tuple[str, str, Json]]) -> dict[str, str]:
        """For each parameter of the query or each header, its limit.

        Parameters:
            declared: Documented name, name in Python, and declaration of each.
        """
        found = {name: self._limit(python, node.get("schema", {})) for name, python, node in declared}
        # Lists go out in one of several forms.
        return {name: limit for name, limit in found.items() if limit and "'list'" not in limit}

    def of_body(self, schema: Json) -> dict[str, str]:
        """For each property of a body, those inside others too, its limit."""
        found: dict[str, str] = {}
        for path, node in self._inside(schema, ()):
            limit = self._limit(".".join(str(PythonIdentifier(name, "")) for name in path), node)
            key = ".".join(path)
            # Where variants of a body disagree, nothing is certain.
            found[key] = limit if found.setdefault(key, limit) == limit else ""
        return {key: limit for key, limit in found.items() if limit}

    def _inside(self, schema: Json, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Json]]:
        schema = follow(self._document, schema)
        for name, node in schema.get("properties", {}).items():
            path = (*above, str(name))
            yield path, node
            if len(path) < _MAX_DEPTH and "." not in name:
                yield from self._inside(node, path)
        for part in self._parts(schema):
            yield from self._inside(part, above)

    def _parts(self, schema: Json) -> list[Json]:
        return [follow(self._document, part) for key in _VARIANTS for part in schema.get(key, [])]

    def _limit(self, name: str, schema: Json) -> str:
        """The expression for a limit; empty where there is none."""
        schema = follow(self._document, schema)
        kind = self._kind(schema)
        if not kind:
            return ""
        least, most = {
            "text": ("minLength", "maxLength"),
            "list": ("minItems", "maxItems"),
        }.get(kind, ("minimum", "maximum"))
        bounds = {"least": schema.get(least), "most": schema.get(most)}
        shown = "".join(f", {key}={value!r}" for key, value in bounds.items() if isinstance(value, (int, float)))
        return f"Limit({name!r}, {kind!r}{shown})"

    def _kind(self, schema: Json) -> str:
        """What all values have in common, as the runtime calls it; empty where that is nothing."""
        parts = self._parts(schema)
        if "type" not in schema and parts:
            kinds = {self._kind(part) for part in parts}
            return kinds.pop() if len(kinds) == 1 else ""
        kind: Any = schema.get("type")
        if not isinstance(kind, str) or schema.get("format") in _OTHER_TYPES:
            return ""
        return _KINDS.get(kind, "")


def expression(limits: dict[str, dict[str, str]]) -> str:
    """All limits of an operation as one expression; empty where there are none."""
    places = (
        f"{place!r}: {{{', '.join(f'{name!r}: {limit}' for name, limit in found.items())}}}"
        for place, found in limits.items()
        if found
    )
    inside = ", ".join(places)
    return f"{{{inside}}}" if inside else ""


def _blank(path: str) -> str:
    return re.sub(r"{[^}]*}", "{}", path)
