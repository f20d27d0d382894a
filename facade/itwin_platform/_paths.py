"""Paths of local files and folders, as callers give them: text, or any object that stands for a path."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import cast


def local_path(name: str, path: object) -> Path:
    """A path from a caller, who calls it by this name.

    Raises:
        ValueError: It is not a path, or is one in bytes.
    """
    plain: object = None
    with suppress(TypeError):  # it is no path, or stands for something that is neither text nor bytes
        plain = os.fspath(cast("os.PathLike[str]", path))
    if isinstance(plain, bytes):
        raise ValueError(f"{name} must be a path in text, not in bytes: os.fsdecode converts it")  # noqa: TRY004
    if not isinstance(plain, str):
        raise ValueError(f"{name} must be a path, not {type(path).__name__}")  # noqa: TRY004 (one kind for all)
    if "\0" in plain:
        raise ValueError(f"{name} must be a path, which cannot contain a null character")
    return Path(plain)


def local_file(name: str, path: object) -> Path:
    """A path for a file, from a caller who calls it by this name.

    Raises:
        ValueError: It is not a path, or cannot be that of a file.
    """
    found = local_path(name, path)
    if not found.name:
        raise ValueError(f"{name} must end with the name of a file")
    return found
