"""Small labelled pairs of definitions, by kind: spellings, objects, unions, references, and what is not in a schema.

The cases in cases/ change one place of a whole definition and are looked at on both axes. The pairs in pairs/ are old
and new side by side, on the wire alone: schemas once as part of a request and once as part of an answer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from apidrift.changes import Change, worst
from apidrift.cli import main
from apidrift.sources.documents import check_structure
from apidrift.wire import compare_documents
from codegen.documents import Json, parse_yaml

from .cases import FOLDER

KINDS = ("objects", "references", "unions", "values")
CELL = [{"Cell": {"type": "object", "properties": {"n": {"type": kind}}}} for kind in ("string", "integer")]
PLAIN: Json = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {"/a": {"get": {"responses": {"200": {"description": "x"}}}}},
}


def entries(kind: str) -> list[Any]:
    """The pairs of one kind."""
    text = (FOLDER / "pairs" / f"{kind}.yaml").read_text("utf-8").replace("\n", "\n  ")
    return list(parse_yaml(f"entries:\n  {text}".encode(), kind)["entries"])


def with_schema(schema: Any, components: Json, direction: str) -> Json:
    """A definition with a schema in a request or in an answer."""
    holder = {"type": "object", "required": ["v"], "properties": {"v": schema}}
    content = {"content": {"application/json": {"schema": holder}}}
    answer: Json = {"description": "x", **(content if direction == "response" else {})}
    operation: Json = {"responses": {"200": answer}}
    if direction == "request":
        operation["requestBody"] = {"required": True, **content}
    return {**PLAIN, "paths": {"/a": {"post": operation}}, "components": {"schemas": components}}


def compared(old: Json, new: Json) -> list[Change]:
    for document in (old, new):
        check_structure(document, "api.yaml")
    return [
        change
        for change in compare_documents(old, new, lambda _, label: label)
        if not change.code.startswith("unused-component")
    ]


def pair(kind: str, entry: Any, direction: str) -> tuple[Json, Json]:
    """The two definitions of an entry."""
    named = entry.get("components", {"old": {}, "new": {}})
    cells = CELL if kind == "references" else [{}, {}]
    schemas = (entry["old"], entry.get("new", entry["old"]))
    old, new = (
        with_schema(schema, {**cell, **named[side]}, direction)
        for schema, cell, side in zip(schemas, cells, ("old", "new"), strict=True)
    )
    return old, new


SCHEMAS = [(kind, entry) for kind in KINDS for entry in entries(kind)]


@pytest.mark.parametrize("direction", ["request", "response"])
@pytest.mark.parametrize(("kind", "entry"), SCHEMAS, ids=[f"{kind}: {entry['name']}" for kind, entry in SCHEMAS])
def test_schemas_in_both_directions(kind: str, entry: Any, direction: str) -> None:
    changes = compared(*pair(kind, entry, direction))
    assert worst(change.level for change in changes) == entry[direction], changes


@pytest.mark.parametrize("direction", ["request", "response"])
@pytest.mark.parametrize(("kind", "entry"), SCHEMAS, ids=[f"{kind}: {entry['name']}" for kind, entry in SCHEMAS])
def test_the_other_way_round_is_not_silent_either(kind: str, entry: Any, direction: str) -> None:
    old, new = pair(kind, entry, direction)
    assert bool(compared(new, old)) == (entry[direction] != "none")
    assert compared(old, json.loads(json.dumps(old))) == []


DOCUMENTS = entries("documents")


@pytest.mark.parametrize("entry", DOCUMENTS, ids=[entry["name"] for entry in DOCUMENTS])
def test_definitions(entry: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = []
    for side in ("old", "new"):
        paths.append(tmp_path / f"{side}.json")
        paths[-1].write_text(json.dumps({**PLAIN, **entry[side]}), "utf-8")
    main(["files", *map(str, paths), "--axis", "wire", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["verdict"]["wire"] == entry["wire"]
