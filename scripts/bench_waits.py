"""`make bench-waits`: what 10,000 waits for jobs by one async client cost, beside the requests that they make.

The share of one core that they take, and how that compares with tasks that do nothing but sleep. What asks
for the progress is replaced by something that has it at once, so the rest is measured: the wait itself. Each wait looks
once a second, 15 times as often as with the default intervals while a job changes all the time; the shares are scaled
accordingly.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Coroutine
from typing import Any

import anyio

from itwin_platform import AsyncITwinPlatform
from itwin_platform.models.reality_analysis import JobProgress, JobState

WAITS = 10_000
ROUNDS = 5
# Seconds: between two looks here, and those of the default intervals while a job changes, and while it does not.
LOOK = 1.0
SHORTEST, LONGEST = 15, 120
PROGRESS = JobProgress(percentage=40, state=JobState.ACTIVE)


async def share(start: Callable[[], Coroutine[Any, Any, object]]) -> float:
    """The share of a core that so many tasks take, once all of them are there."""
    tasks = [asyncio.create_task(start()) for _ in range(WAITS)]
    await asyncio.sleep(2 * LOOK)
    used, began = time.process_time(), time.perf_counter()
    await asyncio.sleep(3 * LOOK)
    found = (time.process_time() - used) / (time.perf_counter() - began)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return found


async def sleep_again_and_again() -> None:
    while True:  # noqa: ASYNC110 (as waits do)
        await anyio.sleep(LOOK)


async def progress_at_once(job_id: str) -> JobProgress:  # noqa: ARG001 (as what it takes the place of)
    return PROGRESS


async def measure() -> tuple[list[float], list[float]]:
    asleep: list[float] = []
    waiting: list[float] = []
    async with AsyncITwinPlatform("token", api_url="http://127.0.0.1:9") as platform:
        jobs = platform.reality_analysis.jobs
        jobs.get_progress = progress_at_once  # type: ignore[method-assign]
        for _ in range(ROUNDS):
            asleep.append(await share(sleep_again_and_again))
            waiting.append(await share(lambda: jobs.wait("j-1", intervals=[LOOK])))
    return asleep, waiting


def main() -> None:
    asleep, waiting = asyncio.run(measure())
    print(f"{WAITS:,} waits, share of a core without their requests".ljust(56) + "median  [range]")
    for name, interval in (("jobs that change all the time", SHORTEST), ("jobs that do not change", LONGEST)):
        shares = sorted(each * LOOK / interval * 100 for each in waiting)
        label = f"{name}: a look in {interval} s"
        print(f"{label:<56}{statistics.median(shares):.2f} %  [{shares[0]:.2f} to {shares[-1]:.2f}]")
    ratios = sorted(ours / base for base, ours in zip(asleep, waiting, strict=True))
    print(
        f"{'beside tasks that only sleep':<56}{statistics.median(ratios):.2f}    [{ratios[0]:.2f} to {ratios[-1]:.2f}]"
    )


if __name__ == "__main__":
    main()
