"""`platform.map` and `requests_per_minute`: all is done, in bounds, and nothing is left behind."""

from __future__ import annotations

import _thread
import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import trio

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, MapProgress, errors
from tests.support.clock import VirtualClock
from tests.support.engines import ENGINES, Engine
from tests.support.scripted import Received, ScriptedServer, answer
from tests.support.token_server import ITWIN

# What concerns only the loop over results does not depend on the engine below.
sync_and_async = pytest.mark.parametrize("engine", ENGINES[:2], ids=lambda engine: engine.name)


def results_of(engine: Engine, function: Callable[[Any], Any], items: Any, take: int | None = None, **how: Any) -> Any:
    """Results of a map, the first ones or all; and afterwards nothing is running any more."""

    def run(platform: Any) -> Any:
        if isinstance(platform, ITwinPlatform):
            with platform.map(function, items, **how) as results:
                return list(itertools.islice(results, take))

        async def collect() -> list[Any]:
            found: list[Any] = []
            async with platform.map(function, items, **how) as results:
                async for result in results:
                    found.append(result)
                    if len(found) == take:
                        break
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return found

        return collect()

    try:
        return engine(run)
    finally:
        assert map_threads() == []


def map_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "itwin-map"]


def fails_at_seven(number: int) -> int:
    time.sleep(0.002 * (number % 3))
    if number == 7:
        raise LookupError("seven")
    return number


