"""The sandbox serves an API that it has never seen, from nothing but its definition."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from codegen.sandbox_data import sandbox_data

from itwin_platform.sandbox import Sandbox, _server
from itwin_platform.sandbox._catalogue import Catalogue

GARDEN = {"id": "g-1", "name": "Kew", "area": 1.5, "plantedDateTime": "2020-01-01T00:00:00Z"}
TREE = {"label": "t-1", "kind": "Oak", "height": None}
MERGE = {"content-type": "application/merge-patch+json"}
SCHEMAS: dict[str, Any] = {
    "Garden": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "name": {"type": "string"},
            "area": {"type": "number", "nullable": True},
            "plantedDateTime": {"type": "string", "format": "date-time"},
        },
    },
    "NewGarden": {
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {"name": {"type": "string", "maxLength": 10}, "area": {"type": "number", "nullable": True}},
    },
    "Tree": {
        "type": "object",
        "required": ["label"],
        "properties": {
            "label": {"type": "string"},
            "kind": {"type": "string", "enum": ["Oak", "Ash"], "default": "Ash"},
            "height": {"type": "number", "nullable": True},
            # A branch has branches: what is inside itself is not looked into.
            "branches": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        },
    },
}

SCHEMAS["TreeChanges"] = {"type": "object", "properties": SCHEMAS["Tree"]["properties"]}


def content(name: str, schema: object, example: object) -> dict[str, Any]:
    body = {"schema": {"type": "object", "properties": {name: schema}}, "example": {name: example}}
    return {"content": {"application/json": body}}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def operation(id_: str, status: str, answer: dict[str, Any] | None = None, body: str = "") -> dict[str, Any]:
    refusals = {"400": "Bad", "401": "Unauthorized", "404": "NotFound", "409": "Exists", "429": "TooMany"}
    errors = {
        code: {"content": {"application/json": {"example": {"error": {"code": name, "message": f"{id_} {code}"}}}}}
        for code, name in refusals.items()
    }
    result: dict[str, Any] = {"operationId": id_, "responses": {status: answer or {}, **errors}}
    if body:
        result["requestBody"] = {"content": {"application/merge-patch+json": {"schema": ref(body)}}}
    return result


def listing(name: str, schema: str, *examples: object) -> dict[str, Any]:
    return content(name, {"type": "array", "items": ref(schema)}, list(examples))


DEFINITION: dict[str, Any] = {
    "components": {"schemas": SCHEMAS},
    "paths": {
        "/gardens/{gardenId}": {
            "get": operation("get-garden", "200", content("garden", ref("Garden"), GARDEN)),
            "delete": operation("delete-garden", "204"),
        },
        "/gardens": {
            "get": operation("get-gardens", "200", listing("gardens", "Garden", GARDEN, {"id": "g-2", "name": "Eden"})),
            "post": operation("create-garden", "201", content("garden", ref("Garden"), GARDEN), "NewGarden"),
        },
        "/gardens/visited": {"get": operation("get-visited", "200", listing("gardens", "Garden", GARDEN))},
        "/gardens/visited/{id}": {
            "post": operation("add-visited", "204"),
            "delete": operation("remove-visited", "204"),
        },
        "/gardens/{gardenId}/trees": {
            "get": operation("get-trees", "200", listing("trees", "Tree", TREE)),
            "post": operation("create-tree", "201", content("tree", ref("Tree"), TREE), "Tree"),
        },
        "/gardens/{gardenId}/trees/{treeLabel}": {
            "get": operation("get-tree", "200", content("tree", ref("Tree"), TREE)),
            "patch": operation("update-tree", "200", content("tree", ref("Tree"), TREE), "TreeChanges"),
        },
        "/weather/gardens/{gardenId}/forecast": {
            "get": operation("get-forecast", "200", content("forecast", {"type": "object"}, {"gardenId": "g-9"})),
        },
    },
}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setattr(_server, "CATALOGUE", Catalogue.from_data(sandbox_data({"gardens": DEFINITION})))
    with Sandbox() as sandbox:
        headers = {"authorization": f"Bearer {sandbox.token}"}
        with httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False) as client:
            yield client


def names(client: httpx.Client, path: str) -> list[str]:
    ((_, items),) = client.get(path).json().items()
    return [item.get("name", item.get("label")) for item in items]


def test_it_begins_with_the_examples(client: httpx.Client) -> None:
    assert client.get("/gardens/g-1").json() == {"garden": GARDEN}
    assert names(client, "/gardens") == ["Kew", "Eden"]
    assert client.get("/gardens/g-1/trees/t-1").json() == {"tree": TREE}
    assert names(client, "/gardens/g-2/trees") == []


def test_resources_are_created_below_others(client: httpx.Client) -> None:
    garden = client.post("/gardens", json={"name": "Tivoli"}, headers=MERGE).json()["garden"]
    assert garden["area"] is None
    assert garden["plantedDateTime"] > GARDEN["plantedDateTime"]
    tree = client.post(f"/gardens/{garden['id']}/trees", json={"label": "t-1"}, headers=MERGE)
    assert (tree.status_code, tree.json()) == (201, {"tree": {"label": "t-1", "kind": "Ash", "height": None}})
    assert client.post("/gardens/nowhere/trees", json={"label": "t-1"}, headers=MERGE).status_code == 404


def test_an_id_that_the_caller_chooses_is_taken_once(client: httpx.Client) -> None:
    response = client.post("/gardens/g-1/trees", json={"label": "t-1"}, headers=MERGE)
    assert response.status_code == 409
    assert response.json()["error"]["message"] == "create-tree 409"


def test_what_is_wrong_is_refused_with_the_documented_status(client: httpx.Client) -> None:
    response = client.post("/gardens", json={"name": "A very long name"}, headers=MERGE)
    assert response.status_code == 400
    assert response.json()["error"]["details"][0]["target"] == "name"
    assert client.patch("/gardens/g-1/trees/t-1", json={"kind": "Elm"}, headers=MERGE).status_code == 400
    assert client.post("/gardens", json={"name": "Tivoli"}).status_code == 400  # another content type


def test_a_change_stays(client: httpx.Client) -> None:
    changes = {"height": 3, "branches": [{"label": "b-1", "branches": [{"anything": True}]}]}
    assert client.patch("/gardens/g-1/trees/t-1", json=changes, headers=MERGE).json() == {"tree": TREE | changes}
    assert client.get("/gardens/g-1/trees/t-1").json() == {"tree": TREE | changes}


def test_a_collection_may_hold_links_to_another(client: httpx.Client) -> None:
    assert names(client, "/gardens/visited") == ["Kew"]
    assert client.post("/gardens/visited/g-2").status_code == 204
    assert client.post("/gardens/visited/g-2").status_code == 204
    assert client.post("/gardens/visited/nowhere").status_code == 404
    assert names(client, "/gardens/visited") == ["Kew", "Eden"]
    assert client.delete("/gardens/visited/g-1").status_code == 204
    assert client.delete("/gardens/visited/g-1").status_code == 404
    assert client.get("/gardens/g-1").status_code == 200
    client.delete("/gardens/g-2")
    assert names(client, "/gardens/visited") == []


def test_another_api_may_name_the_resources_too(client: httpx.Client) -> None:
    for known in ("g-1", "g-2", "g-9"):
        assert client.get(f"/weather/gardens/{known}/forecast").json() == {"forecast": {"gardenId": "g-9"}}
    assert client.get("/weather/gardens/g-3/forecast").json()["error"]["message"] == "get-garden 404"
