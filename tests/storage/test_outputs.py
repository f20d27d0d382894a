"""The outputs of jobs, downloaded from emulated storage, reality data and files alike, each to a folder of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors
from itwin_platform.models.reality_modeling import Job
from itwin_platform.storage import Progress
from tests.storage.judge import Account, Container
from tests.support.examples import example
from tests.support.scripted import Received, ScriptedServer, answer

JOB, ITWIN = "5b0c2f5d-8c1e-4c34-9d4b-2f8f2b6f7d90", "3fa85f64-5717-4562-b3fc-2c963f66afa6"
SCENE, MESH = "09cc000e-726b-4719-88ee-a6085d5432db", "9d9da8fa-0b26-4eaa-b297-b22c2bb8e1d1"
OUTPUTS = {
    "scene": SCENE,
    "report": "bkt:reports/5b0c.json",
    "exports": [{"format": "3DTiles", "location": MESH}, {"format": "OBJ", "location": "bkt:exports/obj"}],
}
FILES = {
    "scene/ContextScene.json": b"scene",
    "report/5b0c.json": b"report",
    "exports/3DTiles/tiles/0.b3dm": bytes(3_000_000),
    "exports/3DTiles/tileset.json": b"tileset",
    "exports/OBJ/a/mesh.obj": b"mesh",
}


class Platform:
    """A job with outputs, and the containers that hold them; `paths` is what it was asked."""

    def __init__(self, account: Account) -> None:
        self.bucket, self.scene, self.mesh = Container(account), Container(account), Container(account)
        self.bucket.put("reports/5b0c.json", FILES["report/5b0c.json"])
        self.bucket.put("reports/5b0c.json.old", b"another")
        self.bucket.put("exports/obj/a/mesh.obj", FILES["exports/OBJ/a/mesh.obj"])
        self.bucket.put("exports/objects", b"another")
        self.scene.put("ContextScene.json", FILES["scene/ContextScene.json"])
        for name in ("tiles/0.b3dm", "tileset.json"):
            self.mesh.put(name, FILES[f"exports/3DTiles/{name}"])
        self.bucket_permits = "rl"
        # How long the URLs hold that are handed out next; after these, long enough.
        self.seconds: list[float] = []
        self.state = "Success"
        self.paths: list[str] = []

    @property
    def job(self) -> dict[str, Any]:
        documented = example("reality-modeling/jobs-get")["job"]
        specifications = {"inputs": {}, "outputs": OUTPUTS}
        return {**documented, "id": JOB, "iTwinId": ITWIN, "state": self.state, "specifications": specifications}

    def __call__(self, request: Received) -> bytes:
        self.paths.append(request.path)
        data = f"/reality-management/reality-data/{{}}/readaccess?iTwinId={ITWIN}"
        if request.path.endswith("/bucket"):
            url = self.bucket.url(self.bucket_permits)
            return answer(200, {"bucket": {"iTwinId": ITWIN}, "_links": {"containerUrl": {"href": url}}})
        for id_, container in ((SCENE, self.scene), (MESH, self.mesh)):
            if request.path == data.format(id_):
                url = container.url("rl", seconds=self.seconds.pop() if self.seconds else 3600)
                return answer(200, {"type": "AzureBlobSasUrl", "_links": {"containerUrl": {"href": url}}})
        if request.path.endswith(f"/jobs/{JOB}"):
            return answer(200, {"job": self.job})
        return answer(404, {"error": {"code": "RealityDataNotFound", "message": "It is gone."}})


@pytest.fixture
def there(account: Account) -> Platform:
    return Platform(account)


@pytest.fixture
def platform(there: Platform) -> Iterator[ITwinPlatform]:
    with ScriptedServer(there) as server, ITwinPlatform("token", api_url=server.url) as client:
        yield client


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_outputs_are_downloaded_and_a_rerun_skips_them(platform: ITwinPlatform, tmp_path: Path) -> None:
    news: list[Progress] = []
    report = platform.reality_modeling.jobs.download(JOB, tmp_path / "results", progress=news.append)
    assert contents(tmp_path / "results") == FILES
    assert {outcome.path.relative_to(tmp_path / "results").as_posix() for outcome in report.sent} == set(FILES)
    assert [outcome.name for outcome in report.sent][-2:] == ["report/reports/5b0c.json", "scene/ContextScene.json"]
    assert report.bytes_sent == sum(map(len, FILES.values()))
    assert (news[-1].files_done, news[-1].files_total) == (5, 5)
    assert news[-1].bytes_done == news[-1].bytes_total == report.bytes_sent
    assert [each.files_done for each in news] == sorted(each.files_done for each in news)

    again = platform.reality_modeling.jobs.download(JOB, tmp_path / "results")
    assert (len(again.sent), len(again.skipped)) == (0, 5)


def test_the_async_client_downloads_them_too(there: Platform, tmp_path: Path) -> None:
    async def main(url: str) -> int:
        async with AsyncITwinPlatform("token", api_url=url) as platform:
            report = await platform.reality_analysis.jobs.download(JOB, tmp_path, outputs=["scene", "report"])
            return len(report.sent)

    with ScriptedServer(there) as server:
        assert asyncio.run(main(server.url)) == 2
    assert contents(tmp_path) == {name: FILES[name] for name in ("scene/ContextScene.json", "report/5b0c.json")}
    assert f"/reality-analysis/itwins/{ITWIN}/bucket" in there.paths


def test_a_chosen_output_of_a_given_job_asks_for_nothing_else(
    there: Platform, platform: ITwinPlatform, tmp_path: Path
) -> None:
    platform.reality_modeling.jobs.download(Job.from_dict(there.job), tmp_path, outputs="exports/3DTiles")
    assert set(contents(tmp_path)) == {name for name in FILES if name.startswith("exports/3DTiles/")}
    assert there.paths == [f"/reality-management/reality-data/{MESH}/readaccess?iTwinId={ITWIN}"]


def test_a_bucket_that_cannot_be_listed_gives_files(there: Platform, platform: ITwinPlatform, tmp_path: Path) -> None:
    """As documented, the SAS URL of a bucket permits no listing: what a path leads to can only be a file."""
    there.bucket_permits = "rw"
    platform.reality_modeling.jobs.download(JOB, tmp_path, outputs="report")
    assert contents(tmp_path) == {"report/5b0c.json": b"report"}
    with pytest.raises(errors.TransferError, match="'exports/OBJ/exports/obj'") as raised:
        platform.reality_modeling.jobs.download(JOB, tmp_path, outputs="exports")
    # The other export is there nevertheless.
    assert len(raised.value.report.sent) == 2


def test_an_output_that_is_gone_does_not_keep_the_others_back(
    there: Platform, platform: ITwinPlatform, tmp_path: Path
) -> None:
    there.mesh.delete()
    there.scene.url = lambda *_, **__: "https://nowhere.invalid/c?sp=w&sig=MARK"  # type: ignore[method-assign]
    with pytest.raises(errors.TransferError, match="2 of 4 files were not downloaded: 'exports/3DTiles' ") as raised:
        platform.reality_modeling.jobs.download(JOB, tmp_path)
    assert set(contents(tmp_path)) == {"report/5b0c.json", "exports/OBJ/a/mesh.obj"}
    assert [outcome.name for outcome in raised.value.report.failed] == ["exports/3DTiles", "scene"]
    assert "MARK" not in str(raised.value)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("bkt:../../evil", "prefix must not have '..' between its slashes"),
        ("bkt:reports/gone", "There is no file 'reports/gone' in the container and none below it"),
        ("../../evil", "reality_data_id must not contain '/'"),
    ],
)
def test_a_place_that_is_none_does_not_keep_the_others_back(
    there: Platform, platform: ITwinPlatform, tmp_path: Path, place: str, reason: str
) -> None:
    job = Job.from_dict({**there.job, "specifications": {"outputs": {"model": place, "scene": SCENE}}})
    with pytest.raises(errors.TransferError) as caught:
        platform.reality_modeling.jobs.download(job, tmp_path)
    assert [file.name for file in caught.value.report.sent] == ["scene/ContextScene.json"]
    assert [file.reason for file in caught.value.report.failed] == [f"could not be downloaded: {reason}"]
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [tmp_path / "scene" / "ContextScene.json"]


def test_cancelling_ends_all_of_it_and_a_rerun_goes_on(platform: ITwinPlatform, tmp_path: Path) -> None:
    jobs = platform.reality_modeling.jobs
    with pytest.raises(errors.TransferCancelled, match="Cancelled with 2 files downloaded") as raised:
        jobs.download(JOB, tmp_path, progress=lambda news: news.files_done < 2)
    assert [outcome.name for outcome in raised.value.report.sent] == [
        "report/reports/5b0c.json",
        "scene/ContextScene.json",
    ]
    report = jobs.download(JOB, tmp_path)
    assert contents(tmp_path) == FILES
    assert len(report.skipped) == 2


def test_a_url_that_has_expired_is_renewed(there: Platform, platform: ITwinPlatform, tmp_path: Path) -> None:
    there.seconds = [-60]
    platform.reality_modeling.jobs.download(JOB, tmp_path, outputs="exports/3DTiles")
    assert len(contents(tmp_path)) == 2
    assert there.paths.count(f"/reality-management/reality-data/{MESH}/readaccess?iTwinId={ITWIN}") == 2


@pytest.mark.parametrize(
    ("state", "kind", "problem"),
    [
        ("Active", errors.StorageError, "has not ended, it is Active"),
        ("Failed", errors.JobFailedError, "failed"),
        ("Cancelled", errors.JobCancelledError, "was cancelled"),
    ],
)
def test_a_job_without_success_has_nothing_to_download(
    there: Platform, platform: ITwinPlatform, tmp_path: Path, state: str, kind: type[Exception], problem: str
) -> None:
    there.state = state
    asked: list[Callable[[], object]] = [
        lambda: platform.reality_modeling.jobs.download(Job.from_dict(there.job), tmp_path / "x"),
        lambda: platform.reality_modeling.jobs.download(JOB, tmp_path / "x"),
    ]
    for number, ask in enumerate(asked):
        with pytest.raises(kind, match=problem):
            ask()
        assert len(there.paths) == number
    assert not (tmp_path / "x").exists()


def test_bad_arguments_are_errors_before_anything_is_sent(
    there: Platform, platform: ITwinPlatform, tmp_path: Path
) -> None:
    arguments: list[dict[str, Any]] = [
        {"concurrency": 0},
        {"folder": 5},
        {"progress": "yes"},
        {"job": 5},
        {"outputs": 5},
        {"overwrite": "no"},
    ]
    for wrong in arguments:
        with pytest.raises(ValueError, match="must be"):
            platform.reality_modeling.jobs.download(**{"job": JOB, "folder": tmp_path, **wrong})
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(errors.StorageError, match="file' is a file, not a folder"):
        platform.reality_modeling.jobs.download(JOB, tmp_path / "file" / "below")
    assert there.paths == []


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_nothing_is_written_through_a_link_in_the_folder(platform: ITwinPlatform, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "scene").symlink_to(tmp_path / "outside")
    with pytest.raises(errors.TransferError, match="link"):
        platform.reality_modeling.jobs.download(JOB, tmp_path / "results", outputs="scene")
    assert list((tmp_path / "outside").iterdir()) == []
