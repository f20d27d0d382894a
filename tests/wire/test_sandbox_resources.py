"""What the sandbox keeps: creations, changes and deletions over a real socket, and the refusals that are documented."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from itwin_platform.sandbox import Sandbox
from tests.support.examples import example

BRIDGE = {"class": "Thing", "subClass": "Asset", "displayName": "A bridge"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that no other test writes to."""
    with Sandbox() as running:
        yield running


def created(client: httpx.Client, **properties: Any) -> dict[str, Any]:
    response = client.post("/itwins/", json=BRIDGE | properties)
    assert response.status_code == 201, response.text
    itwin: dict[str, Any] = response.json()["iTwin"]
    return itwin


def itwin(client: httpx.Client, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/itwins/{id_}").raise_for_status().json()["iTwin"]
    return found


class TestCreate:
    def test_what_is_created_can_be_read(self, client: httpx.Client) -> None:
        made = created(client, number="b-1", latitude=-90, geographicLocation="Exton, PA")
        assert itwin(client, made["id"]) == made
        assert (made["number"], made["latitude"], made["geographicLocation"]) == ("b-1", -90, "Exton, PA")

    def test_the_platform_adds_the_rest(self, client: httpx.Client, sandbox: Sandbox) -> None:
        made, documented = created(client), itwin(client, sandbox.itwin_id)
        assert made.keys() == documented.keys()
        assert made["number"] == made["id"]
        assert made["parentId"] == made["iTwinAccountId"] == documented["iTwinAccountId"]
        assert (made["status"], made["dataCenterLocation"]) == ("Active", "East US")
        assert made["createdDateTime"] == made["lastModifiedDateTime"] > documented["lastModifiedDateTime"]
        assert made["image"] is made["latitude"] is made["type"] is None

    def test_two_of_them_are_two(self, client: httpx.Client) -> None:
        assert created(client)["id"] != created(client, displayName="Another")["id"]

    @pytest.mark.parametrize("same", [{"number"}, {"displayName"}, {"number", "displayName"}], ids=sorted)
    def test_what_exists_is_a_conflict_that_names_it(self, same: set[str], client: httpx.Client) -> None:
        created(client, number="b-1")
        other = {"number": "b-2", "displayName": "Another"} | {name: {**BRIDGE, "number": "b-1"}[name] for name in same}
        response = client.post("/itwins/", json=BRIDGE | other)
        documented = example("create-itwin", 409)["error"]
        assert response.status_code == 409
        details = [detail for detail in documented["details"] if detail["target"] in same]
        assert response.json() == {"error": documented | {"details": details}}

    def test_a_number_is_free_again_after_a_deletion(self, client: httpx.Client) -> None:
        client.delete(f"/itwins/{created(client, number='b-1')['id']}")
        assert created(client, number="b-1")

    def test_of_many_at_once_only_one_gets_a_number(self, client: httpx.Client) -> None:
        def create(n: int) -> int:
            return client.post("/itwins/", json=BRIDGE | {"displayName": f"B{n}", "number": "b-1"}).status_code

        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(create, range(40)))
        assert sorted(statuses) == [201] + [409] * 39


class TestUpdate:
    def test_what_is_not_named_stays(self, client: httpx.Client) -> None:
        made = created(client, latitude=1, longitude=2)
        response = client.patch(f"/itwins/{made['id']}", json={"displayName": "Another", "longitude": None})
        assert response.status_code == 200
        now = response.json()["iTwin"]
        assert now == itwin(client, made["id"])
        assert now["lastModifiedDateTime"] > made["lastModifiedDateTime"]
        changed = {"displayName": "Another", "longitude": None, "lastModifiedDateTime": now["lastModifiedDateTime"]}
        assert now == made | changed

    @pytest.mark.parametrize("name", ["displayName", "number", "type", "status"])
    def test_what_cannot_be_null_is_refused(self, name: str, client: httpx.Client) -> None:
        made = created(client)
        response = client.patch(f"/itwins/{made['id']}", json={name: None})
        assert response.status_code == 422
        assert [detail["target"] for detail in response.json()["error"]["details"]] == [name]
        assert itwin(client, made["id"]) == made

    @pytest.mark.parametrize(
        "name", ["parentId", "iTwinAccountId", "image", "imageName", "createdBy", "lastModifiedBy"]
    )
    def test_read_only_properties_of_which_the_documentation_says_nothing_are_refused(
        self, name: str, client: httpx.Client, sandbox: Sandbox
    ) -> None:
        response = client.patch(f"/itwins/{sandbox.itwin_id}", json={name: "x"})
        (detail,) = response.json()["error"]["details"]
        assert (response.status_code, detail["code"], detail["target"]) == (422, "ReadOnlyProperty", name)


