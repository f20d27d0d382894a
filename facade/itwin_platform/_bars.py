"""The progress bars of `progress=True`, drawn by rich: on the terminal, and in the outputs of a notebook."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from .errors import ConfigurationError

S = TypeVar("S")

# A notebook draws a bar once in so many seconds, because each drawing is a message to the browser.
_NOTEBOOK_PERIOD = 0.2


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
    """The callback for the argument `progress`; if that is True, one that draws a bar.

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
    drawing = _Output(display) if display.console.is_jupyter else display

    def show(state: S) -> None:
        display.update(task, **bar.fields(state))
        drawing.start()  # only now, so that what fails before draws nothing

    try:
        yield show
    finally:
        drawing.stop()


class _Output:
    """A bar as an output of a notebook, which is replaced as it grows. rich alone would need ipywidgets for that."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None
        self._drawn = 0.0

    def start(self) -> None:
        """Draw the bar, or draw it anew if it is time."""
        if self._handle is None:
            notebook: Any = import_module("IPython.display")  # there, as this is a notebook
            self._handle = notebook.display(self._display, display_id=True)
        elif time.monotonic() - self._drawn < _NOTEBOOK_PERIOD:
            return
        else:
            self._handle.update(self._display)
        self._drawn = time.monotonic()

    def stop(self) -> None:
        """Draw the bar as it is at the end."""
        if self._handle is not None:
            self._handle.update(self._display)
