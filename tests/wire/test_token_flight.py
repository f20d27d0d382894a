"""One token for everybody: any number of threads, tasks and event loops, renewals, refusals and forks."""

import asyncio
import logging
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import trio

from itwin_platform import AsyncITwinPlatform, ITwinPlatform
from itwin_platform.credentials import ClientCredentials
from itwin_platform.errors import ConfigurationError, CredentialsError, DeadlineExceeded, UnauthorizedError
from tests.support.token_server import ITWIN_ID, Platform, Server, serving

CALLERS = 100


def credentials_for(server: Server) -> ClientCredentials:
    return ClientCredentials("app", "secret", issuer_url=server.url)


def in_threads(count: int, work: Callable[[], str]) -> list[str]:
    barrier = threading.Barrier(count)

    def one(_: int) -> str:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


async def in_tasks(credentials: ClientCredentials, count: int) -> list[str]:
    return list(await asyncio.gather(*(credentials.aget_token() for _ in range(count))))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)


def test_a_hundred_threads_need_one_token_request() -> None:
    with serving(Platform(delay=0.2)) as server:
        assert set(in_threads(CALLERS, credentials_for(server).get_token)) == {"token-1"}
        assert server.count() == 1


def test_a_hundred_tasks_need_one_token_request_and_do_not_block_the_event_loop() -> None:
    async def main(credentials: ClientCredentials) -> tuple[list[str], int]:
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                await asyncio.sleep(0.005)
                beats += 1

        heart = asyncio.create_task(beat())
        tokens = await in_tasks(credentials, CALLERS)
        heart.cancel()
        return tokens, beats

    with serving(Platform(delay=0.3)) as server:
        tokens, beats = asyncio.run(main(credentials_for(server)))
        assert set(tokens) == {"token-1"}
        assert server.count() == 1
        assert beats > 5


def test_a_hundred_tasks_of_trio_need_one_token_request() -> None:
    async def main(credentials: ClientCredentials) -> list[str]:
        tokens: list[str] = []

        async def one() -> None:
            tokens.append(await credentials.aget_token())

        async with trio.open_nursery() as nursery:
            for _ in range(CALLERS):
                nursery.start_soon(one)
        return tokens

    with serving(Platform(delay=0.1)) as server:
        assert trio.run(main, credentials_for(server)) == ["token-1"] * CALLERS
        assert server.count() == 1


def test_threads_and_several_event_loops_share_one_token_request() -> None:
    with serving(Platform(delay=0.3)) as server:
        credentials = credentials_for(server)
        barrier = threading.Barrier(43)

        def thread() -> list[str]:
            barrier.wait()
            return [credentials.get_token()]

        def loop() -> list[str]:
            barrier.wait()
            return asyncio.run(in_tasks(credentials, 20))

        with ThreadPoolExecutor(43) as pool:
            results = [pool.submit(thread) for _ in range(40)] + [pool.submit(loop) for _ in range(3)]
            tokens = [token for result in results for token in result.result()]
        assert tokens == ["token-1"] * 100
        assert server.count() == 1


def test_all_waiting_callers_hear_of_one_failure_each_with_an_error_of_its_own() -> None:
    platform = Platform(delay=0.2)
    platform.down = True

    def failing(credentials: ClientCredentials) -> CredentialsError:
        with pytest.raises(CredentialsError) as caught:
            credentials.get_token()
        return caught.value

    with serving(platform) as server:
        credentials = credentials_for(server)
        with ThreadPoolExecutor(CALLERS) as pool:
            errors = list(pool.map(failing, [credentials] * CALLERS))
        assert len({id(error) for error in errors}) == CALLERS
        assert len({str(error) for error in errors}) == 1
        assert server.count() < 5
        platform.down = False
        assert credentials.get_token() == "token-1"


@pytest.mark.parametrize("callers", [1, CALLERS])
def test_a_refused_token_is_renewed_once_for_all_threads(callers: int) -> None:
    platform = Platform(delay=0.1)
    with serving(platform) as server:
        credentials = credentials_for(server)
        with ITwinPlatform(credentials, api_url=server.url, issuer_url=server.url) as client:
            client.itwins.get(ITWIN_ID)
            platform.good.clear()
            names = in_threads(callers, lambda: client.itwins.get(ITWIN_ID).display_name or "")
        assert names == ["Bridge"] * callers
        assert server.count() == 2


def test_a_refused_token_is_renewed_once_for_all_tasks() -> None:
    platform = Platform(delay=0.1)

    async def main(server: Server) -> None:
        async with AsyncITwinPlatform(credentials_for(server), api_url=server.url, issuer_url=server.url) as client:
            await client.itwins.get(ITWIN_ID)
            platform.good.clear()
            await asyncio.gather(*(client.itwins.get(ITWIN_ID) for _ in range(CALLERS)))

    with serving(platform) as server:
        asyncio.run(main(server))
        assert server.count() == 2


def test_a_platform_that_takes_no_token_at_all_costs_one_new_token_for_each_call() -> None:
    class Closed(Platform):
        good = property(lambda _: set(), lambda _, __: None)

    with serving(Closed()) as server:
        with ITwinPlatform(credentials_for(server), api_url=server.url, issuer_url=server.url) as client:
            for _ in range(3):
                with pytest.raises(UnauthorizedError):
                    client.itwins.get(ITWIN_ID)
        assert server.count(f"/itwins/{ITWIN_ID}") == 6
        assert server.count() == 4


