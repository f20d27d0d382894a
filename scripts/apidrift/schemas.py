"""Compare two schemas for one direction: what a client sends, what it receives, what it receives with an error.

A change has a direction too. Values that the server no longer accepts break requests, values that it newly sends
break readers of answers, and the other way round each is harmless. What a change does to the shipped SDK stands in
`effect`; it follows from how the generated code reads: strings that are no longer one of an enum's values are kept,
an optional null is None, unknown properties are kept, a missing required property or a value of another type, null
included, is a ResponseError.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, Final

from codegen.documents import Json

from .changes import Level, arrow, short
from .views import LOWER, UPPER, Node, Schemas, Use, View, fingerprint, schema_name

BREAKING, POTENTIAL, ADDITIVE, DOCS = Level.BREAKING, Level.POTENTIAL, Level.ADDITIVE, Level.DOCS

# Set on a union to which an overlay adds a variant that takes everything else.
OPEN_UNION: Final = "x-drift-open-union"
SDK_REQUIRED: Final = "x-drift-sdk-required"

_SLUGS: Final = {
    "minimum": "min", "maximum": "max", "exclusiveMinimum": "exclusive-min", "exclusiveMaximum": "exclusive-max",
    "minLength": "min-length", "maxLength": "max-length", "minItems": "min-items", "maxItems": "max-items",
    "minProperties": "min-properties", "maxProperties": "max-properties", "minContains": "min-contains",
    "maxContains": "max-contains", "multipleOf": "multiple-of", "uniqueItems": "unique-items",
}  # fmt: skip
# Formats that the generated code reads into a type of their own.
_READ_FORMATS: Final = frozenset({"date-time", "date", "uuid", "binary"})
_STRICT_FORMATS: Final = _READ_FORMATS | {"byte", "email", "uri", "url", "hostname", "ipv4", "ipv6", "time", "duration"}
_PLAIN: Final = frozenset({"string", "integer", "number", "boolean"})
# Formats of numbers, each with the ones that hold all of its values.
_WIDER_NUMBERS: Final[dict[Any, set[Any]]] = {
    "int32": {"int64", "double", None},
    "int64": {None},
    "float": {"double", None},
    "double": {None},
    None: {"int64", "double"},
}


class Context(StrEnum):
    """Who reads the values."""

    REQUEST = "request"
    RESPONSE = "response"
    ERROR = "error"


Scope = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a schema is: in words, for the code, and to find out which operations reach it."""

    where: str
    context: Context
    role: str  # body, property, parameter or header
    scope: Scope
    required: bool = True
    schema: str = ""  # of a component: its own path, so that paths inside it start there

    @property
    def noun(self) -> str:
        """How a code begins: `request-parameter`, `response-property`."""
        return f"{'request' if self.context is Context.REQUEST else 'response'}-{self.role}"

    def inside(self, step: str, *, required: bool = True) -> Place:
        """The place of a part: a property, `[]` for items, `{}` for the values of a map, `|name` for a variant."""
        joint = "" if step[0] in "[{|" else " > " if " > " not in self.where and self.schema else "."
        role = "property" if self.role == "body" else self.role
        return dataclasses.replace(self, where=f"{self.where}{joint}{step}", role=role, required=required)


Emit = Callable[..., None]


