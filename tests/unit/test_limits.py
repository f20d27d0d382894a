"""The limits of values: those of the definitions are there, and each is kept and named without the value."""

from __future__ import annotations

from typing import Any

import pytest
from codegen.documents import follow
from codegen.limits import Limits
from codegen.overlays import prepared
from codegen.preparation import prepare
from hypothesis import given
from hypothesis import strategies as st

from itwin_platform_api.limits import Limit, problem_in
from itwin_platform_api.runtime import Operation
from tests.support.calls import endpoints, path_parameters
from tests.support.examples import ROOT

MODULES = {f"{api}/{name}": module for (api, name), module in endpoints().items()}
WRITTEN = [
    pytest.param(module, path, limit, id=f"{name}-{path}")
    for name, module in MODULES.items()
    for path, limit in module.OPERATION.limits.get("body", {}).items()
]


@pytest.mark.parametrize("name", MODULES)
def test_every_limit_of_a_definition_is_that_of_the_operation(name: str) -> None:
    module = MODULES[name]
    document = prepared(ROOT / "openapi" / f"{name.partition('/')[0].replace('_', '-')}.yaml")
    operation = document["paths"][module.OPERATION.path][module.OPERATION.method.lower()]
    limits = module.OPERATION.limits
    for each in (follow(document, parameter) for parameter in operation.get("parameters", [])):
        schema = follow(document, each["schema"])
        if each["in"] == "query" and "maximum" in schema:
            assert (limits["query"][each["name"]].least, limits["query"][each["name"]].most) == (
                schema["minimum"],
                schema["maximum"],
            )
    for content in follow(document, operation.get("requestBody", {})).get("content", {}).values():
        for key, node in follow(document, content["schema"]).get("properties", {}).items():
            schema = follow(document, node)
            for bound in ("maxLength", "maximum"):
                assert bound not in schema or limits["body"][key].most == schema[bound]
            for bound in ("minLength", "minimum"):
                assert bound not in schema or limits["body"][key].least == schema[bound]


@pytest.mark.parametrize(("module", "path", "limit"), WRITTEN)
def test_a_body_beyond_a_limit_makes_no_request(module: Any, path: str, limit: Limit) -> None:
    values: list[Any] = [] if limit.kind == "any" else [{} if limit.kind == "boolean" else True]
    if limit.most is not None:
        values.append("x" * (int(limit.most) + 1) if limit.kind == "text" else limit.most + 1)
    for value in values:
        body: Any = value
        for name in reversed(path.split(".")):
            body = {name: body}
        ids = dict.fromkeys(path_parameters(module.OPERATION).values(), "id-1")
        with pytest.raises(ValueError, match=f"^{limit.name} must"):
            module.request(**ids, body=body)


@given(st.none() | st.integers(0, 50), st.none() | st.integers(50, 100), st.text(max_size=120))
def test_text_is_counted_in_characters(least: int | None, most: int | None, text: str) -> None:
    problem = Limit("name", "text", least=least, most=most).problem(text)
    assert (problem is None) == ((least or 0) <= len(text) <= (200 if most is None else most))


@given(st.none() | st.integers(-9, 0), st.none() | st.integers(0, 9), st.integers(-20, 20) | st.floats(-20, 20))
def test_numbers_lie_between_the_bounds(least: int | None, most: int | None, number: float) -> None:
    problem = Limit("name", "number", least=least, most=most).problem(number)
    assert (problem is None) == ((-99 if least is None else least) <= number <= (99 if most is None else most))


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        (Limit("a", "text"), 5, "a must be a string"),
        (Limit("a", "text", least=1), "", "a must not be empty"),
        (Limit("a", "text", least=3), "secret"[:2], "a must have at least 3 characters"),
        (Limit("a", "text", most=3), "secret", "a must not have more than 3 characters"),
        (Limit("a", "list", most=1), [1, 2], "a must not have more than 1 items"),
        (Limit("a", "integer"), 1.5, "a must be a whole number"),
        (Limit("a", "integer"), True, "a must be a whole number"),
        (Limit("a", "number"), "1", "a must be a number"),
        (Limit("a", "boolean"), 1, "a must be True or False"),
        (Limit("a", "object"), [], "a must be an object"),
        (Limit("a", "integer", least=0), -1, "a must be at least 0"),
        (Limit("a", "integer", most=9), 10, "a must be at most 9"),
        (Limit("a", "integer", least=1, most=9), 10, "a must be from 1 to 9"),
        (Limit("a", taken=("x", "y")), "X", "a must be an id; x, y are addresses of other things"),
        (Limit("a", taken=("x", "y")), "z", None),
        (Limit("a", "text", least=1), None, None),
        (Limit("a", "list"), (1, 2), None),
    ],
)
def test_a_problem_names_the_argument_and_the_limit(limit: Limit, value: Any, message: str | None) -> None:
    assert limit.problem(value) == message


