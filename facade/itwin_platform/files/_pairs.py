"""Which file becomes which: by fsspec's own rules, which its methods apply to one file after another."""

from __future__ import annotations

from typing import Any, Literal

from ._fsspec import AbstractFileSystem


class Pairs:
    """Stands in for a file system whose `get`, `put` or `copy` is called, and notes what they would do."""

    def __init__(self, system: object) -> None:
        self._system = system
        self._noted: list[tuple[Any, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)

    def of(
        self, method: Literal["get", "put", "copy"], source: Any, target: Any, **options: Any
    ) -> list[tuple[Any, Any]]:
        """The pairs of paths that fsspec's method would transfer, in its order."""
        getattr(AbstractFileSystem, method)(self, source, target, **options)
        return self._noted

    def get_file(self, rpath: Any, lpath: Any, **_: object) -> None:
        """Note a pair."""
        self._noted.append((rpath, lpath))

    def put_file(self, lpath: Any, rpath: Any, **_: object) -> None:
        """Note a pair."""
        self._noted.append((lpath, rpath))

    def cp_file(self, path1: Any, path2: Any, **_: object) -> None:
        """Note a pair."""
        self._noted.append((path1, path2))
