"""Writes results: tables for people, and JSON, JSON lines, YAML and CSV for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

import click

from ._options import Options
from ._shapes import is_array, is_object


def emit(result: object, options: Options) -> None:
    """Write the result of a command to standard output.

    Parameters:
        result: What a method of the SDK has returned: a model, pages of models, a path, bytes, or None.
        options: The format, the query, and whether secrets are shown.
    """
    if result is None:
        note("Done.")
        return
    if isinstance(result, bytes):
        sys.stdout.buffer.write(result)
        return
    from ._masking import is_one, json_of

    if not is_one(result):
        found = cast(Iterable[object], result)
        items: Iterator[Any] = (json_of(item, show_secrets=options.show_secrets) for item in found)
        if options.query is None and options.output == "jsonl":
            _write_lines(items)  # as they come
            return
        value: Any = list(items)
        if not value:
            note("There is nothing.")
    else:
        value = json_of(result, show_secrets=options.show_secrets)
    if options.query is not None:
        value = options.query(value)
    _WRITERS[options.output](value)


def note(text: str) -> None:
    """Print a note for a person on standard error, unless a program reads that."""
    if sys.stderr.isatty():
        click.echo(text, err=True)


def draw_on_standard_error() -> None:
    """Draw progress bars on standard error, because standard output is for results."""
    import rich

    rich.reconfigure(stderr=True)


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _write_json(value: Any) -> None:
    _write(json.dumps(value, ensure_ascii=False, indent=2))


def _write_lines(value: Any) -> None:
    for item in cast(Iterable[Any], value if isinstance(value, Iterator) else _rows(value)):
        _write(json.dumps(item, ensure_ascii=False))


def _write_yaml(value: Any) -> None:
    import yaml

    yaml.safe_dump(value, sys.stdout, allow_unicode=True, sort_keys=False, width=120)


def _write_csv(value: Any) -> None:
    import csv

    rows: list[Mapping[str, Any]] = [item if is_object(item) else {"value": item} for item in _rows(value)]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(sys.stdout, columns, restval="", lineterminator="\n")
    if columns:
        writer.writeheader()
    writer.writerows({name: _cell(item) for name, item in row.items()} for row in rows)


def _rows(value: Any) -> list[Any]:
    return value if is_array(value) else [value]


def _cell(value: Any) -> str:
    """A value as the text of a cell."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _write_table(value: Any) -> None:
    from ._tables import table_of

    for line in table_of(value, _cell):
        _write(line)


_WRITERS: dict[str, Callable[[Any], None]] = {
    "table": _write_table,
    "json": _write_json,
    "jsonl": _write_lines,
    "csv": _write_csv,
    "yaml": _write_yaml,
}
