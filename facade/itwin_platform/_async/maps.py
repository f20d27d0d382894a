"""The method `map` of the clients."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import Any, Literal, TypeVar, overload

from .._late import itwin_platform

A = TypeVar("A")
T = TypeVar("T")


class AsyncMaps:
    """Calls functions for many items."""

    @overload
    def map(
        self,
        function: Callable[[A], Awaitable[T]],
        items: Iterable[A] | AsyncIterable[A],
        *,
        concurrency: int = ...,
        ordered: bool = ...,
        on_error: Literal["raise"] = ...,
        progress: bool | Callable[[itwin_platform.MapProgress], object] = ...,
    ) -> itwin_platform.AsyncResults[T]: ...
    @overload
    def map(
        self,
        function: Callable[[A], Awaitable[T]],
        items: Iterable[A] | AsyncIterable[A],
        *,
        concurrency: int = ...,
        ordered: bool = ...,
        on_error: Literal["return"],
        progress: bool | Callable[[itwin_platform.MapProgress], object] = ...,
    ) -> itwin_platform.AsyncResults[T | Exception]: ...
    @overload  # async only
    def map(  # async only
        self,  # async only
        function: Callable[[A], T],  # async only
        items: Iterable[A] | AsyncIterable[A],  # async only
        *,  # async only
        concurrency: int = ...,  # async only
        ordered: bool = ...,  # async only
        on_error: Literal["raise"] = ...,  # async only
        progress: bool | Callable[[itwin_platform.MapProgress], object] = ...,  # async only
    ) -> itwin_platform.AsyncResults[T]: ...  # async only
    @overload  # async only
    def map(  # async only
        self,  # async only
        function: Callable[[A], T],  # async only
        items: Iterable[A] | AsyncIterable[A],  # async only
        *,  # async only
        concurrency: int = ...,  # async only
        ordered: bool = ...,  # async only
        on_error: Literal["return"],  # async only
        progress: bool | Callable[[itwin_platform.MapProgress], object] = ...,  # async only
    ) -> itwin_platform.AsyncResults[T | Exception]: ...  # async only
    def map(
        self,
        function: Callable[[A], Any],
        items: Iterable[A] | AsyncIterable[A],
        *,
        concurrency: int = 32,
        ordered: bool = False,
        on_error: Literal["raise", "return"] = "raise",
        progress: bool | Callable[[itwin_platform.MapProgress], object] = False,
    ) -> itwin_platform.AsyncResults[Any]:
        """Call a function for many items, several at a time, for instance `platform.itwins.get` for all ids.

        Items are taken only as fast as results are: at most twice `concurrency` of them are in memory, even if the
        items are endless. `max_in_flight` of the client also limits how many calls run at the same time.

        Parameters:
            function: The function to call for each item. Functions that are not async are called in threads.
            items: The items, such as a list, a generator or the result of a `list` method.
            concurrency: Calls at a time, 1 to 1024.
            ordered: Yield results in the order of the items; otherwise as they arrive.
            on_error: `"raise"` raises the first error and aborts the other calls. `"return"` yields errors in place of
                results.
            progress: True draws a progress bar (extra `[progress]`). A function is called with `MapProgress` for every
                result; if it raises, the calls are aborted.

        Returns:
            The results. Nothing is called before you iterate over them. Leaving the loop early aborts the running
            calls; `async with` and `aclose()` also wait until nothing is still running.

        Raises:
            ValueError: An argument cannot be used.
            ConfigurationError: `progress=True` needs rich, which is not installed.
        """
        from .many import AsyncResults

        return AsyncResults(
            function, items, concurrency=concurrency, ordered=ordered, on_error=on_error, progress=progress
        )
