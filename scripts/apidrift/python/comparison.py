"""The Python axis: what a change does to code that is written against the generated packages and the facade.

Two snapshots are compared: modules, classes, attributes with their annotations, the order of constructors, members of
enums, parameters and return types. Annotations have a direction as well. An attribute of an answer that may now be
None breaks its readers; one of a request breaks nobody, since callers write it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from codegen.python_source import NAMES, names_in

from ..changes import Axis, Change, Level, arrow, merged
from .snapshot import Attribute, Class, Function, Module, Parameter, Snapshot, union

BREAKING, POTENTIAL, ADDITIVE, DOCS = Level.BREAKING, Level.POTENTIAL, Level.ADDITIVE, Level.DOCS

_REQUEST, _RESPONSE = "request", "response"
# What only hands out values: with more specific ones it still fits.
_READ_ONLY: Final = frozenset({"Request", "Sequence", "Iterator", "AsyncIterator", "Pages", "AsyncPages"})


class PythonComparison:
    """Compares two snapshots; `names` tells which call of the SDK an endpoint module is behind."""

    def __init__(self, old: Snapshot, new: Snapshot, names: Callable[[Module], str]) -> None:
        self._old, self._new = old, new
        self._names = names
        self._found: list[Change] = []
        self._enums = {
            each.name
            for side in (old, new)
            for module in side.values()
            for each in module.classes.values()
            if each.is_enum
        }
        self._uses, self._operations = self._reached()
        self._renamed: dict[str, str] = {}

    def changes(self) -> list[Change]:
        """All findings, sorted."""
        self._classes_renamed()
        moved = self._moved_modules()
        for name in [*self._old, *(name for name in self._new if name not in self._old)]:
            if name in self._new and name in self._old:
                self._module(self._old[name], self._new[name])
            elif name in moved:
                one, two = self._old[name], self._new[moved[name]]
                # Models are imported from the package above, and nothing of private modules is imported by users.
                if ".models." not in name and "._" not in name:
                    self._emit(
                        BREAKING,
                        "module-moved",
                        name,
                        arrow(name, moved[name]),
                        "imports of the old name fail",
                        self._names_of(one),
                    )
                self._module(one, two)
            elif name in self._old:
                self._whole_module(self._old[name], BREAKING, "removed", "imports fail")
            elif name not in moved.values():
                self._whole_module(self._new[name], ADDITIVE, "added", "new")
        return merged(self._found)

    def _emit(
        self, level: Level, code: str, where: str, detail: str, effect: str, operations: Iterable[str] = ()
    ) -> None:
        self._found.append(Change(Axis.PYTHON, level, code, where, detail, effect, tuple(sorted(set(operations)))))

    # Which operations reach a class, and whether they send or receive it.

    def _reached(self) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        uses: dict[str, set[str]] = {}
        operations: dict[str, set[str]] = {}
        for side in (self._old, self._new):
            parts = {each.name: _parts(each) for module in side.values() for each in module.classes.values()}
            for module in side.values():
                function = module.functions.get("request")
                if module.operation and function:
                    sent = {part for each in function.parameters for part in names_in(each.annotation)}
                    for direction, start in ((_REQUEST, sent), (_RESPONSE, names_in(function.returns))):
                        for reached in _closure(start & parts.keys(), parts):
                            uses.setdefault(reached, set()).add(direction)
                            operations.setdefault(reached, set()).add(self._names(module))
        return uses, operations

    def _names_of(self, module: Module) -> set[str]:
        if module.operation:
            return {self._names(module)}
        return {name for each in module.classes for name in self._operations.get(each, ())}

    # Modules.

    def _moved_modules(self) -> dict[str, str]:
        """Modules that are elsewhere now: endpoints by operation, others by the classes in them."""
        gone = [module for name, module in self._old.items() if name not in self._new]
        fresh = [module for name, module in self._new.items() if name not in self._old]
        found: dict[str, str] = {}

        def match(fits: Callable[[Module, Module], bool]) -> None:
            for module in gone:
                left = (each for each in fresh if each.name not in found.values())
                target = next((each for each in left if fits(module, each)), None)
                if module.name not in found and target is not None:
                    found[module.name] = target.name

        match(lambda one, two: bool(one.operation) and _identity(one) == _identity(two))
        match(lambda one, two: bool(one.operation) and _route(one) == _route(two))
        match(lambda one, two: bool(one.classes) and self._classes_of(one) <= two.classes.keys())
        return found

    def _classes_of(self, module: Module) -> set[str]:
        return {self._renamed.get(name, name) for name in module.classes}

    def _whole_module(self, module: Module, level: Level, word: str, effect: str) -> None:
        """A module that is there on one side only, and with it what it has for users."""
        operations = self._names_of(module)
        if module.operation or (not module.classes and not _is_empty(module)):
            self._emit(level, f"module-{word}", module.name, f"module {word}", effect, operations)
        for name in module.classes:
            if _is_public(name):
                self._emit(
                    level,
                    f"class-{word}",
                    f"{_owner(module)}.{name}",
                    f"{name} {word}",
                    effect,
                    self._operations.get(name, operations),
                )

    def _module(self, old: Module, new: Module) -> None:
        before = len(self._found)
        operations = self._names_of(old)
        self._exports(old, new, operations)
        self._classes(old, new)
        self._functions(old, new, operations)
        self._constants(old, new, operations)
        self._operation(old, new, operations)
        if len(self._found) > before or _lists_models(old):
            return
        if old.doc != new.doc:
            self._emit(DOCS, "docstring-changed", old.name, arrow(old.doc, new.doc), "documentation only", operations)
        if self._applied(old.rest) != new.rest:
            self._implementation(old.name, "the code behind the same names differs", operations)

    def _implementation(self, where: str, detail: str, operations: set[str]) -> None:
        self._emit(DOCS, "implementation-changed", where, detail, "nothing to change in code that uses it", operations)

    def _exports(self, old: Module, new: Module, operations: set[str]) -> None:
        if _lists_models(old):  # classes are compared where they are
            return
        for name in filter(_is_public, sorted(old.exports - new.exports - _defined(new))):
            self._emit(BREAKING, "name-removed", f"{old.name}.{name}", f"{name} removed", "imports fail", operations)
        for name in filter(_is_public, sorted(new.exports - old.exports - _defined(old))):
            self._emit(ADDITIVE, "name-added", f"{old.name}.{name}", f"{name} added", "new", operations)

    def _classes(self, old: Module, new: Module) -> None:
        added = [name for name in new.classes if name not in old.classes and name not in self._renamed.values()]
        for name in filter(_is_public, [*old.classes, *added]):
            where, operations = f"{_owner(old)}.{name}", self._operations.get(name, set())
            target = self._renamed.get(name, name)
            if name not in old.classes:
                self._emit(ADDITIVE, "class-added", where, f"{name} added", "new", operations)
            elif target not in new.classes and target in new.exports:
                continue  # it comes from elsewhere now, and is imported as before
            elif target not in new.classes:
                self._emit(BREAKING, "class-removed", where, f"{name} removed", "imports fail", operations)
            else:
                self._class(where, old.classes[name], new.classes[target])

    def _constants(self, old: Module, new: Module, operations: set[str]) -> None:
        for name in sorted(old.constants.keys() | new.constants.keys()):
            if _is_public(name) and name not in ("T", "OPERATION"):
                where = f"{_owner(old)}.{name}"
                self._constant(where, old.constants.get(name), new.constants.get(name), operations)

    def _constant(self, where: str, before: str | None, after: str | None, operations: set[str]) -> None:
        name = where.rpartition(".")[2]
        if after is None:
            effect = "code that uses it fails"
            self._emit(BREAKING, "constant-removed", where, f"{name} removed", effect, operations)
        elif before is None:
            self._emit(ADDITIVE, "constant-added", where, f"{name} added", "new", operations)
        elif self._applied(before) != after:
            literals = before.startswith("Literal[") and after.startswith("Literal[")
            code = "literal-values-changed" if literals else "constant-changed"
            effect = "code that relies on the old value may not cope"
            self._emit(POTENTIAL, code, where, arrow(before, after), effect, operations)

    def _operation(self, old: Module, new: Module, operations: set[str]) -> None:
        for key in sorted(old.operation.keys() & new.operation.keys()):
            is_reader = key.isdecimal()
            before, after = old.operation[key], new.operation[key]
            if is_reader:
                before = self._applied(before)
            if before == after:
                continue
            where, detail = f"{old.name}.OPERATION", f"{key}: {arrow(before, after)}"
            if is_reader:
                effect = "the call returns something else"
                self._emit(BREAKING, "operation-result-changed", where, detail, effect, operations)
            else:
                effect = "the new version of the SDK asks in another way; its users change nothing"
                self._emit(DOCS, "operation-request-changed", where, detail, effect, operations)

    # Classes.

    def _classes_renamed(self) -> None:
        """Classes that have another name and are otherwise the same, so that only the name is reported."""
        old = {
            each.name: each
            for module in self._old.values()
            for each in module.classes.values()
            if _is_public(each.name)
        }
        new = {
            each.name: each
            for module in self._new.values()
            for each in module.classes.values()
            if _is_public(each.name)
        }
        known = old.keys() | new.keys()
        shapes: dict[str, list[str]] = {}
        for name in sorted(new.keys() - old.keys()):
            shapes.setdefault(_shape(new[name], known), []).append(name)
        gone = sorted(old.keys() - new.keys())
        counts = [_shape(old[name], known) for name in gone]
        for name, shape in zip(gone, counts, strict=True):
            matches = shapes.get(shape, [])
            if len(matches) == 1 and counts.count(shape) == 1 and (old[name].attributes or old[name].members):
                self._renamed[name] = matches[0]

    def _applied(self, text: str) -> str:
        """Text of the old side with the new names of classes."""
        return NAMES.sub(lambda match: self._renamed.get(match[0], match[0]), text) if self._renamed else text

    def _class(self, where: str, old: Class, new: Class) -> None:
        operations = self._operations.get(old.name, set())
        before = len(self._found)
        if old.name != new.name:
            effect = "imports of the old name fail"
            self._emit(BREAKING, "class-renamed", where, arrow(old.name, new.name), effect, operations)
        if old.bases != new.bases:
            opened = old.is_enum and new.is_enum
            effect = "isinstance checks and inherited methods change"
            if opened:
                effect = "an enum of one value refuses others, one of several keeps them"
            detail = arrow(", ".join(old.bases), ", ".join(new.bases))
            self._emit(POTENTIAL, "class-base-changed", where, detail, effect, operations)
        if old.is_enum != new.is_enum:
            detail = "an enum" if new.is_enum else "no longer an enum"
            self._emit(BREAKING, "class-kind-changed", where, detail, "code that uses it fails", operations)
        elif new.is_enum:
            self._members(where, old, new, operations)
        else:
            # Values of a class that is no enum are constants of it.
            for name in filter(_is_public, sorted(old.members.keys() | new.members.keys())):
                self._constant(f"{where}.{name}", old.members.get(name), new.members.get(name), operations)
            self._attributes(where, old, new, operations)
        self._methods(where, old, new, operations)
        if len(self._found) == before:
            bodies = {name: self._applied(each.body) for name, each in old.methods.items()}
            if bodies != {name: each.body for name, each in new.methods.items()}:
                self._implementation(where, "the code behind the same names differs", operations)
            if self._applied(old.doc) != new.doc:
                detail = arrow(old.doc, new.doc)
                self._emit(DOCS, "docstring-changed", where, detail, "documentation only", operations)

    def _methods(self, where: str, old: Class, new: Class, operations: set[str]) -> None:
        for name in sorted(old.methods.keys() | new.methods.keys()):
            if _is_public(name) or name == "__init__":
                self._function(f"{where}.{name}", old.methods.get(name), new.methods.get(name), operations)
        for name in sorted(old.readers.keys() & new.readers.keys()):
            one, two = tuple(map(self._applied, old.readers[name])), new.readers[name]
            if one != two and sorted(one) == sorted(two):
                effect = "a value that fits several variants is read as another one"
                detail = arrow(list(one), list(two))
                at = f"{where}.{name.removeprefix('read_')}"
                self._emit(POTENTIAL, "variant-order-changed", at, detail, effect, operations)

    def _members(self, where: str, old: Class, new: Class, operations: set[str]) -> None:
        for name in [*old.members, *(name for name in new.members if name not in old.members)]:
            if not _is_public(name):
                continue
            before, after = old.members.get(name), new.members.get(name)
            if after is None:
                renamed = next(
                    (other for other, value in new.members.items() if value == before and other not in old.members),
                    None,
                )
                detail = f"{name} removed" if renamed is None else arrow(name, renamed)
                self._emit(
                    BREAKING,
                    "enum-member-removed",
                    f"{where}.{name}",
                    detail,
                    "AttributeError where it is used",
                    operations,
                )
            elif before is None:
                if after in old.members.values():
                    continue  # reported as the new name of another member
                self._emit(
                    POTENTIAL,
                    "enum-member-added",
                    f"{where}.{name}",
                    f"{name} added",
                    "exhaustive matches are no longer exhaustive",
                    operations,
                )
            elif before != after:
                self._emit(
                    BREAKING,
                    "enum-member-value-changed",
                    f"{where}.{name}",
                    arrow(before, after),
                    "comparisons and stored values no longer fit",
                    operations,
                )

    def _attributes(self, where: str, old: Class, new: Class, operations: set[str]) -> None:
        uses = self._uses.get(old.name, set()) | self._uses.get(new.name, set())
        sent, received = _REQUEST in uses, _RESPONSE in uses or _REQUEST not in uses
        for name in [*old.attributes, *(name for name in new.attributes if name not in old.attributes)]:
            if not _is_public(name):
                continue
            one, two, at = old.attributes.get(name), new.attributes.get(name), f"{where}.{name}"
            if two is None:
                self._emit(
                    BREAKING,
                    "attribute-removed",
                    at,
                    f"{name} removed",
                    "AttributeError where it is read, TypeError where it is given",
                    operations,
                )
            elif one is None:
                self._added_attribute(at, two, sent=sent, operations=operations)
            else:
                self._attribute(at, one, two, (sent, received), operations)
        self._order(where, old, new, operations, sent=sent)

    def _added_attribute(self, at: str, new: Attribute, *, sent: bool, operations: set[str]) -> None:
        if new.default is not None:
            self._emit(ADDITIVE, "attribute-added", at, f"{new.name}: {new.annotation}", "new", operations)
        else:
            level = BREAKING if sent else POTENTIAL
            effect = (
                "the constructor needs it"
                if sent
                else "the constructor needs it: tests and fakes that build the object"
            )
            self._emit(level, "required-attribute-added", at, f"{new.name}: {new.annotation}", effect, operations)

    def _attribute(self, at: str, old: Attribute, new: Attribute, use: tuple[bool, bool], operations: set[str]) -> None:
        sent, received = use
        annotation = self._applied(old.annotation)
        relation = self._relation(annotation, new.annotation)
        if relation != "equal":
            level, effect = _attribute_level(relation, sent=sent, received=received)
            self._emit(level, f"attribute-type-{relation}", at, arrow(annotation, new.annotation), effect, operations)
        elif old.default is None and new.default is not None:
            self._emit(
                ADDITIVE,
                "attribute-became-optional",
                at,
                "can be left out",
                "the constructor no longer needs it",
                operations,
            )
        elif old.default is not None and new.default is None:
            self._emit(
                BREAKING if sent else POTENTIAL,
                "attribute-became-required",
                at,
                "has to be given",
                "the constructor needs it",
                operations,
            )
        elif old.default != new.default:
            self._emit(
                POTENTIAL,
                "attribute-default-changed",
                at,
                f"default: {arrow(old.default, new.default)}",
                "objects built without it are different",
                operations,
            )
        if old.mask and not new.mask:
            self._emit(
                POTENTIAL, "secret-unmasked", at, "its value shows in repr()", "a secret may reach logs", operations
            )
        elif old.mask != new.mask:
            self._emit(
                DOCS,
                "implementation-changed",
                at,
                f"repr: {arrow(old.mask or 'plain', new.mask)}",
                "another repr()",
                operations,
            )

    def _order(self, where: str, old: Class, new: Class, operations: set[str], *, sent: bool) -> None:
        """Positional arguments of the constructor. Moves that come from becoming required are reported as that."""

        def same(name: str) -> bool:
            return (old.attributes[name].default is None) == (new.attributes[name].default is None)

        common = [
            each.name
            for each in old.fields
            if each.name in new.attributes and new.attributes[each.name].init and same(each.name)
        ]
        order = [each.name for each in new.fields if each.name in common]
        if common != order:
            effect = "positional arguments go to other attributes"
            self._emit(
                BREAKING if sent else POTENTIAL,
                "constructor-order-changed",
                where,
                arrow(", ".join(common), ", ".join(order)),
                effect,
                operations,
            )
        elif sent:
            first_new = next(
                (n for n, each in enumerate(new.fields) if each.name not in old.attributes), len(new.fields)
            )
            if any(each.name in common for each in new.fields[first_new:]):
                self._emit(
                    POTENTIAL,
                    "constructor-order-changed",
                    where,
                    f"{new.fields[first_new].name} comes before others",
                    "positional arguments go to other attributes",
                    operations,
                )

    def _relation(self, old: str, new: str) -> str:
        """How the values of two annotations relate: equal, widened, narrowed, loosened (Any) or changed."""
        if old == new:
            return "equal"
        one, two = union(old), union(new)
        if "Any" in two and "Any" not in one:
            return "loosened"
        if "Any" in one and "Any" not in two:
            return "tightened"
        backward, forward = self._covers(one, two), self._covers(two, one)
        if backward or forward:
            return "equal" if backward and forward else "narrowed" if backward else "widened"
        gone, fresh = sorted(one - two), sorted(two - one)
        if len(gone) == len(fresh) == 1:
            inner = _inner(gone[0]), _inner(fresh[0])
            if inner[0] and inner[1] and inner[0][0] == inner[1][0]:
                found = self._relation(inner[0][1], inner[1][1])
                # Containers can be written to, so neither direction is safe, unless the type says nothing.
                return found if found in ("equal", "loosened", "tightened") or inner[0][0] in _READ_ONLY else "changed"
        return "changed"

    def _covers(self, one: frozenset[str], two: frozenset[str]) -> bool:
        """Whether every value of the second annotation is one of the first."""
        wide, narrow = _spread(one), _spread(two)
        if "float" in wide:
            wide |= {"int"}
        if "str" in wide:  # enums and literals are strings too
            wide |= self._enums | {member for member in narrow if member.startswith("'")}
        return narrow <= wide

    # Functions.

    def _functions(self, old: Module, new: Module, operations: set[str]) -> None:
        for name in sorted(old.functions.keys() | new.functions.keys()):
            if _is_public(name):
                self._function(f"{old.name}.{name}", old.functions.get(name), new.functions.get(name), operations)

    def _function(self, where: str, old: Function | None, new: Function | None, operations: set[str]) -> None:
        name = where.rpartition(".")[2]
        if old is None and new is not None:
            self._emit(ADDITIVE, "function-added", where, f"{name} added", "new", operations)
        elif new is None:
            self._emit(
                BREAKING, "function-removed", where, f"{name} removed", "AttributeError where it is called", operations
            )
        elif old is not None:
            findings = list(self._signature(old, new))
            for level, code, detail, effect in findings:
                self._emit(level, code, where, detail, effect, operations)
            if not findings and old.doc != new.doc:
                self._emit(DOCS, "docstring-changed", where, arrow(old.doc, new.doc), "documentation only", operations)

    def _signature(self, old: Function, new: Function) -> Iterator[tuple[Level, str, str, str]]:
        if old.is_async != new.is_async or _kind(old) != _kind(new):
            yield (
                BREAKING,
                "function-kind-changed",
                arrow(_kind(old), _kind(new)),
                "calls have to be written in another way",
            )
        before = {each.name: each for each in old.parameters}
        after = {each.name: each for each in new.parameters}
        gone = [each for each in old.parameters if each.name not in after]
        fresh = [each for each in new.parameters if each.name not in before]
        for one in gone:
            two = next(
                (
                    each
                    for each in fresh
                    if each.annotation == self._applied(one.annotation)
                    and each.kind == one.kind
                    and each.default == one.default
                ),
                None,
            )
            if two is not None:
                fresh.remove(two)
                yield BREAKING, "parameter-renamed", arrow(one.name, two.name), "TypeError where it is given by name"
            else:
                yield BREAKING, "parameter-removed", f"{one.name} removed", "TypeError where it is given"
        for two in fresh:
            yield from _added_parameter(two, new)
        for one in old.parameters:
            if one.name in after:
                yield from self._parameter(one, after[one.name])
        common = [
            each.name
            for each in old.parameters
            if each.kind == "positional" and each.name in after and after[each.name].kind == "positional"
        ]
        order = [each.name for each in new.parameters if each.name in common]
        if common != order:
            yield (
                BREAKING,
                "parameter-order-changed",
                arrow(", ".join(common), ", ".join(order)),
                "positional arguments go to other parameters",
            )
        yield from self._returns(old, new)

    def _parameter(self, old: Parameter, new: Parameter) -> Iterator[tuple[Level, str, str, str]]:
        if old.kind == "positional" and new.kind == "keyword":
            yield (
                BREAKING,
                "parameter-kind-changed",
                f"{old.name} by name only",
                "TypeError where it is given by position",
            )
        annotation = self._applied(old.annotation)
        relation = self._relation(annotation, new.annotation)
        detail = f"{old.name}: {arrow(annotation, new.annotation)}"
        if relation in ("widened", "loosened"):
            yield ADDITIVE, "parameter-type-widened", detail, "what was given before still fits"
        elif relation == "tightened":
            yield POTENTIAL, "parameter-type-narrowed", detail, "type checkers may refuse what is given"
        elif relation != "equal":
            yield BREAKING, f"parameter-type-{relation}", detail, "type checkers refuse what was given before"
        if old.default != new.default:
            if new.default is None:
                yield (
                    BREAKING,
                    "parameter-became-required",
                    f"{old.name} has to be given",
                    "TypeError where it is left out",
                )
            elif old.default is None:
                yield (
                    ADDITIVE,
                    "parameter-became-optional",
                    f"{old.name} can be left out",
                    "what was given before still fits",
                )
            else:
                yield (
                    POTENTIAL,
                    "parameter-default-changed",
                    f"{old.name}: {arrow(old.default, new.default)}",
                    "calls that leave it out mean something else",
                )

    def _returns(self, old: Function, new: Function) -> Iterator[tuple[Level, str, str, str]]:
        before, after = self._applied(old.returns), new.returns
        relation = self._relation(before, after)
        detail = f"returns {arrow(before, after)}"
        if relation == "narrowed":
            yield POTENTIAL, "return-type-narrowed", detail, "branches for what is no longer returned are never reached"
        elif relation in ("loosened", "tightened"):
            yield POTENTIAL, "return-type-changed", detail, "type checkers know more or less than before"
        elif relation != "equal":
            yield BREAKING, f"return-type-{relation}", detail, "type checkers refuse code that expects the old type"


def _attribute_level(relation: str, *, sent: bool, received: bool) -> tuple[Level, str]:
    if relation == "widened":
        if received:
            return BREAKING, "type checkers refuse code that reads it as the old type"
        return ADDITIVE, "what was given before still fits"
    if relation == "narrowed":
        if sent:
            return BREAKING, "type checkers refuse what was given before"
        return POTENTIAL, "readers are fine; tests and fakes that build the object may not be"
    if relation in ("loosened", "tightened"):
        return POTENTIAL, "type checkers know more or less than before"
    return BREAKING, "code that uses it as the old type fails"


def _added_parameter(new: Parameter, function: Function) -> Iterator[tuple[Level, str, str, str]]:
    later = function.parameters[function.parameters.index(new) + 1 :]
    if new.default is None:
        yield BREAKING, "required-parameter-added", f"{new.name}: {new.annotation}", "TypeError where it is left out"
    elif new.kind == "positional" and not new.name.startswith("*") and any(each.kind == "positional" for each in later):
        yield (
            BREAKING,
            "parameter-order-changed",
            f"{new.name} comes before others",
            "positional arguments go to other parameters",
        )
    else:
        yield ADDITIVE, "optional-parameter-added", f"{new.name}: {new.annotation}", "new"


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


def _inner(member: str) -> tuple[str, str] | None:
    match = re.fullmatch(rf"(list|dict|{'|'.join(sorted(_READ_ONLY))})\[(?:str, )?(.*)\]", member)
    return (match[1], match[2]) if match else None


def _identity(module: Module) -> str:
    return f"{module.name.partition('.')[0]} {module.operation['id']}" if module.operation else ""


def _route(module: Module) -> str:
    if not module.operation:
        return ""
    path = re.sub("{[^}]*}", "{}", module.operation.get("path", ""))
    return f"{module.name.partition('.')[0]} {module.operation.get('method')} {path}"


def _owner(module: Module) -> str:
    """Models are imported from `models`, not from the module of each."""
    head, models, _ = module.name.partition(".models.")
    return f"{head}.models" if models else module.name


def _defined(module: Module) -> set[str]:
    return {*module.classes, *module.functions, *module.constants}


def _is_empty(module: Module) -> bool:
    """Whether there is nothing to import from a module: the package of the endpoints of a tag."""
    return not (module.functions or module.constants or module.exports)


def _lists_models(module: Module) -> bool:
    return module.name.endswith(".models")


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def _parts(each: Class) -> set[str]:
    return {name for attribute in each.attributes.values() for name in names_in(attribute.annotation)}


def _closure(start: set[str], parts: dict[str, set[str]]) -> set[str]:
    found, waiting = set(start), list(start)
    while waiting:
        fresh = (parts[waiting.pop()] & parts.keys()) - found
        found |= fresh
        waiting += fresh
    return found


def _spread(members: frozenset[str]) -> set[str]:
    """The members of an annotation, with the values of literals one by one."""
    result = {member for member in members if not member.startswith("Literal[")}
    for literal in members - result:
        result |= {repr(value) for _, value in re.findall(r"(['\"])(.*?)\1", literal)}
    return result


def _shape(each: Class, known: set[str]) -> str:
    """What a class is apart from its name and those of other classes."""

    def masked(text: str) -> str:
        return "|".join(sorted(NAMES.sub(lambda match: "?" if match[0] in known else match[0], text).split(" | ")))

    attributes = [
        (attribute.name, masked(attribute.annotation), attribute.default) for attribute in each.attributes.values()
    ]
    return repr((each.is_enum, attributes, sorted(each.members.items())))


def compare_packages(old: Snapshot, new: Snapshot, names: Callable[[Module], str]) -> list[Change]:
    """What changes for Python code between two snapshots."""
    return PythonComparison(old, new, names).changes()
