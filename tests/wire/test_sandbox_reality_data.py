"""Reality data in a sandbox, the iTwins that it belongs to, and the containers of files."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from itwin_platform.sandbox import Sandbox
from tests.support.examples import example
from tests.support.sandbox import OTHER

NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def itwin(sandbox: Sandbox) -> str:
    """A new iTwin."""
    (made,) = sandbox.add("/itwins", [{"class": "Thing", "subClass": "Asset", "displayName": "A bridge"}])
    return str(made["id"])


class TestRealityData:
    PATH = "/reality-management/reality-data"

    def create(self, client: httpx.Client, itwin: str, **properties: Any) -> dict[str, Any]:
        body = {"iTwinId": itwin, "displayName": "Scan", "type": "LAS", **properties}
        response = client.post(f"{self.PATH}/", json=body)
        assert response.status_code == 201, response.text
        data: dict[str, Any] = response.json()["realityData"]
        return data

    def ids(self, client: httpx.Client, query: str) -> list[str]:
        response = client.get(f"{self.PATH}/?{query}")
        assert response.status_code == 200, response.text
        return [each["id"] for each in response.json()["realityData"]]

    def test_one_from_its_first_to_its_last_day(self, client: httpx.Client, itwin: str) -> None:
        made = self.create(client, itwin, tags=["a"])
        path = f"{self.PATH}/{made['id']}"
        assert client.get(path).json() == {"realityData": made}
        assert (made["size"], made["dataCenterLocation"]) == (0, "East US")
        changed = client.patch(path, json={"displayName": "Better", "iTwinId": itwin}).json()["realityData"]
        assert changed == made | {"displayName": "Better", "modifiedDateTime": changed["modifiedDateTime"]}
        assert client.delete(path).status_code == 204
        assert client.get(path).json() == example("get-reality-data-details", 404)

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("types=LAS,OPC", True),
            ("types=OPC", False),
            ("tag=bridge", True),
            ("tag=brid", False),
            ("$search=SCAN", True),
            ("$search=bridge", True),
            ("$search=tunnel", False),
            ("ownerId=me", True),
            ("dataCenter=East US", True),
            ("dataCenter=North Europe", False),
            ("acquisitionDateTime=2021-05-12T00:00:00Z/2021-05-13T00:00:00Z", True),
            ("acquisitionDateTime=2021-05-13T00:00:00Z/2021-05-14T00:00:00Z", False),
            ("createdDateTime=2020-01-01T00:00:00Z/2999-01-01T00:00:00Z", True),
            ("extent=-76,39,-75,41", True),
            ("extent=-75.637679,40.032871,-75.633647,40.032771", True),
            ("extent=10,10,11,11", False),
        ],
    )
    def test_it_is_found_by_what_it_is(self, query: str, found: bool, client: httpx.Client, itwin: str) -> None:
        corners = {
            "southWest": {"latitude": 40.0, "longitude": -75.7},
            "northEast": {"latitude": 40.1, "longitude": -75.5},
        }
        acquisition = {"startDateTime": "2021-05-12T20:03:12Z"}
        made = self.create(client, itwin, tags=["bridge"], ownerId="me", extent=corners, acquisition=acquisition)
        assert self.ids(client, f"iTwinId={itwin}&{query}") == ([made["id"]] if found else [])

    @pytest.mark.parametrize("query", ["createdDateTime=2020-01-01", "extent=1,2,3", "extent=a", "$orderBy=colour"])
    def test_what_makes_no_sense_is_refused(self, query: str, client: httpx.Client) -> None:
        response = client.get(f"{self.PATH}/?{query}")
        target = response.json()["error"]["details"][0]["target"]
        assert (response.status_code, target) == (422, query.partition("=")[0])

    def test_pages_lead_on_by_tokens_and_stay_as_long(self, client: httpx.Client, itwin: str) -> None:
        made = [self.create(client, itwin, displayName=f"D{n}")["id"] for n in range(5)]
        order = f"iTwinId={itwin}&$orderBy=displayName desc"
        page = client.get(f"{self.PATH}/?{order}&$top=2").json()
        assert [each["id"] for each in page["realityData"]] == made[:2:-1]
        token = dict(httpx.URL(page["_links"]["next"]["href"]).params)["continuationToken"]
        rest = client.get(f"{self.PATH}/?{order}&continuationToken={token}").json()
        assert [each["id"] for each in rest["realityData"]] == made[2:0:-1]
        last = client.get(rest["_links"]["next"]["href"]).json()
        assert ([each["id"] for each in last["realityData"]], "_links" in last) == ([made[0]], False)

    def test_it_belongs_to_itwins(self, client: httpx.Client, itwin: str) -> None:
        id_ = self.create(client, itwin)["id"]
        path = f"{self.PATH}/{id_}"

        def itwins() -> list[str]:
            found: list[str] = client.get(f"{path}/itwins").json()["iTwins"]
            return found

        assert itwins() == [itwin]
        association = client.post(f"{path}/itwins/{OTHER}")
        assert association.json() == {"iTwinAssociation": {"id": id_, "iTwinId": OTHER}}
        assert client.post(f"{path}/itwins/{OTHER}").json() == example("associate-to-iTwin", 409)
        assert (itwins(), id_ in self.ids(client, f"iTwinId={OTHER}")) == ([itwin, OTHER], True)
        assert client.delete(f"{path}/itwins/{OTHER}").status_code == 204
        assert client.delete(f"{path}/itwins/{OTHER}").json() == example("dissociate-from-iTwin", 404)
        assert id_ not in self.ids(client, f"iTwinId={OTHER}")
        assert client.patch(f"{path}/move", json={"iTwinId": itwin}).json() == example("move-reality-data", 409)
        assert client.patch(f"{path}/move", json={"iTwinId": OTHER}).status_code == 204
        assert itwins() == [OTHER]

    def test_an_itwin_that_is_not_there(self, client: httpx.Client, itwin: str) -> None:
        path = f"{self.PATH}/{self.create(client, itwin)['id']}"
        assert client.get(f"{self.PATH}/?iTwinId={NOBODY}").json() == example("get-itwin", 404)
        assert client.post(f"{path}/itwins/{NOBODY}").json() == example("get-itwin", 404)
        assert client.get(f"{path}?iTwinId={OTHER}").json() == example("get-reality-data-details", 404)
        body = {"iTwinId": NOBODY, "displayName": "Scan", "type": "LAS"}
        for response in (
            client.post(f"{self.PATH}/", json=body),
            client.patch(f"{path}/move", json={"iTwinId": NOBODY}),
        ):
            assert (response.status_code, response.json()["error"]["details"][0]["target"]) == (422, "iTwinId")

    @pytest.mark.parametrize(("way", "access", "allowed"), [("read", "Read", "rl"), ("write", "Write", "rwdl")])
    def test_access_is_a_link_with_a_signature(
        self, way: str, access: str, allowed: str, client: httpx.Client, itwin: str
    ) -> None:
        id_ = self.create(client, itwin)["id"]
        answer = client.get(f"{self.PATH}/{id_}/{way}access", params={"iTwinId": itwin}).json()
        assert (answer["type"], answer["access"]) == ("AzureBlobSasUrl", access)
        url = httpx.URL(answer["_links"]["containerUrl"]["href"])
        assert (url.host, url.path) == ("127.0.0.1", f"/sandbox/{id_}")
        assert (url.params["sp"], url.params["sr"]) == (allowed, "c")
        assert url.params["sig"]


def test_both_apis_give_the_same_bucket(client: httpx.Client, itwin: str) -> None:
    first, second = (
        client.get(f"/{api}/itwins/{itwin}/bucket").json() for api in ("reality-analysis", "reality-modeling")
    )
    assert first["bucket"] == {"iTwinId": itwin}
    assert httpx.URL(first["_links"]["containerUrl"]["href"]).path == f"/sandbox/bucket-{itwin}"
    assert httpx.URL(second["_links"]["containerUrl"]["href"]).path == f"/sandbox/bucket-{itwin}"
