"""openapi/drift.toml: classes that this project sees differently, and changes that a person has accepted.

[classes]
"response-property-enum-value-added" = "additive"

[[waivers]]
id = "0123456789ab"
reason = "why it is fine"
until = 2027-01-31
"""

from __future__ import annotations

import dataclasses
import datetime
import tomllib
from pathlib import Path
from typing import Any

from .changes import REPORTED, Change, Level
from .rules import RULES
from .sources.documents import DriftError


@dataclasses.dataclass(frozen=True)
class Waiver:
    """A change that is accepted until a day."""

    id: str
    reason: str
    until: datetime.date


@dataclasses.dataclass(frozen=True)
class Policy:
    """Class overrides by code, and waivers."""

    classes: dict[str, Level] = dataclasses.field(default_factory=dict[str, Level])
    waivers: tuple[Waiver, ...] = ()

    def apply(self, changes: list[Change], *, today: datetime.date, all_waivers_used: bool) -> list[Change]:
        """The changes with overrides and waivers applied.

        Raises DriftError for a waiver that has expired, or that waives nothing if `all_waivers_used`.
        """
        waivers = {waiver.id: waiver for waiver in self.waivers}
        if expired := [waiver.id for waiver in self.waivers if waiver.until < today]:
            raise DriftError(f"drift.toml: expired waivers: {', '.join(expired)}; decide again or delete them")
        result = [
            dataclasses.replace(
                change,
                level=self.classes.get(change.code, change.level),
                waived=waivers[change.id].reason if change.id in waivers else "",
            )
            for change in changes
        ]
        unused = waivers.keys() - {change.id for change in changes}
        if unused and all_waivers_used:
            raise DriftError(f"drift.toml: waivers that waive nothing: {', '.join(sorted(unused))}; delete them")
        return sorted(result, key=lambda change: change.sort_key)


def read_policy(path: Path) -> Policy:
    """The policy in a file; an empty one if there is none."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Policy()
    except (OSError, ValueError) as error:
        raise DriftError(f"{path.name}: {error}") from None
    if unknown := data.keys() - {"classes", "waivers"}:
        raise DriftError(f"{path.name}: unknown key {sorted(unknown)[0]!r}")
    classes, waivers = data.get("classes", {}), data.get("waivers", [])
    if not isinstance(classes, dict) or not isinstance(waivers, list):
        raise DriftError(f"{path.name}: `classes` is a table and `waivers` an array of tables")
    levels: dict[str, Level] = {}
    for code, name in classes.items():
        if code not in RULES:
            raise DriftError(f"{path.name}: there is no rule {code!r}; `drift.py rules` lists them")
        if name not in list(REPORTED):
            raise DriftError(f"{path.name}: {code}: {name!r} is none of {', '.join(REPORTED)}")
        levels[code] = Level(name)
    found = tuple(_waiver(entry, path.name) for entry in waivers)
    if len({waiver.id for waiver in found}) < len(found):
        raise DriftError(f"{path.name}: two waivers have one id")
    return Policy(levels, found)


def _waiver(entry: Any, name: str) -> Waiver:
    if not isinstance(entry, dict) or entry.keys() != {"id", "reason", "until"}:
        raise DriftError(f"{name}: a waiver has an id, a reason and an until")
    until = entry["until"]
    if not isinstance(until, datetime.date) or isinstance(until, datetime.datetime):
        raise DriftError(f"{name}: waiver {entry['id']}: `until` is a date such as 2027-01-31, without quotes")
    if not isinstance(entry["id"], str) or not isinstance(entry["reason"], str) or not entry["reason"].strip():
        raise DriftError(f"{name}: waiver {entry['id']}: id and reason are text, and the reason is not empty")
    return Waiver(entry["id"], entry["reason"], until)
