"""The progress bar of `progress=True`, drawn by rich."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from ..errors import ConfigurationError
from ._report import Progress, ProgressCallback


@contextmanager
def shown(progress: bool | Callable[[Progress], object], verb: str) -> Generator[ProgressCallback | None]:
    """The callback for the argument `progress`; if that is True, one that draws a bar on the terminal.

    Raises:
        ValueError: It is neither a boolean nor a function.
        ConfigurationError: A bar is requested, but rich is not installed.
    """
    if not isinstance(progress, bool):
        if not callable(progress):
            raise ValueError("progress must be True, False or a function")  # noqa: TRY004 (as for all arguments)
        yield progress
        return
    if not progress:
        yield None
        return
    try:
        from rich import progress as bars
    except ImportError:
        missing = 'progress=True needs rich. Install it: pip install "itwin-platform[progress]"'
        raise ConfigurationError(missing) from None
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
        bars.TextColumn("{task.fields[files]}"),
    )
    display = bars.Progress(*columns)
    task = display.add_task(verb, total=None, files="")

    def show(state: Progress) -> None:
        display.start()  # only now, so that a transfer which fails before draws nothing
        display.update(
            task,
            completed=state.bytes_done,
            total=state.bytes_total,
            files=f"{state.files_done}/{state.files_total} files",
        )

    try:
        yield show
    finally:
        display.stop()
