"""What the templates make of definitions: readers, types, requests, text that stays text."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.generated import write_packages


def generated_models(tmp_path: Path, schemas: dict[str, Any], name: str) -> Any:
    """Generate a package from a few schemas and import its models."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/a": {
                "get": {
                    "operationId": "get-a",
                    "parameters": [
                        {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                        {"name": "since", "in": "query", "schema": {"type": "string", "format": "date-time"}},
                    ],
                    "responses": {
                        "200": {
                            "description": "",
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}},
                        }
                    },
                }
            }
        },
        "components": {"schemas": schemas},
    }
    write_packages({"api_a": document}, tmp_path / name)
    return tmp_path / name


def assert_strict(folder: Path) -> None:
    """The package passes mypy."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", "cache", "-p", folder.name],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_templates_read_every_kind_of_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = {
        "A": {
            "type": "object",
            "required": ["text", "kind"],
            "properties": {
                "text": {"type": "string"},
                "kind": {"const": "a"},
                "when": {"type": "string", "format": "date-time"},
                "day": {"type": "string", "format": "date"},
                "guid": {"type": "string", "format": "uuid"},
                "count": {"type": "integer"},
                "size": {"type": "number"},
                "flag": {"type": "boolean"},
                "any": {},
                "nullable": {"type": ["string", "null"]},
                "mixed": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                "many": {"type": "array", "items": {"$ref": "#/components/schemas/B"}},
                "deep": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
                "either": {
                    "type": "array",
                    "items": {"oneOf": [{"$ref": "#/components/schemas/B"}, {"$ref": "#/components/schemas/C"}]},
                },
                "level": {"type": "integer", "enum": [1, 2]},
                "one": {"type": "string", "enum": ["only"]},
                "by": {"type": "string", "enum": ["RealityData", "iModels"], "default": "iModels"},
                "_links": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/B"}},
                "iTwinId": {"type": "string"},
            },
        },
        "B": {"type": "object", "required": ["b"], "properties": {"b": {"type": "string"}}},
        "C": {"type": "object", "required": ["c"], "properties": {"c": {"type": "string"}}},
    }
    generated_models(tmp_path, everything, "made_kinds")
    monkeypatch.syspath_prepend(str(tmp_path))
    models = importlib.import_module("made_kinds.api_a.models")
    body = {
        "text": "t",
        "kind": "a",
        "when": "2020-01-02T03:04:05Z",
        "day": "2020-01-02",
        "guid": "12345678-1234-5678-1234-567812345678",
        "count": 3,
        "size": 1.5,
        "flag": True,
        "any": {"x": [1]},
        "nullable": "n",
        "mixed": 4,
        "many": [{"b": "1"}],
        "deep": [[1.0], []],
        "either": [{"b": "1"}, {"c": "2"}],
        "level": 2,
        "one": "only",
        "by": "RealityData",
        "_links": {"self": {"b": "1"}},
        "iTwinId": "i",
    }
    parsed = models.A.from_dict(body)
    assert parsed.to_dict() == body
    assert parsed.itwin_id == "i"
    assert parsed.by is models.ABy.REALITY_DATA
    assert [type(item).__name__ for item in parsed.either] == ["B", "C"]
    assert parsed.links["self"].b == "1"
    assert models.A.from_dict({"text": "t", "kind": "a", "nullable": None, "by": "Future"}).by == "Future"
    with pytest.raises(ValueError, match="documented"):
        models.A.from_dict({"text": "t", "kind": "a", "one": "two"})
    with pytest.raises(ValueError, match="kind"):
        models.A.from_dict({"text": "t", "kind": "b"})
    with pytest.raises(ValueError, match=r"either\[1\]"):
        models.A.from_dict({"text": "t", "kind": "a", "either": [{"b": "1"}, 3]})
    importlib.import_module("made_kinds.api_a.api.default.get_a")


def test_what_the_templates_make_passes_strict_type_checks(tmp_path: Path) -> None:
    schemas = {
        "A": {
            "type": "object",
            "properties": {
                "when": {"type": "string", "format": "date-time"},
                "either": {"oneOf": [{"$ref": "#/components/schemas/B"}, {"type": "string"}]},
                "by": {"type": "string", "enum": ["x", "y"]},
            },
            "additionalProperties": {"type": "integer"},
        },
        "B": {"type": "object", "properties": {"b": {"type": "string"}}},
    }
    folder = generated_models(tmp_path, schemas, "made_strict")
    assert_strict(folder)


def test_requests_follow_the_definition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists with commas, several content types, several successes, null as an answer, names of arguments."""
    thing = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
    answers = {
        "200": {"description": "", "content": {"application/json": {"schema": {**thing, "nullable": True}}}},
        "202": {"description": ""},
        "404": {"description": "", "content": {"application/problem+json": {"schema": {"type": "object"}}}},
    }
    array = {"type": "array", "items": {"type": "string"}}
    operation = {
        "operationId": "put-thing",
        "x-maturity": "technical-preview",
        "parameters": [
            {"name": "thingId", "in": "path", "required": True, "schema": {"type": "string"}, "x-python-name": "key"},
            {"name": "other", "in": "path", "required": True, "schema": {"type": "string"}, "x-allow-slash": True},
            {"name": "types", "in": "query", "schema": array, "explode": False},
            {"name": "tags", "in": "query", "schema": array},
            {"name": "since", "in": "query", "schema": {"type": "string", "format": "date-time"}},
            {"name": "flag", "in": "query", "schema": {"type": "boolean", "default": True}},
            {"name": "X-Scope", "in": "header", "schema": {"type": "string"}},
        ],
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/png", "image/jpeg")
            },
        },
        "responses": answers,
    }
    document = {
        "openapi": "3.0.3",
        "info": {"title": "t", "version": "1"},
        "paths": {"/things/{thingId}/{other}": {"put": operation}},
    }
    write_packages({"api_a": document}, tmp_path / "made_requests")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("made_requests.api_a.api.default.put_thing")
    request = module.request(
        key="k", other="o", types=["a", "b"], tags=["c", "d"], body=b"x", content_type="image/png", x_scope="all"
    )
    # The default of the definition is not sent: nobody has asked for it.
    assert request.target == "/things/k/o?types=a,b&tags=c&tags=d"
    assert (request.headers, request.body, request.content_type) == ((("X-Scope", "all"),), b"x", "image/png")
    assert module.OPERATION.preview
    assert module.request(key="k", other="a/b", body=b"", content_type="image/png").target == "/things/k/a%2Fb"
    with pytest.raises(ValueError, match="key must not contain '/'"):
        module.request(key="a/b", other="b", body=b"", content_type="image/png")
    assert module.OPERATION.answers[200](None) is None
    assert module.OPERATION.answers[200]({"a": "1"}).a == "1"
    assert not module.OPERATION.has_body(202)
    with pytest.raises(ValueError, match=r"key must not be empty"):
        module.request(key="", other="o", body=b"", content_type="image/png")
    assert_strict(tmp_path / "made_requests")


def test_strings_of_a_specification_stay_strings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = '"""\nimport pathlib; pathlib.Path("owned").touch()\n"""\' + __import__("os").name + \''
    schemas = {
        "A": {
            "type": "object",
            "description": evil,
            "required": [evil],
            "properties": {
                evil: {"type": "string", "description": evil},
                "e": {"type": "string", "enum": [evil, "b"], "description": evil},
                "u": {
                    "oneOf": [{"$ref": "#/components/schemas/B"}],
                    "discriminator": {"propertyName": evil, "mapping": {evil: "#/components/schemas/B"}},
                },
            },
        },
        "B": {"type": "object", "properties": {evil: {"type": "string"}}},
    }
    generated_models(tmp_path, schemas, "made_evil")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    models = importlib.import_module("made_evil.api_a.models")
    body = {evil: "x", "e": evil, "u": {evil: "y"}}
    assert models.A.from_dict(body).to_dict() == body
    assert not (tmp_path / "owned").exists()
