"""What every part of a comparison of packages needs: where findings go, new names of classes, how types relate."""

from __future__ import annotations

from collections.abc import Iterable

from codegen.python_source import NAMES

from ..changes import Axis, Change
from ..rules import change
from .annotations import relation
from .snapshot import Snapshot


class Findings:
    """The findings of one comparison."""

    def __init__(self, old: Snapshot, new: Snapshot) -> None:
        self.all: list[Change] = []
        self.renamed: dict[str, str] = {}  # classes that have another name and are otherwise the same
        self.reordered: set[tuple[str, str]] = set()
        self._enums = {
            each.name
            for side in (old, new)
            for module in side.values()
            for each in module.classes.values()
            if each.is_enum
        }

    def emit(self, code: str, where: str, detail: str, operations: Iterable[str] = ()) -> None:
        """A finding."""
        self.all.append(change(Axis.PYTHON, code, where, detail, operations))

    def applied(self, text: str) -> str:
        """Text of the old side with the new names of classes."""
        return NAMES.sub(lambda match: self.renamed.get(match[0], match[0]), text) if self.renamed else text

    def relation(self, old: str, new: str) -> str:
        """How the values of two annotations relate."""
        return relation(old, new, self._enums)


def is_public(name: str) -> bool:
    """Whether users may rely on a name."""
    return not name.startswith("_")
