"""`make bench-calls`: what calls, the import and `itwin --help` cost beside raw httpx, how long generation takes.

Processor time of this process, as ratios within one run: machines differ and are noisy, ratios hardly. The server is a
process of its own that answers every request with the same bytes. The rounds of the things compared are interleaved,
and the table shows medians with their range.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from itwin_platform import AsyncITwinPlatform, ITwinPlatform

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 9
CALLS = 400
HEADERS = {"Authorization": "Bearer token", "Accept": "application/vnd.bentley.itwin-platform.v1+json"}

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


@contextmanager
def serving(program: str, *arguments: object) -> Iterator[str]:
    """The address of a process that answers with the documented iTwin.

    Parameters:
        program: Its source. It is told the answer, in hexadecimal digits, and prints its port once it listens.
        arguments: What it is told beside that.
    """
    operations = json.loads((ROOT / "facade/itwin_platform/sandbox/operations.json").read_text("utf-8"))["operations"]
    body = next(json.dumps(known["answers"]["200"]).encode() for known in operations if known["id"] == "get-itwin")
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {HEADERS['Accept']}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    command = [sys.executable, "-c", program, (head + body).hex(), *map(str, arguments)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1)
    try:
        assert server.stdout is not None  # noqa: S101 (for type checkers)
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.terminate()
        server.wait()
        if server.stdout:
            server.stdout.close()


class Comparison:
    """Interleaved rounds of something and of what it is compared with."""

    def __init__(self, name: str, unit: str) -> None:
        self.name, self.unit = name, unit
        self.rounds: list[tuple[float, float]] = []

    def add(self, base: float, ours: float) -> None:
        """Note a round."""
        self.rounds.append((base, ours))

    def line(self) -> str:
        """The medians, and the median of the ratios with their range."""
        base, ours = (statistics.median(column) for column in zip(*self.rounds, strict=True))
        ratios = sorted(ours / base for base, ours in self.rounds)
        middle = statistics.median(ratios)
        return (
            f"{self.name:<38} {base:>9.1f} {ours:>9.1f} {self.unit:<4} {middle:>6.2f}  "
            f"[{ratios[0]:.2f} to {ratios[-1]:.2f}]"
        )


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
    with serving(SERVER) as url:
        print(bench_sync(url).line(), flush=True)
        for aiohttp in (False, True):
            for in_flight in (1, 32):
                print(asyncio.run(bench_async(url, in_flight, aiohttp=aiohttp)).line(), flush=True)
    imports = bench_import()
    base, ours = (statistics.median(column) for column in zip(*imports.rounds, strict=True))
    print(f"{imports.line()}  (+{ours - base:.1f} ms)", flush=True)
    print(bench_help().line(), flush=True)
    print(f"{'regeneration of everything':<38} {'':>9} {seconds_to_generate():>9.1f} s")


if __name__ == "__main__":
    main()
