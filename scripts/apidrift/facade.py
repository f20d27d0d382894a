"""Which call of the SDK is behind an operation, read from the facade's own source.

An API group is a module of facade/itwin_platform/_async; its methods refer to the OPERATION of a generated endpoint
module. From `get_itwin.OPERATION` in the method `get` of the module `itwins` follows that get-itwin is
`platform.itwins.get`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

GENERATED = "itwin_platform_api"


def facade_calls(sources: Mapping[str, str]) -> dict[str, str]:
    """Operation id (letters and digits only) to call, from the files of the facade (path to text)."""
    calls: dict[str, str] = {}
    for path, text in sorted(sources.items()):
        if PurePosixPath(path).parent.name not in {"_async", "groups"}:
            continue
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        group = PurePosixPath(path).stem
        for method, operation in _used(tree):
            calls.setdefault(plain(operation), f"platform.{group}.{method}")
    return calls


def _used(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Method and endpoint module of every use of an OPERATION."""
    modules = {
        each.asname or each.name: each.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith(GENERATED)
        and ".api" in (node.module or "")
        for each in node.names
    }
    for kind in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for method in kind.body:
            if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) and not method.name.startswith("_"):
                for node in ast.walk(method):
                    match node:
                        case ast.Attribute(value=ast.Name(id=name), attr="OPERATION") if name in modules:
                            yield method.name, modules[name]
                        case _:
                            pass


def plain(name: str) -> str:
    """An operation id and the name of its module in one spelling."""
    return "".join(char for char in name.lower() if char.isalnum())
