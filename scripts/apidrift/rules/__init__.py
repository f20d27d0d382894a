"""Every rule: its class, its meaning, and what it does to a shipped SDK. `drift.py rules` prints them.

Codes are those of oasdiff where it has one for the change. A finding without a rule is a mistake of this program, so
looking up a code that is not here is an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ..changes import Axis, Change
from .operations import OPERATIONS
from .packages import PACKAGES
from .rule import Rule
from .schemas import SCHEMAS


class UnknownRuleError(Exception):
    """There is no rule with this code."""


RULES: Final[dict[str, Rule]] = {}
for _each in (*OPERATIONS, *SCHEMAS, *PACKAGES):
    if _each.code in RULES:
        raise UnknownRuleError(f"{_each.code}: two rules have one code")
    RULES[_each.code] = _each


def rule(code: str) -> Rule:
    """The rule with this code."""
    try:
        return RULES[code]
    except KeyError:
        raise UnknownRuleError(code) from None


def change(  # noqa: PLR0917
    axis: Axis, code: str, where: str, detail: str, operations: Iterable[str] = (), old: Any = None, new: Any = None
) -> Change:
    """A finding; its class and its effect are those of its rule."""
    known = rule(code)
    return Change(axis, known.level, code, where, detail, known.effect, tuple(sorted(set(operations))), old, new)


__all__ = ["RULES", "Rule", "UnknownRuleError", "change", "rule"]
