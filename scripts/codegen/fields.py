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

from .documents import Json
from .errors import GenerationError
from .made import Made
from .naming import literal, plain, snake_case, visible

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
    node: Json
    name: str
    annotation: str
    reader: str
    take: str
    mask: str | None
    required: bool
    nullable: bool
    default: str
    description: str

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
            taken = f"{self.take}(properties, {self.name}, {self.reader})"
            # A constant is of a narrower type than what is compared with it.
            return f"cast({self.annotation!r}, {taken})" if kind_of(self.prop) == "const" else taken
        absent = "missing" if self.required else "None"
        return f"v if type(v := take(n := {self.name}, {absent})) {self.as_it_is} else read({self.reader}, v, n)"

    @property
    def docstring(self) -> str:
        """The line about the property in the docstring of its class."""
        description = strings.safe_for_docstring(self.description)
        return f"{self.python_name} ({strings.safe_for_docstring(self.annotation)}): {description}"


class Fields:
    """Looks at properties together with their schemas, of which the generator keeps only a part."""

    def __init__(self, classes: dict[str, Made]) -> None:
        self._classes = classes

    def of(self, model: ModelProperty) -> list[Field]:
        """The properties of a model, required ones first."""
        properties = [*(model.required_properties or []), *(model.optional_properties or [])]
        return [self._field(model, prop) for prop in properties]

    def is_written(self, model: ModelProperty) -> bool:
        """Whether a model is for bodies of requests alone, where absent and null are different things."""
        return bool(self._classes[model.class_info.name].schema.get("x-write"))

    def additional(self, model: ModelProperty) -> tuple[str, str] | None:
        """Type and reader of the properties that the definition does not name; None where they can be anything."""
        node = self._classes[model.class_info.name].schema["additionalProperties"]
        prop = model.additional_properties
        if not isinstance(node, dict) or kind_of(prop) in {"anything", "file"}:
            return None
        return self.annotation(prop, node), self.reader(prop, node, nullable=True)

    def annotation(self, prop: Any, node: Json) -> str:
        """The type of a value that is there, None included where the definition allows null."""
        if kind_of(prop) == "file":
            return "Any"  # JSON cannot hold one, so that nothing is ever read as it
        if kind_of(prop) == "list":
            annotation = f"list[{self.annotation(prop.inner_property, node.get('items', {}))}]"
        elif kind_of(prop) == "union":
            inner = [
                self.annotation(each, self._variant(node, index)) for index, each in enumerate(prop.inner_properties)
            ]
            inner += ["UnknownKind"] if self.is_open(prop) else []
            annotation = "Any" if "Any" in inner else " | ".join(sorted(dict.fromkeys(inner), key=str.lower))
        else:
            annotation = str(prop.get_type_string(no_optional=True).as_unembedded_code())
        return _with(annotation, "None") if node.get("x-nullable") else annotation

    def reader(self, prop: Any, node: Json, *, nullable: bool = False) -> str:
        """The function that reads a value that is there, or where it may be `nullable`, a null as well."""
        kind = kind_of(prop)
        if kind == "model":
            reader = f"{prop.class_info.name}.from_dict"
        elif kind == "enum":
            reader = str(prop.class_info.name)
        elif kind == "list":
            reader = f"items({self.reader(prop.inner_property, node.get('items', {}), nullable=True)})"
        elif kind == "const":
            reader = f"exactly({prop.value.python_code.as_unembedded_code()})"
        else:
            reader = f"read_{prop.python_name}" if kind == "union" else kind
        return f"nullable({reader})" if nullable and node.get("x-nullable") and reader != "anything" else reader

    def is_open(self, union: Any) -> bool:
        """Whether a union knows all its kinds of objects by a discriminator, so that there can be others."""
        kinds = [kind_of(each) for each in union.inner_properties]
        models = [self._classes[each.class_info.name] for each in union.inner_properties if kind_of(each) == "model"]
        return bool(models) and "anything" not in kinds and all(each.discriminator for each in models)

    def variants(self, union: Any, node: Json) -> list[Json]:
        """The schemas of the variants of a union, in their order."""
        return [self._variant(node, index) for index, _ in enumerate(union.inner_properties)]

    def _variant(self, node: Json, index: int) -> Json:
        variants: list[Json] = node.get("anyOf", [])
        return variants[index] if index < len(variants) else {}

    def _field(self, model: ModelProperty, prop: Any) -> Field:
        node: Json = self._classes[model.class_info.name].schema["properties"][prop.python_name]
        nullable, written = bool(node.get("x-nullable")), self.is_written(model)
        annotation = self.annotation(prop, node)
        if written and not prop.required:
            annotation, take = _with(annotation, "Unchanged"), "given"
        elif not prop.required:
            annotation, take = _with(annotation, "None"), "optional_member" if kind_of(prop) == "enum" else "optional"
            take = "optional_object" if self._is_demanding(prop) else take
        else:
            take = "required"
        reader = self.reader(prop, node, nullable=take in {"required", "given"})
        if take == "optional_object":
            reader = ", ".join([reader, *map(literal, self._classes[prop.class_info.name].names.values())])
        return Field(
            prop=prop,
            node=node,
            name=literal(prop.name),
            annotation=annotation,
            reader=reader,
            take=take,
            mask=self._mask(prop, node),
            required=bool(prop.required),
            nullable=nullable,
            default="" if prop.required else "UNCHANGED" if written else "None",
            description=node.get("description") or visible(plain(prop.description or "")),
        )

    def _is_demanding(self, prop: Any) -> bool:
        """Whether a property is an object that cannot be empty."""
        return kind_of(prop) == "model" and bool(self._classes[prop.class_info.name].schema["required"])

    def _mask(self, prop: Any, node: Json) -> str | None:
        """The function that makes the repr of a secret property, or None."""
        redact = node.get("x-redact")
        if redact is None:
            return _guessed_mask(prop)
        try:
            return _MASKS[str(redact)]
        except KeyError:
            raise GenerationError(f"x-redact of {plain(prop.name)} is none of {', '.join(_MASKS)}") from None


def _guessed_mask(prop: Any) -> str | None:
    name = snake_case(plain(prop.name))
    if kind_of(prop) not in {"text", "anything", "list"}:
        return None
    if _SECRET.search(name):
        return "mask_all"
    return "mask_query" if kind_of(prop) == "text" and _URL.search(name) else None


def _with(annotation: str, member: str) -> str:
    """A union with one more member; nothing is added to what takes anything."""
    return annotation if annotation == "Any" or member in annotation.split(" | ") else f"{annotation} | {member}"
