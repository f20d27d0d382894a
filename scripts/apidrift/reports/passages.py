"""The passages of two definitions side by side: the lines that differ, and a few around them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, Final

import yaml

from ..changes import Change

# Left and right line, and whether they differ; None where a side has none.
Row = tuple[str | None, str | None, bool]

_MAX_LINES: Final = 400
_CONTEXT: Final = 4
_MAX_ROWS: Final = 60_000


class Passages:
    """Passages by number; the same two are there once, and after very many only their findings are."""

    def __init__(self) -> None:
        self.all: list[list[Row]] = []
        self._numbers: dict[tuple[int, int], int] = {}
        self._texts: dict[int, list[str]] = {}
        self._rows = 0
        self._kept: list[Any] = []

    def number(self, change: Change) -> int:
        """The number of the passages of a change; -1 if there are none."""
        if change.old is None and change.new is None:
            return -1
        key = (id(change.old), id(change.new))
        if key not in self._numbers:
            if self._rows > _MAX_ROWS:
                return -1
            rows = list(_rows(self._lines(change.old), self._lines(change.new)))
            self._rows += len(rows)
            self._numbers[key] = len(self.all)
            self.all.append(rows)
            self._kept += [change.old, change.new]
        return self._numbers[key]

    def _lines(self, value: Any) -> list[str]:
        if value is None:
            return []
        if id(value) not in self._texts:
            self._kept.append(value)
            self._texts[id(value)] = _lines(value)
        return self._texts[id(value)]


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # one of two that are alike
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 (the name and arguments are PyYAML's)
        return True


_Dumper.add_multi_representer(dict, lambda dumper, data: dumper.represent_dict(data.items()))


def _lines(value: Any) -> list[str]:
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=False, sort_keys=False, allow_unicode=True, width=100)
    lines = str(text).removesuffix("...\n").splitlines()
    return lines if len(lines) <= _MAX_LINES else [*lines[:_MAX_LINES], f"({len(lines) - _MAX_LINES} more lines)"]


def _rows(old: list[str], new: list[str]) -> Iterator[Row]:
    first = True
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT):
        if not first or group[0][1] or group[0][3]:
            yield "…", "…", False
        first = False
        for kind, i, j, k, m in group:
            left, right = old[i:j], new[k:m]
            for row in range(max(len(left), len(right))):
                one = left[row] if row < len(left) else None
                two = right[row] if row < len(right) else None
                yield one, two, kind != "equal"
