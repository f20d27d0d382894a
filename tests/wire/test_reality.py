"""Reality Analysis, Reality Modeling and reality data: what goes out and what comes back, over real sockets."""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from itwin_platform import UNCHANGED, ITwinPlatform
from itwin_platform.models import DetectorVersionUpload
from itwin_platform.models.reality_analysis import (
    JobSpecifications,
    Objects2DInputs,
    Objects2DOutputsCreate,
    Objects2DSpecifications,
    Objects2DSpecificationsCreate,
)
from itwin_platform.models.reality_management import Extent, RealityDataUpdate
from tests.support.calls import FacadeCall, facade_calls, parameters_of, path_parameters
from tests.support.engines import Engine
from tests.support.examples import example
from tests.support.scripted import Received, ScriptedServer, answer

CALLS = [call for call in facade_calls() if call.api.startswith("reality-")]
ITWIN = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
GROUPS = ["reality_analysis", "reality_modeling"]


def query_of(received: Received) -> dict[str, list[str]]:
    return parse_qs(urlsplit(received.path).query, keep_blank_values=True)


# What is refused


BAD: tuple[Any, ...] = (None, 5, "", "  ", "\ud800", [], b"x")


def bad_values(call: FacadeCall) -> list[Any]:
    """Every argument that has to be given, with what cannot be sent in its place."""
    parameters = parameters_of(call.method_of(ITwinPlatform("token")))
    needed = [each.name for each in parameters if each.default is inspect.Parameter.empty]
    bad = [(name, value) for name in needed for value in BAD]
    too_long = [(name, "x" * 513) for name in path_parameters(call.operation).values()]
    leaving = [
        (name, value)
        for name in path_parameters(call.operation).values()
        for value in ("..", "a?b", "a#b", "a\nb", "a//b", "a/../b")
    ]
    return [pytest.param(call, *each, id=f"{call}-{each[0]}-{each[1]!r:.12}") for each in bad + too_long + leaving]


@pytest.mark.parametrize(("call", "name", "value"), [each for call in CALLS for each in bad_values(call)])
def test_what_cannot_be_sent_is_an_error_before_anything_is(call: FacadeCall, name: str, value: Any) -> None:
    with ScriptedServer(answer(500)) as server, ITwinPlatform("token", api_url=server.url) as platform:
        bad = replace(call, arguments={**call.arguments, name: value})
        with pytest.raises(ValueError, match=r"must|cannot|filter|surrogates"):
            bad(platform)
    assert server.received == []


# Detectors


@pytest.mark.parametrize("call", [call for call in CALLS if "detectorName" in path_parameters(call.operation)], ids=str)
def test_a_detector_is_found_by_a_name_with_a_slash(engine: Engine, call: FacadeCall) -> None:
    named = replace(call, arguments={**call.arguments, "detector_name": "@bentley/cracks-ortho"})
    body = example(call.key, call.success) if call.operation.has_body(call.success) else b""
    with ScriptedServer(answer(call.success, body)) as server:
        engine(named, api_url=server.url)
    (received,) = server.received
    assert received.path == call.operation.path.format(
        detectorName="%40bentley%2Fcracks-ortho", versionNumber="version_number-1"
    )


def create_version(platform: Any) -> Any:
    return platform.reality_analysis.detectors.create_version("d", "1.0", labels=["crack"], exports=["Lines"])


def test_a_new_version_comes_with_its_upload_and_without_the_link_that_leads_nowhere(engine: Engine) -> None:
    documented = example("reality-analysis/detectors-version-create")
    with ScriptedServer(answer(201, documented)) as server:
        upload = engine(create_version, api_url=server.url)
    (received,) = server.received
    assert received.json == {"versionNumber": "1.0", "capabilities": {"labels": ["crack"], "exports": ["Lines"]}}
    assert upload.version.version_number == documented["version"]["versionNumber"]
    assert upload.upload_url == documented["_links"]["uploadUrl"]["href"]
    assert upload.expires_at == datetime.fromisoformat(parse_qs(urlsplit(upload.upload_url).query)["se"][0])
    assert "complete" not in repr(upload)


