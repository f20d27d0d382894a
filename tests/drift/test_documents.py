"""What definitions from strangers may be, and one clear line for everything that is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from apidrift.sources.documents import DriftError, check_structure, problem_of, read_document
from apidrift.sources.uncomparable import external_references, not_compared
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
        ("openapi: 3.0.3\ninfo: {}\npaths: {}\nsecurity: {k: []}", "'security' is dict"),
        ("openapi: 3.0.3\ninfo: {}\npaths: {}\nsecurity: [k]", "'security' holds str"),
        ("openapi: 3.0.3\ninfo: {}\npaths: {}\nsecurity: [{k: all}]", "the scopes of 'k'"),
        ("openapi: 3.0.3\ninfo: {}\npaths: {/a: {get: {security: [{k: [1]}]}}}", "GET /a: `security`"),
        (
            "openapi: 3.1.0\ninfo: {}\ncomponents: {pathItems: {P: {put: {security: {k: []}}}}}",
            "PUT components.pathItems.P: 'security' is dict",
        ),
        ("openapi: 3.0.3\ninfo: {}\npaths: {}\nservers: [https://example.com]", "'servers' holds str"),
        ("openapi: 3.0.3\ninfo: {}\npaths: {}\ncomponents: {schemas: {A: {allOf: [1]}}}", "'allOf' holds int"),
        (
            "openapi: 3.0.3\ninfo: {}\npaths: {}\n"
            "components: {schemas: {A: {discriminator: {propertyName: k, mapping: {a: '#/components/schemas/B'}}}}}",
            "leads nowhere",
        ),
    ],
)
def test_what_is_wrong_is_one_line(text: str, message: str) -> None:
    with pytest.raises(DriftError) as caught:
        read(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith("api.yaml")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"openapi": "3.0.3", "info": {}, "paths": {"/a": {}, "/a": {}}}', 1),
        ('{"openapi": "3.0.3",\n"info": {},\n"info": {}, "paths": {}}', 3),
        ("openapi: 3.0.3\ninfo: {}\npaths: {}\ninfo: {}\n", 4),
    ],
)
def test_a_key_that_is_there_twice_is_refused(text: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / "api.json"
    path.write_text(text, "utf-8")
    with pytest.raises(DriftError, match=f"line {line}: the key .* is there twice"):
        read_document(path)


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


def test_what_is_not_followed_is_listed_with_its_place() -> None:
    schemas = {
        "A": {"$ref": "other.yaml#/A"},
        "B": {"$ref": "#size"},
        "C": {"$dynamicRef": "#node"},
        "D": {"$id": "https://example.com/d", "properties": {"e": {"$ref": "#/components/schemas/E"}}},
        "E": {"$id": "https://example.com/e", "$anchor": "size", "type": "object"},
        "F": {"discriminator": {"propertyName": "k", "mapping": {"e": "E", "x": "x.yaml#/X"}}},
        # None of these is a reference: names of properties, and data.
        "G": {"properties": {"$ref": {"type": "string"}, "$dynamicRef": {"type": "string"}}},
        "H": {
            "default": {"$ref": "nowhere.yaml"},
            "example": {"$ref": "nowhere.yaml"},
            "x-y": {"$ref": "nowhere.yaml"},
        },
    }
    document = read(json.dumps({**SMALL, "openapi": "3.1.0", "components": {"schemas": schemas}}))
    places = {place.removeprefix("#/components/schemas/") for place, _ in not_compared(document)}
    assert places == {"A", "B", "C", "D/properties/e", "F"}


def test_patterns_are_never_run() -> None:
    """This one would take longer than the age of the universe."""
    slow = {"type": "string", "pattern": "^(a+)+$", "default": f"{'a' * 200}!"}
    named = {"type": "object", "patternProperties": {"^(a+)+$": {}}, "default": {f"{'a' * 200}!": 1}}
    components = {"schemas": {"A": slow, "B": named}}
    for version in ("3.0.3", "3.1.0", "3.2.0"):
        assert problem_of({**SMALL, "openapi": version, "components": components}) == ""
