"""Lists with several pages: iterated over item by item, each page requested when it is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Generic, TypeVar

from itwin_platform_api.runtime import Request

from .._policies.addresses import Target
from .._policies.paging import Walk, check_limit
from .._staying import Stays
from ..frames._columns import class_of_items
from ..frames._geojson import check_asked
from .pipeline import Pipeline
from .tables import AsyncTables

T = TypeVar("T")
P = TypeVar("P")

_STAYS = (
    "A list cannot be pickled, because its pages are requested when they are needed. Pickle its items, to_list(), "
    "or pass the client and list in the other process."
)


class AsyncPages(AsyncTables[T]):
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

    def _pages(self) -> AsyncIterator[list[T]]:
        return self.pages()

    def _class(self) -> type:
        return class_of_items(self._request)

    def _check_coordinates(self) -> None:
        check_asked(self._request)

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
