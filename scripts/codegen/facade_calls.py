"""Which call of the SDK is behind an operation, read from the facade's own source.

The client holds API groups, and groups may hold others; their methods make requests with the generated module of an
operation. From `get_itwin.request(...)` in the method `get` of the class that the client has as `itwins` follows that
get-itwin is `platform.itwins.get`. In older revisions, which may be compared, it is `get_itwin.OPERATION`.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from .python_source import AnyFunction, imports, module_name, names_in

GENERATED: Final = "itwin_platform_api"

# An operation: the package of its API and its id in one spelling. Several APIs have a `jobs-get`.
Operation = tuple[str, str]
# A class or an endpoint: the module that defines it and its name.
Place = tuple[str, str]


def facade_calls(sources: Mapping[str, str]) -> dict[Operation, str]:
    """Operation to call, from the files of the facade (path to text)."""
    groups: dict[Place, _Group] = {}
    for path, text in sorted(sources.items()):
        if "_async" in PurePosixPath(path).parts:
            groups |= {(group.module, group.name): group for group in _groups(path, text)}
    for group in groups.values():
        group.inherit(groups)
    nearest: dict[Operation, tuple[int, str]] = {}
    for at, group in _named(groups):
        for method in filter(_is_public, group.methods):
            for operation, distance in group.operations_of(method).items():
                if operation not in nearest or distance < nearest[operation][0]:
                    nearest[operation] = distance, f"{at}.{method}"
    return {operation: call for operation, (_, call) in nearest.items()}


def one_spelling(name: str) -> str:
    """An operation id and the name of its module in one spelling."""
    return "".join(char for char in name.lower() if char.isalnum())


@dataclasses.dataclass
class _Group:
    """A class: what it holds, and what its methods and the functions beside it use."""

    module: str
    name: str
    bases: list[Place]
    holds: dict[str, Place]
    methods: list[str]
    uses: dict[str, set[Operation]]
    needs: dict[str, set[str]]  # other methods and functions

    def inherit(self, groups: Mapping[Place, _Group]) -> None:
        """Take over what the bases have, and is not here too."""
        for base in (groups[place] for place in self.bases if place in groups):
            base.inherit(groups)
            self.methods += [each for each in base.methods if each not in self.methods]
            self.uses = base.uses | self.uses
            self.needs = base.needs | self.needs

    def operations_of(self, method: str) -> dict[Operation, int]:
        """The operations behind a method, and over how many other methods and functions they are reached."""
        found: dict[Operation, int] = {}
        seen, waiting = {method}, [method]
        distance = 0
        while waiting:
            for each in waiting:
                for operation in self.uses.get(each, ()):
                    found.setdefault(operation, distance)
            waiting = sorted({other for each in waiting for other in self.needs.get(each, ())} - seen)
            seen |= set(waiting)
            distance += 1
        return found


def _named(groups: Mapping[Place, _Group]) -> Iterator[tuple[str, _Group]]:
    """Every class with what users write to reach it. What nothing holds is called after its module."""
    held = {place for group in groups.values() for place in (*group.holds.values(), *group.bases)}
    clients = [place for place in groups if _stem(place) == "client"]
    waiting = [("platform", place) for place in clients]
    waiting += [(f"platform.{_stem(place)}", place) for place in groups if place not in held and place not in clients]
    seen: set[Place] = set()
    while waiting:
        at, place = waiting.pop(0)
        if place in groups and place not in seen:
            seen.add(place)
            yield at, groups[place]
            waiting += [(f"{at}.{name}", other) for name, other in groups[place].holds.items()]


def _stem(place: Place) -> str:
    return place[0].rpartition(".")[2]


def _groups(path: str, text: str) -> Iterator[_Group]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    module = module_name(path)
    imported = {
        each.asname or each.name: (source, each.name) for node, source in imports(path, tree) for each in node.names
    }
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    places = imported | {node.name: (module, node.name) for node in classes}
    beside = _functions(tree.body)
    for node in classes:
        functions = beside | _functions(node.body)
        yield _Group(
            module,
            node.name,
            [places[name] for name in map(ast.unparse, node.bases) if name in places],
            dict(_holds(node, places)),
            list(_functions(node.body)),
            {name: set(_operations(function, imported)) for name, function in functions.items()},
            {name: set(_needs(function)) & functions.keys() for name, function in functions.items()},
        )


def _functions(body: Iterable[ast.stmt]) -> dict[str, AnyFunction]:
    return {node.name: node for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def _holds(node: ast.ClassDef, places: Mapping[str, Place]) -> Iterator[tuple[str, Place]]:
    """Public properties and attributes whose type is a class that is imported or beside this one."""
    for child in ast.walk(node):
        match child:
            case ast.FunctionDef(name=name, returns=ast.expr() as kind) if _is_property(child):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind) if child in node.body:
                pass
            case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id="self"), attr=name), annotation=kind):
                pass
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=ast.Call(func=ast.Name() as kind)
            ):
                pass
            case _:
                continue
        if _is_public(name):
            yield from ((name, places[each]) for each in sorted(names_in(ast.unparse(kind)) & places.keys()))


def _is_property(node: ast.FunctionDef) -> bool:
    names = {ast.unparse(each).rpartition(".")[2] for each in node.decorator_list}
    return bool(names & {"property", "cached_property"})


def _operations(function: AnyFunction, imported: Mapping[str, Place]) -> Iterator[Operation]:
    """The operations whose generated modules a function names."""
    for node in ast.walk(function):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr="request" | "OPERATION") if name in imported:
                module, endpoint = imported[name]
                match module.split("."):
                    case [root, package, "api", *_] if root == GENERATED:
                        yield package, one_spelling(endpoint)
                    case _:
                        pass
            case _:
                pass


def _needs(function: AnyFunction) -> Iterator[str]:
    """Names of methods of the same object, and of functions, in a function."""
    for node in ast.walk(function):
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=name) | ast.Name(id=name):
                yield name
            case _:
                pass


def _is_public(name: str) -> bool:
    return not name.startswith("_")
