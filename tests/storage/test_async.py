"""The same from async code, on asyncio and on trio."""

import hashlib
import threading
import time
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from itwin_platform import AsyncITwinPlatform, errors
from itwin_platform.models import Bucket
from itwin_platform.storage import AsyncTransferBucket, Progress
from tests.storage.conftest import hashes_of
from tests.storage.emulators import ONE_EMULATOR
from tests.storage.judge import Container
from tests.storage.platform import BucketServer
from tests.storage.proxy import Network, between

BACKENDS = ["asyncio", "trio"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "large").write_bytes(bytes(range(256)) * 40_000)
    for number in range(20):
        (folder / str(number)).write_bytes(f"{number}".encode())
    return folder


@pytest.mark.parametrize("backend", BACKENDS)
def test_everything_a_bucket_does(container: Container, files: Path, tmp_path: Path, backend: str) -> None:
    async def use(bucket: AsyncTransferBucket) -> None:
        report = await bucket.upload(files, "files")
        assert len(report.sent) == 21
        assert len((await bucket.upload(files, "files")).skipped) == 21
        await bucket.download("files", tmp_path / "copy")
        assert hashes_of(tmp_path / "copy") == hashes_of(files)
        assert len(await bucket.list("files")) == 21
        async with await bucket.open("files/large") as file:
            sha256 = hashlib.sha256()
            async for chunk in file:
                sha256.update(chunk)
            assert file.tell() == file.size == 40_000 * 256
            file.seek(256)
            assert await file.read(3) == b"\x00\x01\x02"
        assert sha256.hexdigest() == hashes_of(files)["large"]
        await bucket.delete([f"files/{number}" for number in range(20)])
        with pytest.raises(errors.StorageError, match="not in the container"):
            await bucket.open("files/1")
        with pytest.raises(errors.TransferCancelled):
            await bucket.upload(files, "more", progress=lambda news: False)

    async def main() -> None:
        with BucketServer(container.url) as server:
            async with AsyncITwinPlatform("token", api_url=server.url) as platform:
                bucket = await platform.reality_analysis.get_bucket("i-1")
                assert isinstance(bucket, Bucket)
                await use(bucket)

    anyio.run(main, backend=backend)
    assert [name for name in container.names() if name.startswith("files/")] == ["files/large"]


@ONE_EMULATOR
def test_a_bucket_on_two_event_loops(container: Container, files: Path) -> None:
    """The one that was last has ended when the other needs another SAS."""
    urls = [container.url(seconds=3), container.url()]
    network = Network(rate=1_500_000)
    started, listed = threading.Event(), threading.Event()

    async def upload(bucket: AsyncTransferBucket) -> None:
        def tell(_: Progress) -> None:
            started.set()
            listed.wait(10)

        report = await bucket.upload(files, progress=tell, concurrency=1)
        assert len(report.sent) == 21

    async def main(address: str) -> None:
        with BucketServer(lambda: urls.pop(0).replace(container.address, address)) as server:
            async with AsyncITwinPlatform("token", api_url=server.url) as platform:
                bucket = await platform.reality_analysis.get_bucket("i-1")
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(upload, bucket)
                    await anyio.to_thread.run_sync(started.wait)
                    await anyio.to_thread.run_sync(lambda: anyio.run(bucket.list))
                    listed.set()

    with between(container.address, network) as address:
        anyio.run(main, address)
    assert len(container.names()) == 21
    assert urls == []


@ONE_EMULATOR
def test_giving_up_ends_what_is_under_way(container: Container) -> None:
    names = [f"blob-{number:03}" for number in range(60)]
    for name in names:
        container.put(name, b"")
    network = Network(latency=0.05)

    async def main(address: str) -> None:
        with BucketServer(lambda: container.url(address=address)) as server:
            async with AsyncITwinPlatform("token", api_url=server.url) as platform:
                bucket = await platform.reality_analysis.get_bucket("i-1")
                with anyio.move_on_after(0.3):
                    await bucket.delete(names)

    with between(container.address, network) as address:
        anyio.run(main, address)
        left = container.names()
        assert len(left) > 10
        time.sleep(0.5)
        assert container.names() == left


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_sas_is_renewed_on_the_event_loop(container: Container, files: Path, backend: str) -> None:
    urls = [container.url(seconds=-5), container.url()]

    async def main() -> None:
        with BucketServer(lambda: urls.pop(0)) as server:
            async with AsyncITwinPlatform("token", api_url=server.url) as platform:
                bucket = await platform.reality_analysis.get_bucket("i-1")
                await bucket.upload(files)

    anyio.run(main, backend=backend)
    assert len(container.names()) == 21
    assert urls == []
