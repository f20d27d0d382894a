"""What is asked of a sandbox beside the API: failures, slow answers, a fast clock, one's own data; and its bounds."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from itwin_platform import ITwinPlatform, errors
from itwin_platform.sandbox import Sandbox, _store
from tests.support.examples import example
from tests.support.sandbox import OPERATIONS, SERVED, client_of, request_of, running

BRIDGE = {"class": "Thing", "subClass": "Asset", "displayName": "A bridge"}
FAILURES = [(key, status) for key, served in SERVED.items() for status in served.answers if status >= 400]


class TestFail:
    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_every_documented_error_can_be_had(self, operation: str) -> None:
        with running() as (sandbox, client):
            for status in (status for key, status in FAILURES if key == operation):
                sandbox.fail(status, operation=operation)
                response = client.send(request_of(operation, client))
                assert (response.status_code, response.json()) == (status, example(operation, status))
                assert ("retry-after" in response.headers) == (status == 429)

    def test_as_often_as_asked_for_and_nothing_else_happens(self) -> None:
        with running() as (sandbox, client):
            sandbox.fail(403, times=2, operation="itwins/delete-itwin")
            path = f"/itwins/{sandbox.itwin_id}"
            assert client.get(path).status_code == 200
            assert [client.delete(path).status_code for _ in range(3)] == [403, 403, 204]

    def test_without_an_operation_it_is_any_that_documents_the_error(self) -> None:
        with running() as (sandbox, client):
            sandbox.fail(403)
            path = f"/itwins/{sandbox.itwin_id}"
            assert client.get(path).status_code == 200
            assert client.patch(path, json={}).status_code == 403
            assert client.patch(path, json={}).status_code == 200

    def test_only_good_tokens_count_and_it_can_be_taken_back(self) -> None:
        with running() as (sandbox, client):
            path = f"/itwins/{sandbox.itwin_id}"
            sandbox.fail(404, operation="itwins/get-itwin")
            assert httpx.get(sandbox.url + path, trust_env=False).status_code == 401
            assert client.get(path).status_code == 404
            sandbox.fail(404, times=5, operation="itwins/get-itwin")
            sandbox.fail(404, times=0, operation="itwins/get-itwin")
            assert client.get(path).status_code == 200

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (
                {"status": 404, "operation": "get-itwin"},
                "no operation 'get-itwin'; a name is for instance itwins/get-itwin",
            ),
            (
                {"status": 409, "operation": "itwins/get-itwin"},
                "itwins/get-itwin documents no error 409; status must be one of 401, 404",
            ),
            ({"status": 200, "operation": "itwins/get-itwin"}, "no error 200"),
            ({"status": 500}, "the operations document no error 500; status must be one of 400, 401, 403"),
            ({"status": 404, "times": -1}, "times must be a whole number from 0 to 1000000000, not -1"),
            ({"status": 404, "times": "2"}, "times must be a whole number from 0 to 1000000000, not '2'"),
            ({"status": "404"}, "no error '404'"),
            ({"status": 404, "operation": ["itwins/get-itwin"]}, "no operation"),
        ],
    )
    def test_what_makes_no_sense_is_told(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Sandbox().fail(**given)

    def test_the_client_raises_it(self) -> None:
        with Sandbox() as sandbox, ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
            sandbox.fail(403, operation="itwins/create-itwin")
            with pytest.raises(errors.PermissionDeniedError) as caught:
                platform.itwins.create("A bridge", class_="Thing", sub_class="Asset")
            assert caught.value.code == "InsufficientPermissions"


class TestLatency:
    def test_answers_take_as_long_as_asked_for(self) -> None:
        with running(latency=0.2) as (sandbox, client):
            assert sandbox.latency == 0.2
            began = time.monotonic()
            with ThreadPoolExecutor(5) as pool:
                paths = [f"/itwins/{sandbox.itwin_id}"] * 5
                assert all(answer.status_code == 200 for answer in pool.map(client.get, paths))
            assert time.monotonic() - began >= 0.2
            sandbox.latency = 0
            assert client.get(paths[0]).elapsed.total_seconds() < 0.2

    @pytest.mark.parametrize("seconds", [-1, 601, float("nan"), "1"])
    def test_what_makes_no_sense_is_told(self, seconds: Any) -> None:
        with pytest.raises(ValueError, match="latency"):
            Sandbox(latency=seconds)
        with pytest.raises(ValueError, match="latency"):
            Sandbox().latency = seconds


class TestClock:
    @pytest.mark.parametrize("speed", [0, -1, 1e9, float("nan"), "2"])
    def test_a_speed_that_makes_no_sense_is_told(self, speed: Any) -> None:
        with pytest.raises(ValueError, match="speed"):
            Sandbox(speed=speed)

    @pytest.mark.parametrize("seconds", [-1, 1e12, float("nan"), "60"])
    def test_a_step_that_makes_no_sense_is_told(self, seconds: Any) -> None:
        with pytest.raises(ValueError, match="seconds"):
            Sandbox().advance(seconds)

    def test_what_is_created_has_its_time(self) -> None:
        with running() as (sandbox, client):
            first = client.post("/itwins/", json=BRIDGE).json()["iTwin"]["createdDateTime"]
            for _ in range(3):
                sandbox.advance(2_000_000_000)
            second = client.post("/itwins/", json=BRIDGE | {"displayName": "B"}).json()["iTwin"]["createdDateTime"]
            assert int(second[:4]) - int(first[:4]) in {95, 96}


class TestOwnData:
    DATA = """
