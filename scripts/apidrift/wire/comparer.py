"""Compare two schemas for one direction, and everything that they refer to, each pair once.

A change has a direction: values that the server no longer accepts break requests, values that it newly sends break
readers of answers, and the other way round each is harmless. Each check looks at one aspect and is a module in checks/.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from codegen.documents import Json

from ..changes import short
from ..sources.documents import DriftError
from .meeting import Together
from .nodes import Difference, Node, display, prose_changes
from .places import Context, Place, Scope
from .sameness import Sameness
from .schemas import Schemas, Use
from .views import View

Emit = Callable[..., None]
_MAX_COMPARISONS: Final = 1_000_000


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two views of one schema, as they are written, and where they are."""

    one: View
    two: View
    nodes: tuple[Node, Node]
    at: Place


class SchemaComparer:
    """Compares schemas of two documents and remembers which ones it has compared in which direction."""

    def __init__(
        self, old: Json, new: Json, emit: Emit, checks: Sequence[Callable[[SchemaComparer, Pair], bool]]
    ) -> None:
        self.old, self.new = Schemas(old), Schemas(new)
        self.same = Sameness(self.old, self.new)
        self.differ = Difference(old, new)
        self.uses: dict[Scope, set[Scope]] = {}
        self.once: set[tuple[object, ...]] = set()  # what checks have to look at a single time
        self._emit = emit
        self._checks = checks
        self._waiting: deque[tuple[Node, Node, Place]] = deque()
        self._met: dict[tuple[object, ...], Scope] = {}
        self._compared = 0

    def compare(self, old: Node, new: Node, at: Place) -> None:
        """Compare two schemas at one place."""
        if self.same(old, new):
            return
        self._compared += 1
        if self._compared > _MAX_COMPARISONS:
            raise DriftError("the definitions differ in too many places to be compared")
        one, two = self.old.use(old), self.new.use(new)
        if one.name is None or two.name is None:
            self._inline(one, two, (old, new), at)
            return
        labels = [display(each) for each in (one.name, two.name)]
        scope: Scope = ("schema", one.name, two.name, at.context)
        name = labels[0] if labels[0] == labels[1] else " → ".join(labels)
        component = Place(f"schemas.{short(name, 120)}", at.context, at.role, scope, at.required, name)
        here = one.nullable_here != two.nullable_here
        self._nullable(one, two, at if here else dataclasses.replace(component, scope=at.scope), (old, new))
        self.prose(one.prose_here, two.prose_here, at, (old, new))
        if scope not in self.uses:
            self.uses[scope] = set()
            targets = tuple(
                node if isinstance(node, Together) else {"$ref": each.name} for node, each in ((old, one), (new, two))
            )
            self._waiting.append((targets[0], targets[1], component))
        self.uses.setdefault(at.scope, set()).add(scope)

    def _inline(self, one: Use, two: Use, nodes: tuple[Node, Node], at: Place) -> None:
        """Schemas that stand where they are used. The same two, met again through references, are compared once."""
        if isinstance(nodes[0], dict) and isinstance(nodes[1], dict):
            root = () if at.schema else at.scope
            key = (id(nodes[0]), id(nodes[1]), at.context, at.role, at.required, root)
            if key in self._met:
                self.uses.setdefault(at.scope, set()).add(self._met[key])
                return
            self._met[key] = at.scope
        self._nullable(one, two, at, nodes)
        self._views(one.view, two.view, nodes, at)

    def finish(self) -> None:
        """Compare the components that were met on the way, and those that they lead to."""
        while self._waiting:
            old, new, place = self._waiting.popleft()
            self._views(self.old.use(old).view, self.new.use(new).view, (old, new), place)

    def _views(self, one: View, two: View, nodes: tuple[Node, Node], at: Place) -> None:
        self.look(Pair(one, two, nodes, at))

    def look(self, pair: Pair) -> None:
        """Ask every check, until one says that the others have nothing to add."""
        for check in self._checks:
            if not check(self, pair):
                return

    def _nullable(self, one: Use, two: Use, at: Place, nodes: tuple[Node, Node]) -> None:
        before, after = one.view.nullable or one.nullable_here, two.view.nullable or two.nullable_here
        if before == after or (one.view.types is None and not one.view.unions):
            return
        if two.view.types is None and not two.view.unions:
            return
        if before:
            self.report(at, "became-not-nullable", "null is refused" if at.context.is_sent else "never null", nodes)
        elif at.context.is_sent or at.required or at.context is Context.EITHER:
            self.report(at, "became-nullable", "null is accepted" if at.context.is_sent else "may be null", nodes)
        else:
            self.report(at, "became-nullable-optional", "may be null", nodes)

    # What checks report with.

    def report(self, at: Place, aspect: str, detail: str, nodes: tuple[Any, Any], role: str = "") -> None:
        """A finding about one aspect of a schema."""
        place = dataclasses.replace(at, role=role or at.role)
        self.emit(place, f"{place.noun}-{aspect}", detail, nodes, aspect)

    def emit(self, at: Place, code: str, detail: str, nodes: tuple[Any, Any], aspect: str = "") -> None:
        """A finding with a code of its own. Where no direction is known, only that something differs is."""
        sides = (self._shown(self.old, nodes[0]), self._shown(self.new, nodes[1]))
        if at.context is Context.EITHER:
            words = aspect or code
            self._emit(at.scope, "unclassified", at.where, f"{words}: {detail}", *sides, context=at.context)
            return
        self._emit(at.scope, code, at.where, detail, *sides, context=at.context)

    @staticmethod
    def _shown(schemas: Schemas, node: Any) -> Any:
        return schemas.shown(node) if isinstance(node, dict) else node

    def prose(self, old: Json, new: Json, at: Place, nodes: tuple[Node, Node]) -> None:
        """What only documents."""
        for code, detail in prose_changes(old, new):
            sides = (self._shown(self.old, nodes[0]), self._shown(self.new, nodes[1]))
            self._emit(at.scope, code, at.where, detail, *sides)

    def unclassified(self, at: Place, key: str, old: Any, new: Any) -> None:
        """Something that no rule explains, if it differs."""
        if self.differ(old, new):
            before, after = (short("none" if each is None else each, 60) for each in (old, new))
            note = "" if before != after else " (in what it refers to)"
            self._emit(at.scope, "unclassified", at.where, f"{key}: {before} → {after}{note}", old, new)
