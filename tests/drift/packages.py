"""Write generated packages next to each other, so that answers can be fed to them and type checkers can see them."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path
from typing import Any

from apidrift.packages import write_package
from apidrift.sides import ROOT, Spec
from codegen.documents import Json

PACKAGE = "api"


def write(document: Json, folder: Path) -> None:
    """Write the package of a definition as `folder`.api, with the runtime that it needs."""
    folder.mkdir(parents=True)
    write_package(Spec("api.yaml", document, document, []), folder)
    shutil.copyfile(ROOT / "scripts" / "codegen" / "templates" / "runtime.py", folder / "runtime.py")
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

    def operation(self, name: str) -> Any:
        """The OPERATION of an operation id."""
        for path in self._folder.glob(f"{PACKAGE}/api/*/*.py"):
            if path.name != "__init__.py":
                module = importlib.import_module(f"{self._name}.{PACKAGE}.api.{path.parent.name}.{path.stem}")
                if module.OPERATION.id == name:
                    return module.OPERATION
        raise LookupError(name)
