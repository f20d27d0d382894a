"""Waiting for jobs, over real sockets: what is asked when, and what ends a wait. Sleeping takes no time."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors
from itwin_platform.sandbox import Sandbox
from tests.support.clock import VirtualClock
from tests.support.engines import Engine
from tests.support.examples import example
from tests.support.scripted import Received, ScriptedServer, answer

APIS = ["reality-analysis", "reality-modeling"]
each_api = pytest.mark.parametrize("api", APIS)
JOB = "5b0c2f5d-8c1e-4c34-9d4b-2f8f2b6f7d90"
SYNC = Engine("sync", ITwinPlatform, {})
AGAIN = f"platform.reality_analysis.jobs.wait('{JOB}')"


# What a look finds: a state, a state and a percentage, or an answer.
Look = str | tuple[str, float] | bytes


def error_answer(status: int, code: str, **headers: str) -> bytes:
    return answer(status, {"error": {"code": code, "message": "Said by the test."}}, **headers)


def job_of(api: str, state: str) -> Any:
    return {**example(f"{api}/jobs-get")["job"], "id": JOB, "state": state}


class Jobs:
    """An API whose job is, look by look, what a test says: a state, a state and a percentage, or an answer."""

    def __init__(self, *looks: Look, api: str = "reality-analysis", job: Iterable[str] = ()) -> None:
        self.api = api
        self.looks = list(looks)
        # What the job itself says of its state; by default what its progress has said.
        self.states = list(job)
        self.messages: Any = {"errors": [], "warnings": []}
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self._state = "Queued"

    def __call__(self, request: Received) -> bytes:
        asked = request.path.removeprefix(f"/{self.api}/jobs/{JOB}").strip("/") or "job"
        self.asked.append(asked)
        self.tokens.append(request.headers["authorization"].removeprefix("Bearer "))
        if asked == "messages":
            return answer(200, {"messages": self.messages})
        if asked == "job":
            state = self.states.pop(0) if self.states else self._state
            return (
                error_answer(404, "JobNotFound") if state == "gone" else answer(200, {"job": job_of(self.api, state)})
            )
        look = self.looks[0] if len(self.looks) == 1 else self.looks.pop(0)
        if isinstance(look, bytes):
            return look
        self._state, percentage = (look, 0.0) if isinstance(look, str) else look
        return answer(200, {"progress": {"state": self._state, "percentage": percentage}})

    def wait(self, engine: Engine, credentials: Any = "token", deadline: float = 60, **arguments: Any) -> Any:
        """Wait with a client on this engine that tries each request once."""
        group = self.api.replace("-", "_")

        def call(platform: Any) -> Any:
            return getattr(platform, group).jobs.wait(JOB, **arguments)

        with ScriptedServer(self) as server:
            return engine(call, credentials, api_url=server.url, retry=None, deadline=deadline)


@each_api
def test_a_job_is_returned_when_it_has_ended(engine: Engine, clock: VirtualClock, api: str) -> None:
    jobs = Jobs("Queued", "Queued", ("Active", 10), *[("Active", 40)] * 6, ("Success", 100), api=api)
    seen: list[tuple[str, float]] = []
    job = jobs.wait(engine, progress=lambda news: seen.append((str(news.state), news.percentage)))
    assert (job.id, job.state) == (JOB, "Success")
    assert clock.sleeps == [15, 30, 15, 15, 30, 60, 120, 120, 120]
    assert jobs.asked == ["progress"] * 10 + ["job"]
    assert seen == [("Queued", 0)] * 2 + [("Active", 10)] + [("Active", 40)] * 6 + [("Success", 100)]


def test_the_job_itself_does_as_well_as_its_id(engine: Engine) -> None:
    with Sandbox(speed=3600) as sandbox:

        def wait(platform: Any, of: Any) -> Any:
            return platform.reality_analysis.jobs.wait(of, intervals=[0.01])

        with ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
            specifications = {"inputs": {"photos": "..."}, "outputs": ["objects2D"]}
            made = platform.reality_analysis.jobs.create(sandbox.itwin_id, specifications, type_="Objects2D")
        assert engine(lambda platform: wait(platform, made), sandbox.token, api_url=sandbox.url).state == "Success"
        with pytest.raises(ValueError, match="job must be the job or its id, not dict"):
            engine(lambda platform: wait(platform, made.to_dict()), sandbox.token, api_url=sandbox.url)


def test_progress_that_goes_backwards_is_a_change_like_any_other(engine: Engine, clock: VirtualClock) -> None:
    jobs = Jobs(("Active", 80), ("Active", 80), ("Active", 30), ("Queued", 0), ("Active", 5), ("Success", 100))
    seen: list[float] = []
    assert jobs.wait(engine, progress=lambda news: seen.append(news.percentage)).state == "Success"
    assert clock.sleeps == [15, 30, 15, 15, 15]
    assert seen == [80, 80, 30, 0, 5, 100]


def test_states_that_are_not_known_yet_are_not_the_end(engine: Engine, clock: VirtualClock) -> None:
    assert Jobs("Thinking", ("Thinking", 50), "Success").wait(engine, intervals=[1]).state == "Success"
    assert clock.sleeps == [1, 1]


def test_a_job_that_is_not_there_yet_although_its_progress_is(engine: Engine, clock: VirtualClock) -> None:
    jobs = Jobs("Success", job=["Active", "Success"])
    assert jobs.wait(engine).state == "Success"
    assert jobs.asked == ["progress", "job", "progress", "job"]


# Jobs that end otherwise


@each_api
def test_a_failed_job_is_an_error_with_its_messages(engine: Engine, clock: VirtualClock, api: str) -> None:
    jobs = Jobs(("Active", 10), "TerminatingOnFailure", "Failed", api=api)
    message = {"code": "NoPhotos", "title": "No photos", "message": "%1 has none.", "params": ["The scene"]}
    jobs.messages = {"errors": [message], "warnings": [message, message]}
    with pytest.raises(errors.JobFailedError, match=r"failed: NoPhotos: The scene has none\.$") as raised:
        jobs.wait(engine)
    assert raised.value.job.id == JOB
    assert raised.value.messages is not None
    assert [each.code for each in raised.value.messages.warnings] == ["NoPhotos", "NoPhotos"]
    assert not isinstance(raised.value, errors.JobCancelledError)


def test_messages_that_cannot_be_read_do_not_hide_the_failure(engine: Engine, clock: VirtualClock) -> None:
    jobs = Jobs("Failed")
    jobs.messages = None
    with pytest.raises(errors.JobFailedError, match="Its messages could not be read: ") as raised:
        jobs.wait(engine)
    assert raised.value.messages is None


def test_a_job_that_somebody_else_cancels(engine: Engine, clock: VirtualClock) -> None:
    with pytest.raises(errors.JobCancelledError, match="was cancelled"):
        Jobs(("Active", 10), ("TerminatingOnCancel", 10), "Cancelled").wait(engine)


def test_a_job_that_vanishes(engine: Engine, clock: VirtualClock) -> None:
    jobs = Jobs(("Active", 10), error_answer(404, "JobProgressNotFound"), job=["gone"])
    with pytest.raises(errors.NotFoundError, match=r"JobNotFound.*Finished jobs are kept for 30 days\.$"):
        jobs.wait(engine)


def test_a_job_whose_progress_is_gone_says_itself_how_it_ended(engine: Engine, clock: VirtualClock) -> None:
    jobs = Jobs(error_answer(404, "JobProgressNotFound"), job=["Success"])
    seen: list[str] = []
    assert jobs.wait(engine, progress=lambda news: seen.append(news.state)).state == "Success"
    assert (clock.sleeps, seen) == ([], ["Success"])


def test_the_answer_for_another_job_is_not_taken_for_the_end(clock: VirtualClock) -> None:
    other = {**job_of("reality-analysis", "Success"), "id": JOB[::-1]}

    def mistaken(request: Received) -> bytes:
        is_progress = request.path.endswith("/progress")
        return answer(200, {"progress": {"state": "Success", "percentage": 100}} if is_progress else {"job": other})

    with ScriptedServer(mistaken) as server, ITwinPlatform("token", api_url=server.url) as platform:
        with pytest.raises(errors.ResponseError, match=r"job\.id is not the id that was asked for"):
            platform.reality_analysis.jobs.wait(JOB)
        # Ids may be written in capitals.
        assert platform.reality_analysis.jobs.wait(JOB[::-1].upper()).state == "Success"


# What a wait outlives


def test_failures_in_between_do_not_end_the_wait(
    engine: Engine, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[Look] = [
        ("Active", 10),
        error_answer(503, "Unavailable"),
        error_answer(429, "RateLimitExceeded", retry_after="300"),
        answer(502, b"<html>", media_type="text/html"),
        b"This is not HTTP.\r\n\r\n",
        ("Active", 10),
        ("Success", 100),
    ]
    jobs = Jobs(*looks)
    seen: list[str] = []
    with caplog.at_level(logging.WARNING, "itwin_platform"):
        assert jobs.wait(engine, progress=lambda news: seen.append(news.state)).state == "Success"
    assert clock.sleeps == [15, 30, 300, 120, 120, 120]
    assert seen == ["Active", "Active", "Success"]
    assert [record.getMessage().partition(".")[0] for record in caplog.records] == [
        f"Job {JOB}: still waiting, next poll in {seconds} s" for seconds in (30, 300, 120, 120)
    ]


@pytest.mark.parametrize(("status", "kind"), [(401, errors.UnauthorizedError), (403, errors.PermissionDeniedError)])
def test_a_refusal_ends_the_wait(engine: Engine, clock: VirtualClock, status: int, kind: type[errors.ApiError]) -> None:
    jobs = Jobs(("Active", 10), error_answer(status, "Refused"))
    with pytest.raises(kind):
        jobs.wait(engine)
    assert clock.sleeps == [15]


def test_each_look_has_a_token_of_its_time(engine: Engine, clock: VirtualClock) -> None:
    began = time.monotonic()

    def hourly() -> str:
        return f"token-of-hour-{int((time.monotonic() - began) // 3600)}"

    jobs = Jobs(*[("Active", float(number)) for number in range(5)], "Success")
    # The deadline is far less than the wait takes: it is for each request.
    jobs.wait(engine, hourly, deadline=60, intervals=[1801])
    assert [token[-1] for token in jobs.tokens] == ["0", "0", "1", "1", "2", "2", "2"]


# What ends a wait before the job


def test_a_wait_that_takes_too_long_says_how_to_go_on(engine: Engine, clock: VirtualClock) -> None:
    jobs = Jobs(("Active", 10))
    with pytest.raises(errors.WaitTimeout) as raised:
        jobs.wait(engine, timeout=100)
    ended = "is not finished after 100 seconds, and continues; only the waiting has ended."
    assert str(raised.value) == f"Job {JOB} {ended} To wait again: {AGAIN}"
    assert (raised.value.id, raised.value.seen.percentage) == (JOB, 10)
    assert 60 < clock.slept <= 100  # the polls take some of the time
    assert jobs.asked == ["progress"] * 4


def test_a_platform_that_is_silent_does_not_keep_it_longer(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("itwin_platform._policies.waiting._LAST_POLL", 0.05)
    jobs, raised = Jobs("Success"), threading.Event()

    def silent(request: Received) -> bytes:
        assert raised.wait(10)
        return jobs(request)

    def wait(platform: Any) -> Any:
        return platform.reality_analysis.jobs.wait(JOB, timeout=0.1)

    with ScriptedServer(silent) as server:
        with pytest.raises(errors.WaitTimeout, match=rf"not answered in time\..* To wait again: {re.escape(AGAIN)}$"):
            engine(wait, "token", api_url=server.url)
        raised.set()


def test_the_progress_function_can_end_the_wait_but_not_the_job(engine: Engine, clock: VirtualClock) -> None:
    jobs = Jobs(("Active", 10), ("Active", 60))
    with pytest.raises(errors.WaitCancelled, match="To wait again: ") as raised:
        jobs.wait(engine, progress=lambda news: news.percentage < 50)
    assert raised.value.seen.percentage == 60
    assert jobs.asked == ["progress"] * 2


def test_what_the_progress_function_raises_comes_out(engine: Engine, clock: VirtualClock) -> None:
    def fail(_: object) -> None:
        raise errors.ConfigurationError("mine")

    with pytest.raises(errors.ConfigurationError, match="mine"):
        Jobs(("Active", 10)).wait(engine, progress=fail)


def test_ctrl_c_ends_the_waiting_and_says_that_the_job_goes_on(clock: VirtualClock) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        Jobs(("Active", 10)).wait(SYNC, progress=interrupt)
    assert raised.value.__notes__ == [f"Job {JOB} continues; only the waiting has ended. To wait again: {AGAIN}"]


def test_a_cancelled_task_says_so_too() -> None:
    async def cancelled() -> BaseException:
        asked = asyncio.Event()
        with ScriptedServer(Jobs(("Active", 10))) as server:
            async with AsyncITwinPlatform("token", api_url=server.url) as platform:
                wait = platform.reality_analysis.jobs.wait(JOB, progress=lambda _: asked.set())
                task = asyncio.create_task(wait)
                await asked.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError) as raised:
                    await task
                return raised.value

    assert AGAIN in asyncio.run(cancelled()).__notes__[0]


@pytest.mark.parametrize(
    "arguments",
    [{"timeout": -1}, {"intervals": []}, {"intervals": [0]}, {"progress": 5}],
    ids=str,
)
def test_what_cannot_be_used_is_an_error_before_anything_is_sent(engine: Engine, arguments: Any) -> None:
    jobs = Jobs("Success")
    with pytest.raises(ValueError, match="must be"):
        jobs.wait(engine, **arguments)
    assert jobs.asked == []


def test_the_bar_shows_state_and_percentage(clock: VirtualClock, capsys: pytest.CaptureFixture[str]) -> None:
    Jobs(("Active", 80), ("Active", 30), ("Success", 100)).wait(SYNC, progress=True)
    drawn = capsys.readouterr().out
    assert "Waiting" in drawn
    assert "100%" in drawn
    assert "Success" in drawn


# Many waits


def test_a_wait_holds_no_place_while_it_sleeps() -> None:
    """Fifty waits of a client with one place for requests: looks take turns, other calls come between."""
    at_once = most = 0
    jobs = Jobs("Active")

    def counted(request: Received) -> bytes:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.001)
        at_once -= 1
        return jobs(request)

    async def wait_for_many() -> list[Any]:
        looked: set[int] = set()
        all_have_looked = asyncio.Event()

        def note(number: int, _: object) -> None:
            looked.add(number)
            if len(looked) == 50:
                all_have_looked.set()

        with ScriptedServer(counted) as server:
            async with AsyncITwinPlatform("token", api_url=server.url, max_in_flight=1) as platform:
                group = platform.reality_analysis.jobs
                waits = [group.wait(JOB, intervals=[0.3], progress=partial(note, number)) for number in range(50)]
                tasks = [asyncio.create_task(wait) for wait in waits]
                await all_have_looked.wait()
                # All of them sleep now, or wait for their turn. An ordinary call finds a place at once.
                assert (await asyncio.wait_for(group.get(JOB), 1)).state == "Active"
                jobs.looks = ["Success"]
                return await asyncio.gather(*tasks)

    assert [job.state for job in asyncio.run(wait_for_many())] == ["Success"] * 50
    assert most == 1
