"""Names of what is generated: they follow from the keys of a definition, whatever its order and whatever is added."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from codegen.preparation import prepare
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.small_definitions import answering, definition

Json = dict[str, Any]

KEYS = st.sampled_from(
    [
        "foo",
        "Foo",
        "FOO",
        "fooBar",
        "foo_bar",
        "foo-bar",
        "FooBar",
        "bar",
        "a",
        "A",
        "图片",
        "+",
        "class",
        "Any",
        "to_dict",
        "1",
    ]
)
SCALARS = st.sampled_from([{"type": "string"}, {"type": "integer"}, {"$ref": "#/components/schemas/Base"}])


def objects(inner: Any) -> Any:
    return st.dictionaries(KEYS, inner, max_size=4).map(lambda each: {"type": "object", "properties": each})


ENUMS = st.lists(KEYS, min_size=1, max_size=4, unique=True).map(lambda each: {"type": "string", "enum": each})
SCHEMAS = st.recursive(
    SCALARS | ENUMS,
    lambda inner: objects(inner) | inner.map(lambda each: {"type": "array", "items": each}),
    max_leaves=6,
)
PARAMETERS = st.dictionaries(KEYS, SCALARS | ENUMS, max_size=3).map(
    lambda each: [{"name": name, "in": "query", "schema": schema} for name, schema in each.items()]
)
OPERATIONS = st.dictionaries(KEYS, PARAMETERS, max_size=3)


def document_of(schemas: Json, operations: dict[str, list[Json]]) -> Json:
    named = {"Base": {"type": "object"}, **schemas}
    found = {
        name: {"parameters": parameters, **answering({"type": "object", "properties": {"a": {"enum": ["x", "y"]}}})}
        for name, parameters in operations.items()
    }
    return definition(named, **found)


def names_of(document: Json) -> dict[tuple[str, ...], str]:
    """Every name that a document leads to, by what it is the name of."""
    prepared = prepare(document)
    found: dict[tuple[str, ...], str] = {}
    for made in prepared.classes.values():
        found["class", made.key] = made.name
        found |= {("attribute", made.key, wire): name for name, wire in made.names.items()}
        found |= {("member", made.key, str(value)): name for name, value in made.members.items()}
    for call in prepared.calls.values():
        found["module", call.key] = call.module
        found |= {("argument", call.key, each.name): each.python_name for each in call.arguments}
    return found


def shuffled(node: Any, order: Callable[[list[Any]], list[Any]]) -> Any:
    if isinstance(node, dict):
        return {key: shuffled(node[key], order) for key in order(list(node))}
    return order([shuffled(each, order) for each in node]) if isinstance(node, list) else node


@given(
    SCHEMAS.flatmap(lambda _: st.dictionaries(KEYS, SCHEMAS, max_size=4)), OPERATIONS, st.randoms(use_true_random=False)
)
@settings(max_examples=100, deadline=None)
def test_the_order_of_a_definition_changes_no_name(schemas: Json, operations: Any, random: Any) -> None:
    document = document_of(schemas, operations)
    other = shuffled(copy.deepcopy(document), lambda each: random.sample(each, len(each)))
    assert names_of(other) == names_of(document)


@given(st.dictionaries(KEYS, SCHEMAS, max_size=4), st.dictionaries(KEYS, SCHEMAS, max_size=4), OPERATIONS, OPERATIONS)
@settings(max_examples=200, deadline=None)
def test_what_is_added_renames_nothing(schemas: Json, more: Json, operations: Any, others: Any) -> None:
    """Unless it takes over a name: two keys lead to it, and the new one is spelled more like it."""
    before = names_of(document_of(schemas, operations))
    after = names_of(document_of({**more, **schemas}, {**others, **operations}))
    renamed = {key: name for key, name in before.items() if after[key] != name}
    for key, name in renamed.items():
        owner = next(other for other, taken in after.items() if other[0] == key[0] and taken.lower() == name.lower())
        assert owner not in before


def test_names_that_collide_follow_from_their_own_keys() -> None:
    three = names_of(
        definition(
            {name: {"type": "object", "properties": {"a": {"enum": ["A", "a"]}}} for name in ("Foo", "foo", "FOO")}
        )
    )
    assert three["class", "Foo"] == "Foo"
    for absent in ("Foo", "foo", "FOO"):
        two = names_of(definition({name: {"type": "object"} for name in ("Foo", "foo", "FOO") if name != absent}))
        kept = {name: two["class", name] for name in ("Foo", "foo", "FOO") if name != absent}
        assert len({name.lower() for name in kept.values()}) == 2
        assert sum(kept[name] != three["class", name] for name in kept) <= (absent == "Foo")
