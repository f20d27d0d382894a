"""Calls of operations, made up from definitions alone: what to give, what has to go out, what may come back.

It reads definitions by itself, so that it shares no mistakes with the generator: values are made from the schemas, and
written into paths, queries and headers by the rules of OpenAPI.
"""

from __future__ import annotations

import ast
import datetime
import importlib
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from codegen.overlays import prepared

from tests.support.examples import METHODS, ROOT, resolved
from tests.support.generated import write_packages

Json = dict[str, Any]
HARD = sorted((Path(__file__).parent / "definitions").glob("*.yaml"))
IS_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json")


@dataclass(frozen=True)
class Documented:
    """An operation of a definition, with where it is generated."""

    definition: str
    package: str
    document: Json = field(repr=False)
    path: str
    method: str
    item: Json = field(repr=False)

    @property
    def node(self) -> Json:
        node: Json = self.item[self.method]
        return node

    def __str__(self) -> str:
        return f"{self.definition}: {self.method.upper()} {self.path[:60]}".encode("ascii", "replace").decode()

    @property
    def parameters(self) -> list[Json]:
        """The parameters that are sent, those of the operation before those of its path."""
        found: dict[tuple[str, str], Json] = {}
        for each in (*self.item.get("parameters", []), *self.node.get("parameters", [])):
            parameter = resolved(self.document, each)
            found[parameter["in"], parameter["name"]] = parameter
        for name in re.findall(r"{([^}]*)}", self.path):
            found.setdefault(("path", name), {"name": name, "in": "path", "schema": {"type": "string"}})
        ignored = {"accept", "authorization", "content-type"}
        return [
            each
            for each in found.values()
            if not (each["in"] == "header" and each["name"].lower() in ignored)
            and not (each["in"] == "path" and f"{{{each['name']}}}" not in self.path)
        ]

    @property
    def successes(self) -> dict[str, Json]:
        """What each success may hold, by status."""
        answers = {code: resolved(self.document, each) for code, each in self.node["responses"].items()}
        found = {str(code): each.get("content", {}) for code, each in answers.items() if str(code).startswith("2")}
        return found or ({"200": answers["default"].get("content", {})} if "default" in answers else {})

    @property
    def body(self) -> Json:
        """What the body may hold, by media type."""
        content: Json = resolved(self.document, self.node.get("requestBody", {})).get("content", {})
        return content


def documented(path: Path, package: str) -> Iterator[Documented]:
    """The operations of the definition in a file."""
    document = prepared(path)
    for template, written in document["paths"].items():
        item = resolved(document, written)
        for method in (each for each in METHODS if each in item):
            yield Documented(path.stem, package, document, template, method, item)


def adopted() -> list[Documented]:
    """The operations of all definitions of the project."""
    paths = sorted((ROOT / "openapi").glob("*.yaml"))
    return [each for path in paths for each in documented(path, f"itwin_platform_api.{path.stem.replace('-', '_')}")]


def hard() -> list[Documented]:
    """The operations of the definitions that are hard to generate."""
    return [each for path in HARD for each in documented(path, f"made_of_hard.{path.stem}")]


def write_hard(folder: Path) -> None:
    """Write the packages of these definitions below a folder."""
    write_packages({path.stem: prepared(path) for path in HARD}, folder / "made_of_hard")


def modules_of(package: str) -> list[ModuleType]:
    """The modules of the operations of a package."""
    (folder,) = importlib.import_module(package).__path__
    paths = sorted(each for each in Path(folder).glob("api/*/*.py") if each.name != "__init__.py")
    return [importlib.import_module(f"{package}.api.{each.parent.name}.{each.stem}") for each in paths]


def module_of(operation: Documented) -> ModuleType:
    """The module of an operation."""
    wanted = operation.method.upper(), operation.path
    (found,) = (
        each for each in modules_of(operation.package) if (each.OPERATION.method, each.OPERATION.path) == wanted
    )
    return found


def argument_names(module: ModuleType) -> dict[tuple[str, str], str]:
    """The arguments of `request(...)` by place and documented name, from where the function uses them."""
    tree = ast.parse(inspect.getsource(module.request))
    found: dict[tuple[str, str], str] = {}
    for keyword in [each for node in ast.walk(tree) if isinstance(node, ast.Call) for each in node.keywords]:
        if keyword.arg in {"path", "query", "headers"} and isinstance(keyword.value, ast.Dict):
            for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                names = {each.id for each in ast.walk(value) if isinstance(each, ast.Name)}
                for name in names & inspect.signature(module.request).parameters.keys():
                    documented_name = ast.literal_eval(key) if key is not None else name
                    found[keyword.arg.rstrip("s"), documented_name] = name
        for node in [each for each in ast.walk(keyword.value) if isinstance(each, ast.Dict)]:
            if keyword.arg == "headers":  # the cookies in theirs
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(value, ast.Name) and key is not None:
                        found.setdefault(("cookie", ast.literal_eval(key)), value.id)
    return found