def test_a_limit_leads_into_objects_where_there_are_some() -> None:
    limits = {"a.b": Limit("a.b", "integer")}
    assert problem_in(limits, {"a": {"b": "x"}}) == "a.b must be a whole number"
    harmless: list[Any] = [{"a": {"b": 1}}, {"a": {}}, {"a": 5}, {}, None, []]
    for values in harmless:
        assert problem_in(limits, values) is None


INNER = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
BODY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "displayName": {"type": "string", "maxLength": 5},
        "when": {"type": "string", "format": "date-time", "maxLength": 5},
        "any": {},
        "inner": {"$ref": "#/components/schemas/Inner"},
        "either": {
            "oneOf": [
                {"type": "object", "properties": {"same": {"type": "string"}, "other": {"type": "string"}}},
                {"type": "object", "properties": {"same": {"type": "string"}, "other": {"type": "integer"}}},
            ]
        },
        "open": {
            "oneOf": [
                {"type": "object", "properties": {"name": {"type": "string"}}},
                {"type": "object", "additionalProperties": True},
            ]
        },
    },
}
PATHS = ["/a/{x}", "/a/words", "/a/{x}/b", "/a/Other/{y}", "/{z}", "/a"]


def limits_of(path: str, body: dict[str, Any] | None = None) -> dict[str, dict[str, Limit]]:
    """The limits of an operation in a definition that has all of these paths."""
    done = {"responses": {"204": {"description": "Done"}}}
    sent = {"requestBody": {"content": {"application/json": {"schema": body}}}} if body else {}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "t", "version": "1"},
        "paths": {each: {"post": {**done, **(sent if each == path else {})}} for each in PATHS},
        "components": {"schemas": {"Inner": INNER}},
    }
    prepared_document = prepare(document)
    assert prepared_document.problems == []
    (call,) = (each for each in prepared_document.calls.values() if each.path == path)
    text = Limits(prepared_document.calls.values(), prepared_document.classes).of(call)
    found: dict[str, dict[str, Limit]] = eval(text or "{}", {"Limit": Limit})
    return found


def test_only_what_is_certain_is_a_limit() -> None:
    assert limits_of("/a", BODY)["body"] == {
        "displayName": Limit("display_name", "text", most=5),
        "inner": Limit("inner", "object"),
        "inner.n": Limit("inner.n", "integer", least=1),
        "either": Limit("either", "object"),
        "either.same": Limit("either.same", "text"),
        "open": Limit("open_", "object"),
    }


def test_an_id_cannot_be_what_other_paths_have_in_its_place() -> None:
    assert limits_of("/a/{x}") == {"path": {"x": Limit("x", taken=("other", "words"))}}
    assert limits_of("/a/{x}/b") == {"path": {"x": Limit("x", taken=("other", "words"))}}
    assert limits_of("/a/Other/{y}") == {}


def test_objects_in_objects_have_an_end() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(8):
        deep = {"type": "object", "properties": {f"p{index}": deep for index in range(8)}}
    assert len(limits_of("/a", deep)["body"]) <= 200


def test_an_operation_without_limits_checks_nothing() -> None:
    operation: Operation[Any] = Operation("x", "GET", "/x/{id}", "application/json", {})
    assert operation.request(path={"id": "exports"}, query={"$top": 0}).target == "/x/exports?$top=0"
