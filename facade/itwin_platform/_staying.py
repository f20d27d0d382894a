"""What stays in the process that made it: it cannot be pickled, and the error says what to do instead."""

from __future__ import annotations

from typing import ClassVar, NoReturn, Self


class Stays:
    """An object that can neither be pickled nor copied, because something goes on in it."""

    __slots__ = ()

    _no_pickle: ClassVar[str]

    def __reduce__(self) -> NoReturn:
        """Raise an error that says what to do instead."""
        raise TypeError(self._no_pickle)


class Shared(Stays):
    """An object that cannot be pickled. Copies are the same object, because it does not change."""

    __slots__ = ()

    def __copy__(self) -> Self:
        """The same object."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """The same object."""
        return self