@sync_and_async
class TestResults:
    def test_all_of_them_come_in_any_order_or_in_that_of_the_items(self, engine: Engine) -> None:
        def slow_first(number: int) -> int:
            time.sleep(0.01 * (5 - number % 5))
            return number

        assert set(results_of(engine, slow_first, range(40))) == set(range(40))
        assert results_of(engine, slow_first, iter(range(40)), ordered=True, concurrency=7) == list(range(40))
        assert results_of(engine, slow_first, []) == []
        assert engine(lambda platform: platform.map(str, range(3), ordered=True).to_list()) == ["0", "1", "2"]

    def test_they_come_while_others_are_still_running(self, engine: Engine) -> None:
        release = threading.Event()

        def second_waits(number: int) -> int:
            if number == 1:
                release.wait(30)
            return number

        first = results_of_while(engine, second_waits, [0, 1], release)
        assert first == [0, 1]

    def test_endless_items_are_taken_as_results_are(self, engine: Engine) -> None:
        taken = 0

        def endless() -> Iterator[int]:
            nonlocal taken
            while True:
                taken += 1
                yield taken

        assert len(results_of(engine, lambda number: number, endless(), take=50, concurrency=4)) == 50
        assert taken <= 50 + 2 * 4

    def test_the_first_error_is_raised_and_says_which_item(self, engine: Engine) -> None:
        with pytest.raises(LookupError, match="seven") as caught:
            results_of(engine, fails_at_seven, itertools.count())
        assert caught.value.__notes__ == ["item 7 of platform.map"]

    def test_an_error_that_means_the_end_is_no_end(self, engine: Engine) -> None:
        def next_of_none(_: int) -> int:
            return next(iter(()))

        async def anext_of_none(_: int) -> int:
            raise StopAsyncIteration

        with pytest.raises(RuntimeError, match="raised StopIteration"):
            results_of(engine, next_of_none, range(3))
        if engine.name != "sync":
            with pytest.raises(RuntimeError, match=r"item \d of platform\.map raised StopAsyncIteration"):
                results_of(engine, anext_of_none, range(3))

    def test_errors_are_values_on_request(self, engine: Engine) -> None:
        found = results_of(engine, fails_at_seven, range(20), on_error="return", ordered=True)
        assert isinstance(found[7], LookupError)
        assert found[:7] + found[8:] == [number for number in range(20) if number != 7]

    def test_an_error_of_the_items_is_raised_after_what_came_before(self, engine: Engine) -> None:
        def broken() -> Iterator[int]:
            yield from range(3)
            raise LookupError("no more items")

        seen: list[MapProgress] = []
        with pytest.raises(LookupError, match="no more items") as caught:
            results_of(engine, fails_at_seven, broken(), on_error="return", ordered=True, progress=seen.append)
        assert caught.value.__notes__ == ["raised by the items of platform.map"]
        assert [each.done for each in seen] == [1, 2, 3]

    def test_progress_counts_results_and_errors(self, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
        seen: list[MapProgress] = []
        results_of(engine, fails_at_seven, range(10), on_error="return", progress=seen.append)
        assert [each.done for each in seen] == list(range(1, 11))
        assert seen[-1] == MapProgress(done=10, failed=1, total=10)
        results_of(engine, fails_at_seven, iter(range(5)), progress=seen.append)
        assert seen[-1] == MapProgress(done=5, failed=0, total=None)

        def stop(_: MapProgress) -> None:
            raise InterruptedError

        with pytest.raises(InterruptedError):
            results_of(engine, fails_at_seven, itertools.count(), on_error="return", progress=stop)
        results_of(engine, fails_at_seven, range(9), on_error="return", progress=True)
        assert "9/9" in capsys.readouterr().out

    @pytest.mark.parametrize(
        "wrong",
        [
            {"concurrency": 0},
            {"concurrency": 2000},
            {"concurrency": True},
            {"on_error": "ignore"},
            {"on_error": []},
            {"progress": 1},
        ],
        ids=lambda wrong: "-".join(map(str, *wrong.items())),
    )
    def test_a_wrong_argument_is_refused_at_once(self, engine: Engine, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
            results_of(engine, fails_at_seven, range(3), **wrong)
        with pytest.raises(ValueError, match="function must be callable"):
            results_of(engine, 5, range(3))  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="items must be iterable"):
            results_of(engine, str, 5)
        with pytest.raises(ValueError, match="items must not be a single string"):
            results_of(engine, str, "dc914a84-e0c9-40e2-9d14-faf5ed84147f")


def results_of_while(engine: Engine, function: Callable[[int], int], items: list[int], release: threading.Event) -> Any:
    """Results of a map, where something happens after the first one."""

    def run(platform: Any) -> Any:
        found: list[int] = []
        if isinstance(platform, ITwinPlatform):
            for result in platform.map(function, items):
                found.append(result)
                release.set()
            return found

        async def collect() -> list[int]:
            async for result in platform.map(function, items):
                found.append(result)
                release.set()
            return found

        return collect()

    return engine(run)


def test_calls_go_out_together_and_in_bounds(engine: Engine) -> None:
    running = most = 0
    lock = threading.Lock()

    def slow(request: Received) -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return answer(200, ITWIN)

    with ScriptedServer(slow) as server:

        def run(platform: Any) -> Any:
            results = platform.map(platform.itwins.get, ["i"] * 40, concurrency=6)
            if isinstance(platform, ITwinPlatform):
                return list(results)

            async def collect() -> list[Any]:
                return [result async for result in results]

            return collect()

        found = engine(run, api_url=server.url, max_in_flight=3)
    assert len(found) == 40
    assert 2 <= most <= 3


def test_leaving_breaks_off_pauses(engine: Engine) -> None:
    def busy(request: Received) -> bytes:
        if request.path.endswith("/first"):
            return answer(200, ITWIN)
        return answer(429, {"error": {"code": "Busy", "message": "wait"}}, Retry_After="100")

    start = time.monotonic()
    with ScriptedServer(busy) as server:
        # Two wait for their turn, and two for the platform.
        engine(results_after_first, api_url=server.url, max_in_flight=2)
    for thread in threading.enumerate():
        if thread.name == "itwin-map":
            thread.join(50)
    assert map_threads() == []
    assert time.monotonic() - start < 50


def results_after_first(platform: Any) -> Any:
    """Take one result, while all others wait for the platform, and leave."""
    items = ["first", *map(str, range(100))]
    if isinstance(platform, ITwinPlatform):
        for _ in platform.map(platform.itwins.get, items, concurrency=4):
            break
        return None

    async def one() -> None:
        async with platform.map(platform.itwins.get, items, concurrency=4) as results:
            async for _ in results:
                break

    return one()


def test_ctrl_c_ends_it() -> None:
    def interrupts(number: int) -> int:
        if number == 20:
            _thread.interrupt_main()
        time.sleep(0.01)
        return number

    with ITwinPlatform("token") as platform:
        with pytest.raises(KeyboardInterrupt):
            list(platform.map(interrupts, itertools.count(), concurrency=4))
        for thread in threading.enumerate():
            if thread.name == "itwin-map":
                thread.join(20)
    assert map_threads() == []


def test_threads_that_cannot_be_had_are_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def first_ones(thread: threading.Thread) -> None:
        if len(map_threads()) >= 2:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", first_ones)
    with ITwinPlatform("token") as platform:
        found = list(platform.map(fails_at_seven, range(20), on_error="return", ordered=True))
    assert len(found) == 20


class TestAsync:
    @pytest.mark.parametrize("run", [lambda main: asyncio.run(main()), trio.run], ids=["asyncio", "trio"])
    def test_async_functions_and_items(self, run: Callable[[Any], Any]) -> None:
        async def items() -> AsyncIterator[int]:
            for number in range(30):
                yield number

        async def double(number: int) -> int:
            return 2 * number

        async def main() -> None:
            async with AsyncITwinPlatform("token") as platform:
                expected = [2 * number for number in range(30)]
                functions: list[Callable[[int], Any]] = [
                    double,
                    lambda number: 2 * number,
                    lambda number: double(number + 0),
                ]
                for function in functions:
                    assert [each async for each in platform.map(function, items(), ordered=True)] == expected
                async for _ in platform.map(double, itertools.count()):
                    break

        run(main)

    def test_a_cancelled_loop_leaves_no_tasks(self) -> None:
        async def main() -> None:
            async def forever(platform: AsyncITwinPlatform) -> None:
                async for _ in platform.map(asyncio.sleep, itertools.repeat(100)):
                    pass

            async with AsyncITwinPlatform("token") as platform:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(forever(platform), 0.05)
                assert asyncio.all_tasks() == {asyncio.current_task()}
                # One that ends with its event loop.
                task = asyncio.create_task(forever(platform))
                await asyncio.sleep(0.01)
                assert not task.done()

        asyncio.run(main())

    def test_a_cancellation_of_something_else_is_not_lost(self) -> None:
        async def cancelled(number: int) -> int:
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            return int(await future)

        async def main() -> None:
            async with AsyncITwinPlatform("token") as platform:
                with pytest.raises(asyncio.CancelledError):
                    async for _ in platform.map(cancelled, range(3), on_error="return"):
                        pass

        asyncio.run(main())


def test_the_pace_is_that_of_the_user(engine: Engine, clock: VirtualClock) -> None:
    times: list[float] = []

    def note(request: Received) -> bytes:
        times.append(time.monotonic())
        if len(times) == 5:
            return answer(503, {"error": {"code": "Busy", "message": "try again"}})
        return answer(200, ITWIN)

    with ScriptedServer(note) as server:
        # Waiting does not count for the deadline, not even that of the retry, for which the minute is full.
        found = engine.many(
            lambda platform: platform.itwins.get("i"), 11, api_url=server.url, requests_per_minute=5, deadline=30
        )
    assert [found_one.id for found_one in found] == [ITWIN["iTwin"]["id"]] * 11
    assert len(times) == 12
    for early, late in zip(times, times[5:], strict=False):
        assert late - early >= 60
    assert times[-1] - times[0] <= 130
    # Until the minute is full, nobody waits.
    assert times[4] - times[0] < 5


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "5"])
def test_a_pace_that_is_none(count: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match="requests_per_minute must be a whole number of at least 1"):
        ITwinPlatform("token", requests_per_minute=count)
