"""Schemas in the form that the generator takes as it is: classes with names of their own, and how to refer to them.

Every object and every enum becomes a class, those inside others too; `allOf` becomes one class with the properties of
all its parts; references to what is no class are resolved. So nothing is left that the generator would name by itself,
drop, or fail on.

Besides what OpenAPI knows, the result has these marks: `x-nullable` on what may be null, `x-write` on a class that only
requests use, and what an overlay says (`x-redact`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, cast

from . import naming
from .documents import Json, follow
from .errors import At, GenerationError, pointer, refusal
from .made import (
    LIMITS,
    TYPE_NAMES,
    Made,
    constant,
    identity,
    inside,
    is_nullable,
    label_of,
    limits_of,
    listed,
    members_of,
    python_name,
    referring,
    values_of,
    weight,
)
from .parts import Part, Parts, has_properties, kind_of_schema, types_of

MAX_CLASSES: Final = 10_000
MAX_PROPERTIES: Final = 1_000
MAX_ALL_PROPERTIES: Final = 100_000
MAX_MEMBERS: Final = 10_000
# Lists of lists of unions and so on, beyond which a value is read as it is.
_MAX_WEIGHT: Final = 60

_FORMATS: Final = frozenset({"binary", "date", "date-time", "uuid"})
_SCALARS: Final = frozenset({"boolean", "integer", "null", "number", "string"})
_ANYTHING: Final[Json] = {}


class Shapes:
    """Turns the schemas of one document into classes, each once."""

    def __init__(self, document: Json, report: Callable[[GenerationError], None]) -> None:
        self._document = document
        self._report = report
        self._parts = Parts(document, self.wanted)
        self._made: dict[str, Made] = {}
        self._known: dict[int, Json] = {}
        self._open: set[int] = set()
        self._waiting: deque[tuple[Made, list[Part]]] = deque()
        self._properties = 0
        # Schemas that are put together here. They are known by their identity, which must not be given away again.
        self._kept: list[Json] = []
        self._wholes: dict[int, tuple[Json, Json]] = {}

    def take_components(self) -> None:
        """Make the classes of all components, used or not."""
        components = self._document.get("components", {})
        schemas = components.get("schemas", {}) if isinstance(components, dict) else components
        if not isinstance(schemas, dict):
            raise refusal(("components",), "it is not an object of objects")
        for key in sorted(schemas):
            at = ("components", "schemas", key)
            try:
                self.shape(schemas[key], at, self.wanted(at))
                self.finish()
            except GenerationError as error:
                self._report(error)

    def wanted(self, at: At) -> str:
        """The name of a class at some place of the document, from the keys that lead there."""
        if at[:2] == ("components", "schemas") and len(at) > 2:
            schema = self._document["components"]["schemas"].get(at[2], {})
            title = schema.get("title") if isinstance(schema, dict) else None
            name, rest = naming.class_name(title if isinstance(title, str) else at[2]), at[3:]
        else:
            name, rest = naming.class_name(" ".join(at[:3])), at[3:]
        for key in rest:
            if key not in {"properties", "allOf", "schema", "content"}:
                name = inside(name, {"items": "Item", "additionalProperties": "AdditionalProperty"}.get(key, key))
        return name

    def shape(self, node: Any, at: At, wanted: str) -> Json:
        """How a schema is referred to: by the class that is made for it, or by what it is.

        Parameters:
            node: The schema.
            at: Where it stands.
            wanted: The name of the class, if one is made.

        Raises:
            GenerationError: It cannot be read.
        """
        if isinstance(node, bool):
            return {}
        if not isinstance(node, dict):
            raise refusal(at, "it is not a schema")
        schema = cast(Json, node)
        if "$ref" not in schema:
            return dict(self._shape_of(schema, at, wanted))
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        if kind_of_schema(beside):  # OpenAPI 3.1 lets a reference have more beside it
            if id(schema) not in self._wholes:
                self._wholes[id(schema)] = schema, {"allOf": [{"$ref": schema["$ref"]}, beside]}
            return dict(self._shape_of(self._wholes[id(schema)][1], at, wanted))
        target, place = self._parts.target(schema, at)
        result = dict(self._shape_of(target, place, self.wanted(place))) if isinstance(target, dict) else {}
        if is_nullable(beside):
            result["x-nullable"] = True
        return result

    def finish(self) -> None:
        """Fill in the classes that are known so far."""
        while self._waiting:
            self._fill(*self._waiting.popleft())

    def classes(self) -> list[Made]:
        """All classes, each with a name of its own."""
        names = naming.assigned(
            {key: made.wanted for key, made in self._made.items()},
            place=naming.snake_case,
            suffixed=lambda name, digits: f"{name}{digits.upper()}",
            rank=lambda key: self._made[key].rank,
            taken=("models",),
        )
        for key, made in self._made.items():
            made.name = names[key]
        for made in self._made.values():
            made.schema = referring(made.schema)
        return sorted(self._made.values(), key=lambda made: made.name)

    def _keep(self, schema: Json) -> Json:
        self._kept.append(schema)
        return schema

    def _shape_of(self, schema: Json, at: At, wanted: str) -> Json:
        key = id(schema)
        if key not in self._known:
            if key in self._open or len(self._open) > _MAX_WEIGHT:  # a list of itself, for instance: no type says that
                return _ANYTHING
            self._open.add(key)
            try:
                result = self._new_shape(schema, at, wanted)
            finally:
                self._open.discard(key)
            if is_nullable(schema):
                result = {**result, "x-nullable": True}
            self._known[key] = result if weight(result) <= _MAX_WEIGHT else _ANYTHING
        return self._known[key]

    def _new_shape(self, schema: Json, at: At, wanted: str) -> Json:
        values = values_of(schema)
        if values is not None:
            return self._enum(values, schema, at, wanted) if values else {"type": "null"}
        if schema.get("allOf"):
            return self._all_of(schema, at, wanted)
        variants = [
            (str(index), keyword, variant)
            for keyword in ("anyOf", "oneOf")
            for index, variant in enumerate(listed(schema, keyword, at))
        ]
        # Variants that only limit what the schema itself says do not make it a union.
        is_union = any(not isinstance(each, dict) or kind_of_schema(cast(Json, each)) for _, _, each in variants)
        types = types_of(schema)
        if len(types) > 1 and not is_union:
            each = [(kind, "type", self._keep({**schema, "type": kind})) for kind in types]
            return self._union(schema, each, at, wanted)
        if kind_of_schema(schema) == "object" and (has_properties(schema) or not is_union):
            return self._class(schema, at, wanted, self._parts.of(schema, at, wanted))
        if is_union:
            return self._union(schema, variants, at, wanted)
        if "const" in schema:
            return constant(schema["const"])
        kind = types[0] if types else "array" if "items" in schema or "prefixItems" in schema else ""
        if kind == "array":
            items = schema.get("items", {})
            held = self.shape(items, (*at, "items"), inside(wanted, "Item"))
            return {"type": "array", "items": held, **limits_of(schema, kind)}
        if kind == "string" and str(schema.get("format")) in _FORMATS:
            return {"type": "string", "format": schema["format"]}
        if kind == "file" or (
            kind == "string"
            and "contentMediaType" in schema
            and "contentEncoding" not in schema
            and "json" not in str(schema["contentMediaType"])
        ):
            return {"type": "string", "format": "binary"}
        return {"type": kind, **limits_of(schema, kind)} if kind in _SCALARS else {}

    def _union(self, schema: Json, variants: list[tuple[str, str, Any]], at: At, wanted: str) -> Json:
        found: dict[str, Json] = {}
        nullable = False
        for index, keyword, variant in variants:
            place = at if keyword == "type" else (*at, keyword, index)
            is_one_of_many = keyword != "type" and sum(each != {"type": "null"} for _, _, each in variants) > 1
            one = self.shape(variant, place, inside(wanted, label_of(variant)) if is_one_of_many else wanted)
            if one.get("type") == "null":
                nullable = True
                continue
            nullable = nullable or bool(one.pop("x-nullable", False))
            one.pop(LIMITS, None)  # a limit of one variant does not apply to the others
            self._note_discriminator(schema, variant, one, place)
            for each in one.get("anyOf", [one]):
                found.setdefault(identity(each), each)
        shapes = list(found.values())
        result = {} if {} in shapes or not shapes else shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
        return {**result, "x-nullable": True} if nullable else dict(result)

    def _note_discriminator(self, schema: Json, variant: Any, one: Json, at: At) -> None:
        """Remember by which values of which property a variant is told."""
        discriminator = schema.get("discriminator")
        made = one.get("$ref")
        if (
            not isinstance(discriminator, dict)
            or not isinstance(discriminator.get("propertyName"), str)
            or not isinstance(made, Made)
        ):
            return
        name = discriminator["propertyName"]
        mapping = discriminator.get("mapping")
        values = [
            str(value)
            for value, reference in (mapping.items() if isinstance(mapping, dict) else ())
            if self._is_reference_to(str(reference), made, at)
        ]
        if not values and isinstance(variant, dict):
            values = [str(value) for value in self._parts.only_values(cast(Json, variant), name, at, made.wanted)]
        if values:
            known = made.discriminator[1] if made.discriminator and made.discriminator[0] == name else []
            made.discriminator = (name, list(dict.fromkeys([*known, *values])))

    def _is_reference_to(self, reference: str, made: Made, at: At) -> bool:
        if "/" not in reference:
            reference = f"#/components/schemas/{reference}"
        try:
            target, place = self._parts.target({"$ref": reference}, at)
        except GenerationError:
            return False
        return isinstance(target, dict) and self._shape_of(target, place, self.wanted(place)).get("$ref") is made

    def _all_of(self, schema: Json, at: At, wanted: str) -> Json:
        own = {key: value for key, value in schema.items() if key != "allOf"}
        direct = [
            (index, part)
            for index, part in enumerate(listed(schema, "allOf", at))
            if isinstance(part, dict)
            and self._parts.says_something(cast(Json, part), (*at, "allOf", str(index)), wanted)
        ]
        nullable = any(is_nullable(part) for part in schema["allOf"] if isinstance(part, dict) and "$ref" not in part)
        if not kind_of_schema(own) and len(direct) == 1:
            index, part = direct[0]
            result = self.shape(part, (*at, "allOf", str(index)), wanted)
            return {**result, "x-nullable": True} if nullable else result
        parts = self._parts.of(schema, at, wanted)
        kinds = [(kind_of_schema(part.own), part) for part in parts]
        if any(kind == "object" for kind, _ in kinds):
            if any(kind in {"value", "array"} for kind, _ in kinds):
                return {}  # nothing is an object and something else
            return self._class(schema, at, wanted, parts)
        order = ("union", "value", "array")
        best = max(
            (part for kind, part in kinds if kind in order),
            key=lambda part: (
                values_of(part.own) is not None or "const" in part.own,
                order.index(kind_of_schema(part.own)),
                "format" in part.own,
            ),
            default=None,
        )
        if best is None:
            return {}
        return self.shape(best.node if "allOf" not in best.node else self._keep(best.own), best.at, best.owner)

    def _class(self, schema: Json, at: At, wanted: str, parts: list[Part]) -> Json:
        made = self._new(schema, at, wanted)
        made.schema = {"type": "object", "x-write": bool(schema.get("x-write"))}
        result: Json = {"$ref": made}
        self._known[id(schema)] = {**result, "x-nullable": True} if is_nullable(schema) else result
        self._waiting.append((made, parts))
        return result

    def _new(self, schema: Json, at: At, wanted: str) -> Made:
        if len(self._made) >= MAX_CLASSES:
            raise refusal(at, f"there are more than {MAX_CLASSES} objects and enums", "can remove what is not needed")
        is_component = at[:2] == ("components", "schemas") and len(at) == 3
        key = at[2] if is_component else self._key(at)
        while key in self._made:
            key += "'"
        if isinstance(title := schema.get("title"), str):
            made = Made(key, naming.class_name(title), 0, at)
        else:
            made = Made(key, wanted, 1 if is_component else 2, at)
        self._made[key] = made
        return made

    def _key(self, at: At) -> str:
        """What the name of a class inside something follows from: its place, without the order of lists."""
        node: Any = self._document
        found: list[str] = []
        for key in at:
            if isinstance(node, list) and key.isdigit() and int(key) < len(node):
                node = node[int(key)]
                known = follow(self._document, node)
                is_parameter = found[-1] == "parameters" and isinstance(known, dict)
                found.append(f"{known.get('in')} {known.get('name')}" if is_parameter else label_of(node))
            else:
                node = cast(Json, node).get(key) if isinstance(node, dict) else None
                found.append(key)
        return pointer(tuple(found))

    def _fill(self, made: Made, parts: list[Part]) -> None:
        """Give a class its properties."""
        declared, required = self._parts.properties(parts)
        self._properties += len(declared)
        if len(declared) > MAX_PROPERTIES or self._properties > MAX_ALL_PROPERTIES:
            raise refusal(
                made.at,
                f"{len(declared)} properties are too many: at most {MAX_PROPERTIES} in an object and"
                f" {MAX_ALL_PROPERTIES} in all",
            )
        names = naming.assigned({name: python_name(name, found) for name, found in declared.items()})
        made.names = {names[name]: name for name in declared}
        properties: Json = {}
        for name, found in declared.items():
            try:
                properties[names[name]] = self._property(name, found, made)
            except GenerationError as error:
                self._report(error)
                properties[names[name]] = {}
        description = next(
            (part.own["description"] for part in reversed(parts) if isinstance(part.own.get("description"), str)), ""
        )
        made.schema |= {
            "description": naming.visible(description),
            "properties": properties,
            "required": [names[name] for name in declared if name in required],
            "additionalProperties": self._additional(parts),
        }

    def _property(self, name: str, found: list[Part], made: Made) -> Json:
        last = found[-1]
        nodes = [part.node for part in found]
        if all(node == last.node for node in nodes):
            node = found[0]
            result = self.shape(node.node, node.at, inside(node.owner, name))
        else:
            whole = self._keep({"allOf": nodes, "x-write": made.schema["x-write"]})
            result = self.shape(whole, (*made.at, "properties", name), inside(made.wanted, name))
        texts = [part.node.get("description") for part in found]
        result["description"] = naming.visible(next((text for text in reversed(texts) if isinstance(text, str)), ""))
        for part in found:
            if "x-redact" in part.node:
                result["x-redact"] = part.node["x-redact"]
        return result

    def _additional(self, parts: list[Part]) -> Json | bool:
        for part in parts:
            schema = part.own.get("additionalProperties")
            if isinstance(schema, dict) and not part.optional:
                return self.shape(schema, (*part.at, "additionalProperties"), inside(part.owner, "AdditionalProperty"))
        return True

    def _enum(self, values: list[Any], schema: Json, at: At, wanted: str) -> Json:
        kinds = {type(value) for value in values}
        if kinds not in ({str}, {int}):
            known: list[Json] = [{"type": TYPE_NAMES[kind]} for kind in sorted(kinds, key=str) if kind in TYPE_NAMES]
            if len(known) < len(kinds):
                return {}
            return known[0] if len(known) == 1 else {"anyOf": known}
        if len(values) > MAX_MEMBERS:
            raise refusal(at, f"{len(values)} values are more than the {MAX_MEMBERS} that an enum can have")
        made = self._new(schema, at, wanted)
        made.members = members_of(values, schema.get("x-enum-varnames"))
        kind = kinds.pop()
        description = schema.get("description")
        made.schema = {
            "type": TYPE_NAMES[kind],
            "enum": [kind()],
            "x-enum-varnames": ["ANY"],
            "description": naming.visible(description if isinstance(description, str) else ""),
        }
        return {"$ref": made}
