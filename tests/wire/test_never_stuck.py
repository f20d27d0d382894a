"""A client after what happens to programs: late answers, forks, cancellations, Ctrl-C, many calls, stopped clocks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, RetryPolicy, errors
from itwin_platform._concurrency.synchronous import time_left, time_limit
from tests.support.engines import Engine
from tests.support.examples import example
from tests.support.interrupts import interrupted_at
from tests.support.scripted import Received, ScriptedServer, answer
from tests.wire.conftest import Authority

ASYNC = pytest.mark.parametrize("aiohttp", [False, True], ids=["httpcore", "aiohttp"])


def named(name: str) -> bytes:
    return answer(200, {"iTwin": {"id": name, "displayName": name}})


def own_name(request: Received) -> bytes:
    return named(request.path.rpartition("/")[2])


class TestLateAnswers:
    """Bytes on a connection that nobody is waiting for belong to nobody."""

    @pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
    @pytest.mark.parametrize("late", [named("stale"), b"HTTP/1.1 408 Timeout\r\n\r\n", b"x", named("stale") * 2])
    @pytest.mark.parametrize("at_once", [True, False], ids=["with the answer", "later"])
    def test_they_are_not_taken_for_the_next_one(
        self, engine: Engine, late: bytes, at_once: bool, encrypted: bool, authority: Authority
    ) -> None:
        sent = threading.Event()

        def act(request: Received) -> bytes:
            return own_name(request) + (late if at_once and not sent.is_set() else b"")

        class Server(ScriptedServer):
            def after(self, request: Received, connection: Any) -> None:
                if not at_once and not sent.is_set():
                    connection.sendall(late)
                sent.set()

        names = ["first", "second", "third"]
        tls = authority.server("127.0.0.1") if encrypted else None
        with Server(act, tls=tls) as server:
            arguments: dict[str, Any] = {"api_url": server.url, "verify": authority.file}
            # Bytes that come with an answer make aiohttp refuse it; it is asked for again.
            arguments["retry"] = RetryPolicy(base=0.0) if at_once or late == b"x" else None
            if engine.kind is ITwinPlatform:
                with engine.client(**arguments) as platform:
                    found = [platform.itwins.get(names[0]).id]
                    assert sent.wait(10)
                    time.sleep(0.02)
                    found += [platform.itwins.get(name).id for name in names[1:]]
            else:

                async def main() -> list[str]:
                    async with engine.client(**arguments) as platform:
                        first = (await platform.itwins.get(names[0])).id
                        # The event loop does not get to look at the connection before the next call.
                        assert sent.wait(10)
                        time.sleep(0.02)  # noqa: ASYNC251
                        return [first, *[(await platform.itwins.get(name)).id for name in names[1:]]]

                found = asyncio.run(main())
        assert found == names


FORKING = """
import json, os, sys
from itwin_platform import ITwinPlatform, errors

url, authority = sys.argv[1:3]
platform = ITwinPlatform("token", api_url=url, verify=authority, retry=None)
platform.itwins.get("warm")

def work(who):
    wrong = []
    for number in range(30):
        name = f"{who}-{number}"
        try:
            found = platform.itwins.get(name).id
        except errors.ITwinPlatformError as error:
            found = str(error)
        if found != name:
            wrong.append(f"{name}: {found}")
    return wrong

children = []
for number in range(3):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = work(f"child{number}")
            platform.close()
        except BaseException as error:
            found = [repr(error)]
        os.write(writing, json.dumps(found[:5]).encode())
        os._exit(0)
    os.close(writing)
    children.append((child, reading))
wrong = work("parent")
for child, reading in children:
    wrong += json.loads(os.read(reading, 65536) or b'["nothing came from a child"]')
    os.waitpid(child, 0)
