"""What `make adopt` prints: a report that a person reads before merging. Decisions first, prose folded."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from codegen.documents import Json
from codegen.portal import Fired, Kept
from codegen.walks import operations_of

from .changes import Change, Level
from .compare import Report


@dataclass(frozen=True)
class Adopted:
    """An adoption that took place."""

    name: str
    document: Json
    before: Json | None
    report: Report
    fired: list[Fired]
    kept: Kept


# What follows from the operations and schemas above it.
_FOLLOWING = frozenset({"endpoint-added", "module-added", "class-added", "spec-added"})


def review(adopted: Adopted) -> str:
    """The report of an adoption."""
    changes = [change for change in adopted.report.changes if not change.waived]
    serious = [change for change in changes if change.level in (Level.BREAKING, Level.POTENTIAL)]
    added = [change for change in changes if change.level is Level.ADDITIVE]
    prose = [change for change in changes if change.level is Level.DOCS]
    verb = "stored" if adopted.before is None else "replaced"
    parts = [
        [f"openapi/{adopted.name} is {verb}, and everything is regenerated."],
        _decisions(serious, adopted.kept),
        _operations(adopted),
        _grouped("Other additions", [change for change in added if change.code not in _FOLLOWING]),
        _classes([change for change in added if change.code == "class-added"]),
        _folded(prose),
        _without_words(adopted.document),
        _section("Kept, because it is known from elsewhere (x-source)", adopted.kept.additions),
        _section("Changed from the portal's form", map(str, adopted.fired)),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = [f"- {line}" for line in lines]
    return [f"{title} ({len(found)})", *found] if found else []


def _decisions(serious: list[Change], kept: Kept) -> list[str]:
    lines = [
        f"{change.where}: {change.detail} ({change.effect}): adapt the facade, keep the old form with an overlay, "
        f"or waive {change.id} in drift.toml"
        for change in serious
    ]
    lines += [f"{place}: ours is replaced, because the definition has it now" for place in kept.superseded]
    return _section("To decide", lines) or ["Nothing is left to decide."]


def _operations(adopted: Adopted) -> list[str]:
    """The operations that are new, by tag."""
    known = {(path, method) for path, method, _ in operations_of(adopted.before or {})}
    groups: dict[str, list[str]] = defaultdict(list)
    for path, method, operation in operations_of(adopted.document):
        if (path, method) not in known:
            tag = str((operation.get("tags") or ["untagged"])[0])
            groups[tag].append(f"{method.upper()} {path} ({operation.get('operationId', 'no id')})")
    count = sum(map(len, groups.values()))
    lines = [f"- {tag}: {line}" for tag, found in groups.items() for line in found]
    advice = "each is called with platform.call, or gets a method in the facade"
    return [f"Operations added ({count}): {advice}", *lines] if count else []


def _grouped(title: str, changes: list[Change]) -> list[str]:
    """One line for each operation or schema, whatever is added to it."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for change in changes:
        owner, _, rest = change.where.partition(" > ")
        groups[owner][change.code].append(rest)
    return _section(
        title,
        (
            f"{owner}: " + "; ".join(_one_code(code, places) for code, places in codes.items())
            for owner, codes in groups.items()
        ),
    )


def _classes(changes: list[Change]) -> list[str]:
    """The names that users may import from now on, in one line."""
    names = [change.where.rpartition(".")[2] for change in changes]
    return [f"Classes added ({len(names)}): {', '.join(names)}"] if names else []


def _one_code(code: str, places: list[str]) -> str:
    named = ", ".join(place for place in places if place)
    return f"{code} ({named})" if named else code


def _folded(prose: list[Change]) -> list[str]:
    if not prose:
        return []
    codes: dict[str, int] = defaultdict(int)
    for change in prose:
        codes[re.sub(r"-(changed|added|removed)$", "", change.code)] += 1
    return [f"Documentation only ({len(prose)}): " + ", ".join(f"{n} {code}" for code, n in sorted(codes.items()))]


def _without_words(document: Json) -> list[str]:
    """How many operations have no description of ours yet."""
    names = [
        str(operation.get("operationId", path))
        for path, _, operation in operations_of(document)
        if not operation.get("summary")
    ]
    return [f"Without words of ours ({len(names)}): {', '.join(names)}"] if names else []
