"""Properties of models and parameters of operations, as the templates show them: type, reader, default, mask."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from openapi_python_client import strings
from openapi_python_client.parser.properties.any import AnyProperty
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.const import ConstProperty
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.enum_property import EnumProperty
from openapi_python_client.parser.properties.file import FileProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.model_property import ModelProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.string import StringProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.parser.properties.uuid import UuidProperty
from openapi_python_client.schema import Reference, Schema

from .documents import Json, follow
from .errors import GenerationError
from .naming import literal, plain

# The reader in reading.py for each simple kind of property.
_READERS: dict[type, str] = {
    AnyProperty: "anything",
    BooleanProperty: "boolean",
    DateProperty: "date",
    DateTimeProperty: "date_time",
    FileProperty: "file",
    FloatProperty: "number",
    IntProperty: "integer",
    NoneProperty: "nothing",
    StringProperty: "text",
    UuidProperty: "unique_id",
}
_KINDS: dict[type, str] = {
    ConstProperty: "const",
    EnumProperty: "enum",
    ListProperty: "list",
    ModelProperty: "model",
    UnionProperty: "union",
}
# What the value of a simple property has to be to be taken as it is: one that is required, and one that is optional.
_AS_IT_IS = {
    "boolean": ("is bool", "in booleans"),
    "integer": ("is int", "in integers"),
    "number": (None, "in numbers"),
    "text": ("is str", "in texts"),
}
_MASKS = {"all": "mask_all", "query": "mask_query", "values": "mask_values", "none": None}

# Properties that are masked although no overlay says so: whoever adopts a definition must not leak what it holds.
_SECRET = re.compile(r"(?:^|_)(?:password|passwd|secret|token|key|signature|sas|credentials?)$")
_URL = re.compile(r"(?:^|_)(?:url|uri|href|link)$")

Node = Schema | Reference | None


def kind_of(prop: Any) -> str:
    """What a property is: one of the compound kinds, or the name of its reader in reading.py."""
    try:
        return _KINDS.get(type(prop)) or _READERS[type(prop)]
    except KeyError:
        raise GenerationError(f"the templates cannot read a {type(prop).__name__}: {plain(prop.name)}") from None


@dataclass(frozen=True)
class Field:
    """A property of a model."""

    prop: Any
    name: str
    annotation: str
    reader: str
    take: str
    mask: str | None
    required: bool
    nullable: bool
    default: str

    @property
    def python_name(self) -> str:
        """The name of the attribute."""
        return str(self.prop.python_name)

    @property
    def as_it_is(self) -> str | None:
        """The test of the type of a value that is taken without a call; None where there is none."""
        required, optional = _AS_IT_IS.get(self.reader, (None, None))
        return {"required": required, "optional": optional}.get(self.take)

    @property
    def taken(self) -> str:
        """The expression that takes the property out of `properties`."""
        if self.as_it_is is None:
            return f"{self.take}(properties, {self.name}, {self.reader})"
        absent = "missing" if self.required else "None"
        return f"v if type(v := take(n := {self.name}, {absent})) {self.as_it_is} else read({self.reader}, v, n)"

    @property
    def docstring(self) -> str:
        """The line about the property in the docstring of its class."""
        description = strings.safe_for_docstring(self.prop.description or "")
        return f"{self.python_name} ({strings.safe_for_docstring(self.annotation)}): {description}"


class Fields:
    """Looks at properties together with their schemas, of which the generator keeps only a part."""

    def __init__(self, document: Json) -> None:
        self._document = document

    def of(self, model: ModelProperty) -> list[Field]:
        """The properties of a model, required ones first."""
        properties = [*(model.required_properties or []), *(model.optional_properties or [])]
        return [self._field(model, prop) for prop in properties]

    def is_written(self, model: ModelProperty) -> bool:
        """Whether a model is for bodies of requests alone, where absent and null are different things."""
        return bool((model.data.model_extra or {}).get("x-write"))

    def annotation(self, prop: Any, node: Node) -> str:
        """The type of a value that is there, None included where the definition allows null."""
        if kind_of(prop) == "file":
            return "Any"  # JSON cannot hold one, so that nothing is ever read as it
        if kind_of(prop) == "list":
            annotation = f"list[{self.annotation(prop.inner_property, self._items(node))}]"
        else:
            annotation = str(prop.get_type_string(no_optional=True).as_unembedded_code())
        return _with(annotation, "None") if self._is_nullable(node) else annotation

    def reader(self, prop: Any, node: Node) -> str:
        """The function that reads a value that is there."""
        kind = kind_of(prop)
        if kind == "model":
            return f"{prop.class_info.name}.from_dict"
        if kind == "enum":
            return str(prop.class_info.name)
        if kind == "list":
            items = self._items(node)
            reader = self.reader(prop.inner_property, items)
            return f"items(nullable({reader}))" if self._is_nullable(items) else f"items({reader})"
        if kind == "const":
            return f"exactly({prop.value.python_code.as_unembedded_code()})"
        return f"read_{prop.python_name}" if kind == "union" else kind

    def _field(self, model: ModelProperty, prop: Any) -> Field:
        node = self._node(model.data, prop.name)
        nullable, written = self._is_nullable(node), self.is_written(model)
        annotation, reader = self.annotation(prop, node), self.reader(prop, node)
        if written and not prop.required:
            annotation, take = _with(annotation, "Unchanged"), "given"
        elif not prop.required:
            annotation, take = _with(annotation, "None"), "optional_member" if kind_of(prop) == "enum" else "optional"
            if self._is_demanding(prop):
                members = [*prop.required_properties, *(prop.optional_properties or [])]
                take, reader = "optional_object", ", ".join([reader, *(literal(member.name) for member in members)])
        else:
            take = "required"
        if nullable and take in {"required", "given"}:
            reader = f"nullable({reader})"
        default = "" if prop.required else "UNCHANGED" if written else "None"
        name, mask = literal(prop.name), self._mask(prop, node)
        return Field(prop, name, annotation, reader, take, mask, bool(prop.required), nullable, default)

    def _is_demanding(self, prop: Any) -> bool:
        """Whether a property is an object that cannot be empty."""
        return kind_of(prop) == "model" and bool(prop.required_properties)

    def _node(self, schema: Schema, name: Any) -> Node:
        """The schema of a property, wherever in `allOf` it is."""
        if schema.properties and name in schema.properties:
            return schema.properties[name]
        for part in schema.allOf:
            found = self._node(self._schema(part), name)
            if found is not None:
                return found
        return None

    def _schema(self, node: Schema | Reference) -> Schema:
        if isinstance(node, Schema):
            return node
        return Schema.model_validate(follow(self._document, {"$ref": plain(node.ref)}))

    def _items(self, node: Node) -> Node:
        return None if node is None else self._schema(node).items

    def _is_nullable(self, node: Node) -> bool:
        while node is not None:
            if (node.model_extra or {}).get("x-nullable"):
                return True
            if isinstance(node, Reference):
                node = self._schema(node)
            else:
                node = node.allOf[0] if len(node.allOf) == 1 else None
        return False

    def _mask(self, prop: Any, node: Node) -> str | None:
        """The function that makes the repr of a secret property, or None."""
        redact = (node.model_extra or {}).get("x-redact") if node is not None else None
        if redact is None:
            return _guessed_mask(prop)
        try:
            return _MASKS[str(redact)]
        except KeyError:
            raise GenerationError(f"x-redact of {plain(prop.name)} is none of {', '.join(_MASKS)}") from None


def _guessed_mask(prop: Any) -> str | None:
    name = strings.snake_case(plain(prop.name))
    if kind_of(prop) not in {"text", "anything", "list"}:
        return None
    if _SECRET.search(name):
        return "mask_all"
    return "mask_query" if kind_of(prop) == "text" and _URL.search(name) else None


def _with(annotation: str, member: str) -> str:
    """A union with one more member; nothing is added to what takes anything."""
    return annotation if annotation == "Any" or member in annotation.split(" | ") else f"{annotation} | {member}"
