"""Technical previews: one warning for each operation, at the line of the user, before anything is sent."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from itwin_platform import ITwinPlatform, TechnicalPreviewWarning
from itwin_platform._policies.previews import PREVIEWS
from itwin_platform_api.reality_analysis.api.jobs import jobs_get
from tests.support.calls import endpoints
from tests.support.engines import Engine
from tests.support.examples import example, operations
from tests.support.scripted import ScriptedServer, answer

JOB = answer(200, example("reality-analysis/jobs-get"))


@pytest.fixture(autouse=True)
def _nobody_knows_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PREVIEWS, "_told", set())


def get_job(platform: Any) -> Any:
    return platform.reality_analysis.jobs.get("j-1")


def test_operations_are_previews_where_their_definition_says_so() -> None:
    found = {
        f"{api.replace('_', '-')}/{module.OPERATION.id}": module.OPERATION.preview
        for (api, _), module in endpoints().items()
    }
    assert found == {name: known["preview"] for name, known in operations().items()}
    assert set(found.values()) == {True, False}


def test_an_operation_warns_once_and_each_for_itself(engine: Engine) -> None:
    with ScriptedServer(JOB) as server, pytest.warns(TechnicalPreviewWarning) as caught:
        engine.many(get_job, 3, api_url=server.url)
    assert [str(each.message).partition(". ")[0] for each in caught] == [
        "Technical preview, not for production: jobs-get (GET /reality-analysis/jobs/{id})"
    ]
    with ScriptedServer(JOB) as server, pytest.warns(TechnicalPreviewWarning, match="jobs-cancel"):
        engine(lambda platform: platform.reality_analysis.jobs.cancel("j-1"), api_url=server.url)


def test_the_warning_is_at_the_line_of_the_user(engine: Engine) -> None:
    """Also where the pages of a list are asked for, which is not where the list was made."""
    files = answer(200, {"files": []})
    made: list[int] = []

    def first(platform: Any) -> Any:
        pages = platform.reality_analysis.list_files()
        made.append(inspect.currentframe().f_lineno)  # type: ignore[union-attr]  # there is a frame
        return pages.first()

    async def awaited(platform: Any) -> Any:
        return await first(platform)

    with ScriptedServer(files) as server, pytest.warns(TechnicalPreviewWarning) as caught:
        engine(first if engine.name == "sync" else awaited, api_url=server.url)
    line = made[0] + 1 if engine.name == "sync" else inspect.getsourcelines(awaited)[1] + 1
    assert [(each.filename, each.lineno) for each in caught] == [(__file__, line)]


def test_as_an_error_it_comes_every_time_before_anything_is_sent(engine: Engine) -> None:
    with ScriptedServer(JOB) as server, warnings.catch_warnings():
        warnings.simplefilter("error", TechnicalPreviewWarning)
        outcomes = engine.many(get_job, 2, api_url=server.url)
    assert [type(each) for each in outcomes] == [TechnicalPreviewWarning] * 2
    assert server.received == []


def test_typed_requests_warn_and_requests_of_the_users_own_do_not() -> None:
    with ScriptedServer(JOB) as server, ITwinPlatform("token", api_url=server.url) as platform:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            platform.get("/reality-analysis/jobs/j-1", api_version="v2")
            platform.request("DELETE", "/reality-analysis/jobs/j-1", api_version="v2")
        with pytest.warns(TechnicalPreviewWarning, match="jobs-get"):
            platform.call(jobs_get.request(job_id="j-1"))


def test_what_is_generally_available_does_not_warn(engine: Engine) -> None:
    script = answer(200, example("itwins/get-itwin"))
    with ScriptedServer(script) as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        engine(lambda platform: platform.itwins.get("i-1"), api_url=server.url)


def test_threads_that_call_at_the_same_time_share_one_warning() -> None:
    start = threading.Barrier(16)

    def call(_: int) -> None:
        start.wait()
        PREVIEWS.tell(jobs_get.OPERATION)

    with ThreadPoolExecutor(16) as pool, pytest.warns(TechnicalPreviewWarning) as caught:
        list(pool.map(call, range(16)))
    assert len(caught) == 1


def test_what_shows_the_warning_may_call_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        PREVIEWS.tell(jobs_get.OPERATION)
        shown.append(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", TechnicalPreviewWarning)
        monkeypatch.setattr(warnings, "showwarning", show)
        PREVIEWS.tell(jobs_get.OPERATION)
    assert len(shown) == 1


PROGRAM = """
import sys, warnings
from itwin_platform import ITwinPlatform, TechnicalPreviewWarning, errors
if len(sys.argv) > 2:
    warnings.simplefilter(sys.argv[2], TechnicalPreviewWarning)
with ITwinPlatform("token", api_url=sys.argv[1]) as platform:
    for _ in range(2):
        print(platform.reality_analysis.jobs.get("j-1").id)
"""


@pytest.mark.parametrize(
    ("options", "arguments", "code", "said"),
    [
        ([], [], 0, "<string>:8: TechnicalPreviewWarning: Technical preview, not for production: jobs-get"),
        (["-W", "error:Technical preview"], [], 1, "TechnicalPreviewWarning: Technical preview, not for production"),
        ([], ["error"], 1, "TechnicalPreviewWarning: Technical preview, not for production"),
        (["-W", "ignore:Technical preview"], [], 0, ""),
        ([], ["ignore"], 0, ""),
    ],
)
def test_a_program_shows_it_or_does_as_it_is_told(
    options: list[str], arguments: list[str], code: int, said: str
) -> None:
    with ScriptedServer(JOB) as server:
        done = subprocess.run(
            [sys.executable, *options, "-c", PROGRAM, server.url, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == code, done.stderr
    assert (said in done.stderr) if said else done.stderr == ""
    assert len(server.received) == (2 if code == 0 else 0)


def test_pytest_knows_the_class_on_its_command_line(tmp_path: Path) -> None:
    test = tmp_path / "test_it.py"
    test.write_text(
        "from itwin_platform import ITwinPlatform\n"
        "def test_it():\n"
        "    with ITwinPlatform('token', api_url='http://127.0.0.1:9') as platform:\n"
        "        platform.reality_analysis.jobs.get('j-1')\n",
        "utf-8",
    )
    option = "error::itwin_platform.TechnicalPreviewWarning"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", option, str(test)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert "TechnicalPreviewWarning: Technical preview" in done.stdout
