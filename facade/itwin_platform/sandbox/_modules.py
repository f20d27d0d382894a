"""The generated modules of the operations that are served: what bodies and answers are read by."""

import pkgutil
import typing
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from itwin_platform_api.runtime import Model


@cache
def modules_of(api: str) -> dict[str, ModuleType]:
    """The modules of an API, for instance of `reality-analysis`, by the ids of their operations."""
    package = import_module(f"itwin_platform_api.{api.replace('-', '_')}.api")
    found: dict[str, ModuleType] = {}
    for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not each.ispkg:
            module = import_module(each.name)
            found[module.OPERATION.id] = module
    return found


@cache
def model_of_body(key: str) -> type[Model] | None:
    """The model of the JSON body that an operation takes, for instance `itwins/create-itwin`."""
    api, _, name = key.partition("/")
    hint: Any = typing.get_type_hints(modules_of(api)[name].request).get("body")
    kinds = [each for each in (hint, *typing.get_args(hint)) if isinstance(each, type) and issubclass(each, Model)]
    return kinds[0] if kinds else None
