"""What belongs together in a sandbox: images, repositories, one's own lists, accounts."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from itwin_platform import ITwinPlatform, errors
from itwin_platform.sandbox import Sandbox
from itwin_platform_api.itwins.api.repositories import get_repository_resources, get_resource_graphics
from tests.support.examples import example
from tests.support.sandbox import ACCOUNT, png

BRIDGE = {"class": "Thing", "subClass": "Asset"}
MAP = {
    "class": "GeographicInformationSystem",
    "subClass": "WebMapService",
    "uri": "https://a.example",
    "displayName": "Map",
}
WHOLE = {"Prefer": "return=representation"}
SHORT = {"Prefer": "return=minimal"}
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def itwin(sandbox: Sandbox) -> str:
    """A new iTwin."""
    (made,) = sandbox.add("/itwins", [BRIDGE | {"displayName": "A bridge"}])
    return str(made["id"])


def jpeg(width: int, height: int) -> bytes:
    """As much of a JPEG as says how large it is."""
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return b"\xff\xd8\xff\xe0\0\4xx\xff\xc0\0\x11\x08" + size + b"\3" + b"x" * 9


class TestImages:
    def put(self, client: httpx.Client, itwin: str, content: bytes, kind: str = "image/png") -> httpx.Response:
        return client.put(f"/itwins/{itwin}/image", content=content, headers={"content-type": kind})

    @pytest.mark.parametrize(("kind", "content"), [("image/png", png(50, 10)), ("image/jpeg", jpeg(10, 50))])
    def test_one_from_its_upload_to_its_end(self, kind: str, content: bytes, client: httpx.Client, itwin: str) -> None:
        path = f"/itwins/{itwin}/image"
        assert client.get(path).json() == example("get-itwin-image", 404)
        made = self.put(client, itwin, content, kind)
        assert made.status_code == 201
        image = client.get(path).json()["image"]
        assert image.items() >= {k: v for k, v in made.json()["image"].items() if not k.endswith("Url")}.items()
        for size in ("small", "large"):
            answer = httpx.get(image[f"{size}ImageUrl"], trust_env=False)
            assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, kind, content)
        shown = client.get(f"/itwins/{itwin}").json()["iTwin"]
        assert shown["imageName"] == image["smallImageName"]
        assert httpx.get(shown["image"], trust_env=False).content == content
        assert client.delete(path).status_code == 204
        assert client.delete(path).json() == client.get(path).json() == example("get-itwin-image", 404)
        assert client.get(f"/itwins/{itwin}").json()["iTwin"]["image"] is None
        assert httpx.get(image["smallImageUrl"], trust_env=False).status_code == 404

    def test_another_one_has_another_name(self, client: httpx.Client, itwin: str) -> None:
        first, second = (self.put(client, itwin, png()).json()["image"] for _ in range(2))
        assert not {*first.values()} & {*second.values()}

    def test_one_that_is_too_large_is_refused(self, client: httpx.Client, itwin: str) -> None:
        limit = 5 * 1024 * 1024
        content = png(padding=limit)
        response = self.put(client, itwin, content)
        assert (response.status_code, response.json()) == (413, example("upload-itwin-image", 413))
        assert self.put(client, itwin, png(padding=limit - len(png()))).status_code == 201

    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (b"", "image/png"),
            (b"\x89PNG\r\n\x1a\n", "image/png"),
            (png(), "image/jpeg"),
            (jpeg(1, 1), "image/png"),
            (jpeg(0, 1), "image/jpeg"),
            (jpeg(1, 1)[:16], "image/jpeg"),
            (b"\xff\xd8\xff" + b"\xff\0\0" * 5, "image/jpeg"),
            (png(), "image/gif"),
            (png(), ""),
        ],
    )
    def test_what_is_none_is_refused(self, content: bytes, kind: str, client: httpx.Client, itwin: str) -> None:
        response = self.put(client, itwin, content, kind)
        assert response.status_code == 422
        assert [each["code"] for each in response.json()["error"]["details"]] == ["InvalidRequestBody"]

    def test_a_link_is_good_as_it_is_and_for_an_hour(self, client: httpx.Client, itwin: str, sandbox: Sandbox) -> None:
        image = self.put(client, itwin, png()).json()["image"]
        small, large = httpx.URL(image["smallImageUrl"]), httpx.URL(image["largeImageUrl"])
        assert httpx.get(small.copy_with(query=b""), trust_env=False).status_code == 401
        for url in (small.copy_with(path=large.path), small.copy_set_param("se", "2999-01-01T00:00:00Z")):
            assert httpx.get(url, trust_env=False).status_code == 403
        sandbox.advance(3500)
        assert httpx.get(small, trust_env=False).status_code == 200
        sandbox.advance(200)
        assert httpx.get(small, trust_env=False).status_code == 403

    def test_the_client_keeps_it_as_a_file(
        self, client: httpx.Client, itwin: str, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        self.put(client, itwin, png())
        with ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
            assert platform.itwins.download_image(itwin, cache_dir=tmp_path).read_bytes() == png()

    def test_the_documented_one_is_there_too(self, tmp_path: Path) -> None:
        with Sandbox() as sandbox, ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
            itwins, itwin_id = platform.itwins, sandbox.itwin_id
            image = itwins.get_image(itwin_id)
            assert image.small_image_name == example("get-itwin-image", 200)["image"]["smallImageName"]
            small = itwins.download_image(itwin_id, cache_dir=tmp_path)
            large = itwins.download_image(itwin_id, size="large", cache_dir=tmp_path)
            assert itwins.upload_image(itwin_id, small).small_image_name.endswith(".jpeg")
            assert itwins.download_image(itwin_id, size="large", cache_dir=tmp_path).read_bytes() == large.read_bytes()
            itwins.delete_image(itwin_id)
            assert itwins.get(itwin_id).image is None
            assert httpx.get(image.small_image_url, trust_env=False).status_code == 404

    def test_the_link_of_a_documented_itwin_leads_to_a_picture(self) -> None:
        with Sandbox() as sandbox, ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
            itwin = platform.itwins.get(sandbox.itwin_id)
            assert itwin.image is not None
            shown = httpx.get(itwin.image, trust_env=False)
            assert shown.headers["content-type"] == "image/png"
            assert platform.itwins.upload_image(sandbox.itwin_id, shown.content).small_image_name.endswith(".png")


class TestOwnLists:
    def ids(self, client: httpx.Client, name: str, query: str = "") -> list[str]:
        return [each["id"] for each in client.get(f"/itwins/{name}{query}").json()["iTwins"]]

    def test_the_last_used_comes_first_and_only_25_are_kept(self, client: httpx.Client, sandbox: Sandbox) -> None:
        made = [each["id"] for each in sandbox.add("/itwins", [BRIDGE | {"displayName": f"B{n}"} for n in range(30)])]
        for id_ in made:
            assert client.post(f"/itwins/recents/{id_}").status_code == 204
        assert self.ids(client, "recents") == made[:4:-1]
        client.post(f"/itwins/recents/{made[10]}")
        assert self.ids(client, "recents")[:2] == [made[10], made[29]]
        assert len(self.ids(client, "recents")) == 25

    def test_favorites_come_and_go(self, client: httpx.Client, itwin: str) -> None:
        path = f"/itwins/favorites/{itwin}"
        assert client.delete(path).json() == example("remove-itwin-from-my-favorites", 404)
        for _ in range(2):
            assert client.post(path).status_code == 204
        assert self.ids(client, "favorites").count(itwin) == 1
        assert self.ids(client, "favorites", "?subClass=Asset&$top=1") == [itwin]
        assert client.delete(path).status_code == 204
        assert itwin not in self.ids(client, "favorites")

    @pytest.mark.parametrize("name", ["favorites", "recents"])
    def test_what_is_deleted_is_not_in_them(self, name: str, client: httpx.Client, itwin: str) -> None:
        client.post(f"/itwins/{name}/{itwin}")
        client.delete(f"/itwins/{itwin}")
        assert itwin not in self.ids(client, name)
        assert client.post(f"/itwins/{name}/{itwin}").json() == example("get-itwin", 404)


class TestAccounts:
    def test_the_account_of_an_itwin_is_an_itwin(self, client: httpx.Client, itwin: str) -> None:
        account = client.get(f"/itwins/{itwin}/account").json()["iTwin"]
        assert account["id"] == ACCOUNT
        assert client.get(f"/itwins/{ACCOUNT}").json()["iTwin"].items() >= account.items()
        assert client.get("/itwins/myprimaryaccount").json()["iTwin"] == account

    def test_as_much_is_shown_as_was_asked_for(self, client: httpx.Client) -> None:
        path = f"/itwins/{Sandbox.itwin_id}/account"
        whole = client.get(path, headers=WHOLE).json()["iTwin"]
        assert whole.keys() >= {"createdDateTime", "dataCenterLocation"}
        assert "createdDateTime" not in client.get(path).json()["iTwin"]

    def test_they_are_listed_only_where_they_are_asked_for(self, client: httpx.Client) -> None:
        def ids(query: str) -> list[str]:
            return [each["id"] for each in client.get(f"/itwins/{query}").json()["iTwins"]]

        assert ACCOUNT not in ids("")
        assert ids("?subClass=Account") == [ACCOUNT]

    def test_settings_are_made_and_changed(self, client: httpx.Client, sandbox: Sandbox) -> None:
        account = {"class": "Account", "subClass": "Account", "displayName": "Another account"}
        (made,) = sandbox.add("/itwins", [account])
        path = f"/itwins/accountsettings/{made['id']}"
        assert client.get(path).json() == example("get-account-settings", 404)
        created = client.post(path, json={"creationAuthPolicy": "AnyoneInOrg"})
        assert (created.status_code, created.json()["accountSettings"]["id"]) == (201, made["id"])
        changed = client.patch(path, json={"creationAuthPolicy": "RbacPermission"}).json()["accountSettings"]
        assert client.get(path).json() == {"accountSettings": changed}
        assert changed["creationAuthPolicy"] == "RbacPermission"
        assert changed["lastModifiedDateTime"] > created.json()["accountSettings"]["lastModifiedDateTime"]

    def test_settings_are_those_of_an_account(self, client: httpx.Client, itwin: str) -> None:
        response = client.post(f"/itwins/accountsettings/{itwin}", json={"creationAuthPolicy": "AnyoneInOrg"})
        assert (response.status_code, response.json()["error"]["code"]) == (404, "iTwinNotFound")


class TestRepositories:
    @pytest.fixture
    def path(self, client: httpx.Client, itwin: str) -> str:
        key = {"type": "Header", "key": "k", "value": "v"}
        body = MAP | {"authentication": key, "options": {"queryParameters": {"a": "b"}}}
        made = client.post(f"/itwins/{itwin}/repositories", json=body)
        assert made.status_code == 201, made.text
        return f"/itwins/{itwin}/repositories/{made.json()['repository']['id']}"

    def test_a_new_itwin_has_curated_content_alone(self, client: httpx.Client, itwin: str) -> None:
        (found,) = client.get(f"/itwins/{itwin}/repositories").json()["repositories"]
        assert (found["id"], found["class"]) == ("cesiumcuratedcontent", "CesiumCuratedContent")
        assert client.get(f"/itwins/{itwin}/repositories/cesiumcuratedcontent").json() == {"repository": found}

    def test_reality_data_makes_a_repository(self, client: httpx.Client, itwin: str) -> None:
        body = {"iTwinId": itwin, "displayName": "Scan", "type": "LAS"}
        data = client.post("/reality-management/reality-data/", json=body).json()["realityData"]
        (_, found) = client.get(f"/itwins/{itwin}/repositories").json()["repositories"]
        (resource,) = client.get(found["capabilities"]["resources"]["uri"]).json()["resources"]
        assert (resource["id"], resource["displayName"], resource["type"]) == (data["id"], "Scan", "LAS")
        assert client.get(resource["capabilities"]["graphics"]["uri"]).json()["graphics"]

    def test_those_that_are_there_by_themselves_stay_as_they_are(self, client: httpx.Client, itwin: str) -> None:
        path = f"/itwins/{itwin}/repositories/cesiumcuratedcontent"
        body = {"id": "r", "displayName": "R"}
        for response, operation in (
            (client.delete(path), "delete-repository"),
            (client.patch(path, json={"displayName": "Mine"}), "update-itwin-repository"),
            (client.post(f"{path}/resources", json=body), "create-repository-resource"),
            (client.delete(f"{path}/resources/3954"), "delete-repository-resource"),
        ):
            assert (response.status_code, response.json()) == (403, example(operation, 403))

    def test_what_is_not_named_stays_and_null_removes(self, client: httpx.Client, path: str) -> None:
        before = client.get(path).json()["repository"]
        changed = client.patch(path, json={"options": {"queryParameters": {"c": "d"}}, "class": before["class"]})
        assert changed.json()["repository"] == before | {"options": {"queryParameters": {"c": "d"}}}
        removed = client.patch(path, json={"options": None, "authentication": None}).json()["repository"]
        assert removed == {key: each for key, each in before.items() if key not in {"options", "authentication"}}
        assert client.get(path).json() == {"repository": removed}

    def test_what_cannot_change_is_refused(self, client: httpx.Client, path: str) -> None:
        for body in ({"class": "Construction"}, {"subClass": "ArcGIS"}, {"id": "x"}):
            response = client.patch(path, json=body)
            assert (response.status_code, response.json()["error"]["details"][0]["code"]) == (422, "ReadOnlyProperty")

    def test_a_name_is_there_once(self, client: httpx.Client, path: str) -> None:
        top = path.rpartition("/")[0]
        again = client.post(top, json=MAP)
        assert (again.status_code, again.json()) == (409, example("create-repository", 409))
        other = client.post(top, json=MAP | {"displayName": "Other"}).json()["repository"]["id"]
        clash = client.patch(f"{top}/{other}", json={"displayName": "Map"})
        assert (clash.status_code, clash.json()) == (409, example("update-itwin-repository", 409))

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("class=GeographicInformationSystem", ["Map"]),
            ("class=GeographicInformationSystem&subClass=WebMapService", ["Map"]),
            ("class=GeographicInformationSystem&subClass=ArcGIS", []),
            ("class=Forms", []),
        ],
    )
    def test_they_are_found_by_class(self, query: str, expected: list[str], client: httpx.Client, path: str) -> None:
        found = client.get(f"{path.rpartition('/')[0]}?{query}").json()["repositories"]
        assert [each["displayName"] for each in found] == expected

    def test_a_subclass_needs_its_class(self, client: httpx.Client, path: str) -> None:
        response = client.get(f"{path.rpartition('/')[0]}?subClass=ArcGIS")
        assert (response.status_code, response.json()["error"]["details"][0]["target"]) == (422, "subClass")

    def test_resources_are_added_found_and_deleted(self, client: httpx.Client, path: str) -> None:
        for id_ in ("roads", "rivers"):
            made = client.post(f"{path}/resources", json={"id": id_, "displayName": id_.title()})
            expected = {"id": id_, "displayName": id_.title(), "class": "GeographicInformationSystem"}
            assert made.json()["resource"] == expected | {"subClass": "WebMapService"}
        again = client.post(f"{path}/resources", json={"id": "x", "displayName": "Roads"})
        assert (again.status_code, again.json()) == (409, example("create-repository-resource", 409))
        page = client.get(f"{path}/resources?$search=RIV").json()
        assert [each["id"] for each in page["resources"]] == ["rivers"]
        first = client.get(f"{path}/resources?$top=1").json()
        assert client.get(first["_links"]["next"]["href"]).json()["resources"][0]["id"] == "rivers"
        assert client.delete(f"{path}/resources/roads").status_code == 204
        assert client.get(f"{path}/resources/roads").json() == example("get-repository-resource", 404)

    def test_properties_are_shown_where_they_are_asked_for(self, client: httpx.Client, path: str) -> None:
        client.post(f"{path}/resources", json={"id": "roads", "displayName": "Roads"})
        assert "properties" not in client.get(f"{path}/resources/roads").json()["resource"]
        assert "properties" not in client.get(f"{path}/resources/roads", headers=SHORT).json()["resource"]
        assert client.get(f"{path}/resources/roads", headers=WHOLE).json()["resource"]["properties"]
        assert client.get(f"{path}/resources", headers=WHOLE).json()["resources"][0]["properties"]

    def test_what_is_not_there_has_no_graphics(self, client: httpx.Client, path: str) -> None:
        client.post(f"{path}/resources", json={"id": "roads", "displayName": "Roads"})
        for below in (f"{path}/resources/roads", f"{path}/resources/x", f"{path}x/resources/x"):
            response = client.get(f"{below}/graphics")
            assert (response.status_code, response.json()) == (200, {"graphics": []})

    def test_deleting_a_resource_says_the_same_of_a_repository_that_is_not_there(
        self, client: httpx.Client, itwin: str
    ) -> None:
        response = client.delete(f"/itwins/{itwin}/repositories/x/resources/x")
        assert response.json() == example("delete-repository-resource", 404)


class TestRedirects:
    PATHS = ("resources", "resources/3954", "resources/3954/graphics")

    @pytest.mark.parametrize("path", PATHS)
    def test_curated_content_is_elsewhere(self, path: str, client: httpx.Client, itwin: str) -> None:
        address = f"/itwins/{itwin}/repositories/cesiumcuratedcontent/{path}"
        response = client.get(address, params={"$top": "1"})
        assert (response.status_code, response.content) == (302, b"")
        found = urlsplit(response.headers["location"])
        assert (found.path, found.port) == (f"/elsewhere{address}", client.base_url.port)
        there = client.get(response.headers["location"])
        assert there.status_code == 200
        if path == "resources":
            assert len(there.json()["resources"]) == 1
            following = there.json()["_links"]["next"]["href"]
            assert urlsplit(following).path == found.path
            assert client.get(following).status_code == 200

    def test_nothing_else_is(self, client: httpx.Client, sandbox: Sandbox) -> None:
        path = f"/itwins/{sandbox.itwin_id}/repositories/{sandbox.repository_id}/resources"
        assert client.get(path).status_code == client.get("/itwins/repositories/cesium/resources").status_code == 200

    def test_a_token_is_needed_there_too(self, client: httpx.Client, itwin: str) -> None:
        location = client.get(f"/itwins/{itwin}/repositories/cesiumcuratedcontent/resources").headers["location"]
        assert httpx.get(location, trust_env=False).status_code == 401

    def test_an_itwin_that_is_not_there_is_not_looked_for_elsewhere(self, client: httpx.Client) -> None:
        response = client.get(f"/itwins/{NOBODY}/repositories/cesiumcuratedcontent/resources")
        assert response.json() == example("get-itwin", 404)

    def test_the_client_follows(self, itwin: str, sandbox: Sandbox) -> None:
        curated = "cesiumcuratedcontent"
        with ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
            assert (
                len(platform.call(get_repository_resources.request(itwin_id=itwin, repository_id=curated)).resources)
                == 2
            )
            graphics = get_resource_graphics.request(itwin_id=itwin, repository_id=curated, resource_id="3954")
            assert platform.call(graphics).graphics


def test_what_the_client_is_told_names_what_is_missing(sandbox: Sandbox) -> None:
    with ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
        with pytest.raises(errors.NotFoundError) as caught:
            platform.repositories.get(NOBODY, sandbox.repository_id)
        assert caught.value.code == "iTwinNotFound"
