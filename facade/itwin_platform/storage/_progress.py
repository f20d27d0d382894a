"""The progress bar of transfers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from .._bars import Bar
from .._bars import shown as bar_shown
from ._report import Progress, ProgressCallback


def shown(progress: bool | Callable[[Progress], object], verb: str) -> AbstractContextManager[ProgressCallback | None]:
    """The callback for the argument `progress` of a transfer.

    Raises:
        ValueError: It is neither a boolean nor a function.
        ConfigurationError: A bar is requested, but rich is not installed.
    """
    return bar_shown(progress, Bar(verb, _columns, _fields))


def _columns(bars: Any) -> tuple[Any, ...]:
    return (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
        bars.TextColumn("{task.fields[files]}"),
    )


def _fields(state: Progress) -> Mapping[str, Any]:
    return {
        "completed": state.bytes_done,
        "total": state.bytes_total,
        "files": f"{state.files_done}/{state.files_total} files",
    }
