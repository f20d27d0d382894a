"""Keeps a secret out of reprs, tracebacks with locals, and pickles."""

from __future__ import annotations

from typing import Any, NoReturn


class Secret:
    """A text that shows itself only to who asks for it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text."""
        return self._value

    def __repr__(self) -> str:
        return "'***'"

    def __reduce__(self) -> Any:
        not_picklable("secrets")


def not_picklable(what: str) -> NoReturn:
    """Refuse to be pickled or copied."""
    raise TypeError(f"{what} cannot be pickled or copied, so that they do not end up in files by accident")
