"""One call of every operation that the facade has a method for, made up from the methods themselves.

A method is found by the endpoint module that it uses; its arguments are made up from its signature. So a new operation
is tested with all others, without being named anywhere.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from itwin_platform import UNCHANGED, ITwinPlatform
from itwin_platform._containers import bucket_of, container_of
from itwin_platform._detector_versions import version_upload_of
from itwin_platform_api.runtime import Model, Operation
from tests.support.examples import ROOT, operations
from tests.support.pictures import picture

PACKAGES = ROOT / "generated" / "itwin_platform_api"


@dataclass(frozen=True)
class FacadeCall:
    """A call of a method, on either client: the async one gives something to await.

    `choice` is the argument that says which operation the method carries out, where there are several.
    """

    module: ModuleType
    path: tuple[str, ...]
    arguments: dict[str, Any]
    choice: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def operation(self) -> Operation[Any]:
        operation: Operation[Any] = self.module.OPERATION
        return operation

    @property
    def api(self) -> str:
        return self.module.__name__.split(".")[1].replace("_", "-")

    @property
    def key(self) -> str:
        """What tables and the sandbox call the operation: two APIs may have operations of the same id."""
        return f"{self.api}/{self.operation.id}"

    @property
    def success(self) -> int:
        return min(self.operation.answers)

    @property
    def name(self) -> str:
        return ".".join(("platform", *self.path))

    def method_of(self, platform: Any) -> Any:
        """The method that is called."""
        return functools.reduce(getattr, self.path, platform)

    def __call__(self, platform: Any) -> Any:
        result = self.method_of(platform)(**{**self.choice, **self.arguments})
        return result.to_list() if hasattr(result, "to_list") else result

    @property
    def sent_path(self) -> str:
        """The path that goes out for the made-up arguments, each id where the definition has it."""
        names = path_parameters(self.operation)
        return self.operation.path.format(**{wire: self.arguments[name] for wire, name in names.items()})

    @property
    def sent_whole(self) -> Any:
        """The body where one argument is the whole of it: bytes, or the JSON of a model. None otherwise."""
        found = [value for value in self.arguments.values() if isinstance(value, (Model, bytes))]
        return next((value if isinstance(value, bytes) else value.to_dict() for value in found), None)

    @property
    def sent_besides(self) -> list[Any]:
        """The values that are not part of the path: what query or body have to hold."""
        in_path = path_parameters(self.operation).values()
        return leaves([value for name, value in self.arguments.items() if name not in in_path])

    def result_of(self, body: Any) -> Any:
        """What the method makes of the documented answer: the thing itself, without its envelope."""
        if not self.operation.has_body(self.success):
            return None
        answer = self.operation.answers[self.success](body)
        returned = str(inspect.signature(self.method_of(_CLIENT)).return_annotation)
        for name, by_hand in _BY_HAND.items():
            if name in returned:
                return by_hand(answer, **self.choice, **self.arguments)
        (envelope,) = (name for name in body if not name.startswith("_"))
        return getattr(answer, snake_case(envelope))

    def __str__(self) -> str:
        return self.key


_CLIENT = ITwinPlatform("token")
# What methods return that is no model of a definition, and how it is made out of the answer.
_BY_HAND: dict[str, Callable[..., Any]] = {
    "Bucket": lambda answer, **_: bucket_of(answer),
    "Container": container_of,
    "DetectorVersionUpload": lambda answer, **_: version_upload_of(answer),
}


def leaves(value: Any) -> list[Any]:
    """Every value in a JSON value or model that is neither an object nor a list, sorted as text."""
    if isinstance(value, Model):
        value = value.to_dict()
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return [value]
    return sorted((leaf for each in value for leaf in leaves(each)), key=str)


def snake_case(name: str) -> str:
    """A documented name as it is written in Python, reserved words aside."""
    brands = re.sub(r"[iI](Twin|Model)", lambda match: f"I{match[1].lower()}", name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", brands).lower()


def path_parameters(operation: Operation[Any]) -> dict[str, str]:
    """The parameters in the path of an operation: the documented name of each, and what it is in Python."""
    return {wire: operation.names.get(wire) or snake_case(wire) for wire in re.findall(r"{(\w+)}", operation.path)}


def endpoints() -> dict[tuple[str, str], ModuleType]:
    """The endpoint modules by API and name."""
    found: dict[tuple[str, str], ModuleType] = {}
    for path in sorted(PACKAGES.glob("*/api/*/*.py")):
        if path.name != "__init__.py":
            name = ".".join(path.relative_to(PACKAGES.parent).with_suffix("").parts)
            found[path.parts[-4], path.stem] = importlib.import_module(name)
    return found


def groups(owner: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The API groups of a client, those inside others too, with where they are."""
    for name, value in vars(type(owner)).items():
        if isinstance(value, functools.cached_property) and not name.startswith("_"):
            group = getattr(owner, name)
            yield (*path, name), group
            yield from groups(group, (*path, name))


