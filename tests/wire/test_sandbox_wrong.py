"""What the sandbox says of requests that it refuses: every documented detail comes where it applies, and alone."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itwin_platform.sandbox import Sandbox
from tests.support.examples import example
from tests.support.sandbox import OPERATIONS, SERVED, body_of, client_of, path_of, png, request_of, running

JSON = {"content-type": "application/json"}
BRIDGE = {"class": "Thing", "subClass": "Asset", "displayName": "A bridge"}
LONG = "x" * 256
EXPORT = {"outputFormat": "Csv"}
SERVICE = {"class": "GeographicInformationSystem", "subClass": "ArcGIS", "uri": "https://a.example", "displayName": "A"}
LEVELS = {"minimumLevel": 1, "maximumLevel": 2}
RESOURCE = {"id": "r", "displayName": "R"}
KEY = {"type": "Header", "key": "k", "value": "v"}
BASIC = {"type": "Basic", "username": "u", "password": "p"}
PKCE = {
    "type": "OAuth2AuthorizationCodePKCE",
    "clientId": "c",
    "scopes": "s",
    "authorizationEndpoint": "https://example.org/a",
    "tokenEndpoint": "https://example.org/t",
    "redirectUri": "http://localhost/",
}
# What a detail says, where its code and its target are not all.
EMPTY, TOO_LONG = "empty", "more than"


def without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: each for key, each in value.items() if key != name}


def paths(parameter: str) -> dict[tuple[str, ...], Any]:
    """A path with an id that is no GUID: the one that the documented text repeats."""
    return {("InvalidValue", parameter): Path(parameter)}


class Path(str):
    """The parameter of the path that is wrong."""


# A body, a query, headers or a path that has exactly one thing wrong with it: for each operation by code and target of
# the detail, and where that is not all, by a word of its text.
LISTED: dict[tuple[str, ...], Any] = {
    ("InvalidValue", "$top"): "$top=1001",
    ("InvalidValue", "$skip"): "$skip=-1",
    ("InvalidValue", "subClass"): "subClass=Asset,Bridge",
    ("InvalidValue", "status"): "status=Gone",
    ("InvalidParameter", "includeInactive"): "includeInactive=true&status=Active",
}
WRONG: dict[str, dict[tuple[str, ...], Any]] = {
    "itwins/create-itwin": {
        ("MissingRequiredProperty", "displayName"): BRIDGE | {"displayName": ""},
        ("MissingRequiredProperty", "class"): {"subClass": "Asset", "displayName": "A"},
        ("InvalidValue", "status"): BRIDGE | {"status": "Gone"},
        ("InvalidValue", "class"): BRIDGE | {"class": "Bridge"},
        ("InvalidValue", "geographicLocation"): BRIDGE | {"geographicLocation": LONG},
        ("InvalidValue", "ianaTimeZone"): BRIDGE | {"ianaTimeZone": "here"},
        ("InvalidValue", "dataCenterLocation"): BRIDGE | {"dataCenterLocation": "The Moon"},
        ("InvalidValue", "subClass"): BRIDGE | {"subClass": "Bridge"},
        ("InvalidValue", "displayName"): BRIDGE | {"displayName": LONG},
        ("InvalidValue", "number"): BRIDGE | {"number": LONG},
        ("InvalidValue", "type"): BRIDGE | {"type": "x" * 101},
        ("InvalidValue", "latitude"): BRIDGE | {"latitude": 90.1},
        ("InvalidValue", "longitude"): BRIDGE | {"longitude": "east"},
    },
    "itwins/update-itwin": {
        ("ReadOnlyProperty", "id"): {"id": "x"},
        ("ReadOnlyProperty", "class"): {"class": "Thing"},
        ("ReadOnlyProperty", "subClass"): {"subClass": "Asset"},
        ("ReadOnlyProperty", "createdDateTime"): {"createdDateTime": "2020-01-01T00:00:00Z"},
        ("ReadOnlyProperty", "lastModifiedDateTime"): {"lastModifiedDateTime": "2020-01-01T00:00:00Z"},
        ("ReadOnlyProperty", "dataCenterLocation"): {"dataCenterLocation": "East US"},
        ("InvalidValue", "geographicLocation"): {"geographicLocation": LONG},
        ("InvalidValue", "ianaTimeZone"): {"ianaTimeZone": 1},
        ("InvalidValue", "status"): {"status": "active"},
        ("InvalidValue", "displayName"): {"displayName": LONG},
        ("InvalidValue", "number"): {"number": LONG},
        ("InvalidValue", "type"): {"type": "x" * 101},
        ("InvalidValue", "latitude"): {"latitude": -91},
        ("InvalidValue", "longitude"): {"longitude": 180.5},
    },
    "itwins/get-my-itwins": {
        ("InvalidValue", "$top"): "$top=1001",
        ("InvalidValue", "$skip"): "$skip=-1",
        ("InvalidParameter", "$search"): "$search=a&number=b",
        ("InvalidValue", "subClass"): "subClass=Asset,Bridge",
        ("InvalidValue", "status"): "status=Gone",
        ("InvalidParameter", "includeInactive"): "includeInactive=true&status=Active",
        ("InvalidValue", "$select"): "$select=displayName,colour",
        ("InvalidParameter", "$filter"): "$filter=displayName is nice",
        ("InvalidValue", "$filter"): "$filter=colour eq 'red'",
        ("InvalidValue", "$orderby"): "$orderby=colour ASC",
        ("InvalidHeaderValue", "X-Max-Return"): {"X-Max-Return": "10001"},
        ("InvalidHeaderValue", "X-iTwin-Create-Scope"): {"X-iTwin-Query-Scope": "Everybody"},
    },
    "itwins/get-my-favorite-itwins": LISTED,
    "itwins/get-my-recently-used-itwins": LISTED,
    "itwins/upload-itwin-image": {("InvalidValue", "image"): png(60, 10)},
    "itwins/get-repositories-by-itwin-id": {
        ("InvalidValue", "class"): "class=Nothing",
        ("InvalidValue", "subClass"): "class=Construction&subClass=ArcGIS",
        **paths("iTwinId"),
    },
    "itwins/create-repository": {
        ("InvalidValue", "class"): SERVICE | {"class": "iModels"},
        ("InvalidValue", "subClass"): SERVICE | {"subClass": "Performance"},
        ("MissingRequiredProperty", "class"): without(SERVICE, "class"),
        ("MissingRequiredProperty", "displayName"): SERVICE | {"displayName": ""},
        ("InvalidValue", "displayName"): SERVICE | {"displayName": "x" * 201},
        ("MissingRequiredProperty", "uri"): SERVICE | {"uri": ""},
        ("InvalidValue", "options"): SERVICE | {"options": {"colour": "red"}},
        ("InvalidValue", "minimumlevel"): SERVICE | {"options": LEVELS | {"minimumLevel": -1}},
        ("InvalidValue", "maximumlevel"): SERVICE | {"options": LEVELS | {"maximumLevel": 25}},
        **{
            ("InvalidValue", f"authentication.{name}"): SERVICE | {"authentication": without(known, name)}
            for known in (KEY, BASIC, PKCE)
            for name in without(known, "type")
        },
    },
    "itwins/update-itwin-repository": {
        ("InvalidValue", "uri", EMPTY): {"uri": None},
        ("InvalidValue", "uri", TOO_LONG): {"uri": "x" * 2001},
        ("InvalidValue", "displayName", EMPTY): {"displayName": ""},
        ("InvalidValue", "displayName", TOO_LONG): {"displayName": "x" * 201},
        ("InvalidValue", "options"): {"options": []},
        ("InvalidValue", "minimumlevel"): {"options": LEVELS | {"minimumLevel": 25}},
        ("InvalidValue", "maximumlevel"): {"options": LEVELS | {"maximumLevel": -1}},
        **{
            ("InvalidValue", name): {"authentication": without(known, name)}
            for known in (KEY, BASIC)
            for name in without(known, "type")
        },
    },
    "itwins/get-repository-resources": paths("iTwinId"),
    "itwins/get-resource-graphics": paths("iTwinId"),
    "itwins/create-repository-resource": {
        ("MissingRequiredProperty", "id"): without(RESOURCE, "id"),
        ("MissingRequiredProperty", "type"): RESOURCE | {"type": ""},
        ("MissingRequiredProperty", "displayName"): RESOURCE | {"displayName": ""},
        ("InvalidValue", "id"): RESOURCE | {"id": "x" * 201},
        ("InvalidValue", "type"): RESOURCE | {"type": "x" * 101},
        ("InvalidValue", "displayName"): RESOURCE | {"displayName": "x" * 201},
    },
    "itwins/get-global-repositories": {("InvalidValue", "class"): "class=Nothing"},
    "itwins/get-global-repository-resources": {("InvalidValue", "$top"): "$top=0"},
    "itwins/create-export": {
        ("InvalidValue", "subClass"): EXPORT | {"subClass": "Asset,Bridge"},
        ("InvalidValue", "$select"): EXPORT | {"select": "id,colour"},
        ("InvalidParameter", "$filter"): EXPORT | {"filter": "displayName is nice"},
        ("InvalidValue", "$filter"): EXPORT | {"filter": "colour+eq+'red'"},
        ("InvalidValue", "outputFormat"): {"outputFormat": "Paper"},
        ("InvalidValue", "queryScope"): EXPORT | {"queryScope": "Everybody"},
    },
    "reality-analysis/detectors-get-all": {("InvalidParameter", "$filter"): "$filter=labels is nice"},
    "reality-analysis/detectors-create": {("InvalidValue", "detector.type"): {"name": "d", "type": "Nose"}},
    "reality-analysis/detectors-patch": {("InvalidProperty", "Detector.DisplayName"): {"displayName": "<b>"}},
    "reality-analysis/detectors-version-create": {
        ("InvalidProperty", "versionNumber"): {"versionNumber": "1", "capabilities": {"labels": []}}
    },
    # The first version is ready, the second awaits its data, and none is published.
    "reality-analysis/detectors-complete-version-upload": {("InvalidChange", ""): {"versionNumber": "1.0"}},
    "reality-analysis/detectors-publish-version": {("InvalidChange", ""): {"versionNumber": "2.0"}},
    "reality-analysis/detectors-unpublish-version": {("InvalidParameter", ""): {"versionNumber": "2.0"}},
    "reality-management/get-all-reality-data": {("InvalidParameter", "$Top"): "$top=0"},
    "reality-management/get-reality-data-details": {
        ("InvalidParameter", "iTwinId"): "iTwinId=fe9aac3a-2496-4bd2-82c6-7c0818f499"
    },
    "reality-management/create-reality-data": {
        ("InvalidValue", "type"): body_of("reality-management/create-reality-data") | {"type": 1}
    },
    "reality-management/move-reality-data": {("InvalidValue", "iTwinId"): {"iTwinId": "x"}},
    **{
        f"reality-management/{operation}": paths("id")
        for operation in (
            "delete-reality-data",
            "update-reality-data",
            "get-reality-data-iTwins",
            "get-read-access-to-reality-data-container",
            "get-write-access-to-reality-data-container",
        )
    },
    "reality-management/associate-to-iTwin": paths("iTwinId"),
    "reality-management/dissociate-from-iTwin": paths("iTwinId"),
}
for api, bad in (("reality-analysis", "Objects2D1"), ("reality-modeling", "Meshing")):
    WRONG[f"{api}/jobs-get-all"] = {("InvalidParameter", "$Top"): "$filter=state eq Success&$top=1001"}
    WRONG[f"{api}/jobs-create"] = {("InvalidProperty", "type"): body_of(f"{api}/jobs-create") | {"type": bad}}

# What no request of its own provokes here, and why.
ELSEWHERE = "takes time to come about: test_sandbox_behaviours.py"
NOBODY = "the sandbox's only user has a user id and an account id"
UNPROVOKED = {
    ("itwins/upload-itwin-image", "ReadOnlyProperty", "id"): "an image is sent as it is; there is nowhere to put an id",
    ("itwins/upload-itwin-image", "InvalidRequestBody", "image"): "an image of over 5 MB is a 413, as documented too",
    ("itwins/create-export", "ResourceQuotaExceeded", "MaxJobsPerHourQuota"): ELSEWHERE,
    ("itwins/create-export", "ResourceQuotaExceeded", "SimultaneousJobsQuota"): ELSEWHERE,
    ("reality-analysis/jobs-cancel", "InvalidChange", ""): ELSEWHERE,
    ("reality-modeling/jobs-cancel", "InvalidChange", ""): ELSEWHERE,
    ("reality-analysis/detectors-delete", "InvalidValue", ""): NOBODY,
    ("reality-analysis/detectors-delete-version", "InvalidValue", ""): NOBODY,
    ("reality-analysis/buckets-get", "InvalidProperty", ""): "nobody says which data centers have no buckets",
    ("reality-modeling/buckets-get", "InvalidProperty", ""): "nobody says which data centers have no buckets",
}


def documented_details() -> Iterator[tuple[str, dict[str, str]]]:
    for name, served in SERVED.items():
        for detail in (served.answers.get(served.invalid or 0) or {"error": {}})["error"].get("details", []):
            if (name, detail["code"], detail.get("target", "")) not in UNPROVOKED:
                yield name, detail


def wrong_for(operation: str, detail: dict[str, str]) -> Any:
    """What provokes a detail."""
    found = [
        wrong
        for (code, target, *words), wrong in WRONG[operation].items()
        if (code, target) == (detail["code"], detail.get("target", ""))
        and all(word in detail["message"] for word in words)
    ]
    assert len(found) == 1, "one request for each detail"
    return found[0]


@pytest.fixture(scope="module")
def steady() -> Iterator[httpx.Client]:
    """A client whose requests are all refused, so that one sandbox serves many of them."""
    with running() as (_, client):
        yield client


def send(operation: str, wrong: Any, detail: dict[str, str], client: httpx.Client) -> httpx.Response:
    method, path = OPERATIONS[operation]["method"], path_of(operation)
    if isinstance(wrong, Path):
        quoted = re.search("'(.*)'", detail["message"])
        return client.send(request_of(operation, client, **{str(wrong): quoted[1] if quoted else "x"}))
    if isinstance(wrong, bytes):
        return client.request(method, path, content=wrong, headers={"content-type": "image/png"})
    if isinstance(wrong, str):
        return client.get(f"{path}?{wrong}")
    if OPERATIONS[operation]["body"] is not None:
        return client.request(method, path, json=wrong)
    if method == "GET":
        return client.get(path, headers=wrong)
    return client.send(request_of(operation, client, **wrong))


class TestDocumentedDetails:
    @pytest.mark.parametrize(
        ("operation", "detail"),
        list(documented_details()),
        ids=lambda value: value if isinstance(value, str) else f"{value['code']}-{value.get('target')}",
    )
    def test_each_comes_where_it_applies_and_alone(
        self, operation: str, detail: dict[str, str], steady: httpx.Client
    ) -> None:
        response = send(operation, wrong_for(operation, detail), detail, steady)
        status = SERVED[operation].invalid
        assert response.status_code == status, response.text
        assert response.json() == {"error": example(operation, status)["error"] | {"details": [detail]}}

    def test_what_is_not_provoked_is_documented(self) -> None:
        known = {
            (name, detail["code"], detail.get("target", ""))
            for name, served in SERVED.items()
            for detail in (served.answers.get(served.invalid or 0) or {"error": {}})["error"].get("details", [])
        }
        assert UNPROVOKED.keys() <= known

    def test_several_come_together(self, steady: httpx.Client) -> None:
        response = steady.post("/itwins/", json={"status": "Gone", "colour": "red"})
        details = response.json()["error"]["details"]
        assert {(detail["code"], detail["target"]) for detail in details} == {
            ("MissingRequiredProperty", "displayName"),
            ("MissingRequiredProperty", "class"),
            ("MissingRequiredProperty", "subClass"),
            ("InvalidValue", "status"),
            ("InvalidProperty", "colour"),
        }

    def test_a_text_that_repeats_the_value_repeats_what_was_sent(self, steady: httpx.Client) -> None:
        response = steady.delete("/reality-management/reality-data/mine")
        assert response.json()["error"]["details"][0]["message"] == "The value 'mine' is not valid."


def with_json() -> list[str]:
    return [name for name, known in OPERATIONS.items() if known["body"] is not None]


@pytest.mark.parametrize("operation", with_json())
class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b"\xff",
            b'{"displayName": "\\ud800"}',
            b'{"latitude": NaN}',
            b'{"latitude": 1e999}',
            b'{"type": ' + b"[" * 100_000,
        ],
        ids=lambda body: repr(body[:20]),
    )
    def test_one_that_is_no_json_object_is_refused(self, operation: str, body: bytes, steady: httpx.Client) -> None:
        response = steady.request(OPERATIONS[operation]["method"], path_of(operation), content=body, headers=JSON)
        self.check(operation, response)

    @pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "json", ";"])
    def test_another_content_type_is_refused(
        self, operation: str, content_type: str | None, steady: httpx.Client
    ) -> None:
        headers = {} if content_type is None else {"content-type": content_type}
        body = json.dumps(body_of(operation)).encode()
        response = steady.request(OPERATIONS[operation]["method"], path_of(operation), content=body, headers=headers)
        self.check(operation, response)

    def check(self, operation: str, response: httpx.Response) -> None:
        error, status = response.json()["error"], SERVED[operation].invalid
        assert response.status_code == (status or 422)
        if status:
            documented = example(operation, status)["error"]
            assert (error["code"], error["message"]) == (documented["code"], documented["message"])
            assert [detail["code"] for detail in error["details"]] == ["InvalidRequestBody"]

    def test_the_content_type_may_have_parameters(self, operation: str) -> None:
        headers = {"content-type": "Application/JSON; charset=utf-8"}
        with Sandbox() as sandbox, client_of(sandbox) as client:
            body = json.dumps(body_of(operation))
            response = client.request(
                OPERATIONS[operation]["method"], path_of(operation), content=body, headers=headers
            )
        assert response.status_code == OPERATIONS[operation]["success"]

    @settings(max_examples=20, deadline=None)
    @given(
        body=st.binary(max_size=40)
        | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
    )
    def test_none_makes_it_fail(self, operation: str, body: bytes, steady: httpx.Client) -> None:
        response = steady.request(OPERATIONS[operation]["method"], path_of(operation), content=body, headers=JSON)
        assert response.status_code == (SERVED[operation].invalid or 422)
