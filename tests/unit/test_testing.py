"""What `itwin_platform.testing` offers to tests, in use."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors, testing
from itwin_platform.models import ITwin, ITwinCreate, ITwinStatus, Repository, reality_analysis
from itwin_platform.sandbox import Sandbox
from tests.support.examples import every_model, example, operations

SECRET = "MARK"
OWN = {"displayName": "Own", "class": "Thing", "subClass": "Asset"}


class TestFixtures:
    def test_code_that_makes_its_own_client_is_led_to_the_sandbox(self, itwin_sandbox: Sandbox) -> None:
        assert os.environ["ITP_API_URL"] == itwin_sandbox.url
        with ITwinPlatform() as platform:
            assert platform.itwins.get(itwin_sandbox.itwin_id).id == itwin_sandbox.itwin_id
        assert [call.operation for call in itwin_sandbox.calls] == ["itwins/get-itwin"]

    @pytest.mark.parametrize("run", [1, 2])
    def test_each_test_has_a_sandbox_of_its_own(self, run: int, itwin_client: ITwinPlatform) -> None:
        itwin_client.itwins.create(f"Bridge {run}", class_="Endeavor", sub_class="Project")
        assert [each.display_name for each in itwin_client.itwins.list(search="Bridge ")] == [f"Bridge {run}"]

    def test_the_async_client_is_one_of_the_same_sandbox(
        self, itwin_sandbox: Sandbox, async_itwin_client: AsyncITwinPlatform
    ) -> None:
        async def listed() -> list[ITwin]:
            async with async_itwin_client as platform:
                return await platform.itwins.list().to_list()

        assert itwin_sandbox.itwin_id in {each.id for each in asyncio.run(listed())}

    @pytest.mark.itwin_sandbox(
        data={"/itwins": [{"displayName": "Own", "class": "Thing", "subClass": "Asset"}]}, speed=2
    )
    class TestMarker:
        @pytest.mark.itwin_sandbox(latency=0.01)
        def test_says_what_the_sandbox_is_made_with(self, itwin_sandbox: Sandbox, itwin_client: ITwinPlatform) -> None:
            assert itwin_sandbox.latency == 0.01
            assert itwin_client.itwins.list(search="Own").to_list()

    def test_the_plugin_loads_nothing_before_a_test_asks_for_it(self, tmp_path: Path) -> None:
        (tmp_path / "test_other.py").write_text(
            "import sys\n"
            "def test_other():\n"
            "    ours = [name for name in sys.modules if name.startswith('itwin_platform')]\n"
            "    assert ours == ['itwin_platform_pytest']\n"
        )
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "."]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


class TestCalls:
    def test_are_in_order_with_query_body_and_status(self, itwin_sandbox: Sandbox, itwin_client: ITwinPlatform) -> None:
        made = itwin_client.itwins.create("Bridge", class_="Endeavor", sub_class="Project")
        itwin_client.itwins.update(made.id, number="B/7")
        itwin_client.itwins.list(search="a b", limit=5).to_list()
        itwin_sandbox.fail(403, operation="itwins/delete-itwin")
        with pytest.raises(errors.PermissionDeniedError):
            itwin_client.itwins.delete(made.id)
        created, changed, listed, refused = itwin_sandbox.calls
        assert (created.method, created.path, created.status) == ("POST", "/itwins/", 201)
        assert created.body == {"displayName": "Bridge", "class": "Endeavor", "subClass": "Project"}
        assert (changed.method, changed.body) == ("PATCH", {"number": "B/7"})
        assert (listed.operation, listed.query["$search"], listed.body) == ("itwins/get-my-itwins", "a b", None)
        assert (refused.path, refused.status) == (f"/itwins/{made.id}", 403)
        assert itwin_sandbox.token not in repr(itwin_sandbox.calls)

    def test_secrets_in_bodies_are_masked(self, itwin_sandbox: Sandbox, itwin_client: ITwinPlatform) -> None:
        itwin_client.repositories.create(
            itwin_sandbox.itwin_id,
            class_="GeographicInformationSystem",
            sub_class="WebMapService",
            uri=f"https://maps.example/wms?layer={SECRET}",
            display_name="Map",
            authentication={"type": "Header", "key": "X-Api-Key", "value": SECRET},
            options={"queryParameters": {"apikey": SECRET}},
        )
        [call] = itwin_sandbox.calls
        assert call.body["uri"] == "https://maps.example/wms?layer=***"
        assert call.body["authentication"] == {"type": "Header", "key": "X-Api-Key", "value": "***"}
        assert call.body["options"] == {"queryParameters": {"apikey": "***"}}
        assert SECRET not in f"{call!r}{call.body}"

    def test_what_no_definition_describes_is_masked_and_files_are_bytes(
        self, itwin_sandbox: Sandbox, itwin_client: ITwinPlatform
    ) -> None:
        for body in ({"displayName": "Bridge", "surprise": SECRET}, [SECRET], {"class": 3, "displayName": SECRET}):
            with pytest.raises(errors.InvalidRequestError):
                itwin_client.request("POST", "/itwins/", json=body)
        assert SECRET not in f"{[call.body for call in itwin_sandbox.calls]}"
        with pytest.raises(errors.ApiError):
            itwin_client.request("PUT", f"/itwins/{itwin_sandbox.itwin_id}/image", json=None)
        assert itwin_sandbox.calls[-1].body is None

    def test_large_bodies_do_not_fill_the_memory(
        self, itwin_sandbox: Sandbox, itwin_client: ITwinPlatform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("itwin_platform.sandbox._calls._MOST_BYTES", 1000)
        for number in range(6):
            with pytest.raises(errors.InvalidRequestError):
                itwin_client.request("POST", "/itwins/", params={"n": number}, json={"displayName": "x" * 300})
        assert [call.query["n"] for call in itwin_sandbox.calls] == ["3", "4", "5"]


class TestBuild:
    def test_it_has_the_documented_values_and_those_that_are_given(self) -> None:
        twin = testing.build(ITwin, display_name="Bridge", status="Inactive", latitude=None)
        assert (twin.display_name, twin.status, twin.latitude) == ("Bridge", ITwinStatus.INACTIVE, None)
        assert twin.longitude == example("get-itwin")["iTwin"]["longitude"]
        assert testing.build(ITwin) is not testing.build(ITwin)
        job = testing.build(reality_analysis.Job, state="Failed")
        assert not job.to_dict().keys() - example("reality-analysis/jobs-get")["job"].keys()

    def test_every_model_can_be_made_read_and_pickled(self) -> None:
        for model in every_model():
            made = testing.build(model)
            assert type(made) is model
            assert pickle.loads(pickle.dumps(made)) == made

    def test_mistakes_are_named(self) -> None:
        with pytest.raises(TypeError, match="ITwin has no attribute displayName; it has id, display_name"):
            testing.build(ITwin, displayName="Bridge")
        with pytest.raises(TypeError, match=r"model must be a class of itwin_platform\.models, not <class 'str'>"):
            testing.build(str)  # type: ignore[type-var]
        with pytest.raises(TypeError, match="model must be a class"):
            testing.build(testing.build(ITwin))  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="displayName is a number"):
            testing.build(ITwin, display_name=3)
        with pytest.raises(ValueError, match="class is missing"):
            testing.build(ITwinCreate, class_=None)

    def test_a_repository_shows_no_key(self) -> None:
        assert "mySecretApiKey" not in repr(testing.build(Repository))


class TestError:
    def test_it_is_what_the_client_raises(self, itwin_sandbox: Sandbox, itwin_client: ITwinPlatform) -> None:
        for status, operation in ((404, "itwins/get-itwin"), (422, "itwins/get-itwin"), (403, "itwins/get-itwin")):
            if status not in operations()[operation]["answers"]:
                continue
            itwin_sandbox.fail(status, operation=operation)
            with pytest.raises(errors.ApiError) as caught:
                itwin_client.itwins.get(itwin_sandbox.itwin_id)
            made = testing.error(status, operation=operation)
            assert type(made) is type(caught.value)
            assert (made.code, made.message, made.details) == (
                caught.value.code,
                caught.value.message,
                caught.value.details,
            )
            assert (made.operation, made.method) == (caught.value.operation, caught.value.method)

    def test_any_status_has_an_error(self) -> None:
        assert isinstance(testing.error(503), errors.ServerError)
        assert isinstance(testing.error(429, retry_after=3), errors.RateLimitError)
        assert "Wait 3 seconds" in str(testing.error(429, retry_after=3))
        made: Any = testing.error(404, code="Mine", message="Gone.")
        assert str(made).startswith("404 Mine: Gone. ")
        with pytest.raises(ValueError, match="400 to 599"):
            testing.error(200)
        with pytest.raises(ValueError, match="itwins/get-itwin"):
            testing.error(404, operation="get-itwin")
        for name in ("status", "code", "message", "retry_after"):
            with pytest.raises(ValueError, match=f"^{name} must be"):
                testing.error(**{"status": 404, name: [5]})  # type: ignore[arg-type]

    def test_the_advice_of_a_404_is_about_what_is_missing(self) -> None:
        for key, operation in operations().items():
            code = operation["answers"].get(404, {}).get("error", {}).get("code")
            if code is None:
                continue
            message = str(testing.error(404, operation=key))
            of_itwin = "/itwins/{" in operation["path"] and code not in {"ImageNotFound", "AssociationNotFound"}
            # Where only the path is wrong, there is nothing to say of ids.
            of_itwin = (of_itwin or code == "iTwinNotFound") and not code.startswith("RealityData")
            assert ("is a member of the iTwin" in message) == of_itwin, message
        assert "kept for 4 hours" in str(testing.error(404, operation="itwins/get-export"))
        assert "must be published" in str(testing.error(404, operation="reality-analysis/detectors-get"))
        assert "that the caller may see it" in str(testing.error(404, operation="itwins/get-global-repository"))

    def test_a_401_says_what_else_its_code_may_mean(self) -> None:
        assert "a token that has expired" in str(testing.error(401, operation="itwins/get-itwin"))
        assert "a token that has expired" not in str(testing.error(401, code="Other"))
