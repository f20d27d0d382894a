"""Compare two sides on both axes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from functools import partial

from codegen.documents import Json
from codegen.facade_calls import Operation, facade_calls, one_spelling
from codegen.python_source import module_name, names_in

from .changes import Axis, Change, Level, merged, worst
from .python import compare_packages
from .python.packages import NotGeneratedError, Package, generated
from .python.snapshot import Module, Snapshot, snapshot
from .rules import change
from .sources.documents import DriftError, problem_of
from .sources.sides import Side, Spec
from .wire import compare_documents


@dataclasses.dataclass(frozen=True)
class Report:
    """A comparison: the labels of its sides, the axes that were compared, what was found, and what could not be."""

    old: str
    new: str
    axes: tuple[Axis, ...]
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()  # why the Python axis is not whole: no client can be generated of a definition

    @property
    def is_whole(self) -> bool:
        """Whether everything that was asked for could be compared."""
        return not self.notes

    def verdict(self, axis: Axis | None = None) -> Level | None:
        """The worst class on one axis or on all; None if the axis was not compared. What is waived does not count."""
        if axis is not None and (axis not in self.axes or (axis is Axis.PYTHON and self.notes)):
            return None
        return worst(change.level for change in self.changes if not change.waived and axis in (None, change.axis))


def compare_sides(old: Side, new: Side, axes: Iterable[Axis] = Axis) -> Report:
    """Compare two sides. Where no client can be generated, the wire axis stands alone and a note says why."""
    axes = tuple(axes)
    names = _Names({**facade_calls(new.facade), **facade_calls(old.facade)})
    changes: list[Change] = []
    notes: dict[str, None] = {}
    for axis, compare in ((Axis.WIRE, _wire), (Axis.PYTHON, _python)):
        for one, two in _pairs(old, new) if axis in axes else ():
            if one is None or two is None:
                changes.append(_alone(axis, one, two))
                continue
            try:
                changes += compare(one, two, names)
            except NotGeneratedError as error:
                if Axis.WIRE not in axes:
                    raise
                notes[str(error)] = None
    if Axis.PYTHON in axes:
        changes += compare_packages(_public_facade(old), _public_facade(new), names.of_module)
    return Report(old.label, new.label, axes, tuple(merged(changes)), tuple(notes))


def _pairs(old: Side, new: Side) -> Iterator[tuple[Spec | None, Spec | None]]:
    """The definitions of both sides by name."""
    for name in [*old.specs, *(name for name in new.specs if name not in old.specs)]:
        yield old.specs.get(name), new.specs.get(name)


def _alone(axis: Axis, old: Spec | None, new: Spec | None) -> Change:
    """A definition that only one side has."""
    word = "removed" if new is None else "added"
    name = old.name if old is not None else new.name if new is not None else ""
    return change(axis, f"spec-{word}", name, f"{name} {word}")


class _Names:
    """What reports call an operation: the call of the SDK that is behind it, or its method and path."""

    def __init__(self, calls: dict[Operation, str]) -> None:
        self._calls = calls

    def of_operation(self, package: str, operation: Json, label: str) -> str:
        return self._calls.get((package, one_spelling(str(operation.get("operationId", "")))), label)

    def of_module(self, module: Module) -> str:
        package, operation = module.name.partition(".")[0], module.operation
        label = f"{operation.get('method')} {operation.get('path')}"
        return self._calls.get((package, one_spelling(operation.get("id", ""))), label)


def _wire(old: Spec, new: Spec, names: _Names) -> list[Change]:
    try:
        return compare_documents(old.document, new.document, partial(names.of_operation, old.package))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # Something has a shape that OpenAPI does not allow. Validating every definition first would be slow.
        for spec in (old, new):
            if problem := problem_of(spec.document):
                raise DriftError(f"{spec.file or spec.name}: {problem}") from None
        raise DriftError(f"{new.file or new.name}: cannot be compared: {type(error).__name__}: {error}") from error


def _python(old: Spec, new: Spec, names: _Names) -> list[Change]:
    found = [
        change(Axis.PYTHON, code, new.name, problem)
        for code, problems in (
            ("overlay-action-unmatched", set(new.problems) - set(old.problems)),
            ("overlay-action-matches-again", set(old.problems) - set(new.problems)),
        )
        for problem in sorted(problems)
    ]
    if old.prepared == new.prepared and _order(old.prepared) == _order(new.prepared):
        return found
    new = dataclasses.replace(new, name=old.name)
    one, two = generated(old), generated(new)
    found += _generator_findings(one, two)
    return found + compare_packages(one.api, two.api, names.of_module)


def _order(node: object) -> object:
    """A definition in which the order of keys counts: it becomes the order of attributes."""
    if isinstance(node, dict):
        return [(key, _order(value)) for key, value in node.items()]
    return [_order(value) for value in node] if isinstance(node, list) else node


def _generator_findings(old: Package, new: Package) -> list[Change]:
    """What the generator or its output complains about on one side only."""
    fresh = [change(Axis.PYTHON, *finding) for finding in new.findings - old.findings]
    gone = old.findings - new.findings
    return fresh + [change(Axis.PYTHON, f"{code}-resolved", where, text) for code, where, text in gone]


def _public_facade(side: Side) -> Snapshot:
    """The modules of the facade that users reach: the public ones, the API groups and what only these return."""
    modules = snapshot(side.facade)[0]
    public = {name: _with_exports(modules[name], modules) for name in modules if "._" not in name}
    twins = {module_name(path): (path, text) for path, text in side.facade.items() if _TWINS.search(path)}
    groups = {name for name, (path, text) in twins.items() if "/groups/" in path or _has_calls(path, text)}
    returned = {name for each in groups & modules.keys() for name in _returned(modules[each])}
    returned -= {name for module in public.values() for name in module.classes}
    reached = groups | {name for name in twins if name in modules and returned & modules[name].classes.keys()}
    return {**public, **{name: modules[name] for name in sorted(reached & modules.keys())}}


def _with_exports(module: Module, modules: Snapshot) -> Module:
    """A module with what it exports out of others: users import it from here, wherever it is defined."""
    classes, functions, constants = dict(module.classes), dict(module.functions), dict(module.constants)
    for name in sorted(module.exports):
        home = _home(module, name, modules)
        classes |= {name: home.classes[name]} if name in home.classes else {}
        functions |= {name: home.functions[name]} if name in home.functions else {}
        constants |= {name: home.constants[name]} if name in home.constants else {}
    return dataclasses.replace(module, classes=classes, functions=functions, constants=constants)


def _home(module: Module, name: str, modules: Snapshot) -> Module:
    """The module of the facade from which a module has a name in the end."""
    seen: set[str] = set()
    while module.name not in seen:
        seen.add(module.name)
        sources = (modules[source] for source, other in module.imports if other == name and source in modules)
        module = next(sources, module)
    return module


_TWINS = re.compile(r"/_a?sync/(groups/)?\w+\.py$")


def _has_calls(path: str, text: str) -> bool:
    return bool(facade_calls({path.replace("/_sync/", "/_async/"): text}))


def _returned(module: Module) -> set[str]:
    """The names in what the methods of a module return."""
    methods = [method for each in module.classes.values() for method in each.methods.values()]
    return {name for method in methods for name in names_in(method.returns)}
