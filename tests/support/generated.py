"""Generated packages of definitions that are not those of the project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codegen.generator import generate_package
from codegen.packages import ruff, write_shared


def write_packages(documents: Mapping[str, dict[str, Any]], folder: Path) -> None:
    """Write the package of each document into a new folder, with the modules that they share."""
    folder.mkdir(parents=True)
    for name in ("__init__.py", "py.typed"):
        (folder / name).touch()
    write_shared(folder)
    for name, document in documents.items():
        generate_package(document, folder / name)
    ruff(folder)
