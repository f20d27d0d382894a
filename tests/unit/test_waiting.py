"""Waiting: when to look again, what ends a wait, and what it says then. By a clock of our own, without any I/O."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itwin_platform import errors
from itwin_platform._policies.waiting import INTERVALS, Awaited, Look, Polling, passes

AWAITED = Awaited("Job j-1", "j-1", "platform.reality_analysis.jobs.wait('j-1')")


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def api_error(kind: type[errors.ApiError], status: int, retry_after: float | None = None) -> errors.ApiError:
    return kind(status=status, code="Some", message="Something.", retry_after=retry_after)


def looked(state: object) -> Look[object, object]:
    return Look(state, state)


def test_intervals_grow_to_the_last_and_begin_again_with_a_change() -> None:
    polling = Polling(AWAITED)
    pauses = [polling.after(looked(state)) for state in "AAAAAABBBA"]
    assert pauses == [15, 30, 60, 120, 120, 120, 15, 30, 60, 15]


@given(st.lists(st.sampled_from("ABC")), st.lists(st.floats(0.1, 1000), min_size=1, max_size=5))
def test_a_pause_is_the_interval_of_looks_without_a_change(states: list[str], intervals: list[float]) -> None:
    polling = Polling(AWAITED, intervals=iter(intervals))
    for _, same in itertools.groupby(states):
        pauses = [polling.after(looked(state)) for state in same]
        assert pauses == [intervals[min(step, len(intervals) - 1)] for step in range(len(pauses))]


def test_the_last_look_is_when_the_time_is_over() -> None:
    clock = Clock()
    polling = Polling(AWAITED, timeout=100, now=clock)
    for pause in (15, 30, 55):
        assert polling.after(looked("A")) == pause
        clock.now += pause
    with pytest.raises(errors.WaitTimeout, match="not finished after 100 seconds") as raised:
        polling.after(looked("A"))
    assert (raised.value.id, raised.value.seen) == ("j-1", "A")
    assert str(raised.value).endswith("To wait again: platform.reality_analysis.jobs.wait('j-1')")


def test_without_time_there_is_one_look() -> None:
    with pytest.raises(errors.WaitTimeout, match="after 0 seconds"):
        Polling(AWAITED, timeout=0).after(looked("A"))


PASSING = [
    api_error(errors.RateLimitError, 429),
    api_error(errors.ServerError, 503),
    api_error(errors.ApiError, 408),
    api_error(errors.PermissionDeniedError, 403, 4000.0),
    errors.TransportError("Broken.", phase="headers"),
    errors.DeadlineExceeded("Too long.", phase="deadline"),
    errors.CredentialsError("The identity service failed.", may_pass=True),
]
LASTING = [
    api_error(errors.UnauthorizedError, 401),
    api_error(errors.PermissionDeniedError, 403),
    api_error(errors.NotFoundError, 404),
    api_error(errors.InvalidRequestError, 422),
    errors.CredentialsError("The client is unknown.", code="invalid_client"),
    errors.ResponseError("is missing", status=200),
    errors.RedirectError("Not followed."),
    errors.ConfigurationError("The client is closed."),
]


def named(error: errors.ITwinPlatformError) -> str:
    return f"{type(error).__name__}-{getattr(error, 'status', '')}"


@pytest.mark.parametrize("problem", PASSING, ids=named)
def test_what_passes_does_not_end_the_wait(problem: errors.ITwinPlatformError) -> None:
    polling = Polling(AWAITED)
    asked = getattr(problem, "retry_after", None) or 0
    assert polling.after(looked("A")) == 15
    # Nothing new was seen, so the intervals go on; the platform is not asked earlier than it wants.
    assert polling.after_problem(problem) == max(30, asked)
    assert polling.after(looked("A")) == 60


@pytest.mark.parametrize("problem", LASTING, ids=named)
def test_what_does_not_pass_ends_the_wait(problem: errors.ITwinPlatformError) -> None:
    with pytest.raises(type(problem)) as raised:
        Polling(AWAITED).after_problem(problem)
    assert raised.value is problem


def test_a_certificate_that_is_not_trusted_does_not_pass() -> None:
    problem = errors.TransportError("Not trusted.", phase="tls")
    problem.final = True
    assert not passes(problem)


def test_the_end_of_the_time_says_what_went_wrong_last() -> None:
    clock = Clock()
    polling = Polling(AWAITED, timeout=20, now=clock)
    polling.after(looked("A"))
    clock.now += 20
    with pytest.raises(errors.WaitTimeout, match="The last poll failed: 503 Some") as raised:
        polling.after_problem(PASSING[1])
    assert raised.value.__cause__ is PASSING[1]


def test_no_pause_is_longer_than_a_system_can_sleep() -> None:
    polling = Polling(AWAITED, timeout=10**400, intervals=[15, 10**400])
    assert [polling.after(looked("A")), polling.after(looked("A"))] == [15, pytest.approx(1e9)]


def test_a_pause_that_is_longer_than_the_time_ends_the_wait_at_once() -> None:
    with pytest.raises(errors.WaitTimeout, match="Wait 4000 seconds"):
        Polling(AWAITED, timeout=600).after_problem(PASSING[3])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"timeout": -1}, "timeout must be"),
        ({"timeout": True}, "timeout must be"),
        ({"timeout": float("nan")}, "timeout must be"),
        ({"timeout": "60"}, "timeout must be"),
        ({"intervals": ()}, "each more than 0"),
        ({"intervals": (15, 0)}, "each more than 0"),
        ({"intervals": (15, -1)}, "each of intervals must be a finite number of seconds, 0 or more"),
        ({"intervals": (15, None)}, "each of intervals must be a finite number of seconds, 0 or more"),
        ({"intervals": 15}, "must be a list"),
        ({"intervals": "15"}, "must be a list"),
    ],
    ids=str,
)
def test_what_is_no_time(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Polling(AWAITED, **arguments)


def test_the_documented_intervals_are_the_default() -> None:
    assert INTERVALS == (15, 30, 60, 120)


def test_the_end_of_a_wait_can_be_sent_to_another_process() -> None:
    error = Polling(AWAITED).cancelled("A")
    twin = pickle.loads(pickle.dumps(error))
    assert (str(twin), twin.id, twin.seen) == (str(error), "j-1", "A")
    assert isinstance(twin, errors.WaitError)
