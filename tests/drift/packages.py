"""Write generated packages next to each other, so that answers can be fed to them and type checkers can see them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from apidrift.python.packages import write_package
from apidrift.sources.sides import Spec
from codegen.documents import Json
from codegen.overlays import without_titles
from codegen.packages import write_shared

PACKAGE = "api"


def spec(document: Json, name: str = PACKAGE) -> Spec:
    """A definition without overlays."""
    return Spec(f"{name}.yaml", document, without_titles(document), [])


def write(document: Json, folder: Path) -> None:
    """Write the package of a definition as `folder`.api, with the modules that it shares with others."""
    folder.mkdir(parents=True)
    write_package(spec(document), folder)
    write_shared(folder)
    for path in (folder / "__init__.py", folder / "py.typed"):
        path.touch()


class Client:
    """The imported package of a definition: reads answers as a shipped SDK does."""

    def __init__(self, document: Json, folder: Path) -> None:
        write(document, folder)
        self._name = folder.name
        self._folder = folder
        sys.path.insert(0, str(folder.parent))
        self.runtime: Any = importlib.import_module(f"{self._name}.runtime")

    def read(self, name: str, answer: Any) -> Any:
        """What the operation with this id makes of the body of its first success."""
        return next(iter(self._operation(name).answers.values()))(answer)

    def _operation(self, name: str) -> Any:
        for path in self._folder.glob(f"{PACKAGE}/api/*/*.py"):
            if path.name != "__init__.py":
                module = importlib.import_module(f"{self._name}.{PACKAGE}.api.{path.parent.name}.{path.stem}")
                if module.OPERATION.id == name:
                    return module.OPERATION
        raise LookupError(name)