def test_the_upload_of_a_version_keeps_its_secret() -> None:
    documented = example("reality-analysis/detectors-version-create")
    documented["_links"]["uploadUrl"]["href"] = (
        "https://a.blob.core.windows.net/c/v.zip?se=2025-01-01T00%3A00Z&sig=SECRET"
    )
    with ScriptedServer(answer(201, documented)) as server, ITwinPlatform("token", api_url=server.url) as platform:
        upload: DetectorVersionUpload = create_version(platform)
    assert upload.upload_url.endswith("&sig=SECRET")
    assert upload.expires_at == datetime(2025, 1, 1, tzinfo=UTC)
    assert "SECRET" not in f"{upload!r} {upload}"
    assert "a.blob.core.windows.net/c/v.zip" in repr(upload)
    with pytest.raises(TypeError, match="its SAS URL is a secret"):
        pickle.dumps(upload)
    assert copy.copy(upload) is copy.deepcopy(upload) is upload


def test_properties_of_a_detector_can_be_cleared(engine: Engine) -> None:
    with ScriptedServer(answer(200, example("reality-analysis/detectors-patch"))) as server:
        engine(lambda platform: platform.reality_analysis.detectors.update("d", description=None), api_url=server.url)
    assert server.received[0].json == {"description": None}


# Jobs


@pytest.mark.parametrize("group", GROUPS)
def test_jobs_come_page_by_page(engine: Engine, group: str) -> None:
    page = example(f"{group.replace('_', '-')}/jobs-get-all")
    path = f"/{group.replace('_', '-')}/jobs"
    pages = iter(
        [
            {
                "jobs": page["jobs"][:1],
                "_links": {"next": {"href": f"{path}?$filter=x eq y&continuationToken=a%3D%3D"}},
            },
            {"jobs": page["jobs"][:1]},
        ]
    )
    with ScriptedServer(lambda _: answer(200, next(pages))) as server:
        found = engine(
            lambda platform: getattr(platform, group).jobs.list(ITWIN, page_size=1).to_list(), api_url=server.url
        )
    assert [job.id for job in found] == [page["jobs"][0]["id"]] * 2
    first, second = server.received
    assert first.path == f"{path}?$filter=iTwinId%20eq%20{ITWIN}&$top=1"
    assert query_of(second) == {"$filter": ["x eq y"], "continuationToken": ["a=="]}


@pytest.mark.parametrize("group", GROUPS)
def test_a_filter_takes_the_place_of_the_itwin(engine: Engine, group: str) -> None:
    with ScriptedServer(answer(200, {"jobs": []})) as server:
        filter_ = "state eq Active and name ne 'a&b'"
        found = engine(
            lambda platform: getattr(platform, group).jobs.list(filter=filter_).to_list(), api_url=server.url
        )
    assert found == []
    assert query_of(server.received[0]) == {"$filter": [filter_]}


SPECIFICATIONS = Objects2DSpecificationsCreate(
    inputs=Objects2DInputs(photos="p-1", photo_object_detector="@bentley/traffic-signs/1.0"),
    outputs=[Objects2DOutputsCreate.OBJECTS_2D],
)
AS_JSON = {
    "inputs": {"photos": "p-1", "photoObjectDetector": "@bentley/traffic-signs/1.0"},
    "outputs": ["Objects2D"],
}


def test_a_job_is_created_from_typed_specifications_which_tell_its_type(engine: Engine) -> None:
    with ScriptedServer(answer(201, example("reality-analysis/jobs-create"))) as server:
        engine(
            lambda platform: platform.reality_analysis.jobs.create(ITWIN, SPECIFICATIONS, name="Signs"),
            api_url=server.url,
        )
    expected = {"type": "Objects2D", "iTwinId": ITWIN, "specifications": AS_JSON, "name": "Signs"}
    assert server.received[0].json == expected


@pytest.mark.parametrize("group", GROUPS)
def test_a_job_of_any_type_is_created_from_what_it_is_given(engine: Engine, group: str) -> None:
    anything = {
        "inputs": {"scene": "s"},
        "outputs": {"exports": [{"format": "X", "options": None}]},
        "more": [1, {"a": 2.5}],
    }
    with ScriptedServer(answer(201, example(f"{group.replace('_', '-')}/jobs-create"))) as server:
        engine(
            lambda platform: getattr(platform, group).jobs.create(ITWIN, anything, type_="OfTomorrow"),
            api_url=server.url,
        )
    assert server.received[0].json == {"type": "OfTomorrow", "iTwinId": ITWIN, "specifications": anything}


