"""How a `platform.map` ends that nobody takes to its end, or that is used in the wrong place."""

from __future__ import annotations

import asyncio
import copy
import gc
import itertools
import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
import trio

from itwin_platform import AsyncITwinPlatform, ITwinPlatform
from itwin_platform._http import TransportOptions
from itwin_platform.models import Bucket
from itwin_platform.storage import TransferBucket
from tests.support.interrupts import interrupted_at
from tests.support.scripted import ScriptedServer, answer


def map_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "itwin-map"]


@pytest.fixture
def platform() -> Iterator[ITwinPlatform]:
    """A client of which no thread is left at the end."""
    with ITwinPlatform("token") as client:
        yield client
    for thread in map_threads():
        thread.join(20)
    assert map_threads() == []


class TestSync:
    def test_leaving_the_loop_and_ctrl_c_do_not_wait_for_a_slow_call(self, platform: ITwinPlatform) -> None:
        left = threading.Event()

        def second_waits(number: int) -> bool:
            return number == 0 or left.wait(30)

        begin = time.monotonic()
        for _ in platform.map(second_waits, range(2)):
            break
        with pytest.raises(KeyboardInterrupt), platform.map(second_waits, range(2)) as results:  # noqa: PT012
            next(results)
            raise KeyboardInterrupt
        assert time.monotonic() - begin < 20
        left.set()

    def test_a_call_may_close_the_map_that_it_belongs_to(self, platform: ITwinPlatform) -> None:
        both = threading.Barrier(2)

        def closes(number: int) -> int:
            if number >= 5:
                both.wait(20)
                results.close()
            return number

        results = platform.map(closes, itertools.count(), concurrency=2)
        assert set(results) <= set(range(7))

    def test_what_waits_inside_of_calls_and_items_ends_with_the_map(self) -> None:
        waiting = threading.Event()

        def busy(_: object) -> bytes:
            waiting.set()
            return answer(429, {"error": {"code": "Busy", "message": "wait"}}, Retry_After="100")

        begin = time.monotonic()
        with ScriptedServer(busy) as server, ITwinPlatform("token", api_url=server.url) as platform:

            def fails_or_waits(number: int) -> list[Any]:
                if number == 0 and waiting.wait(20):
                    raise LookupError
                return list(platform.map(platform.itwins.get, ["i"] * 5, on_error="return"))

            with pytest.raises(LookupError), platform.map(fails_or_waits, range(3)) as results:
                list(results)
            with platform.map(str, itertools.chain([1], platform.itwins.list())) as listed:
                assert next(listed) == "1"
        assert time.monotonic() - begin < 50

    def test_an_upload_ends_with_the_map(self, platform: ITwinPlatform, tmp_path: Path) -> None:
        for number in range(400):
            tmp_path.joinpath(str(number)).write_text(f"file {number}")
        arrived = threading.Event()

        def slow(_: object) -> bytes:
            arrived.set()
            time.sleep(0.1)
            return answer(201)

        with ScriptedServer(slow) as server:
            url = f"{server.url}/container?se=2090-01-01T00:00:00Z&sp=rwdl&sig=x"
            bucket = TransferBucket(Bucket("i", url, None), TransportOptions((10, 60)), lambda: url)

            def fails_or_uploads(number: int) -> Any:
                if number == 0 and arrived.wait(20):
                    raise LookupError
                return bucket.upload(tmp_path, "prefix", concurrency=1, overwrite=True)

            with pytest.raises(LookupError), platform.map(fails_or_uploads, range(2)) as results:
                list(results)
            assert len(server.received) < 100

    def test_items_see_the_context_of_the_caller(self, platform: ITwinPlatform) -> None:
        name = ContextVar("name", default="nobody")
        name.set("caller")
        assert list(platform.map(str, (name.get() for _ in range(2)))) == ["caller"] * 2

    def test_ctrl_c_at_any_line_leaves_no_thread(self, platform: ITwinPlatform) -> None:
        """Lines of this package, in the thread that takes the results and closes them."""

        def first_of_many() -> None:
            results = platform.map(lambda number: number, range(40), concurrency=2)
            next(results)
            results.close()

        def all_of_a_few() -> None:
            with platform.map(lambda number: number, range(3), concurrency=2) as results:
                assert len(list(results)) == 3

        for call in (first_of_many, all_of_a_few):
            point = 1
            while interrupted_at(point, call):
                for thread in map_threads():
                    thread.join(20)
                assert map_threads() == [], point
                point += 3
            assert point > 80

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
    def test_a_forked_process_cannot_go_on(self) -> None:
        code = """
import itertools, os
from itwin_platform import ITwinPlatform

platform = ITwinPlatform("token")
results = platform.map(lambda number: number, itertools.count(), concurrency=4)
next(results)
child = os.fork()
if child == 0:
    try:
        next(results)
    except RuntimeError as error:
        results.close()
        again = list(platform.map(lambda number: number, range(3), ordered=True))
        os._exit(0 if "forked process" in str(error) and again == [0, 1, 2] else 1)
    os._exit(2)
assert os.waitpid(child, 0)[1] == 0
next(results)
results.close()
"""
        command = [sys.executable, "-W", "ignore", "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr

    def test_async_functions_and_items_need_the_async_client(self, platform: ITwinPlatform) -> None:
        other = AsyncITwinPlatform("token")
        with pytest.raises(ValueError, match="function must not be async: use AsyncITwinPlatform"):
            platform.map(other.itwins.get, ["i"])
        with pytest.raises(ValueError, match="items must not be async: use AsyncITwinPlatform"):
            platform.map(print, other.itwins.list())  # type: ignore[call-overload]

    def test_results_stay_where_they_are(self, platform: ITwinPlatform) -> None:
        with platform.map(lambda number: number, range(3)) as results:
            for leave in (pickle.dumps, copy.copy, copy.deepcopy):
                with pytest.raises(TypeError, match="Pass the client and the items instead"):
                    leave(results)
            assert len(list(results)) == 3


class TestAsync:
    @pytest.mark.parametrize("run", [lambda main: asyncio.run(main()), trio.run], ids=["asyncio", "trio"])
    def test_a_call_may_close_the_map_that_it_belongs_to(self, run: Callable[[Any], Any]) -> None:
        async def main() -> None:
            async with AsyncITwinPlatform("token") as platform:

                async def closes(number: int) -> int:
                    if number >= 5:
                        await results.aclose()
                    return number

                results = platform.map(closes, itertools.count(), concurrency=2)
                assert {each async for each in results} <= {0, 1, 2, 3, 4}

        run(main)

    def test_sync_functions_have_threads_of_their_own(self) -> None:
        """The threads that the rest of the program shares are 40."""
        together = threading.Barrier(50)

        async def main() -> None:
            async with AsyncITwinPlatform("token") as platform:
                results = platform.map(lambda _: together.wait(20), range(50), concurrency=50)
                assert len([each async for each in results]) == 50

        asyncio.run(main())

    def test_items_do_not_end_early_without_a_word(self) -> None:
        def broken() -> Iterator[int]:
            yield 1
            raise StopAsyncIteration

        async def main() -> None:
            async with AsyncITwinPlatform("token") as platform:
                with pytest.raises(RuntimeError, match="the items raised StopAsyncIteration"):
                    [each async for each in platform.map(str, broken())]

        asyncio.run(main())

    def test_another_event_loop_cannot_go_on(self) -> None:
        platform = AsyncITwinPlatform("token")
        results = platform.map(lambda number: number, range(100), concurrency=2)

        async def take_one() -> int:
            return await anext(results)

        asyncio.run(take_one())
        with pytest.raises(RuntimeError, match="cannot be continued on another event loop"):
            asyncio.run(take_one())

    def test_an_error_is_reported_once(self, caplog: pytest.LogCaptureFixture) -> None:
        class Stop(BaseException):
            pass

        async def stops(_: int) -> None:
            raise Stop

        async def main() -> None:
            async with AsyncITwinPlatform("token") as platform:
                with pytest.raises(Stop):
                    async for _ in platform.map(stops, range(3), on_error="return"):
                        pass
            gc.collect()

        caplog.set_level(logging.ERROR)
        asyncio.run(main())
        assert caplog.text == ""
