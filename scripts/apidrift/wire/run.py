"""What every part of a comparison needs: both definitions, the comparer of schemas, and where findings go."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, Final

from codegen.documents import Json

from ..changes import Axis, Change, arrow, merged, short
from ..rules import change
from .checks import CHECKS
from .comparer import SchemaComparer
from .nodes import Node, prose_changes
from .operations import Definition, Operation
from .places import Context, Place, Scope, softened

_PROSE_KEYS: Final = frozenset({"description", "summary", "example", "examples", "externalDocs", "deprecated"})


class Run:
    """One comparison of two documents; `names` tells which call of the SDK an operation is behind."""

    def __init__(self, old: Json, new: Json, names: Callable[[Json, str], str]) -> None:
        self.old, self.new = Definition(old), Definition(new)
        self.schemas = SchemaComparer(old, new, self.emit, CHECKS)
        self._names = names
        self._found: list[tuple[Scope, Change]] = []
        self._labels: dict[Scope, str] = {}

    def label(self, operation: Operation) -> Scope:
        """The scope of an operation, which reports call by its name."""
        scope: Scope = ("operation", *operation.key)
        self._labels[scope] = self._names(operation.node, operation.label)
        return scope

    def emit(
        self, scope: Scope, code: str, where: str, detail: str, old: Any = None, new: Any = None,
        *, context: Context = Context.REQUEST
    ) -> None:  # fmt: skip
        """A finding."""
        found = change(Axis.WIRE, code, where, detail, (), old, new)
        level, effect = softened(found.level, found.effect, context)
        self._found.append((scope, dataclasses.replace(found, level=level, effect=effect)))

    def compare(self, old: Node, new: Node, at: Place) -> None:
        """Compare two schemas."""
        self.schemas.compare(old, new, at)

    def prose(self, scope: Scope, where: str, old: Json, new: Json) -> None:
        """What only documents."""
        for code, detail in prose_changes(only_prose(old), only_prose(new)):
            self.emit(scope, code, where, detail, old, new)

    def extensions(self, scope: Scope, where: str, old: Json, new: Json) -> None:
        """Extensions of an object whose other keys are names."""
        self.prose(scope, where, *({key: each[key] for key in each if key.startswith("x-")} for each in (old, new)))

    def documentation(self, scope: Scope, where: str, old: Json, new: Json) -> None:
        """Objects that are nothing but documentation."""
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                code = "extension-changed" if key.startswith("x-") else f"{where}-changed"
                self.emit(scope, code, where, f"{key}: {arrow(old.get(key, 'none'), new.get(key, 'none'))}")

    def unclassified(self, scope: Scope, where: str, key: str, old: Any, new: Any) -> None:
        """Something that no rule explains, if it differs once references are followed."""
        if self.schemas.differ(old, new):
            before, after = (short("none" if each is None else each, 60) for each in (old, new))
            note = "" if before != after else " (in what it refers to)"
            self.emit(scope, "unclassified", where, f"{key}: {before} → {after}{note}", old, new)

    def rest(self, scope: Scope, where: str, old: Json, new: Json, handled: Iterable[str]) -> None:
        """What no rule has looked at."""
        for key in sorted((old.keys() | new.keys()) - set(handled) - _PROSE_KEYS):
            if not key.startswith("x-"):
                self.unclassified(scope, where, key, old.get(key), new.get(key))

    def followed(self) -> tuple[set[str], set[str]]:
        """The references that were followed on each side."""
        differ = self.schemas.differ.followed
        return (
            self.old.followed | self.schemas.old.followed | differ[0],
            self.new.followed | self.schemas.new.followed | differ[1],
        )

    def finished(self) -> list[Change]:
        """All findings, each with the operations that it reaches."""
        reached = self._reached()
        labels = sorted(set(self._labels.values()))
        names: dict[int, tuple[str, ...]] = {}
        for bits in {reached.get(scope, 0) for scope, _ in self._found}:
            names[bits] = tuple(label for number, label in enumerate(labels) if bits >> number & 1)
        return merged(
            dataclasses.replace(found, operations=names[reached.get(scope, 0)]) for scope, found in self._found
        )

    def _reached(self) -> dict[Scope, int]:
        """The operations that reach a scope, as bits in the order of their labels."""
        numbers = {label: number for number, label in enumerate(sorted(set(self._labels.values())))}
        found: dict[Scope, int] = {}
        for scope, label in self._labels.items():
            found[scope] = found.get(scope, 0) | 1 << numbers[label]
        waiting = dict.fromkeys(found)
        while waiting:
            scope = next(iter(waiting))
            del waiting[scope]
            for inner in self.schemas.uses.get(scope, ()):
                bits = found.get(inner, 0) | found[scope]
                if bits != found.get(inner, 0):
                    found[inner] = bits
                    waiting[inner] = None
        return found


def only_prose(node: Json) -> Json:
    """What of an object only documents it."""
    return {key: value for key, value in node.items() if key in _PROSE_KEYS or key.startswith("x-")}


def without(node: Json, key: str) -> Json:
    """An object without one key."""
    return {name: value for name, value in node.items() if name != key}