def test_a_job_that_was_read_can_be_created_again_and_read_typed() -> None:
    """Every name of an output is given in a request where an answer has an object of places."""
    job = example("reality-analysis/jobs-get")
    job["job"] |= {"type": "Objects2D", "specifications": {**AS_JSON, "outputs": {"objects2D": "o-1"}}}
    with (
        ScriptedServer(answer(200, job), answer(201, job)) as server,
        ITwinPlatform("t", api_url=server.url) as platform,
    ):
        found = platform.reality_analysis.jobs.get("j-1")
        typed = Objects2DSpecifications.from_dict(found.specifications.to_dict())
        platform.reality_analysis.jobs.create(ITWIN, JobSpecifications.from_dict(AS_JSON), type_=found.type_)
    assert (typed.inputs.photos, typed.outputs.objects_2d) == ("p-1", "o-1")
    assert found.specifications["outputs"] == {"objects2D": "o-1"}
    assert server.received[1].json["specifications"] == AS_JSON


@pytest.mark.parametrize(
    ("specifications", "type_"), [(SPECIFICATIONS, "Segmentation2D"), (AS_JSON, None), (None, "Objects2D")]
)
def test_what_makes_no_job_is_not_sent(engine: Engine, specifications: Any, type_: Any) -> None:
    with ScriptedServer(answer(500)) as server, pytest.raises(ValueError, match=r"type|specifications"):
        engine(
            lambda platform: platform.reality_analysis.jobs.create(ITWIN, specifications, type_=type_),
            api_url=server.url,
        )
    assert server.received == []


def get_bucket(group: str, platform: Any) -> Any:
    return getattr(platform, group).get_bucket("i-1")


def test_the_buckets_of_both_apis_are_alike(engine: Engine) -> None:
    body = example("reality-analysis/buckets-get")
    with ScriptedServer(answer(200, body)) as server:
        buckets = [engine(functools.partial(get_bucket, group), api_url=server.url) for group in GROUPS]
    assert buckets[0] == buckets[1]
    assert [each.path for each in server.received] == [
        f"/{group.replace('_', '-')}/itwins/i-1/bucket" for group in GROUPS
    ]


# Reality data


def test_reality_data_is_filtered_by_keywords(engine: Engine) -> None:
    day = datetime(2025, 1, 1, tzinfo=UTC)
    with ScriptedServer(answer(200, {"realityData": []})) as server:
        engine(
            lambda platform: platform.reality_data.list(
                ITWIN,
                search="river & bridge",
                types=["OPC", "Cesium3DTiles"],
                tag="north",
                extent=(-75.5, 40.0, -75.25, 40.125),
                acquisition_date_time=(day, day.replace(month=2)),
                created_date_time="2021-05-12T20:03:12Z/2022-05-12T20:03:12Z",
                owner_id="u-1",
                data_center="East US",
                order_by="displayName desc",
                detail="full",
                page_size=50,
            ).to_list(),
            api_url=server.url,
        )
    (received,) = server.received
    assert received.headers["prefer"] == "return=representation"
    assert {name: value for name, (value,) in query_of(received).items()} == {
        "iTwinId": ITWIN,
        "$search": "river & bridge",
        "types": "OPC,Cesium3DTiles",
        "tag": "north",
        "extent": "-75.5,40.0,-75.25,40.125",
        "acquisitionDateTime": "2025-01-01T00:00:00Z/2025-02-01T00:00:00Z",
        "createdDateTime": "2021-05-12T20:03:12Z/2022-05-12T20:03:12Z",
        "ownerId": "u-1",
        "dataCenter": "East US",
        "$orderBy": "displayName desc",
        "$top": "50",
    }


def test_without_filters_nothing_but_the_level_of_detail_is_asked_for(engine: Engine) -> None:
    with ScriptedServer(answer(200, example("get-all-reality-data"))) as server:
        found = engine(
            lambda platform: platform.reality_data.list(types="OPC,LAS", limit=1).to_list(), api_url=server.url
        )
    (received,) = server.received
    assert received.headers["prefer"] == "return=minimal"
    assert query_of(received) == {"types": ["OPC,LAS"]}
    assert len(found) == 1


