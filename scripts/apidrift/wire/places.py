"""Where a schema is, in which direction its values travel, and how much a change can do there."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import Final

from ..changes import Level

Scope = tuple[str, ...]


class Context(StrEnum):
    """Who sends the values and who reads them."""

    REQUEST = "request"
    RESPONSE = "response"
    ERROR = "error"
    HEADER = "header"
    NOTICE = "notice"  # what a webhook or a callback brings
    REPLY = "reply"  # what it gets for an answer
    EITHER = "either"  # below `not` and `if`, where more values may mean fewer

    @property
    def is_sent(self) -> bool:
        """Whether clients write the values."""
        return self in (Context.REQUEST, Context.REPLY)


# Where the SDK does not depend on what arrives, no change is worse than potentially breaking.
MILDER: Final = {
    Context.ERROR: (
        "the call still raises the ApiError of its status, but what the error says about itself may be missing"
    ),
    Context.HEADER: "the SDK does not parse it; other code may",
    Context.NOTICE: "the SDK does not use it; other code may",
    Context.REPLY: "the SDK does not use it; other code may",
}


def softened(level: Level, effect: str, context: Context) -> tuple[Level, str]:
    """Class and effect of a finding at a place."""
    if level is Level.BREAKING and context in MILDER:
        return Level.POTENTIAL, MILDER[context]
    return level, effect


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a schema is: in words, for the code, and to find out which operations reach it."""

    where: str
    context: Context
    role: str  # body, property, parameter or header
    scope: Scope
    required: bool = True
    schema: str = ""  # of a component: its own path, so that paths inside it start there
    looked: bool = False  # whether somebody has looked at its readOnly and writeOnly

    @property
    def noun(self) -> str:
        """How a code begins: `request-parameter`, `response-property`."""
        return f"{'request' if self.context.is_sent else 'response'}-{self.role}"

    def inside(self, step: str, *, required: bool = True) -> Place:
        """The place of a part: a property, `[]` for items, `{}` for the values of a map, `|name` for a variant."""
        joint = "" if step[:1] in ("[", "{", "|") else " > " if " > " not in self.where and self.schema else "."
        role = "property" if self.role == "body" else self.role
        where = f"{self.where}{joint}{step or '(empty)'}"
        return dataclasses.replace(self, where=where, role=role, required=required, looked=False)

    def either(self) -> Place:
        """The same place where the direction is not known."""
        return dataclasses.replace(self, context=Context.EITHER)
