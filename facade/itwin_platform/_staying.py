"""What stays in the process that made it, and what is shared in it instead of copied."""

from __future__ import annotations

from typing import ClassVar, NoReturn, Self


class Shared:
    """An object whose copies are the same object: it does not change, or belongs to all who have it."""

    __slots__ = ()

    def __copy__(self) -> Self:
        """The same object: it is shared, not copied."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """The same object: it is shared, not copied."""
        return self


class Stays:
    """An object that cannot be pickled, nor copied unless it is shared. The error says what to do instead."""

    __slots__ = ()

    _no_pickle: ClassVar[str]

    def __reduce__(self) -> NoReturn:
        """Raise an error that says what to do instead."""
        raise TypeError(self._no_pickle)
