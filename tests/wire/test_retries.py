"""When a request is tried again, over real sockets and on a clock that jumps instead of waiting."""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, Retry, RetryPolicy, errors
from itwin_platform.models import ITwin
from tests.support.clock import VirtualClock
from tests.support.engines import Engine, get_itwin
from tests.support.examples import example
from tests.support.scripted import ByHand, Received, ScriptedServer, answer

GOOD = answer(200, example("get-itwin"))
DROP = ByHand(lambda connection: None)


def in_seconds(seconds: float, form: str) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    if form == "asctime":
        return moment.strftime("%a %b %d %H:%M:%S %Y")
    if form == "rfc850":
        return moment.strftime("%A, %d-%b-%y %H:%M:%S GMT")
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again(engine: Engine, clock: VirtualClock, status: int) -> None:
    with ScriptedServer(answer(status), GOOD) as server:
        assert isinstance(engine(get_itwin, api_url=server.url), ITwin)
    assert len(server.received) == 2
    assert clock.slept <= 0.5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501, 505])
def test_a_lasting_failure_is_not(engine: Engine, clock: VirtualClock, status: int) -> None:
    with ScriptedServer(answer(status)) as server:
        (error,) = engine.many(get_itwin, 1, api_url=server.url)
    assert isinstance(error, errors.ApiError)
    assert error.status == status
    assert len(server.received) == 1
    assert not clock.sleeps


def test_four_attempts_with_growing_random_waits(engine: Engine, clock: VirtualClock) -> None:
    with ScriptedServer(answer(503)) as server:
        (error,) = engine.many(get_itwin, 1, api_url=server.url)
    assert isinstance(error, errors.ServerError)
    assert len(server.received) == 4
    for wait, most in zip(clock.sleeps, (0.5, 1.0, 2.0), strict=True):
        assert 0 <= wait <= most


@pytest.mark.parametrize(
    "failure", [answer(503), answer(429, retry_after="1"), answer(401), DROP], ids=["503", "429", "401", "drop"]
)
def test_none_is_exactly_one_attempt(engine: Engine, clock: VirtualClock, failure: Any) -> None:
    with ScriptedServer(failure) as server:
        (error,) = engine.many(get_itwin, 1, api_url=server.url, retry=None)
    assert isinstance(error, errors.ITwinPlatformError)
    assert len(server.received) == 1
    assert not clock.sleeps


