"""The schemas of one document: references followed, `allOf` joined, every view built once."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any, Final, cast

from codegen.documents import Json

from ..sources.documents import DriftError, follow, is_pointer
from .meeting import Meeting, Together
from .nodes import Node, display, is_prose, text_of
from .views import Union, View, is_null, own

_PLAIN: Final = frozenset({"type", "enum", "const"})
_ANNOTATIONS: Final = frozenset({"readOnly", "writeOnly", "default"})
_MAX_UNFINISHED: Final = 100_000
_MAX_STEPS: Final = 100  # from reference to reference
_WHOLE: Final = 1_000_000  # as depth: a view that does not depend on one that is still being built


@dataclasses.dataclass(frozen=True)
class Use:
    """A schema where it is used: what it looks like, and what it refers to if it is just a reference."""

    view: View
    name: str | None = None  # the reference
    nullable_here: bool = False  # null is allowed at this place although the component does not allow it
    prose_here: Json = dataclasses.field(default_factory=dict[str, Any])


class Schemas:
    """The schemas of one document."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.followed: set[str] = set()
        self._meeting = Meeting()
        self._views: dict[str | int, View] = {}
        self._uses: dict[int, Use] = {}
        self._open: dict[str, int] = {}
        self._depends = _WHOLE  # how deep in what is being built the view hangs on something unfinished
        self._unfinished = 0
        self._children: dict[str, list[str]] | None = None
        self._shapes: dict[tuple[str | int, int], str] = {}
        self._kept: list[Node] = []
        self._ignores_siblings = str(document.get("openapi", "")).startswith("3.0")

    def shown(self, node: Node) -> Node:
        """A schema as it is written, or the one that it refers to: for people."""
        reference = node.get("$ref") if isinstance(node, dict) else None
        if isinstance(reference, str) and is_pointer(reference):
            return cast(Node, follow(self.document, reference))
        return node

    def use(self, node: Node) -> Use:
        """The view of a schema at the place where it is used."""
        if id(node) in self._uses:
            return self._uses[id(node)]
        used = self._used(node)
        if isinstance(node, dict) and not self._open:
            self._uses[id(node)] = used
            self._kept.append(node)
        return used

    def _used(self, node: Node) -> Use:
        reference, prose, nullable = self._plain_reference(node)
        if reference is None:
            if isinstance(node, Together):
                return Use(self._view(node), " and ".join(sorted(_member_name(each) for each in node["allOf"])))
            return Use(self._view(node))
        view = self.target(reference)
        return Use(view, reference, nullable and not view.nullable, prose)

    def target(self, reference: str) -> View:
        """The view of what a reference leads to."""
        self.followed.add(reference)
        if reference in self._views:
            return self._views[reference]
        if reference in self._open:  # it extends itself, which adds nothing
            self._depends = min(self._depends, self._open[reference])
            return View()
        outer, self._depends = self._depends, _WHOLE
        depth = self._open[reference] = len(self._open)
        try:
            schema = follow(self.document, reference)
            if not isinstance(schema, (dict, bool)):
                raise DriftError(f"{reference!r} leads to {type(schema).__name__} where a schema belongs")
            view = self._view(schema)
            if isinstance(schema, dict) and view.bases and view.bases[0][0] is schema.get("discriminator"):
                view = dataclasses.replace(view, bases=((view.bases[0][0], reference), *view.bases[1:]))
        finally:
            del self._open[reference]
        if self._depends >= depth:
            self._views[reference] = view
            self._depends = outer
        else:
            self._depends = min(outer, self._depends)
        return view

    def _plain_reference(self, node: Node) -> tuple[str | None, Json, bool]:
        """The reference that a node amounts to, the prose beside it, and whether it adds null."""
        if isinstance(node, bool):
            return None, {}, False
        prose = {key: value for key, value in node.items() if is_prose(key)}
        nullable = node.get("nullable") is True
        left = node.keys() - prose.keys() - {"nullable"}
        if "$ref" in left and (self._ignores_siblings or left == {"$ref"}):
            target = str(node["$ref"])
            if not is_pointer(target):
                return None, {}, False
            return target, {} if self._ignores_siblings else prose, nullable and not self._ignores_siblings
        if len(left) == 1 and (key := left.pop()) in ("allOf", "oneOf", "anyOf") and not isinstance(node, Together):
            members = [member for member in node[key] if key == "allOf" or not self._is_null(member)]
            if len(members) == 1 and isinstance(members[0], dict):
                reference, inner, inner_nullable = self._plain_reference(members[0])
                has_null = len(members) < len(node[key])
                return reference, {**inner, **prose}, nullable or inner_nullable or has_null
        return None, {}, False

    def _view(self, node: Node) -> View:
        if isinstance(node, bool):
            return View() if node else View(rest={"not": {}})
        if id(node) in self._views:
            return self._views[id(node)]
        outer, self._depends = self._depends, _WHOLE
        view = self._referring(node) if "$ref" in node else self._composed(node)
        if self._depends == _WHOLE:
            self._views[id(node)] = view
            self._kept.append(node)
        else:
            self._unfinished += 1
            if self._unfinished > _MAX_UNFINISHED:
                raise DriftError("its schemas extend each other too often to be compared")
        self._depends = min(outer, self._depends)
        return view

    def _referring(self, node: Json) -> View:
        reference = str(node["$ref"])
        if not is_pointer(reference):
            return View(rest={"$ref": reference})
        target = self.target(reference)
        siblings = {key: value for key, value in node.items() if key != "$ref"}
        if self._ignores_siblings or not siblings:
            return target
        view = self._meeting.joined(target, self._composed(siblings))
        return dataclasses.replace(view, prose={**target.prose, **view.prose}, nullable=target.nullable)

    def _composed(self, node: Json) -> View:
        view = self._with_unions(own(node), node)
        nullable = view.nullable
        annotations = _ANNOTATIONS | {"allOf", "nullable"}
        wraps = all(key in annotations or is_prose(key) for key in node)
        for member in node.get("allOf", []):
            inner = self._view(member)
            alone = len(node["allOf"]) == 1 and wraps
            view = self._meeting.inlined(view, inner) if alone else self._meeting.joined(view, inner)
        if not node.keys() - {"allOf"} and node.get("allOf"):
            # Null is allowed where every member allows it; what says nothing about types does.
            nullable = all(self._view(member).nullable for member in node["allOf"])
        view.nullable = view.nullable or nullable
        if isinstance(node.get("discriminator"), dict) and not view.unions:
            view.bases = ((node["discriminator"], ""), *view.bases)
        return view

    def _with_unions(self, view: View, node: Json) -> View:
        """Add unions; null is no variant, a single variant is the schema itself, and a union of constants an enum."""
        discriminator = node.get("discriminator")
        for key in ("oneOf", "anyOf"):
            members = [member for member in node.get(key, []) if not self._is_null(member)]
            has_null = len(members) < len(node.get(key, []))
            if len(members) == 1 and not isinstance(discriminator, dict):
                view = self._meeting.inlined(view, self._view(members[0]))
            elif members:
                union = Union(key, tuple(members), discriminator if isinstance(discriminator, dict) else {})
                simple = self._simplified(union)
                if simple is None:
                    view.unions = (*view.unions, union)
                else:
                    described = [each.prose for each in map(self._view, members) if each.prose]
                    choice = (union, view)
                    view = self._meeting.joined(dataclasses.replace(view, nullable=True), simple)
                    view.prose = {**view.prose, **({key: described} if described else {})}
                    view.nullable, view.choice = False, choice
            if has_null:
                view.nullable = True
        return view

    def _simplified(self, union: Union) -> View | None:
        """A union of constants as an enum, and one of plain types as a list of types."""
        if union.discriminator or not all(map(self._may_be_plain, union.variants)):
            return None
        views = [self._view(member) for member in union.variants]
        if not all(view.is_plain and view.types for view in views):
            return None
        types = frozenset(kind for view in views for kind in view.types or ())
        if all(view.enum is not None for view in views):
            values = {text_of(value): value for view in views for value in view.enum or ()}
            every = [text_of(value) for view in views for value in view.enum or ()]
            chosen = [text for text in values if union.kind == "anyOf" or every.count(text) == 1]
            return View(types=types, nullable=True, enum=tuple(values[text] for text in chosen))
        overlap = union.kind == "oneOf" and (len(types) < len(views) or {"integer", "number"} <= types)
        if all(view.enum is None for view in views) and not overlap:
            return View(types=types, nullable=True)
        return None

    def _is_null(self, node: Node) -> bool:
        """Whether a schema, or what it refers to, allows null alone."""
        for _ in range(_MAX_STEPS):
            if not isinstance(node, dict) or not is_pointer(str(node.get("$ref", ""))):
                break
            node = follow(self.document, node["$ref"])
        return is_null(node)

    def _may_be_plain(self, node: Node) -> bool:
        """Whether a variant may be a constant or a plain type, which a union inside a union is not."""
        for _ in range(_MAX_STEPS):
            reference = node.get("$ref") if isinstance(node, dict) else None
            if not isinstance(reference, str):
                break
            if not is_pointer(reference) or reference in self._open:
                return False
            node = follow(self.document, reference)
        return isinstance(node, dict) and all(key in _PLAIN or is_prose(key) for key in node)

    # What is known about schemas beyond one level.

    def types(self, view: View, depth: int = 4) -> frozenset[str] | None:
        """The types of a schema, of its variants where it has none of its own."""
        if view.types is not None or not view.unions or not depth:
            return view.types
        found: set[str] = set()
        for variant in view.unions[0].variants:
            types = self.types(self._view(variant), depth - 1)
            if types is None:
                return None
            found |= types
        return frozenset(found)

    def children(self, reference: str) -> list[str]:
        """The references to the components that extend this one."""
        if self._children is None:
            self._children = {}
            for name, schema in self.document.get("components", {}).get("schemas", {}).items():
                child = f"#/components/schemas/{name.replace('~', '~0').replace('/', '~1')}"
                for base in bases_of(schema):
                    self._children.setdefault(base, []).append(child)
        found: dict[str, None] = {}
        waiting = [reference]
        while waiting:
            for child in self._children.get(waiting.pop(), []):
                if child not in found:
                    found[child] = None
                    waiting.append(child)
        return list(found)

    def mapped(self, target: str) -> str:
        """The reference that a discriminator's value leads to; it may be just the name of a component."""
        if not is_pointer(target) and target in self.document.get("components", {}).get("schemas", {}):
            return f"#/components/schemas/{target.replace('~', '~0').replace('/', '~1')}"
        return target

    def shape(self, node: Node, depth: int = 4) -> str:
        """A text for what a schema looks like, whatever its parts are called. Good for pairing, not for proof."""
        if isinstance(node, bool) or not node:
            return str(node is not False)
        reference, _, nullable = self._plain_reference(node)
        inner = depth - ("$ref" in node or "allOf" in node)  # what may lead back to itself
        if inner < 0:
            return "…"
        key = (reference or id(node), depth)
        if key not in self._shapes:
            self._shapes[key] = "…"  # where it refers to itself
            view = self._view(node) if reference is None else self.target(reference)
            text = text_of(self._shape_of(view, inner if reference is None else depth - 1))
            self._shapes[key] = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
            self._kept.append(node)
        return self._shapes[key] + ("?" if nullable else "")

    def _shape_of(self, view: View, depth: int) -> list[Any]:
        def inner(node: Node | None) -> str:
            return "" if node is None else self.shape(node, depth)

        return [
            sorted(view.types or ()), view.nullable, None if view.enum is None else sorted(map(text_of, view.enum)),
            {name: inner(node) for name, node in view.properties.items()}, sorted(view.required),
            inner(view.additional), inner(view.items), {key: view.facets[key] for key in sorted(view.facets)},
            [[union.kind, sorted(map(inner, union.variants))] for union in view.unions],
            {" ".join(place): inner(node) for place, node in view.inner.items()}, sorted(view.rest),
        ]  # fmt: skip


def bases_of(schema: Any) -> Iterator[str]:
    """The references to what a schema extends."""
    members: list[Any] = schema.get("allOf", []) if isinstance(schema, dict) else []
    for member in members:
        if isinstance(member, dict) and "$ref" in member:
            yield str(member["$ref"])
        else:
            yield from bases_of(member)


def _member_name(node: Node) -> str:
    if isinstance(node, dict) and node.keys() == {"$ref"}:
        return display(str(node["$ref"]))
    return text_of(node)
