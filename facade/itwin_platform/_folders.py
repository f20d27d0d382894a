"""Where programs keep what belongs to a user, by the conventions of each system.

Both functions raise RuntimeError if the user has no home directory.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NAME = "itwin-platform"


def state_folder() -> Path:
    """The folder for what a program remembers from one run to the next."""
    return _folder("XDG_STATE_HOME", ".local/state", macos="Library/Application Support")


def cache_folder() -> Path:
    """The folder for data that can be downloaded again."""
    return _folder("XDG_CACHE_HOME", ".cache", macos="Library/Caches")


def _folder(variable: str, default: str, *, macos: str) -> Path:
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA")
        return (Path(base) if base else Path.home() / "AppData" / "Local") / _NAME
    if sys.platform == "darwin":
        return Path.home() / macos / _NAME
    base = os.environ.get(variable, "")
    # The specification says to ignore relative paths.
    return (Path(base) if Path(base).is_absolute() else Path.home() / default) / _NAME
