"""What goes on in a sandbox as time passes: jobs, exports and versions of detectors; its clock is put forward."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any, ClassVar

import httpx
import pytest

from itwin_platform.sandbox import Sandbox
from tests.support.examples import example
from tests.support.sandbox import body_of, client_of

APIS = ("reality-analysis", "reality-modeling")
HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


class Job:
    """A job that was created in one of the APIs."""

    def __init__(self, client: httpx.Client, api: str, **body: Any) -> None:
        self.client, self.api = client, api
        self.sent = body_of(f"{api}/jobs-create") | body
        created = client.post(f"/{api}/jobs", json=self.sent)
        assert created.status_code == 201, created.text
        self.made: dict[str, Any] = created.json()["job"]
        self.path = f"/{api}/jobs/{self.made['id']}"

    def now(self) -> dict[str, Any]:
        job: dict[str, Any] = self.client.get(self.path).raise_for_status().json()["job"]
        return job

    def state(self) -> str:
        state: str = self.now()["state"]
        assert self.client.get(f"{self.path}/progress").json()["progress"]["state"] == state
        return state

    def percentage(self) -> int:
        percentage: int = self.client.get(f"{self.path}/progress").json()["progress"]["percentage"]
        return percentage

    def messages(self) -> dict[str, Any]:
        messages: dict[str, Any] = self.client.get(f"{self.path}/messages").json()["messages"]
        return messages


@pytest.mark.parametrize("api", APIS)
class TestJobs:
    def test_one_that_succeeds(self, api: str, client: httpx.Client, sandbox: Sandbox) -> None:
        job = Job(client, api)
        assert (job.state(), job.percentage()) == ("Queued", 0)
        assert job.made["executionInfo"].keys() == {"createdDateTime"}
        sandbox.advance(15)
        assert job.state() == "Active"
        assert 0 < job.percentage() < 50
        assert job.now()["executionInfo"].keys() == {"createdDateTime", "startedDateTime"}
        sandbox.advance(40)
        assert 50 < job.percentage() < 100
        sandbox.advance(60)
        assert (job.state(), job.percentage()) == ("Success", 100)
        done = job.now()
        times = [done["executionInfo"][f"{name}DateTime"] for name in ("created", "started", "ended")]
        assert times == sorted(times)
        assert done["specifications"] == job.made["specifications"]
        assert job.messages() == {"errors": [], "warnings": []}

    def test_it_is_found_by_what_it_is(self, api: str, client: httpx.Client, sandbox: Sandbox) -> None:
        job = Job(client, api, name="Mine")
        queued = f"iTwinId eq {sandbox.itwin_id} and state eq Queued and type eq '{job.sent['type']}'"
        since = f"createdDateTime ge {job.made['executionInfo']['createdDateTime']}"
        for statement in (queued, "name eq 'mine'", f"id eq {job.made['id']}", since):
            assert [each["id"] for each in self.listed(client, api, statement)] == [job.made["id"]]
        sandbox.advance(100)
        assert self.listed(client, api, queued) == []

    def test_pages_lead_on_by_tokens(self, api: str, client: httpx.Client, sandbox: Sandbox) -> None:
        made = [Job(client, api).made["id"] for _ in range(5)]
        following: str | None = f"/{api}/jobs?$filter=iTwinId eq {sandbox.itwin_id}&$top=2"
        found: list[list[str]] = []
        while following:
            page = client.get(following).json()
            found.append([each["id"] for each in page["jobs"]])
            following = page["_links"]["next"]["href"] if "_links" in page else None
            assert following is None or "$skip" not in following
        assert found == [made[:2], made[2:4], made[4:]]

    def test_a_token_that_is_none_is_refused(self, api: str, client: httpx.Client) -> None:
        query = "$filter=state eq Success&continuationToken="
        for token in ("", "x", "e30", "eyJ0b3AiOjAsInNraXAiOjB9", "é"):
            response = client.get(f"/{api}/jobs?{query}{token}")
            assert response.status_code == 400
            assert response.json()["error"]["details"][0]["target"] == "continuationToken"

    def test_the_jobs_of_an_itwin_that_is_not_there_are_not_found(self, api: str, client: httpx.Client) -> None:
        response = client.get(f"/{api}/jobs", params={"$filter": "iTwinId eq 00000000-0000-0000-0000-000000000000"})
        assert (response.status_code, response.json()) == (404, example("get-itwin", 404))

    @pytest.mark.parametrize(("after", "started"), [(0, False), (30, True)])
    def test_one_that_is_cancelled(
        self, api: str, after: int, started: bool, client: httpx.Client, sandbox: Sandbox
    ) -> None:
        job = Job(client, api)
        sandbox.advance(after)
        response = client.delete(job.path)
        assert (response.status_code, response.json()["job"]["state"]) == (200, "TerminatingOnCancel")
        assert job.state() == "TerminatingOnCancel"
        assert client.delete(job.path).json() == example(f"{api}/jobs-cancel", 422)
        sandbox.advance(20)
        assert job.state() == "Cancelled"
        assert ("startedDateTime" in job.now()["executionInfo"]) is started
        assert client.delete(job.path).status_code == 422

    @pytest.mark.parametrize("after", [67, 1000], ids=["saving", "done"])
    def test_one_that_is_done_or_saves_its_data_is_not_cancelled(
        self, api: str, after: int, client: httpx.Client, sandbox: Sandbox
    ) -> None:
        job = Job(client, api)
        sandbox.advance(after)
        response = client.delete(job.path)
        assert (response.status_code, response.json()) == (422, example(f"{api}/jobs-cancel", 422))
        sandbox.advance(60)
        assert job.state() == "Success"

    def test_one_that_fails(self, api: str, client: httpx.Client, sandbox: Sandbox) -> None:
        sandbox.fail_jobs()
        job, other = Job(client, api), Job(client, api)
        sandbox.advance(30)
        assert job.state() == "Active"
        sandbox.advance(37)
        assert job.state() == "TerminatingOnFailure"
        sandbox.advance(30)
        assert (job.state(), other.state()) == ("Failed", "Success")
        assert job.messages() == example(f"{api}/jobs-messages")["messages"]
        assert job.percentage() < 100

    def test_after_thirty_days_it_is_gone(self, api: str, client: httpx.Client, sandbox: Sandbox) -> None:
        job = Job(client, api)
        sandbox.advance(29 * DAY)
        assert job.state() == "Success"
        sandbox.advance(2 * DAY)
        for path, operation in (("", "jobs-get"), ("/messages", "jobs-messages"), ("/progress", "jobs-progress")):
            gone = client.get(job.path + path)
            assert (gone.status_code, gone.json()) == (404, example(f"{api}/{operation}", 404))
        assert self.listed(client, api, f"id eq {job.made['id']}") == []

    def listed(self, client: httpx.Client, api: str, statement: str) -> list[dict[str, Any]]:
        response = client.get(f"/{api}/jobs", params={"$filter": statement})
        assert response.status_code == 200, response.text
        jobs: list[dict[str, Any]] = response.json()["jobs"]
        return jobs


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_job_and_an_export_may_be_of_any_year(year: str) -> None:
    sandbox = Sandbox()
    times = {f"{name}DateTime": f"{year}-12-31T23:59:59Z" for name in ("created", "started", "ended")}
    specifications: dict[str, Any] = {"inputs": {}, "outputs": {}}
    job = {"type": "Objects2D", "iTwinId": sandbox.itwin_id, "specifications": specifications, "executionInfo": times}
    assert len(sandbox.add("/reality-analysis/jobs", [job | {"state": "Success"}])) == 1
    export = {"status": "Failed", "createdDateTime": times["createdDateTime"], "request": {"outputFormat": "Csv"}}
    assert len(sandbox.add("/itwins/exports", [export])) == 1


def test_a_clock_that_runs_fast_brings_jobs_to_an_end() -> None:
    with Sandbox(speed=100_000) as sandbox, client_of(sandbox) as client:
        job = Job(client, "reality-analysis")
        while (state := job.now()["state"]) in {"Queued", "Active"}:
            pass
        assert state == "Success"


class TestOutputs:
    def test_names_become_ids(self, client: httpx.Client) -> None:
        specifications = {"inputs": {"photos": "p"}, "outputs": ["Objects2D", "Objects3DAs3DTiles"]}
        outputs = Job(client, "reality-analysis", specifications=specifications).made["specifications"]["outputs"]
        assert outputs.keys() == {"objects2D", "objects3DAs3DTiles"}
        assert len({*outputs.values()}) == 2

    def test_formats_become_locations(self, client: httpx.Client) -> None:
        outputs = Job(client, "reality-modeling").made["specifications"]["outputs"]
        assert outputs["modelingReference"].keys() == {"location"}
        assert [each["format"] for each in outputs["exports"]] == ["3DTiles", "OBJ"]
        assert all(each["location"] for each in outputs["exports"])


class TestExports:
    def create(self, client: httpx.Client, **request: Any) -> httpx.Response:
        return client.post("/itwins/exports", json={"outputFormat": "JsonGZip", **request})

    def ids(self, client: httpx.Client) -> list[str]:
        return [each["id"] for each in client.get("/itwins/exports").json()["exports"]]

    def test_one_is_queued_made_and_kept_for_four_hours(self, client: httpx.Client, sandbox: Sandbox) -> None:
        made = self.create(client, subClass="Project").json()["export"]
        path = f"/itwins/exports/{made['id']}"
        assert (made["status"], made["outputUrl"], made["startedDateTime"]) == ("Queued", None, None)
        sandbox.advance(10)
        working = client.get(path).json()["export"]
        assert (working["status"], working["outputUrl"], working["completedDateTime"]) == ("InProgress", None, None)
        sandbox.advance(20)
        done = client.get(path).json()["export"]
        assert done["status"] == "Completed"
        assert done["createdDateTime"] < done["startedDateTime"] < done["completedDateTime"]
        assert httpx.get(done["outputUrl"], trust_env=False).status_code == 200
        sandbox.advance(HOUR)
        assert httpx.get(done["outputUrl"], trust_env=False).status_code == 403
        again = client.get(path).json()["export"]["outputUrl"]
        assert httpx.get(again, trust_env=False).status_code == 200
        assert self.ids(client)[0] == made["id"]
        sandbox.advance(5 * HOUR)
        assert client.get(path).json() == example("get-export", 404)
        assert self.ids(client) == []
        assert httpx.get(done["outputUrl"], trust_env=False).status_code == 403

    @pytest.mark.parametrize("kind", ["JsonGZip", "JsonZipArchive", "CsvGZip", "Csv"])
    def test_the_file_has_what_was_asked_for(self, kind: str, client: httpx.Client, sandbox: Sandbox) -> None:
        bridge = {"class": "Thing", "subClass": "Asset", "number": "b-1", "displayName": "A bridge"}
        sandbox.add("/itwins", [bridge, bridge | {"displayName": "Gone", "number": "b-2", "status": "Inactive"}])
        request = {"subClass": "Asset,Portfolio", "select": "number,displayName", "outputFormat": kind}
        made = self.create(client, filter="contains(number,'B-')+and+status+eq+'active'", **request).json()["export"]
        sandbox.advance(60)
        url = client.get(f"/itwins/exports/{made['id']}").json()["export"]["outputUrl"]
        content = httpx.get(url, trust_env=False).raise_for_status().content
        if kind.endswith("GZip"):
            content = gzip.decompress(content)
        if kind == "JsonZipArchive":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = archive.read(archive.namelist()[0])
        rows = json.loads(content) if kind.startswith("Json") else list(csv.DictReader(io.StringIO(content.decode())))
        assert rows == [{"number": "b-1", "displayName": "A bridge"}]

    def test_one_without_anything_in_it_has_no_file(self, client: httpx.Client, sandbox: Sandbox) -> None:
        made = self.create(client, filter="displayName eq 'nothing'").json()["export"]
        sandbox.advance(60)
        done = client.get(f"/itwins/exports/{made['id']}").json()["export"]
        assert (done["status"], done["outputUrl"]) == ("Completed", None)

    def test_one_at_a_time_and_three_an_hour(self, client: httpx.Client, sandbox: Sandbox) -> None:
        def targets() -> list[str]:
            response = self.create(client)
            if response.status_code == 201:
                return []
            error, documented = response.json()["error"], example("create-export", 422)["error"]
            assert (response.status_code, error["message"]) == (422, documented["message"])
            assert all(detail in documented["details"] for detail in error["details"])
            return [detail["target"] for detail in error["details"]]

        assert targets() == []
        assert targets() == ["SimultaneousJobsQuota"]
        for _ in range(2):
            sandbox.advance(60)
            assert targets() == []
        assert targets() == ["SimultaneousJobsQuota", "MaxJobsPerHourQuota"]
        sandbox.advance(60)
        assert targets() == ["MaxJobsPerHourQuota"]
        sandbox.advance(HOUR)
        assert targets() == []

    def test_those_of_others_are_not_seen(self, client: httpx.Client, sandbox: Sandbox) -> None:
        export = {"request": {"outputFormat": "Csv"}, "createdBy": "somebody", "status": "Completed"}
        sandbox.add("/itwins/exports", [export | {"id": "x"}])
        assert "x" not in self.ids(client)
        assert client.get("/itwins/exports/x").status_code == 404


def upload(created: httpx.Response) -> None:
    """Upload the file of a new version of a detector."""
    url = created.json()["_links"]["uploadUrl"]["href"]
    headers = {"x-ms-blob-type": "BlockBlob"}
    assert httpx.put(url, content=b"a detector", headers=headers, trust_env=False).status_code == 201


class TestDetectors:
    PATH = "/reality-analysis/detectors"
    VERSION: ClassVar[dict[str, Any]] = {
        "versionNumber": "1.0",
        "capabilities": {"labels": ["crack"], "exports": ["Lines"]},
    }

    @pytest.fixture
    def path(self, client: httpx.Client) -> str:
        """A detector without versions, whose name has a slash in it."""
        body = {"name": "@mine/cracks", "type": "PhotoObjectDetector"}
        assert client.post(self.PATH, json=body).json()["detector"]["versions"] == []
        return f"{self.PATH}/@mine%2Fcracks"

    def versions(self, client: httpx.Client, path: str) -> list[tuple[str, str, bool]]:
        found = client.get(path).json()["detector"]["versions"]
        return [(each["versionNumber"], each["status"], "downloadUrl" in each) for each in found]

    def test_a_version_from_its_beginning_to_its_end(self, client: httpx.Client, path: str, sandbox: Sandbox) -> None:
        created = client.post(f"{path}/versions", json=self.VERSION)
        assert (created.status_code, created.json()["version"]["status"]) == (201, "AwaitingData")
        version = f"{path}/versions/1.0"

        def refused(action: str, status: int, operation: str) -> None:
            response = client.post(f"{version}/{action}")
            assert (response.status_code, response.json()) == (status, example(operation, status))

        refused("publish", 400, "detectors-publish-version")
        refused("complete", 400, "detectors-complete-version-upload")
        upload(created)
        assert client.post(f"{version}/complete").status_code == 204
        refused("complete", 400, "detectors-complete-version-upload")
        assert self.versions(client, path) == [("1.0", "Ready", True)]
        (shown,) = client.get(path).json()["detector"]["versions"]
        assert httpx.get(shown["downloadUrl"], trust_env=False).content == b"a detector"
        refused("unpublish", 400, "detectors-unpublish-version")
        assert client.post(f"{version}/publish").status_code == 204
        refused("publish", 409, "detectors-publish-version")
        assert client.post(f"{version}/unpublish").status_code == 204
        assert client.delete(version).status_code == 204
        assert self.versions(client, path) == []
        refused("complete", 404, "detectors-complete-version-upload")
        assert client.delete(version).json() == example("detectors-delete-version", 404)

    def test_the_files_go_with_the_detector(self, client: httpx.Client, path: str) -> None:
        upload(client.post(f"{path}/versions", json=self.VERSION))
        client.post(f"{path}/versions/1.0/complete")
        (shown,) = client.get(path).json()["detector"]["versions"]
        assert client.delete(path).status_code == 204
        assert httpx.get(shown["downloadUrl"], trust_env=False).status_code == 404

    def test_a_version_is_there_once(self, client: httpx.Client, path: str) -> None:
        client.post(f"{path}/versions", json=self.VERSION)
        again = client.post(f"{path}/versions", json=self.VERSION)
        assert (again.status_code, again.json()) == (409, example("detectors-version-create", 409))

    def test_a_list_shows_the_latest_version_that_is_ready(self, client: httpx.Client, path: str) -> None:
        for number in ("1.9", "1.10", "2.0"):
            upload(client.post(f"{path}/versions", json=self.VERSION | {"versionNumber": number}))
            if number != "2.0":
                client.post(f"{path}/versions/{number}/complete")
        (found,) = (each for each in client.get(self.PATH).json()["detectors"] if each["name"] == "@mine/cracks")
        assert found["latestVersionNumber"] == "1.10"

    @pytest.mark.parametrize(
        ("statement", "expected"),
        [
            ("labels in ('crack')", True),
            ("exports in ('Lines', 'Polygons') and labels in ('CRACK', 'sign')", True),
            ("labels in ('sign')", False),
            ("not labels in ('crack')", False),
            ("not (exports in ('Objects'))", True),
        ],
    )
    def test_they_are_found_by_what_they_can_do(
        self, statement: str, expected: bool, client: httpx.Client, path: str
    ) -> None:
        client.post(f"{path}/versions", json=self.VERSION)
        found = client.get(self.PATH, params={"$filter": statement}).json()["detectors"]
        assert ("@mine/cracks" in [each["name"] for each in found]) is expected

    def test_one_that_is_deleted_is_gone_with_its_versions(self, client: httpx.Client, path: str) -> None:
        client.post(f"{path}/versions", json=self.VERSION)
        assert client.delete(path).status_code == 204
        assert client.get(path).json() == example("detectors-get", 404)
        assert client.delete(f"{path}/versions/1.0").status_code == 404