class SchemaComparer:
    """Compares schemas of two documents and remembers which components it has to compare, each once per direction."""

    def __init__(self, old: Json, new: Json, emit: Emit) -> None:
        self.old, self.new = Schemas(old), Schemas(new)
        self._emit = emit
        self._waiting: list[tuple[str, str, Place]] = []
        self.uses: dict[Scope, set[Scope]] = {}
        self._sides: tuple[Any, Any] = (None, None)

    def compare(self, old: Node, new: Node, at: Place) -> None:
        """Compare two schemas at one place."""
        one, two = self.old.use(old), self.new.use(new)
        if one.name is None or two.name is None:
            self._nullable(one, two, at, (old, new))
            self._views(one.view, two.view, (old, new), at)
            return
        scope: Scope = ("schema", one.name, two.name, at.context)
        name = one.name if one.name == two.name else f"{one.name} → {two.name}"
        component = Place(f"schemas.{name}", at.context, at.role, scope, at.required, name)
        here = one.nullable_here != two.nullable_here
        self._nullable(one, two, at if here else dataclasses.replace(component, scope=at.scope), (old, new))
        self._prose(one.prose_here, two.prose_here, at, (old, new))
        if scope not in self.uses:
            self.uses[scope] = set()
            self._waiting.append((one.name, two.name, component))
        self.uses.setdefault(at.scope, set()).add(scope)

    def finish(self) -> None:
        """Compare the components that were met on the way, and those that they lead to."""
        while self._waiting:
            old, new, place = self._waiting.pop(0)
            nodes = ({"$ref": f"#/components/schemas/{old}"}, {"$ref": f"#/components/schemas/{new}"})
            self._views(self.old.component(old), self.new.component(new), nodes, place)

    # Each of the following reports at most a few findings about one aspect.

    def _report(self, at: Place, level: Level, aspect: str, detail: str, effect: str, *sides: Any) -> None:
        if at.context is Context.ERROR and level is BREAKING:
            level = POTENTIAL
            effect = (
                "the call still raises the ApiError of its status, but what the error says about itself may be missing"
            )
        self._emit(at.scope, level, f"{at.noun}-{aspect}", at.where, detail, effect, *(sides or self._sides))

    def _nullable(self, one: Use, two: Use, at: Place, nodes: tuple[Node, Node]) -> None:
        before, after = one.view.nullable or one.nullable_here, two.view.nullable or two.nullable_here
        if before == after or one.view.types is None or (two.view.types is None and not two.view.variants):
            return
        sides = (self.old.shown(nodes[0]), self.new.shown(nodes[1]))
        if at.context is Context.REQUEST:
            if after:
                self._report(
                    at,
                    ADDITIVE,
                    "became-nullable",
                    "null is accepted",
                    "nothing that was sent before is refused",
                    *sides,
                )
            else:
                self._report(
                    at, BREAKING, "became-not-nullable", "null is refused", "a call that sends null is refused", *sides
                )
        elif before:
            self._report(at, ADDITIVE, "became-not-nullable", "never null", "the value can be relied on", *sides)
        elif not at.required:
            effect = (
                "reads as None, as if it were absent; code that assumed a value because it was always sent gets None"
            )
            self._report(at, POTENTIAL, "became-nullable", "may be null", effect, *sides)
        else:
            self._report(
                at,
                BREAKING,
                "became-nullable",
                "may be null",
                "a null raises ResponseError, which names the path",
                *sides,
            )

    def _views(self, one: View, two: View, nodes: tuple[Node, Node], at: Place) -> None:
        outer, self._sides = self._sides, (self.old.shown(nodes[0]), self.new.shown(nodes[1]))
        self._aspects(one, two, nodes, at)
        self._sides = outer

    def _aspects(self, one: View, two: View, nodes: tuple[Node, Node], at: Place) -> None:
        self._prose(one.prose, two.prose, at, nodes)
        if "$ref" in one.rest or "$ref" in two.rest:  # leads out of the document, which nobody follows
            self._rest(one.rest, two.rest, at)
            return
        if bool(one.union) == bool(two.union) or not _is_just_union(one if one.union else two):
            self._beside_union(one, two, nodes, at)
        else:  # a schema became one variant of several, or the other way round
            self._union(one, two, nodes, at)
            return
        if not self._types(one, two, at):
            return
        self._enum(one.enum, two.enum, at, closed=_is_closed(one))
        self._enum(one.open_enum, two.open_enum, at, closed=False)
        self._facets(one, two, at)
        self._properties(one, two, at)
        self._additional(one, two, at)
        if one.items is not None or two.items is not None:
            before, after = (True if each.items is None else each.items for each in (one, two))
            if isinstance(before, list) or isinstance(after, list):
                self._rest({"items": before}, {"items": after}, at)
            else:
                self.compare(before, after, at.inside("[]"))
        self._rest(one.rest, two.rest, at)

    def _beside_union(self, one: View, two: View, nodes: tuple[Node, Node], at: Place) -> None:
        """Unions on both sides, or one that only restricts the values that the rest of the schema describes."""
        if one.union and two.union:
            self._union(one, two, nodes, at)
        elif one.union or two.union:
            sides = ({each.union: list(each.variants)} if each.union else {} for each in (one, two))
            self._rest(next(sides), next(sides), at)

    def _types(self, one: View, two: View, at: Place) -> bool:
        """Whether the rest of the schemas is worth comparing."""
        before, after = _closure(one.types), _closure(two.types)
        if before == after:
            self._stated(one, two, at)
            return True
        detail = arrow(one.kind, two.kind)
        narrower = after is not None and (before is None or after < before)
        wider = before is not None and (after is None or before < after)
        if at.context is Context.REQUEST:
            if wider:
                self._report(
                    at, ADDITIVE, "type-generalized", detail, "everything that was sent before is still accepted"
                )
            elif at.role == "parameter" and _same_text(one, two):
                effect = "what was sent before is text like any other; the server may understand it in another way"
                self._report(at, POTENTIAL, "type-generalized", detail, effect)
            else:
                self._report(at, BREAKING, "type-changed", detail, "a call that sends what it used to send is refused")
        elif narrower:
            self._report(at, ADDITIVE, "type-specialized", detail, "every new value is one that the SDK already reads")
        else:
            self._report(
                at,
                BREAKING,
                "type-changed",
                detail,
                "a value of the new type raises ResponseError, which names the path",
            )
        return (narrower or wider) and before is not None and after is not None

    def _stated(self, one: View, two: View, at: Place) -> None:
        """A type that goes without saying: by the letter, a schema without `type` allows values of any."""
        if one.implied == two.implied:
            return
        detail = f"type: {arrow(*('none' if each.implied else each.kind for each in (one, two)))}"
        looser = two.implied
        if looser == (at.context is Context.REQUEST):
            self._report(
                at, ADDITIVE, "type-left-out" if looser else "type-stated", detail, "the other keywords imply the type"
            )
        else:
            effect = "the other keywords imply the type, but do not require it"
            self._report(at, POTENTIAL, "type-left-out" if looser else "type-stated", detail, effect)

    def _enum(self, old: tuple[Any, ...] | None, new: tuple[Any, ...] | None, at: Place, *, closed: bool) -> None:
        if old is None and new is None:
            return
        if old is None:
            self._enum_closed(new or (), at)
        elif new is None:
            self._enum_opened(old, at, closed=closed)
        else:
            self._enum_values(old, new, at, closed=closed)

    def _enum_closed(self, values: tuple[Any, ...], at: Place) -> None:
        detail = f"only {short(list(values))}"
        if at.context is Context.REQUEST:
            self._report(at, BREAKING, "enum-added", detail, "a call that sends another value is refused")
        else:
            self._report(at, ADDITIVE, "enum-added", detail, "every new value is one that the SDK already reads")

    def _enum_opened(self, values: tuple[Any, ...], at: Place, *, closed: bool) -> None:
        detail = f"any value, no longer only {short(list(values))}"
        if at.context is Context.REQUEST:
            self._report(at, ADDITIVE, "enum-removed", detail, "nothing is refused that was accepted")
        elif closed:
            self._report(
                at, BREAKING, "enum-removed", detail, "another value raises ResponseError, which names the path"
            )
        else:
            self._report(at, POTENTIAL, "enum-removed", detail, "other values are kept; exhaustive matches miss them")

    def _enum_values(self, old: tuple[Any, ...], new: tuple[Any, ...], at: Place, *, closed: bool) -> None:
        added = [value for value in new if value not in old]
        removed = [value for value in old if value not in new]
        request = at.context is Context.REQUEST
        if added:
            level, effect = (
                POTENTIAL,
                "kept as an enum member that equals its text (is_known is False); exhaustive matches miss it",
            )
            if request:
                level, effect = ADDITIVE, "nothing is refused that was accepted"
            elif closed:
                level, effect = BREAKING, "only the documented values are known here: another one raises ResponseError"
            self._report(at, level, "enum-value-added", f"new {short(added)}", effect)
        if removed:
            level, effect = (
                (BREAKING, "a call that sends it is refused") if request else (ADDITIVE, "it is not sent any more")
            )
            self._report(at, level, "enum-value-removed", f"no longer {short(removed)}", effect)

    def _facets(self, one: View, two: View, at: Place) -> None:
        request = at.context is Context.REQUEST
        for key in sorted(one.facets.keys() | two.facets.keys()):
            old, new = one.facets.get(key), two.facets.get(key)
            if old == new and type(old) is type(new):
                continue
            detail = f"{key}: {arrow('none' if old is None else old, 'none' if new is None else new)}"
            if key == "format":
                if one.types == two.types and two.enum is None:
                    self._format(one, old, new, at)
            elif key == "default":
                effect = (
                    "a call that leaves it out now means something else"
                    if request
                    else "no effect on reading: what is absent is None"
                )
                self._report(at, POTENTIAL if request else DOCS, "default-value-changed", detail, effect)
            elif key in ("readOnly", "writeOnly"):
                self._access(key, bool(new), at, detail)
            elif key == "pattern" or (key == "multipleOf" and old is not None and new is not None):
                relaxed = new is None and request
                effect = (
                    "nothing is refused that was accepted"
                    if relaxed
                    else "the SDK does not check it; values of another form appear or are refused"
                )
                change = "removed" if new is None else "added" if old is None else "changed"
                level = ADDITIVE if relaxed or (old is None and not request) else POTENTIAL
                self._report(at, level, f"{_SLUGS.get(key, key)}-{change}", detail, effect)
            else:
                self._limit(key, old, new, at, detail)

    def _limit(self, key: str, old: Any, new: Any, at: Place, detail: str) -> None:
        tighter = _is_tighter(key, old, new)
        change = (
            "added" if old is None else "removed" if new is None else "increased" if _greater(new, old) else "decreased"
        )
        aspect = f"{_SLUGS[key]}-{change}"
        if tighter is None:
            self._report(at, POTENTIAL, aspect, detail, "no rule explains this change: read it")
        elif at.context is Context.REQUEST:
            if tighter:
                self._report(at, BREAKING, aspect, detail, "a call that sends a value beyond the new limit is refused")
            else:
                self._report(at, ADDITIVE, aspect, detail, "nothing is refused that was accepted")
        elif tighter:
            self._report(at, ADDITIVE, aspect, detail, "every new value is one that was possible before")
        else:
            self._report(
                at, POTENTIAL, aspect, detail, "the SDK reads it; code that relies on the old limit may not cope"
            )

    def _format(self, view: View, old: Any, new: Any, at: Place) -> None:
        request = at.context is Context.REQUEST
        detail = f"format: {arrow(old or 'none', new or 'none')}"
        if view.types and view.types <= {"integer", "number"}:
            wider, narrower = new in _WIDER_NUMBERS.get(old, ()), old in _WIDER_NUMBERS.get(new, ())
            if (wider and narrower) or (old in ("int64", "double") and new is None):
                self._report(at, DOCS, "format-changed", detail, "Python's numbers hold both")
            elif request:
                level = ADDITIVE if wider else BREAKING if narrower and old else POTENTIAL
                self._report(
                    at,
                    level,
                    "format-changed",
                    detail,
                    "numbers beyond the format are refused" if level is not ADDITIVE else "more numbers are accepted",
                )
            else:
                level = ADDITIVE if narrower else POTENTIAL
                effect = (
                    "every new value is one that was possible before"
                    if narrower
                    else "Python's numbers hold it; a store with a fixed width may not"
                )
                self._report(at, level, "format-changed", detail, effect)
        elif "password" in (old, new) and not {old, new} & _STRICT_FORMATS:
            self._report(at, DOCS, "format-changed", detail, "the format is about display only")
        elif request:
            if new is None:
                self._report(at, ADDITIVE, "format-removed", detail, "nothing is refused that was accepted")
            else:
                level = BREAKING if new in _STRICT_FORMATS or old in _STRICT_FORMATS else POTENTIAL
                self._report(at, level, "format-changed", detail, "a call that sends text of another form is refused")
        elif old is None:
            self._report(at, ADDITIVE, "format-added", detail, "every new value is one that was possible before")
        elif old in _READ_FORMATS:
            self._report(
                at,
                BREAKING,
                "format-changed",
                detail,
                f"text that is no {old} raises ResponseError, which names the path",
            )
        else:
            self._report(
                at,
                POTENTIAL,
                "format-changed",
                detail,
                "the SDK reads any text here; code that relies on the form may not cope",
            )

    def _access(self, key: str, now: bool, at: Place, detail: str) -> None:
        concerned = (key == "readOnly") == (at.context is Context.REQUEST)
        aspect = ("became-" if now else "became-not-") + ("read-only" if key == "readOnly" else "write-only")
        if not concerned:
            self._report(at, DOCS, aspect, detail, "no effect in this direction")
        elif now:
            effect = "it is ignored or refused when sent" if key == "readOnly" else "it is no longer part of answers"
            self._report(at, POTENTIAL, aspect, detail, effect)
        else:
            self._report(at, ADDITIVE, aspect, detail, "it can be used in this direction too")

    def _properties(self, one: View, two: View, at: Place) -> None:
        request = at.context is Context.REQUEST
        hidden = "readOnly" if request else "writeOnly"
        for name in [*one.properties, *(name for name in two.properties if name not in one.properties)]:
            if name not in two.properties:
                if not self._flag(self.old, one.properties[name], hidden):
                    self._removed_property(name, one, two, at)
            elif name not in one.properties:
                if not self._flag(self.new, two.properties[name], hidden):
                    self._added_property(name, two, at)
            else:
                place = at.inside(name, required=_insisted_on(name, one))
                if not self._flag(self.old, one.properties[name], hidden) or not self._flag(
                    self.new, two.properties[name], hidden
                ):
                    self._requiredness(name, one, two, place)
                self.compare(one.properties[name], two.properties[name], place)
        for name in sorted(two.required ^ one.required):
            if name not in one.properties and name not in two.properties:
                self._requiredness(name, one, two, at.inside(name))

    def _flag(self, schemas: Schemas, node: Node, flag: str) -> bool:
        return schemas.use(node).view.facets.get(flag) is True

    def _removed_property(self, name: str, one: View, two: View, at: Place) -> None:
        old = one.properties[name]
        place = dataclasses.replace(at.inside(name), role="property")
        if at.context is Context.REQUEST:
            closed = two.additional is False
            effect = "a call that sends it is refused" if closed else "it may be ignored or refused when sent"
            self._emit(
                at.scope,
                BREAKING if closed else POTENTIAL,
                "request-property-removed",
                place.where,
                f"{name} removed",
                effect,
                old,
                None,
            )
        elif _insisted_on(name, one):
            self._required_removed(place, name, old)
        else:
            code = "response-optional-property-removed"
            self._emit(
                at.scope, POTENTIAL, code, place.where, f"{name} removed", "reads as None from now on", old, None
            )

    def _required_removed(self, place: Place, name: str, old: Node) -> None:
        level, effect = BREAKING, "every answer raises ResponseError, which names it"
        if place.context is Context.ERROR:
            level, effect = POTENTIAL, "the error no longer says this about itself"
        self._emit(
            place.scope, level, "response-required-property-removed", place.where, f"{name} removed", effect, old, None
        )

    def _added_property(self, name: str, two: View, at: Place) -> None:
        new = two.properties[name]
        where = at.inside(name).where
        if at.context is not Context.REQUEST:
            kind = "required" if name in two.required else "optional"
            effect = "kept in additional_properties until the SDK is regenerated; a regenerated SDK needs "
            effect += "a server that sends it" if kind == "required" else "nothing"
            self._emit(at.scope, ADDITIVE, f"response-{kind}-property-added", where, f"{name} added", effect, None, new)
        elif name not in two.required:
            self._emit(
                at.scope,
                ADDITIVE,
                "new-optional-request-property",
                where,
                f"{name} added",
                "it can be left out",
                None,
                new,
            )
        else:
            has_default = "default" in self.new.use(new).view.facets
            effect = "a call without it means the default" if has_default else "a call without it is refused"
            level = POTENTIAL if has_default else BREAKING
            self._emit(at.scope, level, "new-required-request-property", where, f"{name} added", effect, None, new)

    def _requiredness(self, name: str, one: View, two: View, at: Place) -> None:
        before, after = name in one.required, name in two.required
        if before == after:
            return
        place = dataclasses.replace(at, role="property")
        request = at.context is Context.REQUEST
        if request and after:
            schema = two.properties.get(name, True)
            has_default = "default" in self.new.use(schema).view.facets
            effect = "a call without it means the default" if has_default else "a call without it is refused"
            self._report(
                place, POTENTIAL if has_default else BREAKING, "became-required", f"{name} is required", effect
            )
        elif request:
            self._report(
                place, ADDITIVE, "became-optional", f"{name} can be left out", "nothing is refused that was accepted"
            )
        elif after:
            self._report(
                place,
                ADDITIVE,
                "became-required",
                f"{name} is always sent",
                "a regenerated SDK relies on it, so it needs a server that sends it",
            )
        else:
            self._report(
                place,
                BREAKING,
                "became-optional",
                f"{name} may be missing",
                "an answer without it raises ResponseError, which names it",
            )

    def _additional(self, one: View, two: View, at: Place) -> None:
        old, new = one.additional, two.additional
        if old is not False and new is not False:
            if old is not True or new is not True:
                self.compare(old, new, at.inside("{}"))
            return
        if old is new:
            return
        detail = f"additionalProperties: {arrow(old, new)}"
        if old is False:
            self._report(
                at,
                ADDITIVE,
                "additional-properties-allowed",
                detail,
                "other properties are kept in additional_properties",
            )
        elif at.context is Context.REQUEST:
            self._report(
                at, BREAKING, "additional-properties-forbidden", detail, "a call that sends other properties is refused"
            )
        else:
            level = ADDITIVE if old is True else POTENTIAL
            self._report(at, level, "additional-properties-forbidden", detail, "additional_properties stays empty")

    def _union(self, one: View, two: View, nodes: tuple[Node, Node], at: Place) -> None:
        old = list(one.variants) if one.union else [nodes[0]]
        new = list(two.variants) if two.union else [nodes[1]]
        if one.union and two.union and one.union != two.union:
            effect = "a value may fit several variants, or no longer may"
            self._report(at, POTENTIAL, "union-kind-changed", arrow(one.union, two.union), effect)
        if not one.union or not two.union:
            old = [_without_null(node) for node in old]
            new = [_without_null(node) for node in new]
        pairs, removed, added = self._matched(old, new)
        request = at.context is Context.REQUEST
        listing = (nodes[0], nodes[1])
        kind = (two.union or one.union).replace("Of", "-of")
        for variant in added:
            detail = f"new variant {_label(variant)}"
            if request:
                self._report(at, ADDITIVE, f"{kind}-added", detail, "nothing is refused that was accepted", *listing)
            elif OPEN_UNION in one.prose:
                effect = "kept whole as the object for unknown kinds; a match on the classes misses it"
                self._report(at, POTENTIAL, f"{kind}-added", detail, effect, *listing)
            elif not one.discriminator and self._takes_everything(old):
                effect = "read as the variant that fits anything, all keys kept"
                self._report(at, POTENTIAL, f"{kind}-added", detail, effect, *listing)
            else:
                effect = "raises ResponseError, or is read as another variant that happens to fit"
                self._report(at, BREAKING, f"{kind}-added", detail, effect, *listing)
        for variant in removed:
            detail = f"variant {_label(variant)} removed"
            level = BREAKING if request else ADDITIVE
            effect = "a call that sends it is refused" if request else "it is not sent any more"
            self._report(at, level, f"{kind}-removed", detail, effect, *listing)
        if one.union and two.union:
            self._discriminator(one, two, at)
        for before, after in pairs:
            self.compare(before, after, at if not (one.union and two.union) else at.inside(f"|{_label(before)}"))

    def _matched(self, old: list[Node], new: list[Node]) -> tuple[list[tuple[Node, Node]], list[Node], list[Node]]:
        """The variants of two unions that belong together, and those that are only in one."""
        pairs: list[tuple[Node, Node]] = []
        removed, added = list(old), list(new)

        def pair(key: Callable[[Schemas, Node], Any]) -> None:
            for before in list(removed):
                name = key(self.old, before)
                match = next((after for after in added if name is not None and key(self.new, after) == name), None)
                if match is not None:
                    pairs.append((before, match))
                    removed.remove(before)
                    added.remove(match)

        pair(lambda schemas, node: schemas.use(node).name)
        pair(lambda schemas, node: schemas.use(node).view.prose.get("title"))
        pair(_shape)
        pair(lambda schemas, node: _names(schemas, node) or None)
        # What is left on both sides and is alike: one variant that was changed.
        for before in list(removed):
            alike = [after for after in added if self._alike(before, after)]
            if len(alike) == 1 or (alike and len(removed) == len(added)):
                pairs.append((before, alike[0]))
                removed.remove(before)
                added.remove(alike[0])
        return pairs, removed, added

    def _alike(self, old: Node, new: Node) -> bool:
        one, two = self.old.use(old), self.new.use(new)
        if one.view.types != two.view.types or one.view.types is None:
            return False
        names = (one.view.properties.keys(), two.view.properties.keys())
        if not names[0] and not names[1]:
            return one.name is None and two.name is None
        return len(names[0] & names[1]) * 2 >= max(len(names[0]), len(names[1]))

    def _takes_everything(self, variants: list[Node]) -> bool:
        views = [self.old.use(node).view for node in variants]
        return any(view.types is None or (view.types == {"object"} and not view.required) for view in views)

    def _discriminator(self, one: View, two: View, at: Place) -> None:
        old, new = one.discriminator, two.discriminator
        if old.get("propertyName") != new.get("propertyName"):
            detail = f"discriminator: {arrow(old.get('propertyName', 'none'), new.get('propertyName', 'none'))}"
            level = BREAKING if old and new else POTENTIAL
            aspect = (
                "discriminator-changed" if old and new else "discriminator-added" if new else "discriminator-removed"
            )
            self._report(at, level, aspect, detail, "the SDK tells the variants apart by it", old, new)
            return
        before, after = _mapping(one), _mapping(two)
        for value in sorted(before.keys() | after.keys()):
            if before.get(value) == after.get(value):
                continue
            detail = f"discriminator {short(value)}: {arrow(before.get(value, 'none'), after.get(value, 'none'))}"
            if value not in after:
                level = BREAKING if at.context is Context.REQUEST else POTENTIAL
                self._report(
                    at, level, "discriminator-mapping-removed", detail, "the value no longer tells a variant", old, new
                )
            elif value not in before:
                level = ADDITIVE if at.context is Context.REQUEST else POTENTIAL
                self._report(
                    at, level, "discriminator-mapping-added", detail, "the SDK does not know the value yet", old, new
                )
            else:
                self._report(
                    at,
                    BREAKING,
                    "discriminator-mapping-changed",
                    detail,
                    "the SDK reads it as the old variant",
                    old,
                    new,
                )
        handled = ("propertyName", "mapping")
        rest = [{key: value for key, value in side.items() if key not in handled} for side in (old, new)]
        self._rest({"discriminator": rest[0]}, {"discriminator": rest[1]}, at)

    def _rest(self, old: Json, new: Json, at: Place) -> None:
        for key in sorted(old.keys() | new.keys()):
            if fingerprint(old.get(key)) != fingerprint(new.get(key)):
                detail = f"{key}: {arrow(old.get(key, 'none'), new.get(key, 'none'))}"
                self._emit(
                    at.scope,
                    POTENTIAL,
                    "unclassified",
                    at.where,
                    detail,
                    "no rule explains this change: read it",
                    old.get(key),
                    new.get(key),
                )

    def _prose(self, old: Json, new: Json, at: Place, nodes: tuple[Node, Node]) -> None:
        for code, detail in prose_changes(old, new):
            sides = (self.old.shown(nodes[0]), self.new.shown(nodes[1]))
            self._emit(at.scope, DOCS, code, at.where, detail, "documentation only", *sides)


