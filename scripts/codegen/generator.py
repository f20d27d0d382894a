"""Turn one OpenAPI document into one Python package with openapi-python-client and the templates beside this file.

The generator is used as a library: the document never has to be written to a file, and the templates can ask for what
the generator does not keep (discriminators, secrets, media types).
"""

from __future__ import annotations

import contextlib
import copy
import io
import re
from pathlib import Path
from typing import Any, cast

import openapi_python_client
from jinja2 import BaseLoader, BytecodeCache, ChoiceLoader, PackageLoader, PrefixLoader
from jinja2.bccache import Bucket
from openapi_python_client import Project, strings
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import Endpoint
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
from openapi_python_client.schema import Response as ResponseObject
from openapi_python_client.schema import Schema
from openapi_python_client.schema.untrusted_string import UntrustedString

Json = dict[str, Any]

GENERATOR = f"openapi-python-client {openapi_python_client.__version__}"
TEMPLATES = Path(__file__).parent / "templates"
UPSTREAM = "openapi_python_client"

# Warnings of the generator that are known and harmless. Any other fails the generation: the generator drops what it
# does not understand and only warns.
ALLOWED_WARNINGS: tuple[str, ...] = ()

# The reader in runtime.py for each simple kind of property.
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
_MASKS = {"all": "mask_all", "query": "mask_query", "values": "mask_values"}

# "iTwin" and "iModel" are one word each: `itwin_id`, not `i_twin_id`.
_BRANDS = re.compile(r"[iI](Twin|Model)")


class _CompiledTemplates(BytecodeCache):
    """Templates are the same for every document, so they are compiled once."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _CompiledTemplates()


class GenerationError(Exception):
    """A specification cannot be turned into a package without losing something."""


def _snake_case(value: Any) -> str:
    text: str = value if isinstance(value, str) else value.get_untrusted_value()
    return _original_snake_case(_BRANDS.sub(lambda match: f"I{match[1].lower()}", text))


_original_snake_case = strings.snake_case
strings.snake_case = _snake_case


def patch(text: str, old: str, new: str) -> str:
    """A template filter: change a passage of the generator's own template, which has to be there."""
    if old not in text:
        raise GenerationError(f"the generator's template no longer has the passage {old!r}")
    return text.replace(old, new)


def kind_of(prop: Any) -> str:
    """What a property is: one of the compound kinds, or the name of its reader in runtime.py."""
    try:
        return _KINDS.get(type(prop)) or _READERS[type(prop)]
    except KeyError:
        raise GenerationError(f"the templates cannot read a {type(prop).__name__}: {_text(prop.name)}") from None


def annotation_of(prop: Any) -> str:
    """The annotation of an attribute: `X`, or `X | None` where the property may be absent."""
    annotation: str = prop.get_type_string(no_optional=True).as_unembedded_code()
    if prop.required or "None" in annotation.split(" | ") or annotation == "Any":
        return annotation
    return f"{annotation} | None"


def default_of(prop: Any) -> str:
    """The default of an attribute."""
    return "None" if prop.default is None else prop.default.python_code.as_unembedded_code()


def attribute_docstring(prop: Any) -> str:
    """The line about a property in the docstring of its class."""
    description = strings.safe_for_docstring(prop.description or "")
    return f"{prop.python_name} ({strings.safe_for_docstring(annotation_of(prop))}): {description}"


def lazy_imports_of(model: ModelProperty) -> list[str]:
    """The imports of other models, those of its additional properties included."""
    found = set(model.lazy_imports or ())
    if model.additional_properties is not None:
        found |= model.additional_properties.get_lazy_imports(prefix="..")
    own = f"import {model.class_info.name}"
    return sorted(line for line in found if not line.endswith(own))


def mask_of(model: ModelProperty, prop: Any) -> str | None:
    """The function that makes the repr of a secret property (`x-redact` in an overlay), or None."""
    schema = (model.data.properties or {}).get(prop.name)
    redact = (schema.model_extra or {}).get("x-redact") if isinstance(schema, Schema) else None
    if redact is None:
        return None
    try:
        return _MASKS[str(redact)]
    except KeyError:
        raise GenerationError(f"x-redact of {_text(prop.name)} is none of {', '.join(_MASKS)}") from None


