"""The facade's `models`: a module for each API, and the names that users meet most at the top."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.properties.model_property import ModelProperty

from .fields import kind_of
from .naming import plain

# The API whose models have flat names. Those of other APIs could clash with them, or with each other.
FLAT = "itwins"
# Models that are written by hand, and where.
BY_HAND = {
    "Bucket": "itwin_platform._containers",
    "DetectorVersionUpload": "itwin_platform._detector_versions",
    "RealityDataContainer": "itwin_platform._containers",
    "UnknownKind": "itwin_platform_api.writing",
}

_TOP = '''"""What answers consist of, and the bodies of requests. Each class is loaded when it is first used.

All but {by_hand} are generated from the definitions. They compare, copy and pickle; `to_dict()` gives the JSON form and
`from_dict()` reads it; properties that the documentation does not know are in `additional_properties`. In answers, what
is absent or null is None; in bodies to send, what is UNCHANGED is left out and None is sent as null. Secrets are masked
in `repr()` and otherwise plain values.

{modules}
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
{imports}

_MODULES = {{{places}}}

__all__ = [{names}]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    value: object = getattr(import_module(_MODULES.get(name, "itwin_platform_api.{flat}.models")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
'''

_MODULE = '''"""The models of the API `{api}`. Each class is loaded when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itwin_platform_api.{api} import models

if TYPE_CHECKING:
    from itwin_platform_api.{api}.models import *  # noqa: F403

__all__: list[str] = []
__all__ += models.__all__


def __getattr__(name: str) -> object:
    return getattr(models, name)


def __dir__() -> list[str]:
    return sorted(__all__)
'''


def public_models(data: GeneratorData) -> list[str]:
    """The classes that users get hold of: what answers hold, without the answers themselves, and bodies of requests."""
    found: set[str] = set()
    # What refers to a model knows its name; its properties are known here alone.
    known = {str(model.class_info.name): model for model in data.models}
    for endpoint in (each for tag in data.endpoint_collections_by_tag.values() for each in tag.endpoints):
        for response in endpoint.responses.patterns:
            code, answer = response.status_code.range, cast(Any, response.prop)
            if code is not None and 200 <= code[0] < 300 and kind_of(answer) == "model":
                for prop in _properties(known[str(answer.class_info.name)]):
                    if plain(prop.name) != "_links":
                        _collect(prop, known, found)
        for body in endpoint.bodies:
            _collect(body.prop, known, found)
    return sorted(found)


def _properties(model: Any) -> Iterator[Any]:
    yield from model.required_properties or []
    yield from model.optional_properties or []
    if model.additional_properties is not None:
        yield model.additional_properties


def _collect(prop: Any, known: dict[str, ModelProperty], found: set[str]) -> None:
    """Add the classes that a property leads to."""
    kind = kind_of(prop)
    if kind == "list":
        _collect(prop.inner_property, known, found)
    elif kind == "union":
        for inner in prop.inner_properties:
            _collect(inner, known, found)
    elif kind in {"model", "enum"} and str(prop.class_info.name) not in found:
        found.add(str(prop.class_info.name))
        for inner in _properties(known[str(prop.class_info.name)]) if kind == "model" else ():
            _collect(inner, known, found)


def write_facade_models(models: dict[str, list[str]], folder: Path) -> list[str]:
    """Write the facade's `models`, and return the flat names.

    Parameters:
        models: The public models of each API, by the name of its package.
        folder: Where to.
    """
    folder.mkdir(parents=True)
    names = sorted([*models.get(FLAT, []), *BY_HAND])
    imports = f"    from itwin_platform_api.{FLAT}.models import ({', '.join(models.get(FLAT, []))})\n"
    imports += "\n".join(f"    from {place} import {name}" for name, place in BY_HAND.items())
    text = _TOP.format(
        by_hand=", ".join(f"`{name}`" for name in BY_HAND),
        flat=FLAT,
        imports=imports,
        modules=textwrap.fill(
            f"The models of every API are in a module of their own: {', '.join(f'`models.{api}`' for api in models)}.",
            width=120,
        ),
        names=", ".join(f'"{name}"' for name in names),
        places=", ".join(f'"{name}": "{place}"' for name, place in BY_HAND.items()),
    )
    header = "# Generated by `make generate` from openapi/. Do not edit.\n\n"
    (folder / "__init__.py").write_text(header + text, "utf-8")
    for api in models:
        (folder / f"{api}.py").write_text(header + _MODULE.format(api=api), "utf-8")
    return names
