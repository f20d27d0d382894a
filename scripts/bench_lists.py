"""`make bench-lists`: what 10,000 iTwins cost beside raw httpx with `json.loads`, and whether memory stays flat.

A table of them is compared with the list that it is made of.
Processor time of this process, as ratios within one run, like `bench_calls.py`. The server is a process of its own
that has its pages ready. All properties of the iTwins are there, or a random half of the optional ones.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import httpx
from benchmarks import HEADERS, Comparison, documented_itwin, listening

from itwin_platform import ITwinPlatform

ROUNDS = 9
PAGES, ITEMS = 10, 1000
FULL = {**HEADERS, "Prefer": "return=representation"}


def itwins_of_page(page: int, *, whole: bool) -> list[dict[str, Any]]:
    """The documented iTwin many times, each time with an id and a name of its own."""
    itwin = documented_itwin()["iTwin"]
    chance = random.Random(page)  # noqa: S311
    found: list[dict[str, Any]] = []
    for number in range(page * ITEMS, (page + 1) * ITEMS):
        optional = {name: value for name, value in itwin.items() if whole or chance.random() < 0.5}
        found.append({**optional, "id": f"{itwin['id'][:-6]}{number:06}", "displayName": f"Bridge {number}"})
    return found


def answer_of_page(page: int, kind: str) -> bytes:
    following = {"next": {"href": f"/itwins/?{kind}={page + 1}"}} if page + 1 < PAGES else {}
    links = {"self": {"href": f"/itwins/?{kind}={page}"}, **following}
    body = json.dumps(
        {"iTwins": itwins_of_page(page, whole=kind == "all"), "_links": links}, separators=(",", ":")
    ).encode()
    return f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


class PageServer(asyncio.Protocol):
    """Answers with the page that the query names, by default with the first."""

    # ruff: noqa: D102 (the methods are those of every protocol)

    def __init__(self, kind: str, pages: list[bytes]) -> None:
        self._kind, self._pages, self._rest = kind, pages, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for request in requests:
            number = request.split()[1].partition(f"?{self._kind}=".encode())[2]
            self._transport.write(self._pages[int(number or 0)])


async def serve(kind: str) -> None:
    pages = [answer_of_page(page, kind) for page in range(PAGES)]
    server = await asyncio.get_running_loop().create_server(lambda: PageServer(kind, pages), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def list_raw(client: httpx.Client, url: str) -> int:
    count, link = 0, "/itwins/"
    while link:
        page = json.loads(client.get(url + link, headers=FULL).content)
        count += sum(1 for _ in page["iTwins"])
        link = page["_links"].get("next", {}).get("href")
    return count


def list_ours(platform: ITwinPlatform, pages: int = PAGES) -> int:
    return sum(1 for _ in platform.itwins.list(detail="full", limit=pages * ITEMS))


def milliseconds(work: Callable[[], int]) -> float:
    """Milliseconds of processor time for a list."""
    start = time.process_time()
    assert work() == PAGES * ITEMS  # noqa: S101 (a list that is cut short would look quick)
    return (time.process_time() - start) * 1e3


def table_ours(platform: ITwinPlatform) -> int:
    return int(platform.itwins.list(detail="full", limit=PAGES * ITEMS).to_arrow().num_rows)


def bench_table(url: str) -> Comparison:
    """What an Arrow table costs beside going through the same list."""
    result = Comparison("10,000 iTwins, list and Arrow table", "ms")
    with ITwinPlatform("token", api_url=url) as platform:
        for number in range(ROUNDS + 1):
            took = milliseconds(lambda: list_ours(platform)), milliseconds(lambda: table_ours(platform))
            if number:
                result.add(*took)
    return result


def bench(url: str, name: str) -> Comparison:
    result = Comparison(name, "ms")
    with httpx.Client() as client, ITwinPlatform("token", api_url=url) as platform:
        for number in range(ROUNDS + 1):
            took = milliseconds(lambda: list_raw(client, url)), milliseconds(lambda: list_ours(platform))
            if number:  # the first round is for caches and imports
                result.add(*took)
    return result


def peak(platform: ITwinPlatform, pages: int) -> float:
    """The most memory in MB that Python has held while a list was iterated over."""
    tracemalloc.start()
    list_ours(platform, pages)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


def main() -> None:
    print(f"{'':<38} {'httpx':>9} {'ours':>9} {'':<4} {'ratio':>6}")
    for kind, name in (("all", "10,000 iTwins, all properties"), ("some", "10,000 iTwins, half the properties")):
        with listening(__file__, kind) as url:
            print(bench(url, name).line(), flush=True)
            if kind == "all":
                print(bench_table(url).line(), flush=True)
    with listening(__file__, "all") as url, ITwinPlatform("token", api_url=url) as platform:
        peak(platform, 1)
        few, many = peak(platform, 3), peak(platform, PAGES)
        print(f"{'peak memory, 3 and 10 pages':<38} {few:>9.1f} {many:>9.1f} {'MB':<4} {many / few:>6.2f}")


if __name__ == "__main__":
    if sys.argv[1:]:
        asyncio.run(serve(sys.argv[1]))
    else:
        main()
