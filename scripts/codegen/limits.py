"""The limits of an operation's values, from its definition, as the expressions that its module holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from .calls import Argument, Call
from .documents import Json
from .made import LIMITS, Made

_KINDS: Final = {
    "string": "text",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "array": "list",
    "object": "object",
}
_MAX_DEPTH: Final = 4
# More than these are not looked for: a definition may nest its objects as it likes.
_MAX_LIMITS: Final = 200


class Limits:
    """Looks for limits in the operations and classes of one definition."""

    def __init__(self, calls: Iterable[Call], classes: dict[str, Made]) -> None:
        self._paths = [_blank(call.path) for call in calls]
        self._classes = classes

    def of(self, call: Call) -> str:
        """All limits of an operation as one expression; empty where there are none."""
        places = {
            "path": self._of_path(call),
            "query": self._of_parameters(call, "query"),
            "headers": self._of_parameters(call, "header"),
            "body": self._of_body(call.body.shape) if call.body is not None and call.body.kind == "json" else {},
        }
        inside = ", ".join(
            f"{place!r}: {{{', '.join(f'{name!r}: {limit}' for name, limit in found.items())}}}"
            for place, found in places.items()
            if found
        )
        return f"{{{inside}}}" if inside else ""

    def _of_path(self, call: Call) -> dict[str, str]:
        """For each parameter of a path, what stands in its place in the paths beside this one."""
        names = {each.name: each.python_name for each in call.arguments if each.place == "path"}
        found: dict[str, str] = {}
        for parameter in re.finditer(r"{([^}]*)}", call.path):
            before = _blank(call.path[: parameter.start()])
            beside = {path[len(before) :].partition("/")[0].lower() for path in self._paths if path.startswith(before)}
            if taken := tuple(sorted(beside - {"{}", ""})):
                found[parameter[1]] = f"Limit({names[parameter[1]]!r}, taken={taken!r})"
        return found

    def _of_parameters(self, call: Call, place: str) -> dict[str, str]:
        found = {each.name: self._of_parameter(each) for each in call.arguments if each.place == place}
        return {name: limit for name, limit in found.items() if limit}

    def _of_parameter(self, argument: Argument) -> str:
        # Lists and objects go out in one of several forms.
        is_one = argument.shape.get("type") not in {"array", "object", None} and argument.style != "json"
        return self._limit(argument.python_name, argument.shape) if is_one else ""

    def _of_body(self, shape: Json) -> dict[str, str]:
        """For each property of a body, those inside others too, its limit."""
        found: dict[str, str] = {}
        for path, names, node in islice(self._inside(shape, (), ()), _MAX_LIMITS):
            key, limit = ".".join(path), self._limit(".".join(names), node)
            # Where variants of a body disagree, nothing is certain.
            found[key] = limit if found.setdefault(key, limit) == limit else ""
        return {key: limit for key, limit in found.items() if limit}

    def _inside(
        self, shape: Json, above: tuple[str, ...], named: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], Json]]:
        """The properties of a shape: the documented names that lead there, the names in Python, and the shape."""
        variants = shape.get("anyOf", ())
        # Where one of the variants is an object of any kind, nothing is certain about what is in it.
        if all((made := self._class(each)) is not None and made.schema.get("properties") for each in variants):
            for variant in variants:
                yield from self._inside(variant, above, named)
        made = self._class(shape)
        for name, node in made.schema.get("properties", {}).items() if made is not None else ():
            path, names = (*above, made.names[name]) if made else above, (*named, name)
            if "." not in path[-1]:
                yield path, names, node
                if len(path) < _MAX_DEPTH:
                    yield from self._inside(node, path, names)

    def _class(self, shape: Json) -> Made | None:
        reference: Any = shape.get("$ref")
        if isinstance(reference, Made):
            return reference
        return self._classes.get(str(reference).rpartition("/")[2]) if reference else None

    def _limit(self, name: str, shape: Json) -> str:
        """The expression for a limit; empty where there is none."""
        kind = self._kind(shape)
        bounds: Json = shape.get(LIMITS, {})
        shown = "".join(f", {key}={value!r}" for key, value in bounds.items())
        return f"Limit({name!r}, {kind!r}{shown})" if kind else ""

    def _kind(self, shape: Json) -> str:
        """What all values have in common, as the runtime calls it; empty where that is nothing."""
        if "anyOf" in shape:
            kinds = {self._kind(variant) for variant in shape["anyOf"]}
            return kinds.pop() if len(kinds) == 1 else ""
        made = self._class(shape)
        if made is not None:
            return "" if made.members else "object"
        # Text with a format has another type in Python.
        is_plain = shape.get("type") != "string" or "format" not in shape
        return _KINDS.get(str(shape.get("type")), "") if is_plain else ""


def _blank(path: str) -> str:
    return re.sub(r"{[^}]*}", "{}", path)
