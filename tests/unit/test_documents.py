"""Reading YAML and JSON from strangers: what it means, its limits, and one clear line for everything that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from codegen import documents
from codegen.documents import DocumentError, Json, follow, parse_yaml, read_yaml, target_of
from codegen.overlays import OverlayError, load_yaml


def read(text: str) -> Json:
    return parse_yaml(text.encode(), "api.yaml")


def test_json_and_yaml_are_the_same() -> None:
    document = {"a": {"b": [1, -2.5, True, None, "text"], "200": "x"}, "c": ""}
    text = "a:\n  b: [1, -2.5, true, ~, text]\n  200: x\nc: ''\n"
    assert read(text) == read(json.dumps(document)) == document


@pytest.mark.parametrize(
    "text", ["no", "on", "yes", "12:30", "2024-01-02", "2024-01-02T03:04:05Z", "1_000", "0b11", "0o9", "1e", "NaN", "+"]
)
def test_text_that_other_readers_turn_into_something_else_stays_text(text: str) -> None:
    assert read(f"a: {text}") == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("~", None),
        ("Null", None),
        ("TRUE", True),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("+5", 5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("'5'", "5"),
        ('"null"', "null"),
        ("|\n  5", "5"),
        ("! 5", "5"),
        ("!!str 5", "5"),
        ("!!int 0x1F", 31),
        ("!!float 5", 5),
    ],
)
def test_the_spelling_of_a_value_says_its_type(text: str, value: object) -> None:
    found = read(f"a: {text}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_aliases_are_followed() -> None:
    assert read("a: &i {b: c}\nd: *i\n")["d"] == {"b": "c"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{<<: *one, own: 3}", {"a": 1, "b": 1, "own": 3}),
        ("{b: 3, <<: *one}", {"a": 1, "b": 3}),
        ("{<<: [*one, *two]}", {"a": 1, "b": 1, "c": 2}),
        ("{<<: [*two, *one]}", {"a": 1, "b": 2, "c": 2}),
        ("{<<: {x: {<<: *one}}}", {"x": {"a": 1, "b": 1}}),
        ("{'<<': text}", {"<<": "text"}),
        ("{a: <<, b: [<<]}", {"a": "<<", "b": ["<<"]}),
    ],
)
def test_merge_keys_add_what_is_not_there(text: str, expected: Json) -> None:
    assert read(f"one: &one {{a: 1, b: 1}}\ntwo: &two {{b: 2, c: 2}}\nhere: {text}\n")["here"] == expected


BILLION = "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n" + "".join(
    f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 9)
)
MERGES = "a: &a {" + ", ".join(f"k{n}: 0" for n in range(2000)) + "}\nb:\n" + "- <<: *a\n" * 2000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "not an object"),
        ("", "0 YAML documents"),
        ("a: 1\n---\nb: 2\n", "2 YAML documents"),
        ("a: 1\nb:\n  c: {\n", "line 4"),
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' is there twice"),
        ("a: 1\n200: 2\n'200': 3\n", "line 3: the key '200' is there twice"),
        ('{"a": 1,\n "a": 2}', "line 2: the key 'a' is there twice"),
        ("a:\n  <<: {}\n  <<: {}\n", "line 3: the key '<<' is there twice"),
        ("a:\n  <<: text\n", "line 3: << is for objects"),
        ("a: &a\n  b: {<<: *a}\n", "line 2: << is for objects that end before it"),
        ("a: &a\n  b: *a\n", "nested"),
        ("&a <<: {}\nb: *a\n", "unknown alias 'a'"),
        ("a: *b\n", "line 1: unknown alias 'b'"),
        ("{[a]: b}", "the key of an object is not text"),
        ("a: 1\nb: .inf\n", "line 2: '.inf' is not a number that JSON can hold"),
        ("a: -.INF\n", "line 1: '-.INF' is not"),
        ("a: .nan\n", "line 1: '.nan' is not"),
        ("a: 1e999\n", "line 1: '1e999' is not"),
        ('{"a": 1e999}', "line 1: '1e999' is not"),
        ("a: !!int 1_000\n", "'1_000' is no int"),
        ("a: !!python/object/apply:os.system ['true']\n", "is not accepted"),
        ("a: !!binary aGk=\n", "is not accepted"),
        ("a: !!timestamp 2024-01-02\n", "is not accepted"),
        ("a: " + "[" * 5000, "nested"),
        ("- " * 5000, "nested"),
        ('{"a":' * 100_000, "nested"),
        (BILLION, "more than"),
        (MERGES, "more than"),
    ],
)
def test_what_is_wrong_is_one_line(text: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith("api.yaml")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_bytes_that_are_not_text() -> None:
    with pytest.raises(DocumentError, match="not UTF-8"):
        parse_yaml(b"\xff\xfe\x00", "api.yaml")


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_BYTES", 100)
    path = tmp_path / "long.yaml"
    path.write_text("a" * 101, "utf-8")
    with pytest.raises(DocumentError, match="101 bytes"):
        read_yaml(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="No such file"):
        read_yaml(tmp_path / "none.yaml")


def test_an_overlay_that_cannot_be_read_is_an_error_of_the_overlay(tmp_path: Path) -> None:
    path = tmp_path / "overlay.yaml"
    path.write_text("overlay: 1.0.0\nactions: [\n", "utf-8")
    with pytest.raises(OverlayError, match=r"^overlay\.yaml, line 3"):
        load_yaml(path)


DOCUMENT: Json = {
    "a": {"b/c": [{"d": 1}, {"$ref": "#/a/b~1c/0"}], "~": 2},
    "loop": {"$ref": "#/loop"},
    "lost": {"$ref": "#/a/x"},
    "out": {"$ref": "other.yaml#/a"},
}


@pytest.mark.parametrize(
    ("reference", "expected"),
    [("#/a/b~1c/0/d", 1), ("#/a/b%2Fc/0/d", 1), ("#/a/~0", 2), ("#/a/b~1c/1", {"$ref": "#/a/b~1c/0"}), ("#", DOCUMENT)],
)
def test_where_references_lead(reference: str, expected: Any) -> None:
    assert target_of(DOCUMENT, reference) == expected


@pytest.mark.parametrize(
    "reference", ["#/b", "#/a/b", "#/a/b~1c/2", "#/a/b~1c/-1", f"#/a/b~1c/{'9' * 5000}", "#/a/~0/x"]
)
def test_references_that_lead_nowhere(reference: str) -> None:
    with pytest.raises(DocumentError, match="leads nowhere"):
        target_of(DOCUMENT, reference)


@pytest.mark.parametrize(("name", "expected"), [("a", DOCUMENT["a"]), ("loop", {}), ("lost", {}), ("out", {})])
def test_following_ends_with_an_object(name: str, expected: Json) -> None:
    assert follow(DOCUMENT, DOCUMENT[name]) == expected
    assert follow(DOCUMENT, {"$ref": "#/a/b~1c/1"}) == {"d": 1}
