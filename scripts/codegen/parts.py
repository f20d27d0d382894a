"""What a schema consists of: the parts behind `allOf`, with references followed, and the properties of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from .documents import DocumentError, Json, target_of
from .errors import At, GenerationError, refusal

MAX_CHAIN: Final = 100
MAX_PARTS: Final = 500
_SCALARS: Final = frozenset({"boolean", "file", "integer", "null", "number", "string"})


@dataclass(frozen=True)
class Part:
    """A schema that another consists of.

    Attributes:
        node: The schema.
        at: Where it stands.
        owner: The name of the class that it belongs to.
        optional: Whether an object may do without it: it is one of several variants.
    """

    node: Json
    at: At
    owner: str
    optional: bool = False

    @property
    def own(self) -> Json:
        """What the schema says itself."""
        return (
            self.node
            if "allOf" not in self.node
            else {key: value for key, value in self.node.items() if key != "allOf"}
        )


class Parts:
    """Looks up the parts of the schemas of one document."""

    def __init__(self, document: Json, wanted: Callable[[At], str]) -> None:
        self._document = document
        self._wanted = wanted
        self._chains: dict[int, tuple[Json, list[Part] | GenerationError]] = {}

    def target(self, schema: Json, at: At) -> tuple[Any, At]:
        """What a reference leads to, and where that stands.

        Raises:
            GenerationError: It leads out of the document, nowhere, or back to itself.
        """
        node: Any = schema
        place = at
        for _ in range(MAX_CHAIN):
            if not isinstance(node, dict) or "$ref" not in node:
                return cast(Any, node), place
            reference = node["$ref"]
            if not isinstance(reference, str):
                raise refusal(place, "its $ref is not text")
            if not reference.startswith("#"):
                raise refusal(
                    place, f"it refers to another document, {reference[:100]!a}", "can put the schema itself there"
                )
            try:
                node = target_of(self._document, reference)
            except DocumentError:
                raise refusal(place, f"it refers to {reference[:100]!a}, which is not there") from None
            place = place_of(reference)
        raise refusal(at, f"its reference {str(schema['$ref'])[:100]!a} leads back to itself")

    def of(self, schema: Json, at: At, owner: str, above: tuple[int, ...] = ()) -> list[Part]:
        """All parts of a schema, what they inherit first, each once.

        Raises:
            GenerationError: It is a part of itself.
        """
        key = id(schema)
        if key not in self._chains:
            try:
                self._chains[key] = schema, self._found(schema, at, owner, above)
            except GenerationError as error:  # said once, and not looked for again by all that consist of it
                self._chains[key] = schema, error
        parts = self._chains[key][1]
        if isinstance(parts, GenerationError):
            raise parts
        return parts

    def _found(self, schema: Json, at: At, owner: str, above: tuple[int, ...]) -> list[Part]:
        if id(schema) in above:
            raise refusal(at, "it is a part of itself: its allOf leads back to it")
        if len(above) > MAX_CHAIN:
            raise refusal(at, f"its allOf goes over more than {MAX_CHAIN} levels")
        found: dict[int, Part] = {}
        parts = schema.get("allOf", [])
        if not isinstance(parts, list):
            raise refusal((*at, "allOf"), "it is not a list")
        for index, part in enumerate(parts):
            place = (*at, "allOf", str(index))
            for each in self._resolved(part, place, owner, (*above, id(schema))):
                found.setdefault(id(each.node), each)
        found[id(schema)] = Part(schema, at, owner)
        if len(found) > MAX_PARTS:
            raise refusal(at, f"it consists of more than {MAX_PARTS} parts")
        return list(found.values())

    def _resolved(self, node: Any, at: At, owner: str, above: tuple[int, ...]) -> list[Part]:
        if not isinstance(node, dict):
            return []
        part = cast(Json, node)
        if "$ref" not in part:
            return self.of(part, at, owner, above)
        target, place = self.target(part, at)
        inherited = self.of(cast(Json, target), place, self._wanted(place), above) if isinstance(target, dict) else []
        beside = {key: value for key, value in part.items() if key not in {"$ref", "allOf"}}
        return [*inherited, Part(part, at, owner)] if kind_of_schema(beside) else inherited

    def says_something(self, part: Json, at: At, owner: str) -> bool:
        """Whether a part says what a value is, and not only what to write about it or how it is limited."""
        return "$ref" in part or any(kind_of_schema(each.own) for each in self.of(part, at, owner))

    def properties(self, parts: list[Part]) -> tuple[dict[str, list[Part]], set[str]]:
        """The schemas of each property, and the names of those that are required."""
        declared: dict[str, list[Part]] = {}
        required: set[str] = set()
        for part in [each for one in parts for each in (one, *self._variants(one, parts))]:
            properties = part.own.get("properties", {})
            if not isinstance(properties, dict):
                raise refusal((*part.at, "properties"), "it is not an object")
            for name, node in cast(Json, properties).items():
                place = (*part.at, "properties", name)
                schema = cast(Json, {} if isinstance(node, bool) else node)
                if not isinstance(schema, dict):  # pyright: ignore[reportUnnecessaryIsInstance]
                    raise refusal(place, "it is not a schema")
                found = declared.setdefault(name, [])
                if not any(each.node is schema for each in found):
                    found.append(Part(schema, place, part.owner))
            names = part.own.get("required")
            if isinstance(names, list) and not part.optional:
                required.update(name for name in names if isinstance(name, str))
        return declared, required

    def _variants(self, part: Part, parts: list[Part]) -> list[Part]:
        """The parts of the variants of a part, all optional. Heirs of the part are no variants of what inherits it."""
        if "discriminator" in part.node:
            return []
        found: list[Part] = []
        for keyword in ("anyOf", "oneOf"):
            variants = part.node.get(keyword, [])
            for index, variant in enumerate(variants if isinstance(variants, list) else []):
                inner = self._resolved(variant, (*part.at, keyword, str(index)), part.owner, ())
                if all(each.node is not part.node for each in inner):
                    known = {id(each.node) for each in (*parts, *found)}
                    found += [
                        Part(each.node, each.at, each.owner, optional=True)
                        for each in inner
                        if id(each.node) not in known
                    ]
        return found[:MAX_PARTS]

    def only_values(self, variant: Json, name: str, at: At, owner: str) -> list[Any]:
        """The value of a property of a variant, where the schema knows only one."""
        declared, _ = self.properties(self._resolved(variant, at, owner, ()))
        for part in declared.get(name, []):
            schema, _ = self.target(part.node, part.at)
            if isinstance(schema, dict) and "const" in schema:
                return [schema["const"]]
            if isinstance(schema, dict) and isinstance(schema.get("enum"), list) and len(schema["enum"]) == 1:
                return list(schema["enum"])
        return []


def place_of(reference: str) -> At:
    """Where a reference within the document leads to."""
    from urllib.parse import unquote

    parts = reference.removeprefix("#").split("/")[1:]
    return tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in parts)


def types_of(schema: Json) -> list[str]:
    """The types of a schema, without null."""
    kinds = schema.get("type")
    found = kinds if isinstance(kinds, list) else [kinds]
    names = list(dict.fromkeys(kind for kind in found if isinstance(kind, str)))
    return [kind for kind in names if kind != "null"] or names


def kind_of_schema(schema: Json) -> str:
    """What a schema says that a value is: an object, an array, another value, or a union; nothing where it does not."""
    types = types_of(schema)
    if "object" in types or (not types and has_properties(schema)):
        return "object"
    if isinstance(schema.get("enum"), list) or "const" in schema or _SCALARS & set(types):
        return "value"
    if "array" in types or (not types and ("items" in schema or "prefixItems" in schema)):
        return "array"
    if "$ref" in schema or any(schema.get(keyword) for keyword in ("allOf", "anyOf", "oneOf")):
        return "union"
    return ""


def has_properties(schema: Json) -> bool:
    """Whether a schema says itself what is in an object."""
    return (
        "properties" in schema or "patternProperties" in schema or isinstance(schema.get("additionalProperties"), dict)
    )
