"""Turn one OpenAPI document into one Python package with openapi-python-client and the templates beside this file.

The generator is used as a library: the document never has to be written to a file, and the templates can ask for what
the generator does not keep (discriminators, secrets, media types, null).
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from pathlib import Path
from typing import Any, cast

import openapi_python_client
from jinja2 import BaseLoader, BytecodeCache, ChoiceLoader, PackageLoader, PrefixLoader
from jinja2.bccache import Bucket
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import Endpoint, EndpointCollection
from openapi_python_client.parser.properties.model_property import ModelProperty
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonIdentifier

from .documents import Json
from .endpoints import Endpoints
from .errors import GenerationError
from .facade_models import public_models
from .fields import Fields, kind_of
from .limits import Limits
from .naming import literal, plain, use_everywhere
from .preparation import Prepared, prepare
from .unions import Unions

GENERATOR = f"openapi-python-client {openapi_python_client.__version__}"
TEMPLATES = Path(__file__).parent / "templates"

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


def imports_of(owner: ModelProperty | Endpoint) -> list[str]:
    """The imports that the types of a model or an operation need, without those that all templates have."""
    return sorted(line for line in owner.relative_imports or () if "models." in line or line == "from uuid import UUID")


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


def _renamed(data: GeneratorData, prepared: Prepared) -> None:
    """Give everything the name that was prepared for it, and properties their documented names back."""
    for model in data.models:
        names = prepared.classes[model.class_info.name].names
        for prop in (*(model.required_properties or []), *(model.optional_properties or [])):
            name = plain(prop.name)
            _name(prop, name)
            prop.name = UntrustedString(names[name])
        if model.additional_properties is not None:
            _name(model.additional_properties, "_additional")
    collections: dict[PythonIdentifier, EndpointCollection] = {}
    for endpoint in [each for collection in data.endpoint_collections_by_tag.values() for each in collection.endpoints]:
        endpoint.name = _identifier(plain(endpoint.path).lstrip("/"))
        for answer in endpoint.responses.patterns:
            _name(answer.prop, f"answer_{answer.status_code.pattern}")
        tag = _identifier(prepared.calls[endpoint.name].tag)
        collections.setdefault(tag, EndpointCollection(tag=tag)).endpoints.append(endpoint)
    data.endpoint_collections_by_tag = collections


def _name(prop: Any, name: str) -> None:
    """Name a property, and what is inside it, so that each union in it has a reader of its own."""
    prop.python_name = _identifier(name)
    if kind_of(prop) == "list":
        _name(prop.inner_property, f"{name}__item")
    elif kind_of(prop) == "union":
        for index, inner in enumerate(prop.inner_properties):
            _name(inner, f"{name}__{index}")


def _identifier(name: str) -> PythonIdentifier:
    """A name that is an identifier already."""
    return str.__new__(PythonIdentifier, name)


def generate_package(document: Json, folder: Path, findings: list[str] | None = None) -> list[str]:
    """Generate the package of one document into `folder`, which must not exist yet. Formatting is left to the caller.

    Returns the names of the models that users get hold of.

    Raises GenerationError for a document that cannot be generated whole, and writes nothing then. With a list for
    `findings`, what cannot be generated is added to it instead.
    """
    prepared = prepare(document)
    if findings is not None:
        findings += prepared.problems
    elif prepared.problems:
        raise GenerationError(_listed(prepared.problems))
    config = Config.from_sources(
        ConfigFile(post_hooks=[], package_name_override=folder.name),
        meta_type=MetaType.NONE,
        document_source=folder,
        file_encoding="utf-8",
        overwrite=False,
        output_path=folder,
    )
    data = _parsed(prepared, config)
    project = Project(openapi=data, config=config, custom_template_path=TEMPLATES)
    project.env.loader = ChoiceLoader(
        [cast(BaseLoader, project.env.loader), PrefixLoader({"upstream": PackageLoader("openapi_python_client")})]
    )
    project.env.bytecode_cache = _COMPILED
    fields = Fields(prepared.classes)
    limits = Limits(prepared.calls.values(), prepared.classes)
    project.env.globals.update(
        additional_of=fields.additional,
        annotation_of=fields.annotation,
        describe=Endpoints(prepared.calls, fields, limits).describe,
        fields_of=fields.of,
        imports_of=imports_of,
        is_written=fields.is_written,
        items_of=lambda node: node.get("items", {}),
        kind_of=kind_of,
        lazy_imports_of=lazy_imports_of,
        literal=literal,
        members_of=lambda enum: prepared.classes[enum.class_info.name].members,
        node_of=lambda model: prepared.classes[model.class_info.name].schema,
        qualified=qualified,
        variants_of=Unions(prepared.classes, fields).variants_of,
        variant_nodes_of=fields.variants,
    )
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            project.build()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # nothing half written
        raise
    for name in _UNUSED:
        (folder / name).unlink()
    return public_models(data)


def _parsed(prepared: Prepared, config: Config) -> GeneratorData:
    """What the generator makes of a document: everything, since that was prepared for it."""
    try:
        data = GeneratorData.from_dict(prepared.document, config=config)
    except Exception as error:
        raise GenerationError(f"the generator fails with {type(error).__name__}: {error}") from error
    if isinstance(data, GeneratorError):
        raise GenerationError(_describe(data))
    errors = [*data.errors, *(error for tag in data.endpoint_collections_by_tag.values() for error in tag.parse_errors)]
    if errors:
        raise GenerationError(_listed([_describe(each) for each in errors]))
    _renamed(data, prepared)
    return data


def _listed(problems: list[str]) -> str:
    """Problems, one a line; of very many the first."""
    rest = len(problems) - _LISTED
    return "\n".join([*problems[:_LISTED], *([f"... and {rest} more"] if rest > 0 else [])])


_LISTED = 20


def _describe(error: GeneratorError) -> str:
    return " ".join(f"{error.header} {error.detail or ''}".split())
