"""Operations, as the templates show them: what an operation is as data, and the parameters of its request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openapi_python_client.parser.openapi import Endpoint

from .calls import JSON, Argument, Body, Call, Success
from .documents import Json
from .fields import Fields, kind_of
from .limits import Limits
from .naming import argument_name, literal, plain

BODY = "The body."


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
    method: str
    path: str
    accept: str
    answers: list[tuple[int, str]]
    unions: list[tuple[Any, Json]]  # answers that are one of several things
    result: str
    names: dict[str, str]
    limits: str  # a Python expression, empty where there are none
    slashes: list[str]  # parameters of the path that may have slashes
    preview: bool
    arguments: list[Parameter]
    places: dict[str, list[Parameter]]  # path, query and headers
    content_type: str | None  # a Python expression, None where it is JSON or where there is no body
    has_body: bool
    summary: str
    description: str


class Endpoints:
    """Looks at the operations that were prepared together with the types that the generator has made for them."""

    def __init__(self, calls: dict[str, Call], fields: Fields, limits: Limits) -> None:
        self._calls = calls
        self._fields = fields
        self._limits = limits

    def describe(self, endpoint: Endpoint) -> Described:
        """Everything that the module of an operation says."""
        call = self._calls[endpoint.name]
        types = {plain(prop.name): prop for prop in endpoint.query_parameters}
        parameters = [(each, self._parameter(each, types[each.python_name])) for each in call.arguments]
        body, content_type = self._body(call.body, endpoint)
        shapes = {str(each.status): each for each in call.successes}
        answers = [(shapes[plain(answer.status_code.pattern)], answer.prop) for answer in endpoint.responses.patterns]
        results = list(dict.fromkeys(self._result(success, prop) for success, prop in answers))
        cookies = [parameter for argument, parameter in parameters if argument.place == "cookie"]
        headers = [parameter for argument, parameter in parameters if argument.place == "header"]
        if cookies:
            pairs = ", ".join(f"{each.name}: {each.value}" for each in cookies)
            headers.append(Parameter("'Cookie'", "", "", False, f"cookies({{{pairs}}})", ""))
        return Described(
            id=literal(call.id),
            method=call.method.upper(),
            path=literal(call.path),
            accept=literal(call.accept),
            answers=[(success.status, self._reader(success, prop)) for success, prop in answers],
            unions=[(prop, success.shape) for success, prop in answers if success.kind == "json"],
            result="Any" if "Any" in results else " | ".join(sorted(results, key=lambda each: each == "None")),
            names={literal(each.name): literal(each.python_name) for each in call.arguments if _is_renamed(each)},
            limits=self._limits.of(call),
            slashes=[literal(each.name) for each in call.arguments if each.slashes],
            preview=call.preview,
            arguments=sorted([each for _, each in parameters] + body, key=lambda each: not each.required),
            places={
                "path": [parameter for argument, parameter in parameters if argument.place == "path"],
                "query": [parameter for argument, parameter in parameters if argument.place == "query"],
                "headers": headers,
            },
            content_type=content_type,
            has_body=bool(body),
            summary=call.summary,
            description=call.description,
        )

    def _parameter(self, argument: Argument, prop: Any) -> Parameter:
        annotation = self._fields.annotation(prop, {**argument.shape, "x-nullable": False})
        if not argument.required and annotation != "Any":
            annotation += " | None"
        name = literal(argument.name)
        value = _value(argument, kind_of(prop))
        return Parameter(name, argument.python_name, annotation, argument.required, value, argument.description)

    def _body(self, body: Body | None, endpoint: Endpoint) -> tuple[list[Parameter], str | None]:
        """The parameters that a body brings, and its content type where that is not JSON."""
        if body is None:
            return [], None
        optional = "" if body.required else " | None"
        annotation = "bytes" if body.kind == "bytes" else "Mapping[str, Any]"
        if body.kind in {"json", "form"}:
            annotation = self._fields.annotation(endpoint.bodies[0].prop, body.shape)
        annotation += "" if annotation == "Any" or annotation.endswith(" | None") else optional
        found = [Parameter("", "body", annotation, body.required, "body", BODY)]
        if body.kind != "bytes" or (len(body.types) == 1 and "*" not in body.types[0]):
            return found, None if body.types[0] == JSON else literal(body.types[0])
        choice = "str" if any("*" in each for each in body.types) else f"Literal[{', '.join(map(literal, body.types))}]"
        found.append(Parameter("", "content_type", choice, True, "content_type", "Media type of the body."))
        return found, "content_type"

    def _reader(self, success: Success, prop: Any) -> str:
        if success.kind != "json":
            return "no_body" if success.kind == "nothing" else "content"
        return self._fields.reader(prop, success.shape, nullable=True)

    def _result(self, success: Success, prop: Any) -> str:
        if success.kind != "json":
            return "None" if success.kind == "nothing" else "bytes"
        return self._fields.annotation(prop, success.shape)


def _is_renamed(argument: Argument) -> bool:
    """Whether the name of an argument is not what the documented name leads to."""
    is_plain = argument.name.isalnum() and argument.name.isascii()
    return argument.python_name != argument_name(argument.name) or (argument.place == "path" and not is_plain)


def _value(argument: Argument, kind: str) -> str:
    """How a parameter is handed on, by its style and the kind of its type."""
    name = argument.python_name
    if argument.style == "json":
        return f"json_text({name})"
    if kind == "list" and argument.style in {"spaceDelimited", "pipeDelimited"} and not argument.explode:
        return f"joined({name}, {('|' if argument.style == 'pipeDelimited' else ' ')!r})"
    if kind == "list" and (argument.place != "query" or not argument.explode):
        return f"comma_list({name})"
    if kind == "model" and argument.place != "query":
        return f"comma_pairs({name})"
    if kind == "model" and argument.style == "form":
        return f"**spread({name})" if argument.explode else f"comma_pairs({name})"
    return f"text_of({name})" if argument.place == "path" and kind not in {"text", "enum"} else name
