"""The labelled case set: one change of one small definition per file in cases/.

    base: reader            the definition in bases/ that is changed
    reason: ...             why the classes are what they are
    wire, python: breaking  the class on each axis
    consumer: fine          what mypy says about code written against the old package, where the class does not tell
    change: [...]           the change itself
    probe: {...}            an answer of the new server and what becomes of it: crash, wrong or fine

A change is a list of steps on JSON pointers: set, remove, rename (a key in its place) and move (to the end).
"""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

from apidrift.sources.documents import read_document
from codegen.documents import Json
from ruamel.yaml import YAML

FOLDER = Path(__file__).parent
BASES = {path.stem: path for path in sorted((FOLDER / "bases").glob("*.yaml"))}


@dataclasses.dataclass(frozen=True)
class Case:
    """One labelled change."""

    name: str
    base: str
    reason: str
    wire: str
    python: str
    change: list[Json]
    probe: Json | None = None
    consumer: str | None = None

    @property
    def old(self) -> Json:
        """The definition before the change."""
        return base(self.base)

    @property
    def new(self) -> Json:
        """The definition after the change."""
        document: Json = changed(self.old, self.change)
        return document


def base(name: str) -> Json:
    """A definition in bases/."""
    return read_document(BASES[name])


def all_cases() -> list[Case]:
    """Every case."""
    yaml = YAML(typ="safe", pure=True)
    return [
        Case(name=path.stem, **yaml.load(path.read_text("utf-8"))) for path in sorted((FOLDER / "cases").glob("*.yaml"))
    ]


def changed(document: Any, steps: list[Json]) -> Any:
    """A copy of the document with the steps of a change applied."""
    result = copy.deepcopy(document)
    for step in steps:
        match step:
            case {"set": path, "to": value}:
                parent, key = _parent(result, path)
                if isinstance(parent, list):
                    if key == "-":
                        parent.append(copy.deepcopy(value))
                    else:
                        parent[int(key)] = copy.deepcopy(value)
                else:
                    parent[key] = copy.deepcopy(value)
            case {"remove": path}:
                parent, key = _parent(result, path)
                del parent[int(key) if isinstance(parent, list) else key]
            case {"rename": path, "to": name}:
                parent, key = _parent(result, path)
                entries = [(name if each == key else each, value) for each, value in parent.items()]
                assert key in parent, path
                parent.clear()
                parent.update(entries)
            case {"move": path, "to": target}:
                parent, key = _parent(result, path)
                value = parent.pop(int(key) if isinstance(parent, list) else key)
                parent, key = _parent(result, target)
                if isinstance(parent, list):
                    parent.insert(int(key), value)
                else:
                    parent[key] = value
            case _:
                raise ValueError(f"no step: {step}")
    return result


def _parent(document: Any, pointer: str) -> tuple[Any, str]:
    *steps, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/"))
    node = document
    for step in steps:
        node = node[int(step)] if isinstance(node, list) else node[step]
    return node, last
