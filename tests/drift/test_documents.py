"""What definitions from strangers may be, and one clear line for everything that is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from apidrift.sources.documents import DriftError, check_structure, external_references, read_document
from codegen.documents import Json, parse_yaml

SMALL = {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {}}


def read(text: str) -> Json:
    document = parse_yaml(text.encode(), "api.yaml")
    check_structure(document, "api.yaml")
    return document


def test_statuses_without_quotes_are_text() -> None:
    document = read("openapi: 3.0.3\ninfo: {}\npaths: {/a: {get: {responses: {200: {description: x}}}}}")
    assert list(document["paths"]["/a"]["get"]["responses"]) == ["200"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("swagger: '2.0'\ninfo: {}\n", "Swagger 2.0"),
        ("hello: world", "no OpenAPI definition"),
        ("openapi: 3.0.3\ninfo: {}\n", "has no `paths`"),
        ("openapi: 3.0.3\npaths: {}\n", "has no `info`"),
        ("openapi: 3.0.3\ninfo: {}\npaths: []\n", "'paths' is list"),
        ("openapi: 4.0.0\ninfo: {}\npaths: {}\n", "OpenAPI 4.0.0"),
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


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: {", b"[]"])
def test_a_file_that_cannot_be_read_cannot_be_compared(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "api.yaml"
    path.write_bytes(content)
    with pytest.raises(DriftError, match=r"^api\.yaml"):
        read_document(path)


def test_references_out_of_the_document_are_listed_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("A: {type: string}", "utf-8")
    schemas = {
        "A": {"$ref": "other.yaml#/A"},
        "B": {"$ref": "https://example.com/b.json"},
        "C": {"$ref": "file:///etc/passwd"},
    }
    document = read(json.dumps({**SMALL, "components": {"schemas": schemas}}))
    assert external_references(document) == ["file:///etc/passwd", "https://example.com/b.json", "other.yaml#/A"]
