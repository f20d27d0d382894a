"""One finding, its class and the verdict that many findings make."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final


class Level(StrEnum):
    """What a change means to users, from the worst to the mildest."""

    BREAKING = "breaking"
    POTENTIAL = "potentially-breaking"
    ADDITIVE = "additive"
    DOCS = "docs-only"
    NONE = "none"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Level).index(self)


REPORTED: Final = (Level.BREAKING, Level.POTENTIAL, Level.ADDITIVE, Level.DOCS)


class Axis(StrEnum):
    """Where a change is felt."""

    WIRE = "wire"
    PYTHON = "python"


@dataclasses.dataclass(frozen=True)
class Change:
    """One finding. `old` and `new` are the passages of the definitions, for reports that show them side by side."""

    axis: Axis
    level: Level
    code: str
    where: str
    detail: str
    effect: str
    operations: tuple[str, ...] = ()
    old: Any = dataclasses.field(default=None, compare=False)
    new: Any = dataclasses.field(default=None, compare=False)
    waived: str = ""

    @property
    def id(self) -> str:
        """Stable from run to run: waivers name it."""
        text = "\0".join((self.axis, self.code, self.where, self.detail))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """The worst first, then by place."""
        return (self.level.rank, self.axis != Axis.WIRE, self.where, self.code, self.detail)


def worst(levels: Iterable[Level]) -> Level:
    """The worst of several classes; `none` where there are none."""
    return min(levels, key=lambda level: level.rank, default=Level.NONE)


def merged(changes: Iterable[Change]) -> list[Change]:
    """Sort, and join findings about one thing: a schema that ten operations use has changed once."""
    found: dict[str, Change] = {}
    for change in map(_printable, changes):
        other = found.get(change.id)
        if other is None:
            found[change.id] = change
            continue
        base = min(change, other, key=lambda each: (each.level.rank, each.effect))
        operations = tuple(sorted({*change.operations, *other.operations}))
        found[change.id] = dataclasses.replace(base, operations=operations)
    return sorted(found.values(), key=lambda change: change.sort_key)


def _printable(change: Change) -> Change:
    """A finding whose names cannot move the cursor of a terminal: they may be a stranger's."""
    texts = (change.where, change.detail, *change.operations)
    if all(map(str.isprintable, texts)):
        return change
    where, detail, *operations = (" ".join(short(text, 500).split()) or "?" for text in texts)
    return dataclasses.replace(change, where=where, detail=detail, operations=tuple(operations))


def short(value: object, limit: int = 80) -> str:
    """A value of a definition on one line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    text = "".join(char if char.isprintable() else " " for char in " ".join(text.split()))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def arrow(old: object, new: object) -> str:
    """How a value changed, on one line, with the difference in sight where both are long."""
    before, after = short(old, 10_000), short(new, 10_000)
    if len(before) > 60 or len(after) > 60:
        same = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
        start = max(0, same - 20)
        if start:
            before, after = f"…{before[start:]}", f"…{after[start:]}"
    return f"{short(before, 60) or '(empty)'} → {short(after, 60) or '(empty)'}"