class TestDelete:
    def test_what_is_deleted_is_gone(self, client: httpx.Client) -> None:
        path = f"/itwins/{created(client)['id']}"
        response = client.delete(path)
        assert (response.status_code, response.content) == (204, b"")
        for method, operation in (("GET", "get-itwin"), ("PATCH", "update-itwin"), ("DELETE", "delete-itwin")):
            again = client.request(method, path, json={} if method == "PATCH" else None)
            assert (again.status_code, again.json()) == (404, example(operation, 404))

    def test_what_was_below_it_is_gone_too(self, client: httpx.Client, sandbox: Sandbox) -> None:
        path = f"/itwins/{sandbox.itwin_id}/repositories/{sandbox.repository_id}"
        assert client.get(path).status_code == 200
        client.delete(f"/itwins/{sandbox.itwin_id}")
        assert client.get(path).json() == example("get-itwin", 404)
        assert client.get(f"/itwins/{sandbox.itwin_id}/image").json() == example("get-itwin", 404)


class TestAdd:
    def test_thousands_are_there_at_once(self, client: httpx.Client, sandbox: Sandbox) -> None:
        added = sandbox.add("/itwins", (BRIDGE | {"displayName": f"Bridge {n}"} for n in range(5000)))
        assert len({each["id"] for each in added}) == 5000
        assert itwin(client, added[4321]["id"]) == added[4321]
        assert added[4321]["displayName"] == "Bridge 4321"

    def test_what_the_platform_sets_can_be_given(self, client: httpx.Client, sandbox: Sandbox) -> None:
        own = {"id": "b-1", "createdDateTime": "2020-01-01T00:00:00Z", "imageName": "small.png"}
        sandbox.add("/itwins", [BRIDGE | own])
        assert itwin(client, "b-1").items() >= own.items()

    def test_a_collection_may_be_below_a_resource(self, client: httpx.Client, sandbox: Sandbox) -> None:
        (bridge,) = sandbox.add("/itwins", [BRIDGE])
        sandbox.add(f"/itwins/{bridge['id']}/repositories", [{"id": "imodels", "class": "iModels"}])
        sandbox.add(f"/itwins/{bridge['id']}/repositories/imodels/resources", [{"id": "1", "displayName": "A model"}])
        path = f"/itwins/{bridge['id']}/repositories/imodels"
        assert client.get(path).json() == {"repository": {"id": "imodels", "class": "iModels"}}
        assert client.get(f"{path}/resources/1").json() == {
            "resource": {"id": "1", "class": "iModels", "displayName": "A model"}
        }
        assert client.get(f"/itwins/{sandbox.itwin_id}/repositories/imodels").status_code == 404

    @pytest.mark.parametrize(
        ("collection", "resources", "message"),
        [
            ("/nothing", [BRIDGE], "there is no collection at /nothing; there are /itwins,"),
            ("/itwins/x/repositories", [{"id": "imodels"}], "below a resource that does not exist"),
            ("/itwins", [BRIDGE, {"displayName": "B"}], r"resource 2 .* class \(Missing.*subClass \(Missing"),
            ("/itwins", [BRIDGE | {"colour": "red"}], r"colour \(InvalidProperty\)"),
            ("/itwins", [BRIDGE | {"latitude": 91}], r"latitude \(InvalidValue\)"),
            ("/itwins", [BRIDGE, BRIDGE], "the same displayName"),
            ("/itwins", BRIDGE, "^the resources for /itwins must be a list of mappings$"),
            ("/itwins", ["displayName"], "must be a list of mappings"),
            ("/itwins", 5, "must be a list of mappings"),
            (5, [BRIDGE], "^the path of a collection must be a string, not 5$"),
            ("/itwins", [BRIDGE | {"id": Sandbox.itwin_id}], "the same id"),
        ],
    )
    def test_what_is_not_right_is_told_and_nothing_is_added(
        self, collection: Any, resources: Any, message: str, client: httpx.Client, sandbox: Sandbox
    ) -> None:
        before = client.get("/itwins/").json()
        with pytest.raises(ValueError, match=message):
            sandbox.add(collection, resources)
        assert client.get("/itwins/").json() == before

    def test_it_works_before_the_start_and_stays_after_a_stop(self) -> None:
        sandbox = Sandbox()
        (bridge,) = sandbox.add("/itwins", [BRIDGE])
        for _ in range(2):
            with sandbox:
                headers = {"authorization": f"Bearer {sandbox.token}"}
                url = f"{sandbox.url}/itwins/{bridge['id']}"
                assert httpx.get(url, headers=headers, trust_env=False).status_code == 200

    def test_each_sandbox_has_its_own(self, client: httpx.Client) -> None:
        (bridge,) = Sandbox().add("/itwins", [BRIDGE])
        assert client.get(f"/itwins/{bridge['id']}").status_code == 404