class _Questions:
    """What the templates ask about a document that the generator itself does not keep."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._discriminators = dict(self._find_discriminators(document))

    def _find_discriminators(self, node: object) -> Any:
        if isinstance(node, dict):
            discriminator = node.get("discriminator")
            if isinstance(discriminator, dict) and isinstance(discriminator.get("mapping"), dict):
                values: dict[str, list[str]] = {}
                for value, reference in discriminator["mapping"].items():
                    values.setdefault(self._class_name(str(reference)), []).append(str(value))
                for name, names in values.items():
                    yield name, (str(discriminator["propertyName"]), tuple(names))
            for child in node.values():
                yield from self._find_discriminators(child)
        elif isinstance(node, list):
            for child in node:
                yield from self._find_discriminators(child)

    def _class_name(self, reference: str) -> str:
        key = reference.rpartition("/")[2]
        schema = self._document.get("components", {}).get("schemas", {}).get(key, {})
        return strings.ClassName(str(schema.get("title", key)), "field_")

    def variants_of(self, union: UnionProperty) -> list[tuple[Any, str | None]]:
        """The variants of a union in the order to try them, each with the test to make first, if any.

        A variant with a discriminator is tried for its values only. Of several plain objects, the one with more
        properties comes first, and is tried if one of those that the later ones lack is there. What fits anything
        comes last.
        """

        def properties(variant: Any) -> list[str]:
            return [_text(name) for name in (variant.data.properties or {})] if kind_of(variant) == "model" else []

        def discriminated(variant: Any) -> bool:
            return kind_of(variant) == "model" and variant.class_info.name in self._discriminators

        def rank(variant: Any) -> tuple[int, int]:
            kind = kind_of(variant)
            if kind == "model":
                return (0, 0) if discriminated(variant) else (2, -len(properties(variant)))
            # An enum before the plain string that it would otherwise be lost to, and strings before what is freer.
            return {"nothing": (0, 0), "enum": (1, 0), "text": (4, 0), "anything": (5, 0)}.get(kind, (1, 1))

        any_discriminated = any(discriminated(inner) for inner in union.inner_properties)
        ordered = sorted(union.inner_properties, key=rank)
        result: list[tuple[Any, str | None]] = []
        for index, variant in enumerate(ordered):
            guard: str | None = None
            if discriminated(variant):
                name, values = self._discriminators[str(cast(ModelProperty, variant).class_info.name)]
                guard = f"has_value(data, {', '.join(map(_literal, (name, *values)))})"
            elif kind_of(variant) == "model" and not any_discriminated:
                later = {name for other in ordered[index + 1 :] for name in properties(other)}
                own = [name for name in properties(variant) if name not in later]
                guard = f"has_any(data, {', '.join(map(_literal, own))})" if own else None
            result.append((variant, guard))
        return result

    def operation_of(self, endpoint: Endpoint) -> dict[str, str]:
        """Id and path of an operation as the document has them; the generator renames the parameters in the path."""
        blank = re.compile(r"{[^}]*}")
        for path, item in self._document["paths"].items():
            if endpoint.method in item and blank.sub("{}", path) == blank.sub("{}", _text(endpoint.path)):
                return {"id": str(item[endpoint.method].get("operationId", endpoint.name)), "path": path}
        raise GenerationError(f"no operation {endpoint.method.upper()} {_text(endpoint.path)}")

    def success_of(self, endpoint: Endpoint) -> dict[str, Any] | None:
        """Status, media type and reader of the success answer of an operation."""
        for response in endpoint.responses.patterns:
            code = response.status_code.range
            if code is None or not 200 <= code[0] < 300:
                continue
            content = response.data.content if isinstance(response.data, ResponseObject) else None
            accept = next((_text(key) for key in content or {}), "")
            return {"status": code[0], "accept": accept, "read": self._reader(response.prop)}
        return None

    def _reader(self, prop: Any) -> str:
        kind = kind_of(prop)
        if kind == "model":
            return f"{prop.class_info.name}.from_dict"
        if kind == "list" and kind_of(prop.inner_property) == "model":
            return f"items({prop.inner_property.class_info.name}.from_dict)"
        return "anything"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value.get_untrusted_value())


def _literal(value: Any) -> str:
    """A Python string literal; repr() escapes whatever a specification may hold."""
    return repr(_text(value))


def _name_members(node: object) -> None:
    """Give the members of string enums readable names: REALITY_DATA rather than REALITYDATA."""
    if isinstance(node, dict):
        values = node.get("enum")
        if isinstance(values, list) and all(isinstance(value, str) for value in values):
            names = [_snake_case(value).upper() for value in values]
            if len(set(names)) == len(names) and all(name.isidentifier() for name in names):
                node.setdefault("x-enum-varnames", names)
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _name_members(child)


def _unprefix(data: GeneratorData, config: Config) -> None:
    """Call `_links` links, where that name is free; the generator would make it field_links."""
    for model in data.models:
        properties = [*(model.required_properties or []), *(model.optional_properties or [])]
        taken = {str(prop.python_name) for prop in properties}
        for prop in properties:
            name = _text(prop.name)
            if name.startswith("_") and _snake_case(name) not in taken:
                prop.set_python_name(UntrustedString(name.lstrip("_")), config)


def generate_package(document: Json, folder: Path, findings: list[str] | None = None) -> None:
    """Generate the package of one document into `folder`, which must not exist yet. Formatting is left to the caller.

    Raises GenerationError for a document that the generator refuses, or of which it would drop something. With a list
    for `findings`, what would be dropped is added to it instead.
    """
    config = Config.from_sources(
        ConfigFile(post_hooks=[], package_name_override=folder.name),
        meta_type=MetaType.NONE,
        document_source=folder,
        file_encoding="utf-8",
        overwrite=False,
        output_path=folder,
    )
    document = copy.deepcopy(document)
    _name_members(document)
    try:
        data = GeneratorData.from_dict(document, config=config)
    except Exception as error:
        raise GenerationError(f"the generator fails with {type(error).__name__}: {error}") from error
    if isinstance(data, GeneratorError):
        raise GenerationError(_describe(data))
    _unprefix(data, config)
    project = Project(openapi=data, config=config, custom_template_path=TEMPLATES)
    questions = _Questions(document)
    project.env.loader = ChoiceLoader(
        [cast(BaseLoader, project.env.loader), PrefixLoader({"upstream": PackageLoader(UPSTREAM)})]
    )
    project.env.bytecode_cache = _COMPILED
    project.env.filters["patch"] = patch
    project.env.globals.update(
        annotation_of=annotation_of,
        attribute_docstring=attribute_docstring,
        default_of=default_of,
        kind_of=kind_of,
        mask_of=mask_of,
        operation_of=questions.operation_of,
        lazy_imports_of=lazy_imports_of,
        literal=_literal,
        success_of=questions.success_of,
        variants_of=questions.variants_of,
    )
    with contextlib.redirect_stdout(io.StringIO()):
        found = [*map(_describe, project.build()), *_lost(document, folder)]
    unexpected = [text for text in found if not text.startswith(ALLOWED_WARNINGS or ("\0",))]
    if findings is not None:
        findings += unexpected
    elif unexpected:
        raise GenerationError("\n".join(unexpected))


def _describe(error: GeneratorError) -> str:
    return " ".join(f"{error.header} {error.detail or ''}".split())


def _lost(document: Json, folder: Path) -> list[str]:
    """The generator overwrites an endpoint without a warning when two operation ids are the same in snake_case."""
    methods = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
    wanted = sum(len(methods & item.keys()) for item in document.get("paths", {}).values())
    made = sum(1 for path in folder.glob("api/*/*.py") if path.name != "__init__.py")
    return [] if made == wanted else [f"{wanted} operations became {made} endpoint modules: names collide"]
