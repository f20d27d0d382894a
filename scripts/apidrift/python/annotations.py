"""How the values of two annotations relate, and what classes an annotation leads to."""

from __future__ import annotations

import re
from typing import Final

from .snapshot import union

# What only hands out values: with more specific ones it still fits.
_READ_ONLY: Final = frozenset({"Request", "Sequence", "Iterator", "AsyncIterator", "Pages", "AsyncPages"})


def relation(old: str, new: str, enums: set[str]) -> str:
    """How the values of two annotations relate: equal, widened, narrowed, loosened (Any) or changed."""
    if old == new:
        return "equal"
    one, two = union(old), union(new)
    if "Any" in two and "Any" not in one:
        return "loosened"
    if "Any" in one and "Any" not in two:
        return "tightened"
    backward, forward = _covers(one, two, enums), _covers(two, one, enums)
    if backward or forward:
        return "equal" if backward and forward else "narrowed" if backward else "widened"
    gone, fresh = sorted(one - two), sorted(two - one)
    if len(gone) == len(fresh) == 1:
        inner = _inner(gone[0]), _inner(fresh[0])
        if inner[0] and inner[1] and inner[0][0] == inner[1][0]:
            found = relation(inner[0][1], inner[1][1], enums)
            # Containers can be written to, so neither direction is safe, unless the type says nothing.
            return found if found in ("equal", "loosened", "tightened") or inner[0][0] in _READ_ONLY else "changed"
    return "changed"


def _covers(one: frozenset[str], two: frozenset[str], enums: set[str]) -> bool:
    """Whether every value of the second annotation is one of the first."""
    wide, narrow = _spread(one), _spread(two)
    if "float" in wide:
        wide |= {"int"}
    if "str" in wide:  # enums and literals are strings too
        wide |= enums | {member for member in narrow if member.startswith("'")}
    return narrow <= wide


def _inner(member: str) -> tuple[str, str] | None:
    match = re.fullmatch(rf"(list|dict|{'|'.join(sorted(_READ_ONLY))})\[(?:str, )?(.*)\]", member)
    return (match[1], match[2]) if match else None


def _spread(members: frozenset[str]) -> set[str]:
    """The members of an annotation, with the values of literals one by one."""
    result = {member for member in members if not member.startswith("Literal[")}
    for literal in members - result:
        result |= {repr(value) for _, value in re.findall(r"(['\"])(.*?)\1", literal)}
    return result
