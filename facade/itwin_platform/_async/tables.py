"""What lists and the records of exports have in common: their items one by one, in a list, in tables and on maps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, TypeVar

from .._late import pandas, pyarrow
from .._staying import Shared, Stays
from ..frames._geojson import Features
from ..frames._tables import ArrowTable, Frame, Records, Table

T = TypeVar("T")
R = TypeVar("R")


class AsyncTables(Shared, Stays, Generic[T]):
    """Items that are fetched in pages, each when it is needed."""

    def _pages(self) -> AsyncIterator[list[T]]:
        """The items page by page."""
        raise NotImplementedError

    def _class(self) -> type:
        """The class of the items."""
        raise NotImplementedError

    def _check_coordinates(self) -> None:
        """Raise ValueError if the items come without the coordinates that they could have."""

    def __aiter__(self) -> AsyncIterator[T]:
        """The items one by one."""
        return ItemIterator(self._pages())

    async def first(self) -> T | None:
        """The first item; None if there is none."""
        async for item in self:
            return item
        return None

    async def to_list(self) -> list[T]:
        """All items as a list."""
        return [item async for item in self]

    async def to_records(self, *, nested: bool = False, secrets: bool = False) -> list[dict[str, Any]]:
        """All items as dictionaries of plain values. `itwin_platform.frames` describes the keys and values.

        Parameters:
            nested: Whether to include nested objects.
            secrets: Whether to show secrets, and properties that the definition does not describe.
        """
        return await self._filled(Records(self._class(), nested=nested, secrets=secrets))

    async def to_pandas(self, *, nested: bool = False, secrets: bool = False) -> pandas.DataFrame:
        """All items as a DataFrame. It needs the extra `[pandas]`.

        Parameters:
            nested: Whether to include nested objects.
            secrets: Whether to show secrets, and properties that the definition does not describe.

        Raises:
            ConfigurationError: pandas is not installed. Nothing was sent.
        """
        return await self._filled(Frame(self._class(), nested=nested, secrets=secrets))

    async def to_arrow(self, *, nested: bool = False, secrets: bool = False) -> pyarrow.Table:
        """All items as an Arrow table, with one chunk per page. It needs the extra `[arrow]`.

        Parameters:
            nested: Whether to include nested objects.
            secrets: Whether to show secrets, and properties that the definition does not describe.

        Raises:
            ConfigurationError: pyarrow is not installed. Nothing was sent.
        """
        return await self._filled(ArrowTable(self._class(), nested=nested, secrets=secrets))

    async def to_geojson(self) -> dict[str, Any]:
        """The iTwins that have coordinates, as a FeatureCollection of points `[longitude, latitude]`.

        Raises:
            TypeError: These items have no coordinates. Nothing was sent.
            ValueError: The coordinates were not requested. Nothing was sent.
        """
        table = Features(self._class())
        self._check_coordinates()
        return await self._filled(table)

    async def _filled(self, table: Table[R]) -> R:
        async for page in self._pages():
            table.add(page)
        return table.result()


class ItemIterator(Stays, Generic[T]):
    """The items of pages, one by one."""

    # Not a generator: one that a loop has left early would be closed by somebody else, some time later.
    _no_pickle = "An iteration cannot be pickled. Pickle the items, to_list(), or iterate in the other process."

    def __init__(self, pages: AsyncIterator[list[T]]) -> None:
        self._pages = pages
        self._page: Iterator[T] = iter(())

    def __aiter__(self) -> AsyncIterator[T]:
        """The iteration itself."""
        return self

    async def __anext__(self) -> T:
        """The next item."""
        while True:
            for item in self._page:
                return item
            self._page = iter(await self._pages.__anext__())
