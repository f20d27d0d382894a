"""Reading definitions from strangers: formats, limits, and one clear line for everything that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from apidrift import documents
from apidrift.documents import DriftError, external_references, parse_document

SMALL = {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {}}


def read(text: str) -> documents.Json:
    return parse_document(text.encode(), "api.yaml")


def test_json_and_yaml_are_the_same() -> None:
    text = "openapi: 3.0.3\ninfo:\n  title: t\n  version: '1'\npaths: {}\n"
    assert read(text) == read(json.dumps(SMALL)) == SMALL


def test_yaml_1_2_keeps_text_that_1_1_turns_into_something_else() -> None:
    document = read(
        "openapi: 3.0.3\ninfo: {title: no, version: 2024-01-02, x-a: on, x-b: 12:30, x-c: 0o17, x-d: 1e3}\npaths: {}"
    )
    assert document["info"] == {
        "title": "no",
        "version": "2024-01-02",
        "x-a": "on",
        "x-b": "12:30",
        "x-c": 15,
        "x-d": 1000.0,
    }


def test_statuses_without_quotes_are_text() -> None:
    document = read("openapi: 3.0.3\ninfo: {}\npaths: {/a: {get: {responses: {200: {description: x}}}}}")
    assert list(document["paths"]["/a"]["get"]["responses"]) == ["200"]


def test_aliases_are_followed() -> None:
    document = read("openapi: 3.0.3\ninfo: &i {title: t}\npaths: {}\nx-again: *i\n")
    assert document["x-again"] == {"title": "t"}


BILLION = "openapi: 3.0.3\ninfo: {}\npaths: {}\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n" + "".join(
    f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("swagger: '2.0'\ninfo: {}\n", "Swagger 2.0"),
        ("hello: world", "no OpenAPI definition"),
        ("[]", "not an object"),
        ("openapi: 3.0.3\ninfo: {}\n", "has no `paths`"),
        ("openapi: 3.0.3\npaths: {}\n", "has no `info`"),
        ("openapi: 3.0.3\ninfo: {}\npaths: []\n", "'paths' is list"),
        ("openapi: 4.0.0\ninfo: {}\npaths: {}\n", "OpenAPI 4.0.0"),
        ("openapi: 3.0.3\ninfo: {}\npaths: {}\ninfo: {}\n", "is there twice"),
        ("openapi: 3.0.3\ninfo: {}\npaths: {\n", "line"),
        ("a: 1\n---\nb: 2\n", "2 YAML documents"),
        ("openapi: !!python/object/apply:os.system ['true']\n", "is not accepted"),
        ("openapi: !!binary aGk=\n", "is not accepted"),
        ("a: " + "[" * 5000, "nested"),
        ("- " * 5000, "nested"),
        ('{"a":' * 100_000, "nested"),
        (BILLION, "more than"),
        ("openapi: 3.0.3\ninfo: {}\npaths: {/a: {get: {responses: {'999': {}}}}}", "is no status"),
        (
            "openapi: 3.0.3\ninfo: {}\npaths: {}\ncomponents: {schemas: {A: {$ref: '#/components/schemas/B'}}}",
            "leads nowhere",
        ),
        ("openapi: 3.0.3\ninfo: {}\npaths: {}\ncomponents: {schemas: {A: {properties: []}}}", "'properties' is list"),
        ("openapi: 3.0.3\ninfo: {}\npaths: {}\ncomponents: {schemas: {A: {$ref: 5}}}", "is not text"),
    ],
)
def test_what_is_wrong_is_one_line(text: str, message: str) -> None:
    with pytest.raises(DriftError) as caught:
        read(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith("api.yaml")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_bytes_that_are_not_text() -> None:
    with pytest.raises(DriftError, match="not UTF-8"):
        parse_document(b"\xff\xfe\x00", "api.yaml")


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_BYTES", 100)
    path = tmp_path / "long.yaml"
    path.write_text("a" * 101, "utf-8")
    with pytest.raises(DriftError, match="101 bytes"):
        documents.read_document(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DriftError, match="No such file"):
        documents.read_document(tmp_path / "none.yaml")


def test_references_out_of_the_document_are_listed_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("A: {type: string}", "utf-8")
    schemas = {
        "A": {"$ref": "other.yaml#/A"},
        "B": {"$ref": "https://example.com/b.json"},
        "C": {"$ref": "file:///etc/passwd"},
    }
    document = read(json.dumps({**SMALL, "components": {"schemas": schemas}}))
    assert external_references(document) == ["file:///etc/passwd", "https://example.com/b.json", "other.yaml#/A"]
