"""Classes: names, bases, members of enums, attributes, constructors, methods."""

from __future__ import annotations

import dataclasses

from codegen.python_source import NAMES

from ..changes import arrow
from .findings import Findings, is_public
from .functions import compare_functions
from .snapshot import Attribute, Class, Snapshot


@dataclasses.dataclass(frozen=True)
class Users:
    """Which calls reach a class, and whether they send it, receive it, or both."""

    operations: set[str]
    sent: bool
    received: bool


def compare_classes(findings: Findings, where: str, old: Class, new: Class, users: Users) -> None:
    """Compare a class with what it has become."""
    operations = users.operations
    before = len(findings.all)
    if old.name != new.name:
        findings.emit("class-renamed", where, arrow(old.name, new.name), operations)
    if old.bases != new.bases:
        findings.emit("class-base-changed", where, arrow(", ".join(old.bases), ", ".join(new.bases)), operations)
    if old.is_enum != new.is_enum:
        findings.emit("class-kind-changed", where, "an enum" if new.is_enum else "no longer an enum", operations)
    elif new.is_enum:
        _members(findings, where, old, new, operations)
    else:
        _values(findings, where, old, new, operations)
        _attributes(findings, where, old, new, users)
    _methods(findings, where, old, new, operations)
    if len(findings.all) == before:
        bodies = {name: findings.applied(each.body) for name, each in old.methods.items()}
        if bodies != {name: each.body for name, each in new.methods.items()}:
            findings.emit("implementation-changed", where, "the code behind the same names differs", operations)
        if findings.applied(old.doc) != new.doc:
            findings.emit("docstring-changed", where, arrow(old.doc, new.doc), operations)


def compare_constants(
    findings: Findings, where: str, before: str | None, after: str | None, operations: set[str]
) -> None:
    """Compare a value with a name."""
    name = where.rpartition(".")[2]
    if after is None:
        findings.emit("constant-removed", where, f"{name} removed", operations)
    elif before is None:
        findings.emit("constant-added", where, f"{name} added", operations)
    elif findings.applied(before) != after:
        literals = before.startswith("Literal[") and after.startswith("Literal[")
        code = "literal-values-changed" if literals else "constant-changed"
        findings.emit(code, where, arrow(before, after), operations)


def _values(findings: Findings, where: str, old: Class, new: Class, operations: set[str]) -> None:
    """Values of a class that is no enum are constants of it. The sentences of an error are for people."""
    for name in filter(is_public, sorted(old.members.keys() | new.members.keys())):
        before, after = old.members.get(name), new.members.get(name)
        if old.is_error and new.is_error and _is_sentence(before) and _is_sentence(after):
            continue
        compare_constants(findings, f"{where}.{name}", before, after, operations)


def _is_sentence(value: str | None) -> bool:
    return value is not None and (not value or " " in value)


def _methods(findings: Findings, where: str, old: Class, new: Class, operations: set[str]) -> None:
    for name in sorted(old.methods.keys() | new.methods.keys()):
        if is_public(name) or name == "__init__":
            compare_functions(findings, f"{where}.{name}", old.methods.get(name), new.methods.get(name), operations)
    for name in sorted(old.readers.keys() & new.readers.keys()):
        one, two = tuple(map(findings.applied, old.readers[name])), new.readers[name]
        if one != two and sorted(one) == sorted(two):
            at = f"{where}.{name.removeprefix('read_')}"
            findings.emit("variant-order-changed", at, arrow(list(one), list(two)), operations)


def _members(findings: Findings, where: str, old: Class, new: Class, operations: set[str]) -> None:
    for name in filter(is_public, [*old.members, *(name for name in new.members if name not in old.members)]):
        before, after, at = old.members.get(name), new.members.get(name), f"{where}.{name}"
        if after is None:
            renamed = next(
                (other for other, value in new.members.items() if value == before and other not in old.members), None
            )
            detail = f"{name} removed" if renamed is None else arrow(name, renamed)
            findings.emit("enum-member-removed", at, detail, operations)
        elif before is None:
            if after not in old.members.values():  # otherwise reported as the new name of another member
                findings.emit("enum-member-added", at, f"{name} added", operations)
        elif before != after:
            findings.emit("enum-member-value-changed", at, arrow(before, after), operations)


