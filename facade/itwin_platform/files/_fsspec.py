"""The parts of fsspec that are used. It has no types; this is the only module that deals with that."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fsspec import callbacks, compression, core, dircache, spec, utils

AbstractBufferedFile: Any = spec.AbstractBufferedFile
AbstractFileSystem: Any = spec.AbstractFileSystem
COMPRESSIONS: Any = compression.compr
DEFAULT_CALLBACK: Any = callbacks.DEFAULT_CALLBACK
# Entries of folders by their paths: a dictionary that forgets.
DirCache: Any = dircache.DirCache
compression_of: Callable[[str, str | None], str | None] = core.get_compression
is_file: Callable[[object], bool] = utils.isfilelike
# The text of a path; anything else as it is.
path_text: Callable[[Any], object] = utils.stringify_path
tokenize: Callable[..., str] = utils.tokenize
