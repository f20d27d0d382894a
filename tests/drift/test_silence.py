"""Nothing is reported where nothing differs, and nothing that differs is passed over, whatever it is."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apidrift.changes import Level, worst
from apidrift.sources.documents import DriftError, check_structure
from apidrift.wire import compare_documents
from codegen.documents import Json
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from .cases import BASES, base

DOCUMENTS = {name: base(name) for name in BASES}


def label(_: Json, label: str) -> str:
    return label


def paths(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value of a document is."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in entries:
        yield (*at, key)
        yield from paths(child, (*at, key))


def parent(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document


def disturbed(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case dict():
            return {}
        case list():
            return []
        case _:
            return "x"


def goes_without_saying(document: Json, path: tuple[Any, ...]) -> bool:
    """Whether the value says only what would be so without it."""
    node, key = parent(document, path), path[-1]
    if key == "type":  # the values say it, or what stands beside it in allOf
        return "enum" in node or "const" in node or (len(path) > 2 and path[-3] == "allOf")
    if key == "required":  # path parameters always are
        return bool(node.get("in") == "path")
    return key in ("style", "explode") and bool(node.get("in") == "query")  # the defaults


edits = st.sampled_from(sorted(DOCUMENTS)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(list(paths(DOCUMENTS[name]))), st.booleans())
)


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_document_does_not_differ_from_itself(name: str) -> None:
    assert compare_documents(DOCUMENTS[name], copy.deepcopy(DOCUMENTS[name]), label) == []


def shuffled(node: Any, order: int) -> Any:
    """The same document with the keys of its objects in another order."""
    if isinstance(node, dict):
        keys = sorted(node, key=lambda key: hash((order, key)))
        return {key: shuffled(node[key], order) for key in keys}
    return [shuffled(value, order) for value in node] if isinstance(node, list) else node


@given(st.sampled_from(sorted(DOCUMENTS)), st.integers())
@settings(max_examples=30, deadline=None)
def test_the_order_of_keys_means_nothing(name: str, order: int) -> None:
    assert compare_documents(DOCUMENTS[name], shuffled(DOCUMENTS[name], order), label) == []


@given(edits)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_no_edit_is_passed_over_in_either_direction(edit: tuple[str, tuple[Any, ...], bool]) -> None:
    name, path, remove = edit
    old = DOCUMENTS[name]
    assume(not goes_without_saying(old, path))
    new = copy.deepcopy(old)
    node = parent(new, path)
    if remove:
        del node[path[-1]]
    else:
        node[path[-1]] = disturbed(node[path[-1]])
    assume(new != old)
    try:
        check_structure(new, name)
    except DriftError:
        assume(False)
    assert compare_documents(old, new, label)
    assert compare_documents(new, old, label)


LEAVES = [{"type": "string"}, {"type": "integer"}]
# How a schema can hold another one.
HOLDERS: list[Callable[[Json], Json]] = [
    lambda schema: {"type": "object", "properties": {"a": schema}},
    lambda schema: {"type": "object", "required": [""], "properties": {"": schema}},
    lambda schema: {"type": "object", "additionalProperties": schema},
    lambda schema: {"type": "object", "patternProperties": {"^a": schema}},
    lambda schema: {"type": "object", "propertyNames": schema},
    lambda schema: {"type": "object", "dependentSchemas": {"a": schema}},
    lambda schema: {"type": "object", "unevaluatedProperties": schema},
    lambda schema: {"type": "array", "items": schema},
    lambda schema: {"type": "array", "prefixItems": [{"type": "boolean"}, schema]},
    lambda schema: {"type": "array", "contains": schema},
    lambda schema: {"type": "array", "unevaluatedItems": schema},
    lambda schema: {"type": "string", "contentMediaType": "application/json", "contentSchema": schema},
    lambda schema: {"not": schema},
    lambda schema: {"if": schema, "then": {"minProperties": 1}},
    lambda schema: {"if": {"required": ["a"]}, "then": schema, "else": {"required": ["b"]}},
    lambda schema: {"if": {"required": ["a"]}, "else": schema},
    lambda schema: {"oneOf": [{"type": "boolean"}, schema]},
    lambda schema: {"anyOf": [schema, {"type": "null"}]},
    lambda schema: {"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "anyOf": [schema, {"required": ["c"]}]},
    lambda schema: {"allOf": [{"description": "One of two."}, schema]},
    lambda schema: {"type": "object", "properties": {"a": {"readOnly": True, "allOf": [schema]}}},
    lambda schema: {"unheard-of": [schema]},
]


def reading(schema: Json) -> Json:
    return {"content": {"application/json": {"schema": schema}}}


OK = {"responses": {"200": {"description": "x"}}}
# Where a schema can stand in a definition.
STANDS: list[Callable[[Json], Json]] = [
    lambda schema: {"paths": {"/a": {"post": {**OK, "requestBody": reading(schema)}}}},
    lambda schema: {"paths": {"/a": {"get": {"responses": {"200": {"description": "x", **reading(schema)}}}}}},
    lambda schema: {"paths": {"/a": {"get": {"responses": {"400": {"description": "x", **reading(schema)}}}}}},
    lambda schema: {"paths": {"/a": {"get": {**OK, "parameters": [{"name": "q", "in": "query", "schema": schema}]}}}},
    lambda schema: {
        "paths": {"/a": {"get": {"responses": {"200": {"description": "x", "headers": {"X-A": {"schema": schema}}}}}}}
    },
    lambda schema: {"webhooks": {"w": {"post": {**OK, "requestBody": reading(schema)}}}},
    lambda schema: {"webhooks": {"w": {"post": {"responses": {"200": {"description": "x", **reading(schema)}}}}}},
    lambda schema: {
        "paths": {
            "/a": {"post": {**OK, "callbacks": {"c": {"{$u}": {"post": {**OK, "requestBody": reading(schema)}}}}}}
        }
    },
]


@given(
    st.sampled_from(STANDS),
    st.lists(st.tuples(st.sampled_from(HOLDERS), st.booleans()), max_size=5),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_whatever_holds_a_component_its_change_is_seen(
    stand: Callable[[Json], Json], holders: list[tuple[Callable[[Json], Json], bool]], named: bool
) -> None:
    """A leaf changes at the end of a chain of keywords and references; some parts of the chain are components."""

    def document(leaf: Json) -> Json:
        schemas: Json = {"Leaf": leaf}
        schema: Json = {"$ref": "#/components/schemas/Leaf"} if named else leaf
        for number, (holder, is_component) in enumerate(holders):
            schema = holder(schema)
            if is_component:
                schemas[f"S{number}"] = schema
                schema = {"$ref": f"#/components/schemas/S{number}"}
        whole = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, **stand(schema)}
        return {**whole, "components": {"schemas": schemas}}

    old, new = (document(leaf) for leaf in LEAVES)
    for one, two in ((old, new), (new, old)):
        assert [change for change in compare_documents(one, two, label) if "unused" not in change.code]
    assert compare_documents(old, copy.deepcopy(old), label) == []


@given(st.lists(edits, max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_two_documents_can_be_compared(several: list[tuple[str, tuple[Any, ...], bool]]) -> None:
    """Whatever was edited, a comparison ends with findings or with one clear error."""
    for name, old in DOCUMENTS.items():
        new = copy.deepcopy(old)
        for other, path, remove in several:
            if other == name:
                try:
                    node = parent(new, path)
                    if remove:
                        del node[path[-1]]
                    else:
                        node[path[-1]] = disturbed(node[path[-1]])
                except (KeyError, IndexError, TypeError):
                    continue  # an earlier edit removed it
        try:
            check_structure(new, name)
            changes = compare_documents(old, new, label)
        except DriftError:
            continue
        assert worst(change.level for change in changes) in Level
