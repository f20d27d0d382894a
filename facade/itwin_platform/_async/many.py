"""`platform.map`: calls a function for many items at once."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from .._concurrency.async_crew import Crew
from .._flags import check_flags
from .._many import Order, Outcome, ProgressArgument, Tally, check
from .._staying import Stays

T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)


class AsyncResults(Stays, Generic[R_co]):
    """The results of `platform.map`, to iterate over once. Calls are made as results are taken.

    Leaving the loop early aborts the running calls. To be sure that nothing is still running, use this object as a
    context manager (`async with`), or close it.
    """

    _no_pickle = (
        "The results of platform.map cannot be pickled or copied. Pass the client and the items instead, and call map "
        "in the other process."
    )

    def __init__(
        self,
        function: Callable[[T], Any],
        items: Iterable[T] | AsyncIterable[T],
        *,
        concurrency: int,
        ordered: bool,
        on_error: str,
        progress: ProgressArgument,
    ) -> None:
        check(function, items, concurrency, on_error, progress)
        check_flags(ordered=ordered)
        self._crew: Crew[Any, R_co] = Crew(function, items, concurrency)
        self._order: Order[R_co] = Order(ordered=ordered)
        self._tally = Tally(items, progress)
        self._raises = on_error == "raise"
        self._ended = False

    def __aiter__(self) -> AsyncIterator[R_co]:
        """The results. There is only one iteration: a second loop continues where the first one ended."""
        return self

    async def __anext__(self) -> R_co:
        """The next result.

        Raises:
            Exception: An error of the function, unless errors are returned; or an error of the items.
        """
        try:
            outcome = await self._next_outcome()
            if outcome is not None:
                self._crew.make_room()
                return self._value_of(outcome)
        except KeyboardInterrupt:
            self._abandon()
            raise
        except BaseException:
            await self.aclose()
            raise
        await self.aclose()
        raise StopAsyncIteration

    async def to_list(self) -> list[R_co]:
        """All results that are left as a list, with the errors of `__anext__`."""
        return [result async for result in self]

    async def _next_outcome(self) -> Outcome[R_co] | None:
        while not self._ended:
            found = self._order.get()
            if found is not None:
                return found
            came = await self._crew.get()
            if came is None:
                return None
            self._order.put(came)
        return None

    def _value_of(self, outcome: Outcome[R_co]) -> R_co:
        error = outcome.error
        if error is None:
            self._tally.count(failed=False)
            return cast(R_co, outcome.result)
        error.add_note(outcome.named)
        if self._raises or outcome.final or not isinstance(error, Exception):
            if isinstance(error, StopAsyncIteration):
                # As it is, it would end the loop over the results, as if there were no more.
                raise RuntimeError(f"{outcome.named} raised StopAsyncIteration") from error
            raise error
        self._tally.count(failed=True)
        return cast(R_co, error)

    async def aclose(self) -> None:
        """Abort the running calls, and wait until nothing is still running."""
        self._tally.close()
        await self._crew.end()
        self._ended = True  # only now: whoever presses Ctrl-C before has not closed it

    async def __aenter__(self) -> Self:
        """Use the results as a context manager, which closes them. After Ctrl-C it does not wait."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close them."""
        if kind is KeyboardInterrupt:
            self._abandon()
        else:
            await self.aclose()

    def _abandon(self) -> None:
        """Abort the running calls without waiting, for somebody who has pressed Ctrl-C."""
        self._crew.abandon()
        self._tally.close()
        self._ended = True

    def __del__(self) -> None:
        # Not there if the arguments were wrong.
        if not getattr(self, "_ended", True):
            self._tally.close()
            self._crew.drop()
