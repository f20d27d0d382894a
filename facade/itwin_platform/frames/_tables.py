"""Tables in the making: items are added page by page, so that no more than a page of models has to be in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from .._flags import check_flags
from ..errors import ConfigurationError
from ._columns import Column, Kind, columns_of, records_of

if TYPE_CHECKING:
    import pandas
    import pyarrow

R = TypeVar("R")

_PANDAS: Final[dict[Kind, str]] = {
    "text": "string",
    "number": "float64",
    "integer": "Int64",
    "boolean": "boolean",
    "time": "datetime64[us, UTC]",
    "date": "datetime64[s]",
    "record": "object",
}
_ARROW: Final = {"text": "string", "number": "double", "integer": "int64", "boolean": "bool", "date": "date32"}


class Table(ABC, Generic[R]):
    """A table to which items are added.

    Parameters:
        model: The class of the items.
        nested: Whether to include nested objects.
        secrets: Whether to show secrets, and properties that the definition does not describe.
    """

    def __init__(self, model: type, *, nested: bool = False, secrets: bool = False) -> None:
        check_flags(nested=nested, secrets=secrets)
        self._model = model
        self._columns = columns_of(model, nested=nested, secrets=secrets)

    def add(self, items: list[Any]) -> None:
        """Add items.

        Raises:
            TypeError: One of them is of another class.
        """
        for item in items:
            if not isinstance(item, self._model):
                raise TypeError(
                    f"the items of a table must be of one class: one is of {type(item).__name__}, "
                    f"not of {self._model.__name__}"
                )
        self._add(items)

    @abstractmethod
    def _add(self, items: list[Any]) -> None: ...

    @abstractmethod
    def result(self) -> R:
        """The whole table."""


class Records(Table["list[dict[str, Any]]"]):
    """A dictionary for each item."""

    def __init__(self, model: type, *, nested: bool = False, secrets: bool = False) -> None:
        super().__init__(model, nested=nested, secrets=secrets)
        self._found: list[dict[str, Any]] = []

    def _add(self, items: list[Any]) -> None:
        self._found += records_of(self._columns, items)

    def result(self) -> list[dict[str, Any]]:
        return self._found


class Frame(Table["pandas.DataFrame"]):
    """A DataFrame of pandas."""

    def __init__(self, model: type, *, nested: bool = False, secrets: bool = False) -> None:
        super().__init__(model, nested=nested, secrets=secrets)
        self._pandas = _loaded("pandas", "to_pandas", "pandas")
        self._values: list[list[Any]] = [[] for _ in self._columns]

    def _add(self, items: list[Any]) -> None:
        for column, values in zip(self._columns, self._values, strict=True):
            values.extend(column.values(items))

    def result(self) -> pandas.DataFrame:
        made: dict[str, Any] = {
            column.name: _typed(self._pandas.array, column, values, "object" if column.many else _PANDAS[column.kind])
            for column, values in zip(self._columns, self._values, strict=True)
        }
        frame: pandas.DataFrame = self._pandas.DataFrame(made)
        return frame


class ArrowTable(Table["pyarrow.Table"]):
    """A table of Arrow, in a chunk for each page."""

    def __init__(self, model: type, *, nested: bool = False, secrets: bool = False) -> None:
        super().__init__(model, nested=nested, secrets=secrets)
        self._arrow = _loaded("pyarrow", "to_arrow", "arrow")
        self._types = [_arrow_type(self._arrow, column) for column in self._columns]
        named = zip((column.name for column in self._columns), self._types, strict=True)
        self._schema = self._arrow.schema(list(named))
        self._batches: list[Any] = []

    def _add(self, items: list[Any]) -> None:
        arrays = [
            _typed(self._arrow.array, column, column.values(items), kind)
            for column, kind in zip(self._columns, self._types, strict=True)
        ]
        self._batches.append(self._arrow.RecordBatch.from_arrays(arrays, schema=self._schema))

    def result(self) -> pyarrow.Table:
        table: pyarrow.Table = self._arrow.Table.from_batches(self._batches, self._schema)
        return table


def _typed(make: Callable[[list[Any], Any], Any], column: Column, values: list[Any], kind: Any) -> Any:
    """An array of values of a column.

    Raises:
        ValueError: The type of the column cannot hold one of them.
    """
    try:
        return make(values, kind)
    except (OverflowError, TypeError, ValueError) as error:
        problem = str(error)
    raise ValueError(f"a value cannot be in the column {column.name!r}: {problem}")


def _arrow_type(arrow: Any, column: Column) -> Any:
    if column.kind == "record":
        kind = arrow.struct([(part.name, _arrow_type(arrow, part)) for part in column.parts])
    elif column.kind == "time":
        kind = arrow.timestamp("us", tz="UTC")
    else:
        kind = arrow.type_for_alias(_ARROW[column.kind])
    return arrow.list_(kind) if column.many else kind


def _loaded(package: str, method: str, extra: str) -> Any:
    """A package of an extra. It is imported when its first table is made."""
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
    raise ConfigurationError(f'{method} needs {package}. Install it: pip install "itwin-platform[{extra}]"')