def sample(parameter: inspect.Parameter) -> Any:
    """A value for an argument: text, unless the annotation knows something else, or takes bytes, which are an image."""
    if "bytes" in str(parameter.annotation):
        return picture(3, 2)
    text = f"{parameter.name}-1"
    kinds: dict[str, Any] = {"float": 1.0, "Iterable[str]": [text], "Specifications": {"some": text}}
    return next((value for kind, value in kinds.items() if str(parameter.annotation).startswith(kind)), text)


def parameters_of(method: Any) -> list[inspect.Parameter]:
    """The parameters of a method in the first of the forms that it has."""
    form = next(iter(typing.get_overloads(method)), None)
    return list(inspect.signature(method if form is None else form.__get__(method.__self__)).parameters.values())


def _arguments(method: Any, module: ModuleType) -> dict[str, Any]:
    """What has to be given: the ids, though links can take their place, and one change, or the documented body."""
    parameters = parameters_of(method)
    ids = path_parameters(module.OPERATION).values()
    required = [each for each in parameters if each.default is inspect.Parameter.empty or each.name in ids]
    needed = {each.name: sample(each) for each in required}
    changes = [each for each in parameters if each.default is UNCHANGED]
    body = str(inspect.signature(module.request).parameters.get("body", "")).partition(": ")[2]
    models = [each for each in parameters if body and str(each.annotation) == f"{body.rpartition('.')[2]} | None"]
    if models and not changes:
        return needed | {models[0].name: _documented_body(module, body)}
    return needed | {each.name: sample(each) for each in changes[:1]}


def _documented_body(module: ModuleType, name: str) -> Any:
    """The documented body of an operation, as the model of this name."""
    api = module.__name__.split(".")[1]
    models = importlib.import_module(f"{module.__name__.rpartition('.api.')[0]}.models")
    body = operations()[f"{api.replace('_', '-')}/{module.OPERATION.id}"]["body"]
    return getattr(models, name.rpartition(".")[2]).from_dict(body)


@functools.cache
def facade_calls() -> tuple[FacadeCall, ...]:
    """A call of every operation that has a method."""
    modules = endpoints()
    found: list[FacadeCall] = []
    for path, group in groups(_CLIENT):
        for name, method in inspect.getmembers(group, inspect.ismethod):
            uses = [] if name.startswith("_") else [modules[each] for each in _imported(inspect.getsource(method))]
            for module in uses:
                choice = _choice(method, module) if len(uses) > 1 else {}
                found.append(FacadeCall(module, (*path, name), _arguments(method, module), choice))
    return tuple(found)


def _imported(source: str) -> list[tuple[str, str]]:
    """API and name of the endpoint modules that a method imports."""
    pattern = r"from itwin_platform_api\.(\w+)\.api\.\w+ import (?:\(([^)]+)\)|(\w+))"
    return [
        (api, name) for api, several, one in re.findall(pattern, source) for name in re.findall(r"\w+", several or one)
    ]


def _choice(method: Any, module: ModuleType) -> dict[str, str]:
    """The argument that makes a method carry out this operation: one of a few words, which is part of the id."""
    return {
        parameter.name: word
        for parameter in parameters_of(method)
        for words in re.findall(r"^Literal(\[.+\])$", str(parameter.annotation))
        for word in ast.literal_eval(words)
        if word in module.OPERATION.id.split("-")
    }
