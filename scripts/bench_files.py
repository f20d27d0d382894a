"""`make bench-files`: itwin:// addresses beside adlfs, fsspec's file system for Azure, as ratios in one run.

Both read the same files from one Azurite, Microsoft's emulator of Azure, in processes of their own that take turns.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

FILES, SIZE = 2000, 20_000
# How often as fast reading has to be.
BAR = 1.5
CLIENTS = ("itwin-platform", "adlfs")

Result = dict[str, float]


def ours(address: str) -> tuple[Any, str]:
    """Our file system, and the path of the container."""
    import warnings

    import fsspec

    from itwin_platform import ITwinPlatform

    warnings.simplefilter("ignore")
    return fsspec.filesystem("itwin", platform=ITwinPlatform("token", api_url=address)), "itwin"


def adlfs(address: str) -> tuple[Any, str]:
    """adlfs, and the path of the container."""
    import fsspec

    url = urlsplit(address)
    account, container = url.path.strip("/").split("/")
    connection = f"BlobEndpoint={url.scheme}://{url.netloc}/{account};SharedAccessSignature={url.query}"
    return fsspec.filesystem("abfs", connection_string=connection, account_name=account), container


def measure_here(client: str, address: str) -> None:
    """Measure reading all files in this process and print it."""
    system, root = (ours if client == CLIENTS[0] else adlfs)(address)
    started, worked = time.perf_counter(), time.process_time()
    found = system.cat(system.find(f"{root}/files"))
    result = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - worked}
    if len(found) != FILES or {len(each) for each in found.values()} != {SIZE}:
        raise SystemExit("bench-files: not everything was read")
    print(json.dumps(result))


def measure(client: str, address: str) -> Result:
    command = [sys.executable, __file__, "--measure", client, address]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench-files: {client} failed:\n{done.stderr[-2000:]}")
    result: Result = json.loads(done.stdout)
    return result


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each client is measured")
    parser.add_argument("--measure", nargs=2, metavar=("CLIENT", "ADDRESS"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        measure_here(*options.measure)
        return 0

    from itwin_platform import ITwinPlatform
    from itwin_platform.files import BucketFileSystem
    from tests.storage import emulators
    from tests.storage.judge import Container
    from tests.storage.platform import BucketServer

    found: dict[str, list[Result]] = {client: [] for client in CLIENTS}
    with tempfile.TemporaryDirectory() as folder, emulators.azurite(Path(folder)) as account:
        container = Container(account)
        with BucketServer(container.url) as server:
            with ITwinPlatform("token", api_url=server.url) as platform:
                BucketFileSystem(platform).pipe({f"itwin/files/{number:05}": bytes(SIZE) for number in range(FILES)})
            for _ in range(options.rounds):
                for client, results in found.items():
                    results.append(measure(client, server.url if client == CLIENTS[0] else container.url()))
    seconds = {client: median(each["seconds"] for each in results) for client, results in found.items()}
    for client, results in found.items():
        cpu = median(each["cpu"] for each in results)
        print(f"read {FILES} x {SIZE // 1000} kB  {client:15} {seconds[client]:6.2f} s, {cpu:5.2f} s of CPU")
    ratio = seconds["adlfs"] / seconds["itwin-platform"]
    print(f"ratio {ratio:.1f}, bar {BAR:g}: {'held' if ratio >= BAR else 'MISSED'}")
    return 0 if ratio >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
