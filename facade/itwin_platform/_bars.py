"""The progress bars of `progress=True`, drawn by rich."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from .errors import ConfigurationError

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Bar:
    """How a bar shows something.

    Attributes:
        verb: What happens, at its beginning.
        columns: Makes its columns, from the module `rich.progress`.
        fields: What `rich.progress.Progress.update` is told of a state.
    """

    verb: str
    columns: Callable[[Any], tuple[Any, ...]]
    fields: Callable[[Any], Mapping[str, Any]]


@contextmanager
def shown(progress: bool | Callable[[S], object] | None, bar: Bar) -> Generator[Callable[[S], object] | None]:
    """The callback for the argument `progress`; if that is True, one that draws a bar on the terminal.

    Raises:
        ValueError: It is neither a boolean nor a function.
        ConfigurationError: A bar is requested, but rich is not installed.
    """
    if progress is None or progress is False:
        yield None
        return
    if progress is not True:
        if not callable(progress):
            raise ValueError("progress must be True, False or a function")
        yield progress
        return
    try:
        from rich import progress as bars
    except ImportError:
        missing = 'progress=True needs rich. Install it: pip install "itwin-platform[progress]"'
        raise ConfigurationError(missing) from None
    display = bars.Progress(*bar.columns(bars))
    task = display.add_task(bar.verb, total=None)

    def show(state: S) -> None:
        display.update(task, **bar.fields(state))
        display.start()  # only now, so that what fails before draws nothing

    try:
        yield show
    finally:
        display.stop()