def sample(document: Json, schema: Any, seed: int = 0, depth: int = 0) -> Any:
    """A value that a schema allows, another for each seed where it can."""
    schema = resolved(document, schema) if isinstance(schema, dict) else {}
    for keyword in ("example", "const"):
        if keyword in schema:
            return schema[keyword]
    if schema.get("enum"):
        return next((value for value in schema["enum"] if value is not None), None)
    for keyword in ("oneOf", "anyOf"):
        variants = [each for each in schema.get(keyword, []) if each != {"type": "null"}]
        if variants and "properties" not in schema:
            return sample(document, variants[0], seed, depth)
    if "allOf" in schema:
        values = [sample(document, part, seed, depth) for part in (*schema["allOf"], _without(schema, "allOf"))]
        objects = [value for value in values if isinstance(value, dict)]
        known = [value for value in values if value is not None and not isinstance(value, str)]
        return {key: value for each in objects for key, value in each.items()} if objects else [*known, values[0]][0]
    kinds = schema.get("type")
    kind = next((each for each in kinds if each != "null"), None) if isinstance(kinds, list) else kinds
    if kind == "object" or "properties" in schema:
        wanted = schema.get("properties", {}) if depth < 2 else {}
        wanted = wanted | {name: schema["properties"][name] for name in schema.get("required", [])}
        return {
            name: sample(document, each, seed + index, depth + 1) for index, (name, each) in enumerate(wanted.items())
        }
    if kind == "array":
        return [
            sample(document, schema.get("items", {}), seed + each, depth + 1) for each in range(2 if depth < 2 else 0)
        ]
    return _scalar(kind, str(schema.get("format")), seed)


def _without(schema: Json, keyword: str) -> Json:
    return {key: value for key, value in schema.items() if key != keyword}


def _scalar(kind: str | None, form: str, seed: int) -> Any:
    texts = {
        "date": f"2020-01-{seed % 28 + 1:02}",
        "date-time": f"2020-01-{seed % 28 + 1:02}T03:04:05Z",
        "uuid": f"12345678-1234-5678-1234-{seed:012}",
    }
    known: Json = {"integer": seed, "number": seed + 0.5, "boolean": True, "null": None}
    return known[kind] if kind in known else texts.get(form, f"text-{seed}")


def example_of(document: Json, content: Json) -> Any:
    """The documented example of a body, or one that its schema allows."""
    if "example" in content:
        return content["example"]
    for each in content.get("examples", {}).values():
        if "value" in (known := resolved(document, each)):
            return known["value"]
    return sample(document, content.get("schema", {}), 1)


def text(value: Any) -> str:
    """A value as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def pairs(parameter: Json, value: Any) -> list[tuple[str, str]]:
    """What a parameter is in the query."""
    name = parameter["name"]
    if "content" in parameter:
        return [(name, json.dumps(value, separators=(",", ":")))]
    explode, style = parameter.get("explode"), parameter.get("style", "form")
    if isinstance(value, list):
        separator = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(style, ",")
        return (
            [(name, separator.join(map(text, value)))] if explode is False else [(name, text(each)) for each in value]
        )
    if isinstance(value, dict):
        if style == "deepObject":
            return [(f"{name}[{key}]", text(each)) for key, each in value.items()]
        flat = [text(each) for pair in value.items() for each in pair]
        return [(name, ",".join(flat))] if explode is False else [(key, text(each)) for key, each in value.items()]
    return [(name, text(value))]


def joined(value: Any) -> str:
    """What a parameter is in a path or a header."""
    return ",".join(map(text, value)) if isinstance(value, list) else text(value)


def filled(template: str, values: Json) -> str:
    """A path with its parameters, percent-encoded, without the query that may be written into it."""
    parts = re.split(r"{([^}]*)}", template.partition("?")[0])
    return "".join(quote(joined(values[part]) if index % 2 else part) for index, part in enumerate(parts))


def query_in(target: str) -> list[tuple[str, str]]:
    """The pairs of the query of a request."""
    return parse_qsl(target.partition("?")[2], keep_blank_values=True)


def path_in(target: str) -> str:
    """The path of a request, in one spelling."""
    return quote(unquote(target.partition("?")[0]))


def plain(value: Any, *, nulls: bool = False) -> Any:
    """A JSON value with moments in one spelling, and without nulls, of which the models of answers keep none."""
    if isinstance(value, dict):
        found = {key: plain(each, nulls=nulls) for key, each in value.items()}
        return found if nulls else {key: each for key, each in found.items() if each is not None and each != {}}
    if isinstance(value, list):
        return [plain(each, nulls=nulls) for each in value]
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        try:
            moment = datetime.datetime.fromisoformat(value)
        except ValueError:
            return value
        return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return value