@pytest.mark.parametrize(
    "failure",
    [DROP, ByHand(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"))],
    ids=["no answer", "half an answer"],
)
def test_a_broken_connection_is_tried_again(engine: Engine, clock: VirtualClock, failure: ByHand) -> None:
    with ScriptedServer(failure, GOOD) as server:
        assert isinstance(engine(get_itwin, api_url=server.url), ITwin)
    assert len(server.received) == 2


def test_a_connection_that_was_dropped_while_idle_costs_no_wait(engine: Engine, clock: VirtualClock) -> None:
    """The keep-alive race: the server gives a connection up just when the next request is on its way."""
    with ScriptedServer(GOOD, DROP, GOOD) as server:
        first, second = engine.many(get_itwin, 2, api_url=server.url)
    assert isinstance(first, ITwin)
    assert isinstance(second, ITwin)
    assert [request.connection for request in server.received] == [1, 1, 2]
    assert clock.slept == 0


def test_nobody_listening_is_tried_again_and_told(engine: Engine, clock: VirtualClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    (error,) = engine.many(get_itwin, 1, api_url=f"http://127.0.0.1:{port}")
    assert isinstance(error, errors.TransportError)
    assert error.phase == "connect"
    assert len(clock.sleeps) == 3


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("5", 5, 5.75),
        ("0", 0, 0.25),
        ("120", 120, 132.25),
        ("1.5", 0, 0.5),
        ("-5", 0, 0.5),
        ("soon", 0, 0.5),
        ("5, 10", 0, 0.5),
        ("\u0665", 0, 0.5),
        ("Mon, 99 Foo 2026 00:00:00 GMT", 0, 0.5),
        ("imf:30", 28, 33.25),
        ("rfc850:30", 28, 33.25),
        ("asctime:30", 28, 33.25),
        ("imf:-30", 0, 0.25),
    ],
)
def test_retry_after_is_never_undercut(
    engine: Engine, clock: VirtualClock, value: str, least: float, most: float
) -> None:
    form, _, seconds = value.partition(":")
    if form in {"imf", "rfc850", "asctime"}:
        value = in_seconds(float(seconds), form)
    busy = b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nRetry-After: " + value.encode() + b"\r\n\r\n"
    with ScriptedServer(busy, GOOD) as server:
        assert isinstance(engine(get_itwin, api_url=server.url), ITwin)
    assert least <= clock.slept <= most


@pytest.mark.parametrize("value", ["121", "86400", "9" * 5000, "imf:86400", "Fri, 31 Dec 9999 23:59:59 GMT"])
@pytest.mark.parametrize(("status", "kind"), [(429, errors.RateLimitError), (503, errors.ServerError)])
def test_a_long_retry_after_is_raised_at_once(
    engine: Engine, clock: VirtualClock, value: str, status: int, kind: type[errors.ApiError]
) -> None:
    value = in_seconds(86400, "imf") if value.startswith("imf") else value
    with ScriptedServer(answer(status, retry_after=value)) as server:
        (error,) = engine.many(get_itwin, 1, api_url=server.url)
    assert type(error) is kind
    assert error.retry_after is not None
    assert error.retry_after >= 121
    assert len(server.received) == 1
    assert not clock.sleeps


def test_no_wait_ends_after_the_deadline(engine: Engine, clock: VirtualClock) -> None:
    with ScriptedServer(answer(429, retry_after="30")) as server:
        (error,) = engine.many(get_itwin, 1, api_url=server.url, deadline=20)
    assert isinstance(error, errors.RateLimitError)
    assert error.retry_after == 30
    assert not clock.sleeps


def test_a_host_that_wants_a_pause_gets_it_from_everybody(engine: Engine, clock: VirtualClock) -> None:
    policy = RetryPolicy(attempts=2)
    with ScriptedServer(answer(429, retry_after="30"), answer(429, retry_after="30"), GOOD) as server:
        first, second = engine.many(get_itwin, 2, api_url=server.url, retry=policy)
    assert isinstance(first, errors.RateLimitError)
    assert isinstance(second, ITwin)
    # The first call waited once and gave up; the second waited for the same host before it sent anything.
    assert len(server.received) == 3
    assert clock.slept >= 60


def test_a_pause_longer_than_the_deadline_is_told_at_once(engine: Engine, clock: VirtualClock) -> None:
    with ScriptedServer(answer(429, retry_after="100")) as server:
        _, second = engine.many(get_itwin, 2, api_url=server.url, deadline=50)
    assert isinstance(second, errors.DeadlineExceeded)
    assert len(server.received) == 1
    assert not clock.sleeps


def test_retries_are_announced(engine: Engine, clock: VirtualClock, caplog: pytest.LogCaptureFixture) -> None:
    told: list[Retry] = []
    with ScriptedServer(answer(503), answer(429, retry_after="2"), GOOD) as server, caplog.at_level("INFO"):
        engine(get_itwin, api_url=server.url, retry=RetryPolicy(on_retry=told.append))
    assert [(retry.operation, retry.attempt, retry.status) for retry in told] == [
        ("get-itwin", 1, 503),
        ("get-itwin", 2, 429),
    ]
    assert told[1].delay >= 2
    records: list[Any] = [record for record in caplog.records if record.name == "itwin_platform"]
    assert [(record.levelno, record.operation, record.status, record.attempt) for record in records] == [
        (logging.INFO, "get-itwin", 503, 1),
        (logging.INFO, "get-itwin", 429, 2),
    ]
    assert records[0].host == server.received[0].headers["host"]


def test_what_on_retry_raises_is_logged_and_ignored(
    engine: Engine, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    def on_retry(retry: Retry) -> None:
        raise TimeoutError("MARK")

    with ScriptedServer(answer(503), GOOD) as server:
        assert isinstance(engine(get_itwin, api_url=server.url, retry=RetryPolicy(on_retry=on_retry)), ITwin)
    assert "on_retry raised TimeoutError" in caplog.text
    assert "MARK" not in caplog.text


class Renewing:
    """Credentials that have another token whenever one is refused."""

    def __init__(self) -> None:
        self.number = 1

    def get_token(self) -> str:
        return f"token-{self.number}"

    async def aget_token(self) -> str:
        return self.get_token()

    def invalidate(self, token: str) -> None:
        if token == self.get_token():
            self.number += 1


def test_a_refused_token_is_dropped_and_the_call_tried_once_more(engine: Engine) -> None:
    with ScriptedServer(answer(401), GOOD) as server:
        assert isinstance(engine(get_itwin, Renewing(), api_url=server.url), ITwin)
    assert [request.headers["authorization"] for request in server.received] == ["Bearer token-1", "Bearer token-2"]
    with ScriptedServer(answer(401)) as server:
        (error,) = engine.many(get_itwin, 1, Renewing(), api_url=server.url)
    assert isinstance(error, errors.UnauthorizedError)
    assert len(server.received) == 2


def test_a_refused_token_is_dropped_even_without_retries(engine: Engine) -> None:
    with ScriptedServer(answer(401), GOOD) as server:
        first, second = engine.many(get_itwin, 2, Renewing(), api_url=server.url, retry=None)
    assert isinstance(first, errors.UnauthorizedError)
    assert isinstance(second, ITwin)


@pytest.mark.parametrize("token", ["", None, "two\r\nlines", "caf\u00e9"])
def test_credentials_that_break_their_promise(engine: Engine, token: Any) -> None:
    class Careless(Renewing):
        def get_token(self) -> str:
            return str(token) if token else token

    with ScriptedServer(GOOD) as server:
        (error,) = engine.many(get_itwin, 1, Careless(), api_url=server.url)
    assert isinstance(error, errors.CredentialsError)
    assert server.received == []


CALLERS, CALLS = 100, 4


def test_a_storm_on_a_platform_that_is_down_stays_small(engine: Engine, clock: VirtualClock) -> None:
    """100 threads or tasks: the budget lets at most 35 retries through, however many calls fail."""
    with ScriptedServer(answer(503)) as server:
        if engine.kind is ITwinPlatform:
            with engine.client(api_url=server.url) as platform, ThreadPoolExecutor(CALLERS) as pool:
                outcomes = list(pool.map(lambda _: _failed(platform), range(CALLERS * CALLS)))
        else:
            outcomes = asyncio.run(_storm(engine, server.url))
    assert all(outcomes)
    assert len(server.received) <= 1.1 * CALLERS * CALLS


def _failed(platform: ITwinPlatform) -> bool:
    try:
        platform.itwins.get("i-1")
    except errors.ServerError:
        return True
    return False


async def _storm(engine: Engine, url: str) -> list[bool]:
    async def caller(platform: AsyncITwinPlatform) -> list[bool]:
        outcomes = []
        for _ in range(CALLS):
            try:
                await platform.itwins.get("i-1")
            except errors.ServerError:
                outcomes.append(True)
        return outcomes

    async with engine.client(api_url=url) as platform:
        found = await asyncio.gather(*(caller(platform) for _ in range(CALLERS)))
    return [outcome for outcomes in found for outcome in outcomes] or [False]


def test_a_rate_limit_is_met_by_all_callers_together(engine: Engine) -> None:
    """Many callers, one window that is full: nobody fails, and few requests are refused.

    By the real clock: one that jumps while requests are on their way makes their answers late.
    """
    count = itertools.count(1)

    def limited(_: Received) -> bytes:
        return answer(429, retry_after="1") if next(count) <= 5 else GOOD

    async def storm(url: str) -> list[Any]:
        async with engine.client(api_url=url) as platform:
            return await asyncio.gather(*(platform.itwins.get("i-1") for _ in range(20)))

    with ScriptedServer(limited) as server:
        if engine.kind is ITwinPlatform:
            with engine.client(api_url=server.url) as platform, ThreadPoolExecutor(20) as pool:
                found = list(pool.map(lambda _: platform.itwins.get("i-1"), range(20)))
        else:
            found = asyncio.run(storm(server.url))
    assert len(found) == 20
    assert len(server.received) == 25