wrong += work("parent-again")  # after children have closed the client
print(json.dumps(wrong))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
class TestForks:
    @pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
    def test_every_process_gets_its_own_answers(self, encrypted: bool, authority: Authority) -> None:
        with ScriptedServer(own_name, tls=authority.server("127.0.0.1") if encrypted else None) as server:
            command = [sys.executable, "-c", FORKING, server.url, str(authority.file)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == []

    @ASYNC
    def test_an_async_client_serves_parent_and_child(self, aiohttp: bool) -> None:
        code = """
import asyncio, os, sys
from itwin_platform import AsyncITwinPlatform
platform = AsyncITwinPlatform("token", api_url=sys.argv[1], aiohttp=sys.argv[2] == "True", retry=None)

async def work(who):
    found = await asyncio.gather(*(platform.itwins.get(f"{who}-{number}") for number in range(10)))
    return [each.id for each in found] == [f"{who}-{number}" for number in range(10)]

async def main():
    assert await work("before")
    child = os.fork()
    if child == 0:
        # The event loop is the parent's: a child begins one of its own.
        asyncio.events._set_running_loop(None)
        os._exit(0 if asyncio.run(work("child")) else 1)
    assert await work("parent")
    assert os.waitpid(child, 0)[1] == 0
    assert await work("after")
    await platform.aclose()

asyncio.run(main())
"""
        with ScriptedServer(own_name) as server:
            command = [sys.executable, "-W", "ignore", "-c", code, server.url, str(aiohttp)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


class TestCancellation:
    @ASYNC
    def test_calls_that_were_given_up_are_in_nobodys_way(self, aiohttp: bool) -> None:
        chance = random.Random(7)

        def slow(request: Received) -> bytes:
            time.sleep(chance.random() * 0.004)
            return own_name(request)

        async def main(url: str) -> list[str]:
            async with AsyncITwinPlatform("token", api_url=url, aiohttp=aiohttp, retry=None) as platform:
                for _ in range(200):
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(platform.itwins.get("given-up"), chance.random() * 0.004)
                found = await asyncio.gather(*(platform.itwins.get(f"n-{number}") for number in range(40)))
                return [each.id for each in found]

        with ScriptedServer(slow) as server:
            assert asyncio.run(main(server.url)) == [f"n-{number}" for number in range(40)]

    # An interrupt between opening a socket and keeping it leaves its closing to the garbage collector.
    @pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
    @pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
    def test_ctrl_c_at_any_line_leaves_a_client_that_works(self, warm: bool) -> None:
        """Lines of this package and httpcore, another one for each client: all of them would take minutes."""
        parts = ("httpcore", "itwin_platform")
        point, step = 1 + random.Random(3).randrange(9), 23
        with ScriptedServer(own_name) as server:
            going_on = True
            while going_on:
                platform = ITwinPlatform("token", api_url=server.url, retry=None, deadline=10, max_in_flight=1)
                if warm:
                    platform.itwins.get("warm")
                going_on = interrupted_at(point, lambda: platform.itwins.get("interrupted"), parts)  # noqa: B023
                with ThreadPoolExecutor(1) as other:
                    # In the same thread, which the interrupt came to, and in another one.
                    assert platform.itwins.get("same").id == "same", point
                    assert other.submit(lambda: platform.itwins.get("other").id).result(10) == "other", point  # noqa: B023
                platform.close()
                point += step
        assert point > 500

    def test_what_ctrl_c_leaves_behind_does_not_pile_up(self) -> None:
        """An interrupt between entering a time limit and what it is for: nobody takes the limit back."""

        def lines_of_a_call(interrupts: int) -> int:
            for _ in range(interrupts):
                time_limit(10).__enter__()
            count = 0

            def trace(*_: object) -> Any:
                nonlocal count
                count += 1
                return trace

            with time_limit(10):
                pass
            before = sys.gettrace()
            sys.settrace(trace)
            try:
                with time_limit(10):
                    pass
            finally:
                sys.settrace(before)
            return count

        assert copy_context().run(lines_of_a_call, 100) == copy_context().run(lines_of_a_call, 0)
        assert copy_context().run(lambda: (lines_of_a_call(100), time_left())[1]) is None


class TestManyCalls:
    def test_no_more_than_so_many_are_in_flight(self, engine: Engine) -> None:
        lock, now, most = threading.Lock(), 0, 0

        def count(request: Received) -> bytes:
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.005)
            with lock:
                now -= 1
            return own_name(request)

        def many(platform: Any) -> Any:
            if engine.kind is ITwinPlatform:
                with ThreadPoolExecutor(40) as pool:
                    return list(pool.map(lambda number: platform.itwins.get(f"n-{number}").id, range(60)))

            async def run() -> list[str]:
                found = await asyncio.gather(*(platform.itwins.get(f"n-{number}") for number in range(60)))
                return [each.id for each in found]

            return run()

        with ScriptedServer(count) as server:
            assert engine(many, api_url=server.url, max_in_flight=4) == [f"n-{number}" for number in range(60)]
            assert server.connections <= 4
        assert 1 < most <= 4

    def test_the_first_that_waits_comes_first(self) -> None:
        """Threads that go on calling leave a turn to the others."""
        calls = [0] * 6

        def go_on(platform: ITwinPlatform, number: int) -> None:
            while sum(calls) < 120:
                platform.itwins.get(f"n-{number}")
                calls[number] += 1

        with ScriptedServer(own_name) as server, ThreadPoolExecutor(len(calls)) as threads:
            platform = ITwinPlatform("token", api_url=server.url, max_in_flight=2)
            for done in [threads.submit(go_on, platform, number) for number in range(len(calls))]:
                done.result(20)
            platform.close()
        assert min(calls) >= 10

    def test_waiting_for_a_turn_is_no_part_of_the_deadline(self, engine: Engine) -> None:
        def slow(request: Received) -> bytes:
            time.sleep(0.25)
            return own_name(request)

        def four(platform: Any) -> Any:
            if engine.kind is ITwinPlatform:
                with ThreadPoolExecutor(4) as pool:
                    return len(list(pool.map(platform.itwins.get, "abcd")))

            async def run() -> int:
                return len(await asyncio.gather(*map(platform.itwins.get, "abcd")))

            return run()

        with ScriptedServer(slow) as server:
            assert engine(four, api_url=server.url, max_in_flight=1, deadline=0.8, retry=None) == 4

    @ASYNC
    def test_waiting_for_a_turn_can_be_given_up(self, aiohttp: bool) -> None:
        release = threading.Event()

        def blocked(request: Received) -> bytes:
            release.wait(10)
            return own_name(request)

        async def main(url: str) -> str:
            async with AsyncITwinPlatform("token", api_url=url, aiohttp=aiohttp, max_in_flight=1) as platform:
                first = asyncio.create_task(platform.itwins.get("first"))
                await asyncio.sleep(0.05)
                waiting = [asyncio.create_task(platform.itwins.get(f"w-{number}")) for number in range(5)]
                await asyncio.sleep(0)
                for task in waiting:
                    task.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
                release.set()
                await first
                return (await platform.itwins.get("last")).id

        with ScriptedServer(blocked) as server:
            assert asyncio.run(main(server.url)) == "last"
        assert [each.path for each in server.received] == ["/itwins/first", "/itwins/last"]

    def test_errors_that_are_kept_keep_nothing_from_others(self, engine: Engine) -> None:
        with ScriptedServer(*[answer(404, example("get-itwin", 404))] * 10, own_name) as server:
            found = engine.many(lambda platform: platform.itwins.get("x"), 11, api_url=server.url, max_in_flight=2)
        assert [type(each).__name__ for each in found] == ["NotFoundError"] * 10 + ["ITwin"]

    def test_a_storm_is_slowed_down_instead_of_refused(self) -> None:
        """Hundreds of calls against a limit: each pause is for all, and none of them runs out of attempts."""
        lock, window, count = threading.Lock(), 0.0, 0

        def limited(request: Received) -> bytes:
            nonlocal window, count
            with lock:
                if time.monotonic() >= window:
                    window, count = time.monotonic() + 1.0, 0
                count += 1
                return own_name(request) if count <= 100 else answer(429, retry_after="1")

        async def main(url: str) -> int:
            async with AsyncITwinPlatform("token", api_url=url) as platform:
                return len(await asyncio.gather(*(platform.itwins.get(f"n-{number}") for number in range(300))))

        with ScriptedServer(limited) as server:
            assert asyncio.run(main(server.url)) == 300
        assert len(server.received) < 500

    @pytest.mark.parametrize("count", [0, -1, 1.5, True, None, "4"])
    def test_a_number_that_makes_no_sense(self, count: Any) -> None:
        with pytest.raises(errors.ConfigurationError, match="max_in_flight"):
            ITwinPlatform("token", max_in_flight=count)


def test_a_clock_that_stands_still_does_not_make_a_pause_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """As tests stop it to have the same dates each time."""
    with (
        ScriptedServer(answer(429, retry_after="0.1"), answer(429, retry_after="1"), own_name) as server,
        ITwinPlatform("token", api_url=server.url, retry=RetryPolicy(base=0.0)) as platform,
    ):
        stopped = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: stopped)
        done = threading.Event()

        def call() -> None:
            platform.itwins.get("i-1")
            done.set()

        threading.Thread(target=call, daemon=True).start()
        assert done.wait(20)
        monkeypatch.undo()
