"""The Python axis: what a change does to code that is written against the generated packages and the facade.

Two snapshots are compared: modules, classes, attributes with their annotations, the order of constructors, members of
enums, parameters and return types. Annotations have a direction as well. An attribute of an answer that may now be
None breaks its readers; one of a request breaks nobody, since callers write it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from codegen.python_source import names_in

from ..changes import Change, arrow, merged
from .classes import Users, compare_classes, compare_constants, renamed_classes
from .findings import Findings, is_public
from .functions import compare_functions
from .snapshot import Class, Module, Snapshot

_REQUEST: Final = "request"
_RESPONSE: Final = "response"


class PythonComparison:
    """Compares two snapshots; `names` tells which call of the SDK an endpoint module is behind."""

    def __init__(self, old: Snapshot, new: Snapshot, names: Callable[[Module], str]) -> None:
        self._old, self._new = old, new
        self._names = names
        self._findings = Findings(old, new)
        self._uses, self._operations = self._reached()

    def changes(self) -> list[Change]:
        """All findings, sorted."""
        self._findings.renamed = renamed_classes(self._old, self._new)
        moved = self._moved_modules()
        for name in [*self._old, *(name for name in self._new if name not in self._old)]:
            if name in self._new and name in self._old:
                self._module(self._old[name], self._new[name])
            elif name in moved:
                one, two = self._old[name], self._new[moved[name]]
                # Models are imported from the package above, and nothing of private modules is imported by users.
                if ".models." not in name and "._" not in name:
                    self._findings.emit("module-moved", name, arrow(name, moved[name]), self._names_of(one))
                self._module(one, two)
            elif name in self._old:
                self._whole_module(self._old[name], "removed")
            elif name not in moved.values():
                self._whole_module(self._new[name], "added")
        return merged(self._findings.all)

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

    def _users(self, old: Class, new: Class) -> Users:
        uses = self._uses.get(old.name, set()) | self._uses.get(new.name, set())
        received = _RESPONSE in uses or _REQUEST not in uses
        return Users(self._operations.get(old.name, set()), _REQUEST in uses, received)

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
        return {self._findings.renamed.get(name, name) for name in module.classes}

    def _whole_module(self, module: Module, word: str) -> None:
        """A module that is there on one side only, and with it what it has for users."""
        operations = self._names_of(module)
        if module.operation or (not module.classes and not _is_empty(module)):
            self._findings.emit(f"module-{word}", module.name, f"module {word}", operations)
        for name in filter(is_public, module.classes):
            users = self._operations.get(name, operations)
            self._findings.emit(f"class-{word}", f"{_owner(module)}.{name}", f"{name} {word}", users)

    def _module(self, old: Module, new: Module) -> None:
        before = len(self._findings.all)
        operations = self._names_of(old)
        self._exports(old, new, operations)
        self._classes(old, new)
        for name in filter(is_public, sorted(old.functions.keys() | new.functions.keys())):
            functions = old.functions.get(name), new.functions.get(name)
            compare_functions(self._findings, f"{old.name}.{name}", *functions, operations)
        for name in filter(is_public, sorted(old.constants.keys() | new.constants.keys())):
            if name not in ("T", "OPERATION"):
                values = old.constants.get(name), new.constants.get(name)
                compare_constants(self._findings, f"{_owner(old)}.{name}", *values, operations)
        self._operation(old, new, operations)
        if len(self._findings.all) > before or _lists_models(old):
            return
        if old.doc != new.doc:
            self._findings.emit("docstring-changed", old.name, arrow(old.doc, new.doc), operations)
        if self._findings.applied(old.rest) != new.rest:
            detail = "the code behind the same names differs"
            self._findings.emit("implementation-changed", old.name, detail, operations)

    def _exports(self, old: Module, new: Module, operations: set[str]) -> None:
        if _lists_models(old):  # classes are compared where they are
            return
        for name in filter(is_public, sorted(old.exports - new.exports - _defined(new))):
            self._findings.emit("name-removed", f"{old.name}.{name}", f"{name} removed", operations)
        for name in filter(is_public, sorted(new.exports - old.exports - _defined(old))):
            self._findings.emit("name-added", f"{old.name}.{name}", f"{name} added", operations)

    def _classes(self, old: Module, new: Module) -> None:
        renamed = self._findings.renamed
        added = [name for name in new.classes if name not in old.classes and name not in renamed.values()]
        for name in filter(is_public, [*old.classes, *added]):
            where, operations = f"{_owner(old)}.{name}", self._operations.get(name, set())
            target = renamed.get(name, name)
            if name not in old.classes:
                self._findings.emit("class-added", where, f"{name} added", operations)
            elif target in new.classes:
                users = self._users(old.classes[name], new.classes[target])
                compare_classes(self._findings, where, old.classes[name], new.classes[target], users)
            elif target not in new.exports:  # otherwise it comes from elsewhere now, and is imported as before
                self._findings.emit("class-removed", where, f"{name} removed", operations)

    def _operation(self, old: Module, new: Module, operations: set[str]) -> None:
        for key in sorted(old.operation.keys() & new.operation.keys()):
            is_reader = key.isdecimal()
            before, after = old.operation[key], new.operation[key]
            if is_reader:
                before = self._findings.applied(before)
            if before != after:
                code = f"operation-{'result' if is_reader else 'request'}-changed"
                where = f"{old.name}.OPERATION"
                self._findings.emit(code, where, f"{key}: {arrow(before, after)}", operations)


def compare_packages(old: Snapshot, new: Snapshot, names: Callable[[Module], str]) -> list[Change]:
    """What changes for Python code between two snapshots."""
    return PythonComparison(old, new, names).changes()


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


def _parts(each: Class) -> set[str]:
    return {name for attribute in each.attributes.values() for name in names_in(attribute.annotation)}


def _closure(start: set[str], parts: dict[str, set[str]]) -> set[str]:
    found, waiting = set(start), list(start)
    while waiting:
        fresh = (parts[waiting.pop()] & parts.keys()) - found
        found |= fresh
        waiting += fresh
    return found
