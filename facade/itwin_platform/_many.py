"""`platform.map`: its arguments, its progress, and the outcome of an item. No I/O, shared by sync and async."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from ._bars import Bar, shown

R = TypeVar("R")

MOST = 1024


@dataclass(frozen=True, slots=True)
class MapProgress:
    """The progress of `platform.map`.

    Attributes:
        done: How many results were returned, including errors.
        failed: How many of them were errors.
        total: How many items there are; None if unknown.
    """

    done: int
    failed: int
    total: int | None


ProgressArgument = bool | Callable[[MapProgress], object]


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """The outcome for an item.

    Attributes:
        number: Its place among the items, from 0.
        result: What the function returned.
        error: What it raised, or None.
        final: Whether the iteration over the items failed.
    """

    number: int
    result: R | None = None
    error: BaseException | None = None
    final: bool = False

    @property
    def named(self) -> str:
        """The note about the item in a traceback."""
        return "raised by the items of platform.map" if self.final else f"item {self.number} of platform.map"


def check(function: object, items: object, concurrency: object, on_error: object, progress: object) -> None:
    """Check the arguments.

    Raises:
        ValueError: One of them cannot be used; the message names it.
    """
    if not callable(function):
        raise ValueError("function must be callable")  # noqa: TRY004 (as for all arguments)
    if isinstance(items, (str, bytes)):
        raise ValueError("items must not be a single string: each of its characters would be an item")  # noqa: TRY004
    if not any(hasattr(items, method) for method in ("__iter__", "__getitem__", "__aiter__")):
        raise ValueError("items must be iterable, for instance a list or a generator")
    if not isinstance(concurrency, int) or isinstance(concurrency, bool) or not 1 <= concurrency <= MOST:
        raise ValueError(f"concurrency must be a whole number from 1 to {MOST}")
    if on_error not in ("raise", "return"):
        raise ValueError('on_error must be "raise" or "return"')
    if not isinstance(progress, bool) and not callable(progress):
        raise ValueError("progress must be True, False or a function")  # noqa: TRY004


class Order(Generic[R]):
    """Brings outcomes into the order of their items, or leaves them as they come."""

    def __init__(self, *, ordered: bool) -> None:
        self._ordered = ordered
        self._next = 0
        self._held: dict[int, Outcome[R]] = {}

    def put(self, outcome: Outcome[R]) -> None:
        """Take an outcome in."""
        self._held[outcome.number] = outcome

    def get(self) -> Outcome[R] | None:
        """The outcome whose turn it is; None if it has not come yet."""
        if not self._ordered:
            return self._held.popitem()[1] if self._held else None
        found = self._held.pop(self._next, None)
        self._next += found is not None
        return found


class Tally:
    """Counts results and reports progress.

    Parameters:
        items: The items.
        progress: True for a bar, or a function.

    Raises:
        ConfigurationError: A bar is requested, but rich is not installed.
    """

    def __init__(self, items: object, progress: ProgressArgument) -> None:
        self._total = len(cast(Any, items)) if hasattr(items, "__len__") else None
        self._done = self._failed = 0
        self._shown = shown(progress, Bar("Calls", _columns, _fields))
        self._tell = self._shown.__enter__()

    def count(self, *, failed: bool) -> None:
        """Count a result."""
        self._done += 1
        self._failed += failed
        if self._tell is not None:
            self._tell(MapProgress(self._done, self._failed, self._total))

    def close(self) -> None:
        """Finish the progress bar."""
        self._shown.__exit__(None, None, None)


def _columns(bars: Any) -> tuple[Any, ...]:
    return (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
        bars.TextColumn("{task.fields[failed]}"),
    )


def _fields(state: MapProgress) -> Mapping[str, Any]:
    failed = f"{state.failed} failed" if state.failed else ""
    return {"completed": state.done, "total": state.total, "failed": failed}
