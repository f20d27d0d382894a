"""Functions and methods: parameters, their order and types, and what is returned."""

from __future__ import annotations

from collections.abc import Iterator

from ..changes import arrow
from .findings import Findings
from .snapshot import Function, Parameter

Finding = tuple[str, str]  # code and detail


def compare_functions(
    findings: Findings, where: str, old: Function | None, new: Function | None, operations: set[str]
) -> None:
    """Compare two functions of one name."""
    name = where.rpartition(".")[2]
    if old is None and new is not None:
        findings.emit("function-added", where, f"{name} added", operations)
    elif new is None:
        findings.emit("function-removed", where, f"{name} removed", operations)
    elif old is not None:
        found = list(_signature(findings, old, new))
        for code, detail in found:
            findings.emit(code, where, detail, operations)
        if not found and old.doc != new.doc:
            findings.emit("docstring-changed", where, arrow(old.doc, new.doc), operations)


def _signature(findings: Findings, old: Function, new: Function) -> Iterator[Finding]:
    if old.is_async != new.is_async or _kind(old) != _kind(new):
        yield "function-kind-changed", arrow(_kind(old), _kind(new))
    before = {each.name: each for each in old.parameters}
    after = {each.name: each for each in new.parameters}
    fresh = [each for each in new.parameters if each.name not in before]
    for one in (each for each in old.parameters if each.name not in after):
        two = next((each for each in fresh if _is_renamed(findings, one, each)), None)
        if two is not None:
            fresh.remove(two)
            yield "parameter-renamed", arrow(one.name, two.name)
        else:
            yield "parameter-removed", f"{one.name} removed"
    for two in fresh:
        yield _added(two, new)
    for one in old.parameters:
        if one.name in after:
            yield from _parameter(findings, one, after[one.name])
    common = [
        each.name
        for each in old.parameters
        if each.kind == "positional" and each.name in after and after[each.name].kind == "positional"
    ]
    order = [each.name for each in new.parameters if each.name in common]
    if common != order:
        yield "parameter-order-changed", arrow(", ".join(common), ", ".join(order))
    yield from _returns(findings, old, new)


def _is_renamed(findings: Findings, one: Parameter, two: Parameter) -> bool:
    same = two.annotation == findings.applied(one.annotation)
    return same and two.kind == one.kind and two.default == one.default


def _added(new: Parameter, function: Function) -> Finding:
    later = function.parameters[function.parameters.index(new) + 1 :]
    if new.default is None:
        return "required-parameter-added", f"{new.name}: {new.annotation}"
    if new.kind == "positional" and not new.name.startswith("*") and any(each.kind == "positional" for each in later):
        return "parameter-order-changed", f"{new.name} comes before others"
    return "optional-parameter-added", f"{new.name}: {new.annotation}"


def _parameter(findings: Findings, old: Parameter, new: Parameter) -> Iterator[Finding]:
    if old.kind == "positional" and new.kind == "keyword":
        yield "parameter-kind-changed", f"{old.name} by name only"
    annotation = findings.applied(old.annotation)
    relation = findings.relation(annotation, new.annotation)
    if relation != "equal":
        code = "widened" if relation == "loosened" else relation
        yield f"parameter-type-{code}", f"{old.name}: {arrow(annotation, new.annotation)}"
    if old.default != new.default:
        if new.default is None:
            yield "parameter-became-required", f"{old.name} has to be given"
        elif old.default is None:
            yield "parameter-became-optional", f"{old.name} can be left out"
        else:
            yield "parameter-default-changed", f"{old.name}: {arrow(old.default, new.default)}"


def _returns(findings: Findings, old: Function, new: Function) -> Iterator[Finding]:
    before, after = findings.applied(old.returns), new.returns
    relation = findings.relation(before, after)
    if relation != "equal":
        yield f"return-type-{relation}", f"returns {arrow(before, after)}"


def _kind(function: Function) -> str:
    names = {decorator.rpartition(".")[2] for decorator in function.decorators}
    kind = (
        "property"
        if names & {"property", "cached_property"}
        else "static"
        if "staticmethod" in names
        else "class"
        if "classmethod" in names
        else ""
    )
    return " ".join(
        filter(None, ("async" if function.is_async else "", kind, "function" if kind != "property" else ""))
    )
