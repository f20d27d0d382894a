"""`platform.map` as the clients have it: what it takes and returns."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import Any, Literal, TypeVar, overload

from .. import _late
from . import late

A = TypeVar("A")
T = TypeVar("T")


class AsyncMaps:
    """What can call functions with many items."""

    @overload
    def map(
        self,
        function: Callable[[A], Awaitable[T]],
        items: Iterable[A] | AsyncIterable[A],
        *,
        concurrency: int = ...,
        ordered: bool = ...,
        on_error: Literal["raise"] = ...,
        progress: bool | Callable[[_late.MapProgress], object] = ...,
    ) -> late.AsyncResults[T]: ...
    @overload
    def map(
        self,
        function: Callable[[A], Awaitable[T]],
        items: Iterable[A] | AsyncIterable[A],
        *,
        concurrency: int = ...,
        ordered: bool = ...,
        on_error: Literal["return"],
        progress: bool | Callable[[_late.MapProgress], object] = ...,
    ) -> late.AsyncResults[T | Exception]: ...
    @overload  # async only
    def map(  # async only
        self,  # async only
        function: Callable[[A], T],  # async only
        items: Iterable[A] | AsyncIterable[A],  # async only
        *,  # async only
        concurrency: int = ...,  # async only
        ordered: bool = ...,  # async only
        on_error: Literal["raise"] = ...,  # async only
        progress: bool | Callable[[_late.MapProgress], object] = ...,  # async only
    ) -> late.AsyncResults[T]: ...  # async only
    @overload  # async only
    def map(  # async only
        self,  # async only
        function: Callable[[A], T],  # async only
        items: Iterable[A] | AsyncIterable[A],  # async only
        *,  # async only
        concurrency: int = ...,  # async only
        ordered: bool = ...,  # async only
        on_error: Literal["return"],  # async only
        progress: bool | Callable[[_late.MapProgress], object] = ...,  # async only
    ) -> late.AsyncResults[T | Exception]: ...  # async only
    def map(
        self,
        function: Callable[[A], Any],
        items: Iterable[A] | AsyncIterable[A],
        *,
        concurrency: int = 32,
        ordered: bool = False,
        on_error: Literal["raise", "return"] = "raise",
        progress: bool | Callable[[_late.MapProgress], object] = False,
    ) -> late.AsyncResults[Any]:
        """Call a function with many items, several at a time, for instance `platform.itwins.get` with all ids.

        Items are taken as results are: of endless items no more than twice `concurrency` are in memory. How many
        requests are on their way at the same time is limited by `max_in_flight`, too.

        Parameters:
            function: What to call with each item. Functions that are not async are called in threads.
            items: What to call it with, such as a list, a generator or the pages of a list.
            concurrency: Calls at a time, 1 to 1024.
            ordered: Return results in the order of the items; otherwise as they come.
            on_error: `"raise"` raises the first error and breaks off the other calls. `"return"` returns errors in
                place of results.
            progress: True draws a progress bar (extra `[progress]`). A function is called with `MapProgress` for every
                result; if it raises, the calls are broken off.

        Returns:
            The results, to be iterated over. Nothing is called before. Leaving the loop early breaks off the calls
            that are on their way; `async with` and `aclose()` also wait until nothing runs any more.

        Raises:
            ValueError: An argument cannot be used.
            ConfigurationError: `progress=True` needs rich, which is not installed.
        """
        from .many import AsyncResults

        return AsyncResults(
            function, items, concurrency=concurrency, ordered=ordered, on_error=on_error, progress=progress
        )
