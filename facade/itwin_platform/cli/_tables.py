"""Tables for people, which fit the terminal: a list as rows, one thing as a line for each property."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ._shapes import is_array, is_object

_GAP = "  "
# Characters of a cell in a list that is to fit a terminal.
_WIDEST = 60


def table_of(value: Any, cell: Callable[[Any], str]) -> Iterator[str]:
    """The lines of a table.

    Parameters:
        value: JSON: a list of objects, an object, or anything else.
        cell: Makes text of a value.
    """
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    if is_object(value):
        yield from _properties(value, cell)
    elif is_array(value) and value and all(map(is_object, value)):
        yield from _list(value, cell, width)
    elif is_array(value):
        yield from (_printable(cell(item)) for item in value)
    else:
        yield _printable(cell(value))


def _properties(value: Mapping[str, Any], cell: Callable[[Any], str]) -> Iterator[str]:
    widest = max((_width(name) for name in value), default=0)
    for name, item in value.items():
        yield f"{_padded(_printable(name), widest)}{_GAP}{_printable(cell(item))}".rstrip()


def _list(rows: list[Mapping[str, Any]], cell: Callable[[Any], str], width: int | None) -> Iterator[str]:
    """Rows with as many columns as fit. What is nested is left out: other formats have it."""
    names = dict.fromkeys(
        name
        for row in rows
        for name, item in row.items()
        if item is not None and not (is_object(item) or is_array(item))
    )
    columns = [[_printable(name), *(_cut(_printable(cell(row.get(name))), width) for row in rows)] for name in names]
    if not columns:
        yield from (_printable(cell(row)) for row in rows)
        return
    shown: list[tuple[list[str], int]] = []
    room = sys.maxsize if width is None else width
    for column in columns:
        widest = max(map(_width, column))
        if shown and widest > room:
            break
        shown.append((column, widest))
        room -= widest + len(_GAP)
    for index in range(len(rows) + 1):
        yield _GAP.join(_padded(column[index], widest) for column, widest in shown).rstrip()
    if len(shown) < len(columns):
        left_out = ", ".join(column[0] for column in columns[len(shown) :])
        sys.stderr.write(f"(not shown: {left_out}; see -o json)\n")


def _printable(text: str) -> str:
    """The text without line breaks and without what a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text)


def _cut(text: str, width: int | None) -> str:
    return text if width is None or len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
