"""Reports: for a terminal, a pull request, programs, a browser; and the draft of a changelog."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..compare import Report
from .data import as_json
from .markdown import markdown
from .page import html
from .terminal import terminal, wants_colour
from .words import counts

FORMATS: Final[dict[str, Callable[[Report], str]]] = {
    "terminal": terminal,
    "markdown": markdown,
    "json": as_json,
    "html": html,
}
SUFFIXES: Final = {".txt": "terminal", ".md": "markdown", ".json": "json", ".html": "html"}

__all__ = ["FORMATS", "SUFFIXES", "as_json", "counts", "html", "markdown", "terminal", "wants_colour"]