/itwins:
  - id: b-1
    class: Thing
    subClass: Asset
    displayName: A bridge
    createdDateTime: 2020-01-01T00:00:00Z
/itwins/b-1/repositories:
  - {id: forms, class: Forms}
"""

    @pytest.mark.parametrize("name", ["data.yaml", "data.yml", "data.json"])
    def test_it_comes_from_a_file(self, name: str, tmp_path: Path) -> None:
        repository = {"id": "forms", "class": "Forms"}
        own = BRIDGE | {"id": "b-1", "createdDateTime": "2020-01-01T00:00:00Z"}
        as_json = json.dumps({"/itwins": [own], "/itwins/b-1/repositories": [repository]})
        path = tmp_path / name
        path.write_text(as_json if name.endswith("json") else self.DATA, "utf-8")
        with running(data=path) as (_, client):
            itwin = client.get("/itwins/b-1").json()["iTwin"]
            assert (itwin["displayName"], itwin["createdDateTime"]) == ("A bridge", "2020-01-01T00:00:00Z")
            assert client.get("/itwins/b-1/repositories/forms").json() == {"repository": repository}

    def test_it_comes_from_python(self) -> None:
        with running(data={"/itwins": [BRIDGE]}) as (_, client):
            assert client.get("/itwins/?displayName=A bridge").json()["iTwins"]

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.json", b"{", r"a\.json cannot be read: Expecting"),
            ("a.json", b"[" * 100_000, r"a\.json cannot be read"),
            ("a.json", b"[]", r"a\.json must hold an object"),
            ("a.json", b'{"/itwins": {}}', r"a\.json: what is at '/itwins' must be a list of objects"),
            ("a.json", b'{"/itwins": [1]}', r"a\.json: what is at '/itwins' must be a list of objects"),
            ("a.json", b"\xff", r"a\.json is not UTF-8 text"),
            ("a.json", b'{"/nothing": []}', "there is no collection at /nothing"),
            ("a.yaml", b"a: [", r"a\.yaml cannot be read: while parsing"),
            ("a.yaml", b"1: []", r"a\.yaml: what is at 1 must be"),
            ("a.yaml", b"a: !!python/object/apply:os.getcwd []", r"a\.yaml cannot be read: could not determine"),
            ("a.json", b'{"/itwins": [{"displayName": "B"}]}', r"resource 1 for /itwins is not valid: class"),
        ],
    )
    def test_what_cannot_be_used_is_told(self, name: str, content: bytes, message: str, tmp_path: Path) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=message):
            Sandbox(data=tmp_path / name)

    def test_a_file_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"nowhere\.json cannot be read: No such file"):
            Sandbox(data=str(tmp_path / "nowhere.json"))


class TestBounds:
    def test_more_than_it_can_hold_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_store, "MOST", 60)
        with running() as (sandbox, client):
            statuses = [client.post("/itwins/", json=BRIDGE | {"displayName": f"B{n}"}).status_code for n in range(60)]
            assert set(statuses) == {201, 507}
            assert client.post("/itwins/", json=BRIDGE).json()["error"]["code"] == "SandboxFull"
            with pytest.raises(ValueError, match="holds at most 60 resources"):
                sandbox.add("/itwins", [BRIDGE])
            client.delete(f"/itwins/{sandbox.itwin_id}").raise_for_status()
            assert client.post("/itwins/", json=BRIDGE).status_code == 201

    def test_many_threads_leave_it_as_it_should_be(self) -> None:
        with running() as (sandbox, client):

            def work(number: int) -> int:
                bridge = BRIDGE | {"displayName": f"B{number}"}
                (added,) = sandbox.add("/itwins", [bridge | {"displayName": f"A{number}"}])
                made = client.post("/itwins/", json=bridge).json()["iTwin"]["id"]
                client.post(f"/itwins/recents/{made}").raise_for_status()
                sandbox.advance(1)
                return client.delete(f"/itwins/{added['id']}").status_code

            with ThreadPoolExecutor(8) as pool:
                assert set(pool.map(work, range(60))) == {204}
            assert len(client.get("/itwins/?subClass=Asset").json()["iTwins"]) == 60
            assert len(client.get("/itwins/recents").json()["iTwins"]) == 25


def test_two_clients_of_one_sandbox_see_the_same() -> None:
    with Sandbox() as sandbox, client_of(sandbox) as first, client_of(sandbox) as second:
        id_ = first.post("/itwins/", json=BRIDGE).json()["iTwin"]["id"]
        assert second.get(f"/itwins/{id_}").status_code == 200
