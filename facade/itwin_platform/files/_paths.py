"""Paths as callers give them: fsspec passes on whatever it gets, and what is no path fails somewhere deep inside it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, cast

from ._fsspec import is_file, path_text


def one_path(path: object) -> str:
    """The text of a path.

    Raises:
        ValueError: It is not a path.
    """
    plain: object = path_text(path)
    if isinstance(plain, str):
        return plain
    raise ValueError(f"the path must be a string, not {type(path).__name__}")


def one_or_several(paths: Any) -> Any:
    """A path, or several as a list.

    Raises:
        ValueError: It is not a path, and nothing that consists of paths.
    """
    if isinstance(path_text(paths), str):
        return paths
    kind, several = type(paths).__name__, isinstance(paths, Iterable)
    # These can be iterated over too, but do not consist of paths.
    if several and not isinstance(paths, (bytes, bytearray, memoryview, Mapping)):
        return [one_path(each) for each in cast("Iterable[object]", paths)]
    raise ValueError(f"the path must be a string or a list of strings, not {kind}")


def check_local(path: object) -> None:
    """Check that something is a path on this machine, or an open file.

    Raises:
        ValueError: It is neither.
    """
    if not is_file(path) and not isinstance(path, (str, os.PathLike)):
        raise ValueError(f"lpath must be a path, not {type(path).__name__}")


def check_locals(paths: object) -> None:
    """Check a path on this machine, or a list of them; see `check_local`."""
    for each in cast("list[object]", paths) if isinstance(paths, list) else [paths]:
        check_local(each)
