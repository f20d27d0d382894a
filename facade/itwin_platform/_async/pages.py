"""Lists with several pages: iterated over item by item, each page requested when it is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from itwin_platform_api.runtime import Request

from .._late import pandas, pyarrow
from .._policies.addresses import Target
from .._policies.paging import Walk, check_limit
from .._staying import Shared, Stays
from ..frames._columns import class_of_items
from ..frames._geojson import Features, check_asked
from ..frames._tables import ArrowTable, Frame, Records, Table
from .pipeline import Pipeline

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")

_STAYS = (
    "A list cannot be pickled, because its pages are requested when they are needed. Pickle its items, to_list(), "
    "or pass the client and list in the other process."
)


class AsyncPages(Shared, Stays, Generic[T]):
    """The items of a list.

    Iterate over it: a page is requested when its first item is needed, so you can leave the loop early, and no more
    than one page is in memory. Every iteration starts from the beginning.

    A page can raise the errors of every call, and:

    Raises:
        IncompleteListError: There may be more items than the platform lists; all items that it lists have been
            returned.
        ResponseError: The link to the next page leads to an earlier page or to another host.
    """

    _no_pickle = _STAYS

    def __init__(
        self,
        pipeline: Pipeline,
        request: Request[P],
        items: Callable[[P], Iterable[T]],
        *,
        limit: int | None = None,
        cap: int | None = None,
        start: int = 0,
        advice: str = "",
        uri: str | None = None,
    ) -> None:
        """Create a list from a request; nothing is sent yet.

        Parameters:
            pipeline: Carries out requests.
            request: The request for the first page.
            items: Takes the items out of a page.
            limit: The maximum number of items to return; by default all.
            cap: The maximum number of items that the platform lists, if documented.
            start: How many items are skipped at the start; they count towards the cap.
            advice: What to do about a list that is longer than the cap.
            uri: A link to the first page, instead of the path of the request.

        Raises:
            ValueError: The limit is not a positive whole number, or the link must not be followed.
        """
        check_limit(limit)
        self._pipeline = pipeline
        self._request: Request[Any] = request
        self._items: Callable[[Any], Iterable[T]] = items
        self._at = None if uri is None else pipeline.linked(request, uri)
        self._bounds = (request.operation.id, limit, cap, start, advice)

    def pages(self) -> AsyncIterator[list[T]]:
        """The items page by page, each page as a list."""
        return _PageIterator(self._pipeline, self._request, self._items, Walk(*self._bounds), self._at)

    def __aiter__(self) -> AsyncIterator[T]:
        """The items one by one."""
        return _ItemIterator(self.pages())

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
            TypeError: Items of this list have no coordinates. Nothing was sent.
            ValueError: The list does not request coordinates. Nothing was sent.
        """
        table = Features(self._class())
        check_asked(self._request)
        return await self._filled(table)

    async def _filled(self, table: Table[R]) -> R:
        async for page in self.pages():
            table.add(page)
        return table.result()

    def _class(self) -> type:
        return class_of_items(self._request)

    def __repr__(self) -> str:
        try:
            items = self._class().__name__
        except TypeError:
            items = self._request.operation.id
        return f"<{type(self).__name__} of {items}: iterate, or call to_list()>"


class _PageIterator(Stays, Generic[T]):
    # Not a generator: one that a loop has left early would be closed by somebody else, some time later.
    _no_pickle = _STAYS

    def __init__(
        self,
        pipeline: Pipeline,
        request: Request[Any],
        items: Callable[[Any], Iterable[T]],
        walk: Walk,
        at: Target | None,
    ) -> None:
        self._pipeline = pipeline
        self._request = request
        self._items = items
        self._walk = walk
        self._at = at
        self._find_next: Callable[[], Target | None] | None = None
        self._target: Target | None = None
        self._begun = False

    def __aiter__(self) -> AsyncIterator[list[T]]:
        return self

    async def __anext__(self) -> list[T]:
        if self._find_next is not None:
            self._target, self._find_next = self._find_next(), None
        if self._target is None and self._begun:
            raise StopAsyncIteration
        # After an error the same page is asked for again.
        page, self._find_next = await self._pipeline.page(self._request, self._target, self._walk, self._at)
        self._begun = True
        return self._walk.take(self._items(page))


class _ItemIterator(Stays, Generic[T]):
    _no_pickle = _STAYS

    def __init__(self, pages: AsyncIterator[list[T]]) -> None:
        self._pages = pages
        self._page: Iterator[T] = iter(())

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            for item in self._page:
                return item
            self._page = iter(await self._pages.__anext__())
