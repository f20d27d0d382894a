"""What jobs of a sandbox have made once they have succeeded: reality data with files, and reports in the bucket."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from itwin_platform import ITwinPlatform, errors
from itwin_platform.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def platform(sandbox: Sandbox) -> Iterator[ITwinPlatform]:
    with ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
        yield platform


def test_reality_data_with_what_was_found_in_the_photos(
    platform: ITwinPlatform, sandbox: Sandbox, tmp_path: Path
) -> None:
    for name in ("left.jpg", "right.JPG", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    photos = platform.reality_data.create(sandbox.itwin_id, "Photos", type_="CCImageCollection")
    platform.reality_data.container(photos.id, access="write").upload(tmp_path)
    names = ["Objects2D", "Objects3DAs3DTiles", "Locations3DAsGeoJSON", "Locations3DAsSHP", "SegmentedPhotos"]
    inputs = {"photos": photos.id, "photoObjectDetector": "cracks-detector/1.0"}
    made = platform.reality_analysis.jobs.create(
        sandbox.itwin_id, {"inputs": inputs, "outputs": names}, type_="Objects2D"
    )
    outputs = made.specifications.to_dict()["outputs"]
    with pytest.raises(errors.NotFoundError):
        platform.reality_data.get(outputs["objects2D"])
    sandbox.advance(100)
    data = {name: platform.reality_data.get(id_) for name, id_ in outputs.items()}
    assert {name: each.type_ for name, each in data.items()} == {
        "objects2D": "ContextScene",
        "objects3DAs3DTiles": "Cesium3DTiles",
        "locations3DAsGeoJSON": "GeoJSON",
        "locations3DAsSHP": "SHP",
        "segmentedPhotos": "CCImageCollection",
    }
    found: dict[str, dict[str, bytes]] = {}
    for name, each in data.items():
        container = platform.reality_data.container(each.id)
        container.download("", tmp_path / name)
        found[name] = {blob.name: (tmp_path / name / blob.name).read_bytes() for blob in container.list()}
        assert each.root_document in found[name]
        assert each.size == sum(map(len, found[name].values()))
    scene = json.loads(found["objects2D"]["ContextScene.json"])
    assert scene["References"] == {"0": {"Path": f"rds:{photos.id}"}}
    paths = {number: photo["ImagePath"] for number, photo in scene["PhotoCollection"]["Photos"].items()}
    assert sorted(paths.values()) == ["0:left.jpg", "0:right.JPG"]
    annotations = scene["Annotations"]
    assert annotations["Objects2D"].keys() == paths.keys()
    objects = [each for some in annotations["Objects2D"].values() for each in some.values()]
    assert {annotations["Labels"][str(each["LabelInfo"]["LabelId"])]["Name"] for each in objects} == {"Cracks"}
    for box in (each["Box2D"] for each in objects):
        assert 0 <= box["xmin"] <= box["xmax"] <= 1
        assert 0 <= box["ymin"] <= box["ymax"] <= 1
    features = json.loads(found["locations3DAsGeoJSON"]["locations3DAsGeoJSON.geojson"])["features"]
    assert len(features) == len(objects)
    assert found["segmentedPhotos"].keys() == {"left.png", "right.png"}
    listed = [each.id for each in platform.reality_data.list(sandbox.itwin_id)]
    assert {*outputs.values()} <= {*listed}


def test_a_report_in_the_bucket(platform: ITwinPlatform, sandbox: Sandbox, tmp_path: Path) -> None:
    specifications = {"inputs": {"reference": "a", "prediction": "b"}, "outputs": ["Report", "Objects2D"]}
    made = platform.reality_analysis.jobs.create(sandbox.itwin_id, specifications, type_="EvalO2D")
    outputs = made.specifications.to_dict()["outputs"]
    assert outputs.keys() == {"report", "objects2d"}
    path = outputs["report"].removeprefix("bkt:")
    bucket = platform.reality_analysis.get_bucket(sandbox.itwin_id)
    assert path not in [blob.name for blob in bucket.list()]
    sandbox.advance(100)
    bucket.download([path], tmp_path)
    assert json.loads((tmp_path / path).read_text("utf-8"))["job"] == made.id


def test_exports_of_a_model(platform: ITwinPlatform, sandbox: Sandbox) -> None:
    outputs = {"modelingReference": True, "exports": [{"format": "3DTiles"}, {"format": "OBJ"}, {"format": "LAS"}]}
    specifications = {"inputs": {"scene": "s"}, "outputs": outputs}
    made = platform.reality_modeling.jobs.create(sandbox.itwin_id, specifications, type_="Reconstruction")
    sandbox.advance(100)
    exports = made.specifications.to_dict()["outputs"]["exports"]
    types = [platform.reality_data.get(each["location"]).type_ for each in exports]
    assert types == ["Cesium3DTiles", "OBJ", "LAS"]


def test_a_job_that_does_not_succeed_leaves_nothing(platform: ITwinPlatform, sandbox: Sandbox) -> None:
    jobs = platform.reality_analysis.jobs
    specifications = {"inputs": {}, "outputs": ["Objects2D"]}
    sandbox.fail_jobs()
    made = [jobs.create(sandbox.itwin_id, specifications, type_="Objects2D") for _ in range(3)]
    jobs.cancel(made[1].id)
    sandbox.advance(100)
    assert [jobs.get(each.id).state for each in made] == ["Failed", "Cancelled", "Success"]
    for each, there in zip(made, (False, False, True), strict=True):
        id_ = each.specifications.to_dict()["outputs"]["objects2D"]
        assert (id_ in [data.id for data in platform.reality_data.list(sandbox.itwin_id)]) is there


def test_a_job_that_is_there_from_the_beginning(platform: ITwinPlatform, sandbox: Sandbox) -> None:
    id_ = str(uuid4())
    specifications = {"inputs": ["anything"], "outputs": {"scene": {"location": id_}, "report": "bkt:a/report"}}
    job = {"iTwinId": sandbox.itwin_id, "type": "Calibration", "state": "Success", "specifications": specifications}
    sandbox.add("/reality-modeling/jobs", [job])
    assert platform.reality_data.get(id_).type_ == "ContextScene"
    bucket = platform.reality_analysis.get_bucket(sandbox.itwin_id)
    assert [blob.name for blob in bucket.list()] == ["a/report"]
