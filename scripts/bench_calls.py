"""`make bench-calls`: what calls, the import and `itwin --help` cost beside raw httpx, how long generation takes.

Processor time of this process, as ratios within one run: machines differ and are noisy, ratios hardly. The server is a
process of its own that answers every request with the same bytes. The rounds of the things compared are interleaved,
and the table shows medians with their range.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import httpx
from benchmarks import HEADERS, ROOT, Comparison, answering

from itwin_platform import AsyncITwinPlatform, ITwinPlatform

ROUNDS = 9
CALLS = 400

# Answers whatever ends with an empty line; the port is printed when it listens.
SERVER = """
import asyncio, sys
ANSWER = bytes.fromhex(sys.argv[1])
class Fixed(asyncio.Protocol):
    def connection_made(self, transport): self.transport, self.rest = transport, b""
    def data_received(self, data):
        *requests, self.rest = (self.rest + data).split(b"\\r\\n\\r\\n")
        for _ in requests: self.transport.write(ANSWER)
async def main():
    server = await asyncio.get_running_loop().create_server(Fixed, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def per_call(work: Callable[[], object]) -> float:
    """Microseconds of processor time for one of many calls."""
    start = time.process_time()
    for _ in range(CALLS):
        work()
    return (time.process_time() - start) / CALLS * 1e6


def bench_sync(url: str) -> Comparison:
    result = Comparison("one call, sync", "us")
    with httpx.Client() as client, ITwinPlatform("token", api_url=url) as platform:
        target = f"{url}/itwins/1"

        def raw() -> object:
            return client.get(target, headers=HEADERS).json()

        def ours() -> object:
            return platform.itwins.get("1")

        per_call(raw), per_call(ours)
        for _ in range(ROUNDS):
            result.add(per_call(raw), per_call(ours))
    return result


async def per_task(work: Callable[[], Awaitable[object]], in_flight: int) -> float:
    async def worker() -> None:
        for _ in range(CALLS // in_flight):
            await work()

    start = time.process_time()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return (time.process_time() - start) / (CALLS // in_flight * in_flight) * 1e6


async def bench_async(url: str, in_flight: int, *, aiohttp: bool) -> Comparison:
    engine = "aiohttp" if aiohttp else "httpcore"
    result = Comparison(f"one call, async, {in_flight} in flight, {engine}", "us")
    async with httpx.AsyncClient() as client, AsyncITwinPlatform("token", api_url=url, aiohttp=aiohttp) as platform:
        target = f"{url}/itwins/1"

        async def raw() -> object:
            return (await client.get(target, headers=HEADERS)).json()

        async def ours() -> object:
            return await platform.itwins.get("1")

        await per_task(raw, in_flight)
        await per_task(ours, in_flight)
        for _ in range(ROUNDS):
            result.add(await per_task(raw, in_flight), await per_task(ours, in_flight))
    return result


def bench_import() -> Comparison:
    """Each import in a fresh interpreter, which measures it itself."""

    def measure(module: str) -> float:
        code = f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        return float(done.stdout) * 1000

    result = Comparison("import, beside import httpx", "ms")
    measure("httpx"), measure("itwin_platform")
    for _ in range(ROUNDS):
        result.add(measure("httpx"), measure("itwin_platform"))
    return result


def bench_help() -> Comparison:
    """Processor time of whole processes, which is what somebody waits for who types a command."""

    def measure(work: str) -> float:
        code = f"{work}\nimport sys, time; print(time.process_time(), file=sys.stderr)"
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        return float(done.stderr) * 1000

    base = "import click, httpx"
    ours = "import sys; sys.argv = ['itwin', '--help']; import itwin_platform.cli as cli\n"
    ours += "try: cli.main()\nexcept SystemExit: pass"
    result = Comparison("itwin --help, beside click and httpx", "ms")
    measure(base), measure(ours)
    for _ in range(ROUNDS):
        result.add(measure(base), measure(ours))
    return result


def seconds_to_generate() -> float:
    times: list[float] = []
    for _ in range(3):
        start = time.perf_counter()
        command = [sys.executable, str(ROOT / "scripts" / "generate.py"), "--check"]
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    print(f"{'':<38} {'httpx':>9} {'ours':>9} {'':<4} {'ratio':>6}")
    with answering(SERVER) as url:
        print(bench_sync(url).line(), flush=True)
        for aiohttp in (False, True):
            for in_flight in (1, 32):
                print(asyncio.run(bench_async(url, in_flight, aiohttp=aiohttp)).line(), flush=True)
    imports = bench_import()
    base, ours = imports.medians()
    print(f"{imports.line()}  (+{ours - base:.1f} ms)", flush=True)
    print(bench_help().line(), flush=True)
    print(f"{'regeneration of everything':<38} {'':>9} {seconds_to_generate():>9.1f} s")


if __name__ == "__main__":
    main()
