"""Reading Python source from its syntax tree: names of modules, what they import, names in annotations."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


def module_name(path: str) -> str:
    """The name under which a file is imported."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(path: str, tree: ast.Module) -> Iterator[tuple[ast.ImportFrom, str]]:
    """The `from` imports in a file, each with the full name of the module."""
    package = module_name(path).split(".") + [""] * path.endswith("__init__.py")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level] if node.level else []
            yield node, ".".join([*base, *filter(None, [node.module])])


NAMES: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def names_in(annotation: str) -> set[str]:
    """The names in an annotation."""
    return set(NAMES.findall(annotation))