@pytest.mark.parametrize(
    "filters",
    [
        {"detail": "all"},
        {"types": []},
        {"types": ["a,b"]},
        {"types": "OPC,,LAS"},
        {"itwin_id": ""},
        {"owner_id": 5},
        {"extent": (1, 2, 3)},
        {"modified_date_time": (datetime(2025, 1, 1), datetime(2025, 1, 2))},  # noqa: DTZ001 (without a zone)
        {"last_accessed_date_time": ""},
        {"limit": 0},
    ],
    ids=str,
)
def test_filters_that_cannot_be_sent(engine: Engine, filters: dict[str, Any]) -> None:
    with ScriptedServer(answer(500)) as server, pytest.raises(ValueError, match="must"):
        engine(lambda platform: platform.reality_data.list(**filters).to_list(), api_url=server.url)
    assert server.received == []


@pytest.mark.parametrize("itwin_id", [None, ITWIN])
def test_the_itwin_whose_permissions_count_goes_along(engine: Engine, itwin_id: str | None) -> None:
    body = example("get-reality-data-details")
    changes = RealityDataUpdate(group="g", extent=Extent.from_dict({"southWest": {"latitude": 1.0, "longitude": 2.0}}))
    with ScriptedServer(answer(200, body)) as server:
        engine(lambda platform: platform.reality_data.get("r-1", itwin_id=itwin_id), api_url=server.url)
        for _ in range(2):  # the caller's model stays as it is
            engine(lambda platform: platform.reality_data.update("r-1", changes, itwin_id=itwin_id), api_url=server.url)
    got, first, second = server.received
    named = {} if itwin_id is None else {"iTwinId": itwin_id}
    assert query_of(got) == {name: [value] for name, value in named.items()}
    assert first.json == {"group": "g", "extent": {"southWest": {"latitude": 1.0, "longitude": 2.0}}, **named}
    assert first.json == second.json
    assert changes.itwin_id is UNCHANGED


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "nothing to change"),
        ({"itwin_id": ITWIN}, "nothing to change"),
        ({"description": None}, "description must not be None"),
        ({"changes": RealityDataUpdate(group="g"), "dataset": "d"}, "not both"),
        ({"changes": {"group": "g"}}, "must be a RealityDataUpdate"),
        ({"tags": "one"}, "tags must be a list of strings, not a single string"),
        ({"extent": [1, 2, 3]}, "extent must be four numbers"),
        ({"extent": (1, 2, "3", 4)}, "extent must be four numbers"),
        ({"extent": "1,2,3,4"}, "extent must be an object"),
        ({"group": "g", "itwin_id": ""}, "itwin_id must not be empty"),
    ],
)
def test_changes_that_are_none(engine: Engine, arguments: dict[str, Any], problem: str) -> None:
    with ScriptedServer(answer(500)) as server, pytest.raises(ValueError, match=problem):
        engine(lambda platform: platform.reality_data.update("r-1", **arguments), api_url=server.url)
    assert server.received == []


def test_an_area_is_four_numbers(engine: Engine) -> None:
    with ScriptedServer(answer(200, example("update-reality-data"))) as server:
        engine(lambda platform: platform.reality_data.update("r-1", extent=(-75.5, 40, -75.25, 41)), api_url=server.url)
    corners = {"southWest": (40, -75.5), "northEast": (41, -75.25)}
    assert server.received[0].json == {
        "extent": {name: {"latitude": place[0], "longitude": place[1]} for name, place in corners.items()}
    }


def test_reality_data_is_created_with_what_was_given_alone(engine: Engine) -> None:
    extent = Extent.from_dict({"southWest": {"latitude": 1.0, "longitude": 2.0}})
    with ScriptedServer(answer(201, example("create-reality-data"))) as server:
        created = engine(
            lambda platform: platform.reality_data.create(
                ITWIN, "Bridge", type_="3MX", tags=("a", "b"), extent=extent, authoring=False
            ),
            api_url=server.url,
        )
    assert created.display_name
    assert server.received[0].json == {
        "iTwinId": ITWIN,
        "displayName": "Bridge",
        "type": "3MX",
        "tags": ["a", "b"],
        "extent": {"southWest": {"latitude": 1.0, "longitude": 2.0}},
        "authoring": False,
    }


def test_the_itwins_of_reality_data_are_ids(engine: Engine) -> None:
    with ScriptedServer(answer(200, {"iTwins": ["i-1", "i-2"]})) as server:
        found = engine(lambda platform: platform.reality_data.list_itwins("r-1").to_list(), api_url=server.url)
    assert found == ["i-1", "i-2"]
    assert len(server.received) == 1
