"""`make bench-storage`: bucket transfers beside azure-storage-blob, as ratios in one run.

Every measurement is a process of its own. The two clients take turns, and the medians of the rounds are compared. The
discarding server takes what it is sent and keeps nothing, so that the client is the limit; Azurite is Microsoft's
emulator of Azure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from benchmarks import MIB, ROOT, listening, peak_memory

sys.path.insert(0, str(ROOT))

SMALL_FILES, SMALL_SIZE = 2000, 20_000
LARGE_SIZE = 300_000_000
HUGE_SIZE = 2_000_000_000
THREADS, PARTS = 16, 12

# What is measured: name, the file or folder, the server, and the least ratio of the speeds.
BARS: dict[tuple[str, str], float] = {
    ("small", "sink"): 8.0,
    ("small", "azurite"): 1.5,
    ("large", "sink"): 0.95,
    ("large", "azurite"): 1.0,
}
MEMORY_BAR = 150


class Discard(asyncio.Protocol):
    """Answers every upload with success and keeps nothing; there is nothing to read."""

    # ruff: noqa: D102 (the methods are those of every protocol)

    def __init__(self) -> None:
        self._head = b""
        self._body_left = 0
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        while data:
            if self._body_left:
                taken = min(self._body_left, len(data))
                self._body_left -= taken
                data = data[taken:]
            else:
                self._head += data
                head, found, data = self._head.partition(b"\r\n\r\n")
                if not found:
                    return
                self._head = b""
                self._begin(head.lower())
            if not self._body_left:
                self._transport.write(self._answer)

    def _begin(self, head: bytes) -> None:
        _, found, length = head.partition(b"\r\ncontent-length:")
        self._body_left = int(length.partition(b"\r\n")[0]) if found else 0
        status = b"201 Created" if head.startswith(b"put") else b"404 Not Found"
        self._answer = (
            b"HTTP/1.1 " + status + b'\r\nContent-Length: 0\r\nETag: "0x1"\r\nx-ms-request-id: 1\r\n'
            b"Last-Modified: Sat, 21 Nov 2026 00:00:00 GMT\r\nx-ms-request-server-encrypted: true\r\n\r\n"
        )


async def serve_discard() -> None:
    server = await asyncio.get_running_loop().create_server(Discard, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


Upload = Callable[[Path], None]


def ours(url: str) -> Upload:
    # Imports are not part of what is measured.
    import obstore  # noqa: F401

    import itwin_platform._http.sync_engine  # noqa: F401 (whoever has got a bucket has sent a request)
    from itwin_platform._http import TransportOptions
    from itwin_platform.models import Bucket
    from itwin_platform.storage import TransferBucket

    bucket = TransferBucket(Bucket("itwin", url, None), TransportOptions(timeout=(10, 60)), lambda: url)

    def upload(source: Path) -> None:
        bucket.upload(source, str(uuid4()), overwrite=True, concurrency=THREADS)

    return upload


def ours_async(url: str) -> Upload:
    import obstore  # noqa: F401

    import itwin_platform._http.sync_engine  # noqa: F401
    from itwin_platform._http import TransportOptions
    from itwin_platform.models import Bucket
    from itwin_platform.storage import AsyncTransferBucket

    async def renew() -> str:
        return url

    bucket = AsyncTransferBucket(Bucket("itwin", url, None), TransportOptions(timeout=(10, 60)), renew)

    async def upload(source: Path) -> None:
        await bucket.upload(source, str(uuid4()), overwrite=True, concurrency=THREADS)

    return lambda source: asyncio.run(upload(source))


def azure(url: str) -> Upload:
    from azure.storage.blob import ContainerClient

    client = ContainerClient.from_container_url(url, api_version="2024-08-04")

    prefix = uuid4()

    def send(path: Path) -> None:
        with path.open("rb") as file:
            client.upload_blob(
                f"{prefix}/{path.name}", file, overwrite=True, length=path.stat().st_size, max_concurrency=PARTS
            )

    def upload(source: Path) -> None:
        if source.is_file():
            send(source)
            return
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(send, sorted(source.iterdir())))

    return upload


CLIENTS: dict[str, Callable[[str], Upload]] = {
    "itwin-platform": ours,
    "itwin-platform async": ours_async,
    "azure-storage-blob": azure,
}


def measure_here(client: str, source: Path, url: str) -> None:
    """Measure one upload in this process and print it."""
    upload = CLIENTS[client](url)
    started = time.perf_counter()
    upload(source)
    print(json.dumps({"seconds": time.perf_counter() - started, "memory": peak_memory()}))


def measure(client: str, source: Path, url: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", client, str(source), url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench-storage: {client} failed:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def make_files(folder: Path) -> dict[str, Path]:
    """The files to upload."""
    small = folder / "small"
    small.mkdir()
    for number in range(SMALL_FILES):
        (small / f"{number:05}.bin").write_bytes(os.urandom(SMALL_SIZE))
    return {"small": small, "large": _random_file(folder / "large.bin", LARGE_SIZE)}


def _random_file(path: Path, size: int) -> Path:
    block = os.urandom(16 * MIB)
    with path.open("wb") as file:
        while size > 0:
            size -= file.write(block[:size])
    return path


def speed(kind: str, seconds: float) -> str:
    return f"{SMALL_FILES / seconds:8.0f} files/s" if kind == "small" else f"{LARGE_SIZE / 1e6 / seconds:8.0f} MB/s   "


@contextmanager
def fresh_azurite() -> Iterator[str]:
    """The SAS URL of a container in an Azurite of its own: it gets slower with every blob that it holds."""
    from tests.storage import emulators
    from tests.storage.judge import Container

    with tempfile.TemporaryDirectory() as folder, emulators.azurite(Path(folder)) as account:
        yield Container(account).url()


def compare(
    kind: str, server: str, source: Path, serving: Callable[[], AbstractContextManager[str]], rounds: int
) -> bool:
    """Measure the clients in turn, print the medians, and say whether the bar is cleared."""
    results: dict[str, list[dict[str, Any]]] = {client: [] for client in CLIENTS}
    for _ in range(rounds):
        for client, found in results.items():
            with serving() as url:
                found.append(measure(client, source, url))
    medians = {client: median(one["seconds"] for one in found) for client, found in results.items()}
    ratio = medians["azure-storage-blob"] / medians["itwin-platform"]
    bar = BARS[kind, server]
    for client, found in results.items():
        seconds = [one["seconds"] for one in found]
        memory = max(one["memory"] or 0 for one in found)
        print(
            f"{kind:5} -> {server:7} {client:21} {speed(kind, medians[client])}"
            f"  {medians[client]:6.2f} s [{min(seconds):.2f}-{max(seconds):.2f}]  {memory:4.0f} MiB"
        )
    # Runs of a shared machine differ by a few percent.
    held = bool(ratio >= bar * (0.95 if bar == 1.0 else 1.0))
    print(f"{'':16} ratio {ratio:.2f}, bar {bar:g}: {'held' if held else 'MISSED'}", flush=True)
    return held


def memory_of_huge(folder: Path, address: str) -> bool:
    """Whether a file far larger than the memory allowed is sent within it."""
    huge = folder / "huge.bin"
    with huge.open("wb") as file:
        file.truncate(HUGE_SIZE)
    result = measure("itwin-platform", huge, discard_url(address))
    huge.unlink()
    if result["memory"] is None:
        return True
    held = bool(result["memory"] < MEMORY_BAR)
    print(
        f"memory for a file of {HUGE_SIZE / 1e9:.0f} GB: {result['memory']:.0f} MiB, bar {MEMORY_BAR}: "
        f"{'held' if held else 'MISSED'}"
    )
    return held


def discard_url(address: str) -> str:
    return f"{address}/account/container?sp=rw&sig=none"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=["small", "large"], help="leave the other kind out")
    parser.add_argument("--rounds", type=int, default=5, help="how often each client is measured")
    parser.add_argument("--discard", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--measure", nargs=3, metavar=("CLIENT", "SOURCE", "URL"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.discard:
        asyncio.run(serve_discard())
    if options.measure:
        client, source, url = options.measure
        measure_here(client, Path(source), url)
        return 0

    with tempfile.TemporaryDirectory() as temporary, listening(__file__, "--discard") as sink:
        folder = Path(temporary)
        files = make_files(folder)
        servers: dict[str, Callable[[], AbstractContextManager[str]]] = {
            "sink": lambda: nullcontext(discard_url(sink)),
            "azurite": fresh_azurite,
        }
        held = [
            compare(kind, server, files[kind], servers[server], options.rounds)
            for kind, server in BARS
            if options.only in (None, kind)
        ]
        held.append(memory_of_huge(folder, sink))
    print("all bars held" if all(held) else "bars were missed")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
