"""Operations, as the templates show them: what an operation is as data, and the parameters of its request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from openapi_python_client.parser.openapi import Endpoint

from .documents import Json, follow
from .errors import GenerationError
from .fields import Fields, kind_of
from .naming import literal, plain
from .portal.rules import PREVIEW
from .preparation import operations

JSON = "application/json"
# What a range such as 2XX stands for where a body is expected.
_SUCCESSES = (200, 201, 202, 203, 206)


@dataclass(frozen=True)
class Parameter:
    """An argument of `request(...)`."""

    name: str  # as a Python literal, as it is documented
    python_name: str
    annotation: str
    required: bool
    value: str  # what is handed on
    description: str


@dataclass(frozen=True)
class Described:
    """An operation with everything that its module says."""

    id: str
    path: str
    accept: str
    answers: list[tuple[int, str]]
    result: str
    names: dict[str, str]
    slashes: list[str]  # parameters of the path, as Python literals
    preview: bool
    arguments: list[Parameter]
    places: dict[str, list[Parameter]]  # path, query and headers
    content_type: str | None  # a Python expression, None where it is JSON or where there is no body
    has_body: bool
    summary: str
    description: str


class Endpoints:
    """Looks at operations together with the document, of which the generator keeps only a part."""

    def __init__(self, document: Json, fields: Fields) -> None:
        self._document = document
        self._fields = fields

    def describe(self, endpoint: Endpoint) -> Described:
        """Everything that the module of an operation says.

        Raises:
            GenerationError: Something about it cannot be expressed.
        """
        path, item, node = self._find(endpoint)
        where = f"{endpoint.method.upper()} {path}"
        if endpoint.cookie_parameters:
            raise GenerationError(f"{where}: parameters in cookies are not supported")
        declared = self._declared(item, node)
        names = {name: each["x-python-name"] for (_, name), each in declared.items() if "x-python-name" in each}
        places = {
            place: [self._parameter(prop, declared.get((key, plain(prop.name)), {}), names) for prop in found]
            for place, key, found in (
                ("path", "path", endpoint.path_parameters),
                ("query", "query", endpoint.query_parameters),
                ("headers", "header", endpoint.header_parameters),
            )
        }
        is_required = bool(follow(self._document, node.get("requestBody", {})).get("required"))
        body, content_type = self._body(endpoint, where, required=is_required)
        arguments = [each for found in places.values() for each in found] + body
        taken = [each.python_name for each in arguments]
        if len(set(taken)) != len(taken):
            raise GenerationError(f"{where}: two parameters get the same name: {', '.join(sorted(taken))}")
        contents = self._contents(node)
        answers = self._answers(endpoint, contents, where)
        results = list(dict.fromkeys(annotation for _, _, annotation in answers))
        return Described(
            id=literal(node.get("operationId", endpoint.name)),
            path=literal(path),
            accept=literal(_accept(contents)),
            answers=[(status, reader) for status, reader, _ in answers],
            result=" | ".join(sorted(results, key=lambda each: each == "None")),
            names={literal(name): literal(python) for name, python in names.items()},
            slashes=[literal(name) for (_, name), each in declared.items() if each.get("x-allow-slash") is True],
            preview=node.get("x-maturity") == PREVIEW,
            arguments=sorted(arguments, key=lambda each: not each.required),
            places=places,
            content_type=content_type,
            has_body=bool(body),
            summary=" ".join(str(node.get("summary") or node.get("operationId", "")).split()),
            description=" ".join(str(node.get("description") or "").split()),
        )

    def _find(self, endpoint: Endpoint) -> tuple[str, Json, Json]:
        """Path, path item and operation as the document has them; the generator renames the parameters in the path."""
        blank = re.compile(r"{[^}]*}")
        for path, method, node in operations(self._document):
            if endpoint.method == method and blank.sub("{}", path) == blank.sub("{}", plain(endpoint.path)):
                return path, self._document["paths"][path], node
        raise GenerationError(f"no operation {endpoint.method.upper()} {plain(endpoint.path)}")

    def _declared(self, item: Json, node: Json) -> dict[tuple[str, str], Json]:
        """The parameters of an operation by place and name."""
        found = [follow(self._document, each) for each in (*item.get("parameters", []), *node.get("parameters", []))]
        return {(str(each["in"]), str(each["name"])): each for each in found}

    def _parameter(self, prop: Any, declared: Json, names: dict[str, str]) -> Parameter:
        python_name = names.get(plain(prop.name), str(prop.python_name))
        annotation = self._fields.annotation(prop, None)
        is_list = kind_of(prop) == "list"
        style = declared.get("style", "form" if declared.get("in") == "query" else "simple")
        value = python_name
        if is_list and (style != "form" or declared.get("explode") is False):
            value = f"comma_list({python_name})"
        if not prop.required and annotation != "Any":
            annotation += " | None"
        description = " ".join(str(declared.get("description") or "").split())
        return Parameter(literal(prop.name), python_name, annotation, bool(prop.required), value, description)

    def _body(self, endpoint: Endpoint, where: str, *, required: bool) -> tuple[list[Parameter], str | None]:
        """The parameters that a body brings, and its content type where that is not JSON."""
        if not endpoint.bodies:
            return [], None
        types = [plain(body.content_type) for body in endpoint.bodies]
        is_json = [re.fullmatch(r"application/(?:[\w.+-]+\+)?json", each.partition(";")[0].strip()) for each in types]
        optional = "" if required else " | None"
        if len(types) == 1 and is_json[0]:
            annotation = self._fields.annotation(endpoint.bodies[0].prop, None)
            annotation += optional if annotation != "Any" else ""
            content_type = None if types[0] == JSON else literal(types[0])
            return [Parameter("", "body", annotation, required, "body", "The body.")], content_type
        if any(is_json) or any(str(body.body_type) != "content" for body in endpoint.bodies):
            raise GenerationError(f"{where}: a body of the types {', '.join(types)} is not supported")
        body = Parameter("", "body", "bytes" + optional, required, "body", "The body.")
        if len(types) == 1:
            return [body], literal(types[0])
        choice = f"Literal[{', '.join(map(literal, types))}]"
        return [
            body,
            Parameter("", "content_type", choice, True, "content_type", "Media type of the body."),
        ], "content_type"

    def _answers(self, endpoint: Endpoint, contents: dict[str, Json], where: str) -> list[tuple[int, str, str]]:
        """Status, reader and type of every success."""
        found: dict[int, tuple[int, str, str]] = {}
        for response in endpoint.responses.patterns:  # exact statuses come before ranges
            code = response.status_code.range
            if code is None or not 200 <= code[0] < 300:
                continue
            content = contents.get(plain(response.status_code.pattern)) or {}
            schema = next((each.get("schema", {}) for each in content.values()), None)
            reader, annotation = ("no_body", "None") if schema is None else self._reader(response.prop)
            if "x-nullable" in (schema or {}) or "x-nullable" in follow(self._document, schema or {}):
                reader, annotation = f"nullable({reader})", f"{annotation} | None"
            for status in (code[0],) if code[0] == code[1] else _SUCCESSES:
                found.setdefault(status, (status, reader, annotation))
        if not found:
            raise GenerationError(f"{where}: no success is among its answers")
        return list(found.values())

    def _reader(self, prop: Any) -> tuple[str, str]:
        kind = kind_of(prop)
        if kind == "model":
            return f"{prop.class_info.name}.from_dict", str(prop.class_info.name)
        if kind == "list" and kind_of(prop.inner_property) == "model":
            name = prop.inner_property.class_info.name
            return f"items({name}.from_dict)", f"list[{name}]"
        return "anything", "Any"

    def _contents(self, node: Json) -> dict[str, Json]:
        """What each answer of an operation may hold, by status."""
        return {str(code): follow(self._document, each).get("content", {}) for code, each in node["responses"].items()}


def _accept(contents: dict[str, Json]) -> str:
    """The media type of the first success with a body; of the first error where no success has one."""
    ranked = sorted(contents.items(), key=lambda item: item[0][:1] != "2")
    return next((media_type for _, content in ranked for media_type in content), JSON)