def prose_changes(old: Json, new: Json) -> Iterator[tuple[str, str]]:
    """Code and detail of every difference in what documents a thing."""
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if before == after or key in (OPEN_UNION, SDK_REQUIRED, "$defs", "definitions"):
            continue
        if key == "deprecated":
            if bool(before) != bool(after):
                yield ("deprecated" if after else "reactivated"), "deprecated" if after else "no longer deprecated"
            continue
        code = "extension" if key.startswith("x-") else {"externalDocs": "external-docs"}.get(key, key.strip("$"))
        yield (
            f"{code}-changed",
            f"{key}: {arrow('none' if before is None else before, 'none' if after is None else after)}",
        )


def _insisted_on(name: str, view: View) -> bool:
    """Whether the SDK raises ResponseError without a property: it is required, in the definition or by an overlay."""
    return name in view.required or name in view.prose.get(SDK_REQUIRED, ())


def _is_closed(view: View) -> bool:
    """Whether the generated enum refuses other values: one value, or values that are not text."""
    return view.enum is not None and (len(view.enum) < 2 or not all(isinstance(value, str) for value in view.enum))


def _is_just_union(view: View) -> bool:
    return not view.properties and view.items is None and view.enum is None


def _closure(types: frozenset[str] | None) -> frozenset[str] | None:
    return types | {"integer"} if types and "number" in types else types


