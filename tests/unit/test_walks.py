"""Walks over definitions: what is a part of one, and what only looks like it."""

from __future__ import annotations

from typing import Any

from codegen.portal import as_stored
from codegen.portal.rules import from_portal
from codegen.preparation import prepare
from codegen.walks import objects, operations_of

Json = dict[str, Any]

OK: Json = {"responses": {"200": {"description": "", "content": {"application/json": {}}}}}
VENDOR = "application/vnd.bentley.itwin-platform.v1+json"
ACCEPT = {"in": "header", "name": "Accept", "schema": {"default": VENDOR}}
# Two paths of one item, an extension and two mistakes.
PATHS: Json = {
    "openapi": "3.0.3",
    "info": {"title": "t", "version": "1"},
    "servers": [{"url": "https://api.bentley.com/things"}],
    "paths": {
        "/a": {"$ref": "#/components/pathItems/Both"},
        "/b": {"$ref": "#/components/pathItems/Both"},
        "/c": None,
        "/d": {"get": []},
        "x-words": "text",
        "x-more": {"get": OK},
    },
    "components": {"pathItems": {"Both": {"parameters": [ACCEPT], "get": {"tags": ["Technical Preview"], **OK}}}},
}


def test_operations_are_found_behind_references_and_extensions_are_none() -> None:
    assert [(path, method) for path, method, _ in operations_of(PATHS)] == [("/a", "get"), ("/b", "get")]
    good = {**PATHS, "paths": {key: item for key, item in PATHS["paths"].items() if key not in {"/c", "/d"}}}
    made = prepare(good)
    assert [call.path for call in made.calls.values()] == ["/a", "/b"]
    assert made.problems == []


def test_operations_behind_references_get_our_form() -> None:
    document, fired = from_portal(PATHS)
    item = document["components"]["pathItems"]["Both"]
    assert "parameters" not in item
    assert list(item["get"]["responses"]["200"]["content"]) == [VENDOR]
    assert item["get"]["x-maturity"] == "technical-preview"
    assert {each.rule.name: each.count for each in fired if each.rule.name != "server-prefix"} == {
        "vendor-media-type": 1,
        "transport-header": 1,
        "security": 1,
        "maturity": 1,
    }


def test_names_and_data_are_no_keywords() -> None:
    schema = {
        "properties": {"title": {"type": "string"}, "example": {"enum": [{"type": "array"}]}},
        "example": {"type": "array"},
        "examples": [{"type": "array"}],
        "x-form": {"type": "array"},
    }
    assert [node for node, _ in objects(schema)] == [schema, {"enum": [{"type": "array"}]}, {"type": "string"}]


def test_examples_lose_the_words_of_others_and_keep_their_values() -> None:
    value = {"description": "a value", "summary": "of the user"}
    content = {"schema": {"examples": [value]}, "examples": {"one": {"summary": "Foreign.", "value": value}}}
    operation = {"responses": {"200": {"description": "", "content": {"application/json": content}}}}
    stored, _ = as_stored({**PATHS, "paths": {"/a": {"get": operation}}}, None, "things")
    found = stored["paths"]["/a"]["get"]["responses"]["200"]["content"]["application/json"]
    assert found == {"schema": {"examples": [value]}, "examples": {"one": {"value": value}}}
