"""The documented examples, read from the specifications themselves."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from itwin_platform_api.runtime import Model

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
SPECIFICATIONS = sorted(path.stem for path in (ROOT / "openapi").glob("*.yaml"))


@cache
def specification(name: str) -> dict[str, Any]:
    """A specification as it is stored, for instance `itwins`."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "openapi" / f"{name}.yaml")
    return document


def operations_in(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of all that a document has."""
    for path, item in document["paths"].items():
        for method in (each for each in METHODS if each in item):
            yield path, method, item[method]


@cache
def operations() -> dict[str, dict[str, Any]]:
    """Every documented operation by API and id: method, path, page, how mature and sure it is, body, answers and so on.

    The key is that of the sandbox, `itwins/get-itwin`: two APIs may have operations of the same id. The answers are the
    examples by status. Whatever an operation does not have is None: an answer without a body, too.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in SPECIFICATIONS:
        document = specification(name)
        for path, method, operation in operations_in(document):
            contents = {
                int(status): resolved(document, response).get("content", {})
                for status, response in operation["responses"].items()
            }
            answers = {status: next(map(example_of, content.values()), None) for status, content in contents.items()}
            bodies = resolved(document, operation.get("requestBody", {})).get("content", {})
            found[f"{name}/{operation['operationId']}"] = {
                "api": name,
                "method": method.upper(),
                "path": path,
                "page": operation.get("externalDocs", {}).get("url"),
                "preview": operation.get("x-maturity") == "technical-preview",
                "unsure": operation.get("x-confidence") in {"medium", "low"},
                "body": next(map(example_of, bodies.values()), None),
                "media_type": next((kind for _, content in sorted(contents.items()) for kind in content), None),
                "success": min(answers),
                "answers": answers,
            }
    return found


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The object that `node` is or refers to."""
    while "$ref" in node:
        target: Any = document
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def example_of(content: dict[str, Any]) -> Any:
    """The first example of a body or an answer; None where there is none."""
    named = (each["value"] for each in content.get("examples", {}).values() if "value" in each)
    return content.get("example", next(named, None))


def example(operation: str, status: int | None = None) -> Any:
    """The documented example of an answer, by default of the success.

    The operation is an id that one API alone has, or `api/id`.
    """
    (known,) = (each for key, each in operations().items() if operation in {key, key.partition("/")[2]})
    return deepcopy(known["answers"][known["success"] if status is None else status])


def every_model() -> list[type[Model]]:
    """The models of every API."""
    modules = [import_module(f"itwin_platform_api.{name.replace('-', '_')}.models") for name in SPECIFICATIONS]
    found = [getattr(module, name) for module in modules for name in module.__all__]
    return [each for each in found if issubclass(each, Model)]