def _attributes(findings: Findings, where: str, old: Class, new: Class, users: Users) -> None:
    names = [*old.attributes, *(name for name in new.attributes if name not in old.attributes)]
    for name in filter(is_public, names):
        one, two, at = old.attributes.get(name), new.attributes.get(name), f"{where}.{name}"
        if two is None:
            findings.emit("attribute-removed", at, f"{name} removed", users.operations)
        elif one is None:
            sent = "-sent" if users.sent else ""
            code = "attribute-added" if two.default is not None else f"required-attribute-added{sent}"
            findings.emit(code, at, f"{two.name}: {two.annotation}", users.operations)
        else:
            _attribute(findings, at, one, two, users)
    _order(findings, where, old, new, users)


def _attribute(findings: Findings, at: str, old: Attribute, new: Attribute, users: Users) -> None:
    sent = "-sent" if users.sent else ""
    annotation = findings.applied(old.annotation)
    relation = findings.relation(annotation, new.annotation)
    if relation != "equal":
        only_sent = (relation == "narrowed" and users.sent) or (relation == "widened" and not users.received)
        code = f"attribute-type-{relation}{'-sent' if only_sent else ''}"
        findings.emit(code, at, arrow(annotation, new.annotation), users.operations)
    elif old.default is None and new.default is not None:
        findings.emit("attribute-became-optional", at, "can be left out", users.operations)
    elif old.default is not None and new.default is None:
        findings.emit(f"attribute-became-required{sent}", at, "has to be given", users.operations)
    elif old.default != new.default:
        findings.emit("attribute-default-changed", at, f"default: {arrow(old.default, new.default)}", users.operations)
    if old.mask and not new.mask:
        findings.emit("secret-unmasked", at, "its value shows in repr()", users.operations)
    elif old.mask != new.mask:
        detail = f"repr: {arrow(old.mask or 'plain', new.mask)}"
        findings.emit("implementation-changed", at, detail, users.operations)


def _order(findings: Findings, where: str, old: Class, new: Class, users: Users) -> None:
    """Positional arguments of the constructor. Moves that come from becoming required are reported as that."""

    def same(name: str) -> bool:
        return (old.attributes[name].default is None) == (new.attributes[name].default is None)

    common = [
        each.name
        for each in old.fields
        if each.name in new.attributes and new.attributes[each.name].init and same(each.name)
    ]
    order = [each.name for each in new.fields if each.name in common]
    known = (old.name, str(order))
    if known in findings.reordered:  # the same class, imported from another place
        return
    if common != order:
        findings.reordered.add(known)
        code = f"constructor-order-changed{'-sent' if users.sent else ''}"
        findings.emit(code, where, arrow(", ".join(common), ", ".join(order)), users.operations)
    elif users.sent:
        first_new = next((n for n, each in enumerate(new.fields) if each.name not in old.attributes), len(new.fields))
        if any(each.name in common for each in new.fields[first_new:]):
            findings.reordered.add(known)
            detail = f"{new.fields[first_new].name} comes before others"
            findings.emit("constructor-order-changed", where, detail, users.operations)


def renamed_classes(old: Snapshot, new: Snapshot) -> dict[str, str]:
    """Classes that have another name and are otherwise the same, so that only the name is reported."""
    before, after = (
        {each.name: each for module in side.values() for each in module.classes.values() if is_public(each.name)}
        for side in (old, new)
    )
    known = before.keys() | after.keys()
    shapes: dict[str, list[str]] = {}
    for name in sorted(after.keys() - before.keys()):
        shapes.setdefault(_shape(after[name], known), []).append(name)
    gone = sorted(before.keys() - after.keys())
    counts = [_shape(before[name], known) for name in gone]
    found: dict[str, str] = {}
    for name, shape in zip(gone, counts, strict=True):
        matches = shapes.get(shape, [])
        if len(matches) == 1 and counts.count(shape) == 1 and (before[name].attributes or before[name].members):
            found[name] = matches[0]
    return found


def _shape(each: Class, known: set[str]) -> str:
    """What a class is apart from its name and those of other classes."""

    def masked(text: str) -> str:
        return "|".join(sorted(NAMES.sub(lambda match: "?" if match[0] in known else match[0], text).split(" | ")))

    attributes = [
        (attribute.name, masked(attribute.annotation), attribute.default) for attribute in each.attributes.values()
    ]
    return repr((each.is_enum, attributes, sorted(each.members.items())))
