"""`make bench-many`: many calls against a platform that limits their rate, and on a cluster of Dask.

The server is a process of its own. It allows so many requests in any minute, answers 429 with `Retry-After` beyond
that, and takes its time for each answer. The share is that of the rate which the limit allows: with three minutes'
worth of requests the last of them may go out when two minutes are over.
"""

from __future__ import annotations

import asyncio
import os
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from benchmarks import answering

from itwin_platform import AsyncITwinPlatform, ITwinPlatform

LIMIT, CALLS = 500, 1500
# Seconds: as in life, because `Retry-After` is in whole seconds, which are much of a shorter window.
WINDOW = 60
GETS, LATENCY, WORKERS, CHUNK = 5000, 0.05, 4, 100

# Answers whatever ends with an empty line; the port is printed when it listens. /refused tells how many 429 there were.
SERVER = """
import asyncio, collections, math, sys, time
ANSWER, LIMIT, WINDOW, LATENCY = bytes.fromhex(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
REFUSAL = b"HTTP/1.1 429 Too Many Requests\\r\\nretry-after: %d\\r\\ncontent-length: 0\\r\\n\\r\\n"
TOLD = b"HTTP/1.1 200 OK\\r\\ncontent-length: %d\\r\\n\\r\\n%b"
sent, refused = collections.deque(maxlen=LIMIT or 1), 0
class Limited(asyncio.Protocol):
    def connection_made(self, transport): self.transport, self.rest = transport, b""
    def data_received(self, data):
        global refused
        *requests, self.rest = (self.rest + data).split(b"\\r\\n\\r\\n")
        for request in requests:
            now, answer = time.monotonic(), ANSWER
            if request.startswith(b"GET /refused"):
                answer = TOLD % (len(b"%d" % refused), b"%d" % refused)
            elif LIMIT and len(sent) == LIMIT and sent[0] + WINDOW > now:
                refused += 1
                answer = REFUSAL % math.ceil(sent[0] + WINDOW - now)
            else:
                sent.append(now)
            loop.call_later(LATENCY, self.transport.write, answer)
async def serve():
    global loop
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Limited, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(serve())
"""


def sync_map(url: str, requests_per_minute: int | None) -> int:
    with ITwinPlatform("token", api_url=url, requests_per_minute=requests_per_minute) as platform:
        return sum(1 for _ in platform.map(platform.itwins.get, map(str, range(CALLS))))


def async_map(url: str, requests_per_minute: int | None) -> int:
    async def run() -> int:
        async with AsyncITwinPlatform("token", api_url=url, requests_per_minute=requests_per_minute) as platform:
            return len([found async for found in platform.map(platform.itwins.get, map(str, range(CALLS)))])

    return asyncio.run(run())


def bench_rate(name: str, work: Callable[[str, int | None], int], requests_per_minute: int | None) -> str:
    with answering(SERVER, LIMIT, WINDOW, 0.02) as url:
        start = time.monotonic()
        done = work(url, requests_per_minute)
        seconds = time.monotonic() - start
        with urllib.request.urlopen(f"{url}/refused") as answer:  # noqa: S310 (our own server)
            refused = int(answer.read())
    share = (CALLS / LIMIT - 1) * WINDOW / seconds
    return f"{name:<36} {done:>5} of {CALLS}  {share:>5.2f} of the allowed rate  {refused:>4} x 429"


def get_all(platform: ITwinPlatform, ids: list[str]) -> list[str | None]:
    """A task of the cluster."""
    return [found.display_name for found in platform.map(platform.itwins.get, ids)]


def bench_dask() -> str:
    import dask
    from distributed import Client, LocalCluster

    ids = [str(number) for number in range(GETS)]
    with answering(SERVER, 0, WINDOW, LATENCY) as url:
        os.environ.update({"ITP_ACCESS_TOKEN": "token", "ITP_API_URL": url})
        with ITwinPlatform() as platform:
            start = time.monotonic()
            for each in ids[:40]:
                platform.itwins.get(each)
            one_by_one = (time.monotonic() - start) / 40 * GETS
            # Before Python 3.11.9, Dask's profiler can hang workers that start threads (python/cpython#106883).
            dask.config.set({"distributed.worker.profile.enabled": False})
            cluster = LocalCluster(n_workers=WORKERS, threads_per_worker=2, dashboard_address=None)
            with cluster, Client(cluster) as client:
                client.gather([client.submit(get_all, platform, [each], pure=False) for each in ids[: 4 * WORKERS]])
                chunks = [ids[at : at + CHUNK] for at in range(0, GETS, CHUNK)]
                start = time.monotonic()
                found = client.gather([client.submit(get_all, platform, chunk, pure=False) for chunk in chunks])
                seconds = time.monotonic() - start
    done = sum(map(len, found))
    name = f"map in {WORKERS} workers of Dask"
    return f"{name:<36} {done:>5} of {GETS}  {one_by_one / seconds:>5.0f} x one by one  {seconds:>5.1f} s"


def main() -> None:
    print(bench_dask(), flush=True)
    # They hardly do anything but wait, so they wait together.
    with ThreadPoolExecutor() as pool:
        runs = [
            pool.submit(bench_rate, f"map, {name}, {how}", work, requests_per_minute)
            for name, work in (("sync", sync_map), ("async", async_map))
            for how, requests_per_minute in (("told by the server", None), ("requests_per_minute", LIMIT))
        ]
        for run in runs:
            print(run.result(), flush=True)


if __name__ == "__main__":
    main()