def test_a_token_is_renewed_ahead_of_its_end_without_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    platform = Platform(lifetime=3600)
    with serving(platform) as server:
        credentials = credentials_for(server)
        assert credentials.get_token() == "token-1"
        in_55_minutes = time.monotonic() + 3600 - 200
        monkeypatch.setattr(time, "monotonic", lambda: in_55_minutes)
        assert credentials.get_token() == "token-1"
        monkeypatch.undo()
        until(lambda: credentials.get_token() == "token-2")
        assert server.count() == 2


def test_the_old_token_serves_while_the_identity_service_is_down(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    platform = Platform(lifetime=3600)
    with serving(platform) as server:
        credentials = credentials_for(server)
        credentials.get_token()
        platform.down = True
        real = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: real() + 3600 - 200)
        for _ in range(50):
            assert credentials.get_token() == "token-1"
        until(lambda: "could not be renewed" in caplog.text)
        for _ in range(50):
            assert credentials.get_token() == "token-1"
        assert server.count() == 2  # the next try has to wait a while
        monkeypatch.setattr(time, "monotonic", lambda: real() + 3600)
        with pytest.raises(CredentialsError):
            credentials.get_token()
        platform.down = False
        assert credentials.get_token() == "token-2"


def test_a_caller_that_is_cancelled_harms_nobody() -> None:
    async def main(credentials: ClientCredentials) -> list[str]:
        first = asyncio.create_task(credentials.aget_token())
        others = [asyncio.create_task(credentials.aget_token()) for _ in range(20)]
        await asyncio.sleep(0.05)
        first.cancel()
        for task in others[::2]:
            task.cancel()
        return [token for token in await asyncio.gather(*others, return_exceptions=True) if isinstance(token, str)]

    with serving(Platform(delay=0.2)) as server:
        assert asyncio.run(main(credentials_for(server))) == ["token-1"] * 10
        assert server.count() == 1


def test_an_event_loop_that_ends_before_the_token_comes_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def impatient(credentials: ClientCredentials) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(credentials.aget_token(), 0.02)

    async def impatient_of_trio(credentials: ClientCredentials) -> None:
        with trio.move_on_after(0.02) as scope:
            await credentials.aget_token()
        assert scope.cancelled_caught

    with serving(Platform(delay=0.3)) as server:
        credentials = credentials_for(server)
        asyncio.run(impatient(credentials))
        trio.run(impatient_of_trio, credentials)
        assert credentials.get_token() == "token-1"
        until(lambda: all(thread.name != "itwin-platform-token" for thread in threading.enumerate()))
        assert server.count() == 1
    assert caplog.text == ""


def test_the_deadline_of_a_call_ends_the_wait_but_not_the_fetch() -> None:
    with serving(Platform(delay=0.6)) as server:
        credentials = credentials_for(server)
        with ITwinPlatform(credentials, api_url=server.url, issuer_url=server.url, deadline=0.2) as hasty:
            started = time.monotonic()
            with pytest.raises(DeadlineExceeded):
                hasty.itwins.get(ITWIN_ID)
            assert time.monotonic() - started < 0.5
        # The one who waits longer has what the hasty one began.
        assert credentials.get_token() == "token-1"
        assert server.count() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_forks_in_the_middle_of_a_fetch_has_a_child_that_works() -> None:
    def child(credentials: ClientCredentials, results: "multiprocessing.connection.Connection") -> None:
        results.send(credentials.get_token())

    context = multiprocessing.get_context("fork")
    with serving(Platform(delay=0.4)) as server:
        credentials = credentials_for(server)
        fetching = threading.Thread(target=credentials.get_token)
        fetching.start()
        until(lambda: server.count() == 1)
        ours, theirs = context.Pipe()
        process = context.Process(target=child, args=(credentials, theirs), daemon=True)
        process.start()
        assert ours.poll(10), "the child waits for a thread that it does not have"
        assert ours.recv() == "token-2"
        process.join()
        fetching.join()
        assert credentials.get_token() == "token-1"


def test_a_program_ends_at_once_although_a_fetch_hangs() -> None:
    hanging = threading.Event()

    def answer(request: object) -> bytes:
        hanging.wait(20)
        return b""

    program = """
import sys, threading
from itwin_platform.credentials import ClientCredentials
credentials = ClientCredentials("app", "secret", issuer_url=sys.argv[1])
threading.Thread(target=credentials.get_token, daemon=True).start()
sys.stdin.readline()
"""
    with serving(answer) as server:
        process = subprocess.Popen(
            [sys.executable, "-c", program, server.url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: server.count() == 1)
        started = time.monotonic()
        _, problems = process.communicate("end\n", timeout=15)
        assert time.monotonic() - started < 5
        assert process.returncode == 0
        assert problems == ""
        hanging.set()


def test_short_tokens_are_used_too() -> None:
    with serving(Platform(lifetime=5)) as server:
        credentials = credentials_for(server)
        assert {credentials.get_token() for _ in range(20)} == {"token-1"}
        assert server.count() == 1


def test_nothing_is_logged_when_all_is_well(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with serving(Platform()) as server:
        credentials_for(server).get_token()
    assert caplog.text == ""


def test_several_clients_share_the_credentials_of_one_environment_but_not_of_another() -> None:
    with serving(Platform()) as server, serving(Platform()) as other:
        credentials = ClientCredentials("app", "secret")
        for _ in range(2):
            with ITwinPlatform(credentials, api_url=server.url, issuer_url=server.url) as client:
                client.itwins.get(ITWIN_ID)
        assert server.count() == 1
        with pytest.raises(ConfigurationError, match="another object"):
            ITwinPlatform(credentials, api_url=other.url, issuer_url=other.url)
        assert other.requests == []
