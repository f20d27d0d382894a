"""What a rule is."""

from __future__ import annotations

import dataclasses

from ..changes import Level


@dataclasses.dataclass(frozen=True)
class Rule:
    """The name of a kind of change, how bad it is, what it means and what it does to a shipped SDK."""

    code: str
    level: Level
    meaning: str
    effect: str


def table(level: Level, *rows: tuple[str, str, str]) -> tuple[Rule, ...]:
    """Rules of one class: code, meaning, effect."""
    return tuple(Rule(code, level, meaning, effect) for code, meaning, effect in rows)
