"""What work on a file may end with, other than success and errors."""

from __future__ import annotations


class Stopped(Exception):  # noqa: N818 (not an error: the transfer was asked to stop)
    """The transfer stops, because it was cancelled or every other file would fail."""


class Skip(Exception):  # noqa: N818 (an outcome)
    """A file need not be transferred; the text says why."""


class Refusal(Exception):  # noqa: N818 (an outcome)
    """A file cannot be transferred; the text says why."""
