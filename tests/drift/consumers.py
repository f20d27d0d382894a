"""Code that uses everything of a generated package, written from the package's public API."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from apidrift.python.snapshot import Class, Function, Module, Snapshot
from codegen.python_source import names_in


def consumer(api: Snapshot, package: str) -> str:
    """A module that reads every attribute, builds what is sent, names every enum member and makes every request."""
    classes = {
        each.name: each for module in api.values() if ".models." in module.name for each in module.classes.values()
    }
    public = sorted(name for name in classes if not name.startswith("_"))
    sent = _reached(api, classes, lambda function: [each.annotation for each in function.parameters])
    received = _reached(api, classes, lambda function: [function.returns])
    lines = [
        "import datetime",
        "from typing import Any, Literal, assert_never",
        "from uuid import UUID",
        f"from {package}.runtime import Request, Unchanged",
        f"from {package}.writing import UnknownKind",
        f"from {package}.api.models import {', '.join(public)}" if public else "",
        "",
    ]
    for name in public:
        each = classes[name]
        if each.is_enum:
            lines += _enum(each)
        elif name in received or name not in sent:
            lines += _reads(each)
        if name in sent and not each.is_enum:
            lines += _builds(each)
    for module in api.values():
        if module.operation:
            lines += _calls(module, package)
    return "\n".join(lines) + "\n"


def _reached(api: Snapshot, classes: dict[str, Class], annotations: Callable[[Function], list[str]]) -> set[str]:
    """The classes that the requests of operations lead to by these annotations."""
    found = {
        name
        for module in api.values()
        if module.operation
        for annotation in annotations(module.functions["request"])
        for name in names_in(annotation) & classes.keys()
    }
    waiting = list(found)
    while waiting:
        parts = {name for each in classes[waiting.pop()].attributes.values() for name in names_in(each.annotation)}
        fresh = (parts & classes.keys()) - found
        found |= fresh
        waiting += fresh
    return found


def _enum(each: Class) -> Iterator[str]:
    yield f"def match_{each.name}(value: {each.name}) -> str:"
    yield "    match value:"
    for member in each.members:
        yield f"        case {each.name}.{member}:"
        yield f"            return '{member}'"
    yield "        case _:"
    yield "            assert_never(value)"


def _reads(each: Class) -> Iterator[str]:
    yield f"def read_{each.name}(value: {each.name}) -> None:"
    yield "    pass"
    for attribute in each.attributes.values():
        yield f"    read_{attribute.name}: {attribute.annotation} = value.{attribute.name}"


def _builds(each: Class) -> Iterator[str]:
    arguments = ", ".join(f"{field.name}: {field.annotation}" for field in each.fields)
    yield f"def build_{each.name}({arguments}) -> None:"
    yield f"    {each.name}({', '.join(f'{field.name}={field.name}' for field in each.fields)})"
    yield f"    {each.name}({', '.join(field.name for field in each.fields)})"


def _calls(module: Module, package: str) -> Iterator[str]:
    function, alias = module.functions["request"], module.name.rpartition(".")[2]
    names = ", ".join(f"{each.name}: {each.annotation}" for each in function.parameters)
    given = ", ".join(f"{each.name}={each.name}" for each in function.parameters)
    required = ", ".join(f"{each.name}={each.name}" for each in function.parameters if each.default is None)
    yield f"from {package}.{module.name} import request as {alias}"
    yield f"def call_{alias}({names}) -> None:"
    yield f"    first: {function.returns} = {alias}({given})"
    yield f"    second: {function.returns} = {alias}({required})"
