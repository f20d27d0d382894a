"""Turn one OpenAPI document into one Python package with openapi-python-client and the templates beside this file.

The generator is used as a library: the document never has to be written to a file, and the templates can ask for what
the generator does not keep (discriminators, secrets, media types, null).
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import cast

import openapi_python_client
from jinja2 import BaseLoader, BytecodeCache, ChoiceLoader, PackageLoader, PrefixLoader
from jinja2.bccache import Bucket
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.properties.model_property import ModelProperty
from openapi_python_client.schema.untrusted_string import UntrustedString

from .documents import Json
from .endpoints import Endpoints
from .errors import GenerationError
from .facade_models import public_models
from .fields import Fields, kind_of
from .naming import literal, plain, snake_case, use_everywhere
from .preparation import binary_types, prepare
from .unions import Unions

GENERATOR = f"openapi-python-client {openapi_python_client.__version__}"
TEMPLATES = Path(__file__).parent / "templates"

# Warnings of the generator that are known and harmless. Any other fails the generation: the generator drops what it
# does not understand and only warns.
ALLOWED_WARNINGS: tuple[str, ...] = ()

# What the generator writes for every package and nothing here uses.
_UNUSED = ("client.py", "errors.py", "types.py")

use_everywhere()


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


def lazy_imports_of(model: ModelProperty) -> list[str]:
    """The imports of other models, those of its additional properties included."""
    found = set(model.lazy_imports or ())
    if model.additional_properties is not None:
        found |= model.additional_properties.get_lazy_imports(prefix="..")
    own = f"import {model.class_info.name}"
    return sorted(line for line in found if not line.endswith(own))


def qualified(annotation: str, model: ModelProperty) -> str:
    """An annotation that `typing.get_type_hints` can resolve: other models are looked up where they are loaded late."""
    names = [line.rpartition(" ")[2] for line in lazy_imports_of(model)]
    names.append(str(model.class_info.name))
    pattern = rf"(\"[^\"]*\"|'[^']*')|\b({'|'.join(map(re.escape, names))})\b"
    return re.sub(pattern, lambda found: found[1] or f"_models.{found[2]}", annotation)


def _unprefix(data: GeneratorData, config: Config) -> None:
    """Call `_links` links, where that name is free; the generator would make it field_links."""
    for model in data.models:
        properties = [*(model.required_properties or []), *(model.optional_properties or [])]
        taken = {str(prop.python_name) for prop in properties}
        for prop in properties:
            name = plain(prop.name)
            if name.startswith("_") and snake_case(name) not in taken:
                prop.set_python_name(UntrustedString(name.lstrip("_")), config)


def generate_package(document: Json, folder: Path, findings: list[str] | None = None) -> list[str]:
    """Generate the package of one document into `folder`, which must not exist yet. Formatting is left to the caller.

    Returns the names of the models that users get hold of.

    Raises GenerationError for a document that the generator refuses, or of which it would drop something. With a list
    for `findings`, what would be dropped is added to it instead.
    """
    config = Config.from_sources(
        ConfigFile(
            post_hooks=[],
            package_name_override=folder.name,
            # Bodies that are neither JSON nor forms are bytes; the generator knows that of one type alone.
            content_type_overrides=dict.fromkeys(binary_types(document), "application/octet-stream"),
        ),
        meta_type=MetaType.NONE,
        document_source=folder,
        file_encoding="utf-8",
        overwrite=False,
        output_path=folder,
    )
    document = prepare(document)
    try:
        data = GeneratorData.from_dict(document, config=config)
    except Exception as error:
        raise GenerationError(f"the generator fails with {type(error).__name__}: {error}") from error
    if isinstance(data, GeneratorError):
        raise GenerationError(_describe(data))
    _unprefix(data, config)
    project = Project(openapi=data, config=config, custom_template_path=TEMPLATES)
    project.env.loader = ChoiceLoader(
        [cast(BaseLoader, project.env.loader), PrefixLoader({"upstream": PackageLoader("openapi_python_client")})]
    )
    project.env.bytecode_cache = _COMPILED
    fields = Fields(document)
    endpoints = Endpoints(document, fields)
    refused = _refused(data, endpoints)
    project.env.globals.update(
        describe=endpoints.describe,
        fields_of=fields.of,
        is_written=fields.is_written,
        kind_of=kind_of,
        lazy_imports_of=lazy_imports_of,
        literal=literal,
        qualified=qualified,
        reader_of=lambda prop: fields.reader(prop, None),
        variants_of=Unions(document).variants_of,
    )
    with contextlib.redirect_stdout(io.StringIO()):
        warnings = [*refused, *map(_describe, project.build())]
    found = warnings + _lost(data, folder)
    for name in _UNUSED:
        (folder / name).unlink()
    unexpected = [text for text in found if not text.startswith(ALLOWED_WARNINGS or ("\0",))]
    if findings is not None:
        findings += unexpected
    elif unexpected:
        raise GenerationError("\n".join(unexpected))
    return public_models(data)


def _refused(data: GeneratorData, endpoints: Endpoints) -> list[str]:
    """Take out the operations that cannot be expressed, and say why."""
    problems: list[str] = []
    for collection in data.endpoint_collections_by_tag.values():
        for endpoint in list(collection.endpoints):
            try:
                endpoints.describe(endpoint)
            except GenerationError as error:
                collection.endpoints.remove(endpoint)
                problems.append(str(error))
    return problems


def _describe(error: GeneratorError) -> str:
    return " ".join(f"{error.header} {error.detail or ''}".split())


def _lost(data: GeneratorData, folder: Path) -> list[str]:
    """The generator overwrites an endpoint without a warning when two operation ids are the same in snake_case."""
    wanted = sum(len(collection.endpoints) for collection in data.endpoint_collections_by_tag.values())
    made = sum(1 for path in folder.glob("api/*/*.py") if path.name != "__init__.py")
    return [] if made == wanted else [f"{wanted} operations became {made} endpoint modules: names collide"]