def _same_text(one: View, two: View) -> bool:
    """Whether a parameter reads the same in a URL: any value is text, and one value is a list of one."""
    if (
        two.types == frozenset({"string"})
        and "format" not in two.facets
        and two.enum is None
        and "pattern" not in two.facets
    ):
        return bool(one.types and one.types <= _PLAIN)
    return two.types == frozenset({"array"}) and bool(one.types and one.types <= _PLAIN)


def _greater(one: Any, two: Any) -> bool:
    try:
        return bool(one > two)
    except TypeError:
        return False


def _is_tighter(key: str, old: Any, new: Any) -> bool | None:
    if old is None or new is None:
        return old is None
    if type(old) not in (int, float, bool) or type(new) not in (int, float, bool):
        return None
    if key in LOWER or key == "uniqueItems":
        return bool(new > old)
    return bool(new < old) if key in UPPER else None


def _label(variant: Node) -> str:
    if isinstance(variant, bool):
        return "any"
    reference = variant.get("$ref")
    if reference is None and len(variant.get("allOf", [])) == 1:
        return _label(variant["allOf"][0])
    name = schema_name(str(reference)) if reference else None
    return short(name or variant.get("title") or variant.get("type") or reference or "inline", 40)


def _shape(_: Schemas, node: Node) -> str:
    return fingerprint(node)


def _names(schemas: Schemas, node: Node) -> frozenset[str]:
    return frozenset(schemas.use(node).view.properties)


def _mapping(view: View) -> dict[str, str]:
    """Value to component of a discriminator; without a mapping, the names of the components are the values."""
    if not view.discriminator:
        return {}
    explicit = view.discriminator.get("mapping")
    if isinstance(explicit, dict):
        return {str(value): schema_name(str(target)) or str(target) for value, target in explicit.items()}
    names = [_label(variant) for variant in view.variants]
    return {name: name for name in names}


def _without_null(node: Node) -> Node:
    """A schema as one variant of a union: whether it may be null has been looked at already."""
    if isinstance(node, dict) and node.get("nullable") is True and "$ref" not in node:
        return {key: value for key, value in node.items() if key != "nullable"}
    if isinstance(node, dict) and isinstance(node.get("type"), list) and len(node["type"]) > 1:
        types = [kind for kind in node["type"] if kind != "null"]
        return {**node, "type": types[0] if len(types) == 1 else types}
    return node
