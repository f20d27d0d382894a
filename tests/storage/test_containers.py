"""The container of reality data: transfers like those of a bucket, for reading or for writing."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors
from itwin_platform.models import RealityDataContainer
from itwin_platform.storage import AsyncTransferContainer, Progress, TransferContainer
from tests.storage.conftest import hashes_of
from tests.storage.judge import Container
from tests.storage.platform import BucketServer
from tests.storage.proxy import Network, between

PATH = "/reality-management/reality-data/r-1"
# What the platform's links permit, and an address where nothing listens.
READ, WRITE, NOWHERE = "rl", "rwdl", "http://127.0.0.1:9"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "scene").mkdir(parents=True)
    (folder / "root.3mx").write_bytes(b"root")
    (folder / "scene" / "large").write_bytes(bytes(range(256)) * 40_000)
    return folder


@pytest.fixture
def get(container: Container) -> Iterator[Callable[..., TransferContainer]]:
    """Gets the container of reality data, with what the link permits."""
    urls: list[str] = []
    with BucketServer(lambda: urls[-1]) as server, ITwinPlatform("token", api_url=server.url) as platform:

        def made(access: Literal["read", "write"], permissions: str, **options: Any) -> TransferContainer:
            urls.append(container.url(permissions, **options))
            return platform.reality_data.container("r-1", access=access)

        yield made


def test_what_one_writes_another_reads(
    get: Callable[..., TransferContainer], container: Container, files: Path, tmp_path: Path
) -> None:
    assert [each.name for each in get("write", WRITE).upload(files).sent] == ["root.3mx", "scene/large"]
    assert container.hashes() == hashes_of(files)
    reading = get("read", READ)
    assert [(blob.name, blob.size) for blob in reading.list("scene")] == [("scene/large", 256 * 40_000)]
    steps: list[Progress] = []
    reading.download("", tmp_path / "copy", progress=steps.append)
    assert steps[-1].files_done == 2
    assert hashes_of(tmp_path / "copy") == hashes_of(files)
    with reading.open("scene/large") as file:
        file.seek(256)
        assert file.read(3) == b"\x00\x01\x02"
    writing = get("write", WRITE)
    assert len(writing.upload(files).skipped) == 2
    writing.delete("root.3mx")
    assert container.names() == ["scene/large"]


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (lambda container, files: container.upload(files), "w"),
        (lambda container, files: container.upload(files, overwrite=True), "w"),
        (lambda container, _: container.delete("root.3mx"), "d"),
    ],
)
def test_a_container_to_read_refuses_changes_before_anything_is_sent(
    get: Callable[..., TransferContainer],
    files: Path,
    change: Callable[[TransferContainer, Path], object],
    missing: str,
) -> None:
    reading = get("read", READ, address=NOWHERE)
    with pytest.raises(
        errors.StoragePermissionError, match=r'\(sp=rl\)\. Get the container with access="write"'
    ) as caught:
        change(reading, files)
    assert caught.value.permission == missing
    assert "sig=" not in str(caught.value)


def test_who_may_write_but_is_given_less_is_not_told_to_write(get: Callable[..., TransferContainer]) -> None:
    with pytest.raises(errors.StoragePermissionError) as caught:
        get("write", "r", address=NOWHERE).delete("root.3mx")
    assert "access=" not in str(caught.value)


@pytest.mark.parametrize("access", ["read", "write"])
def test_an_expired_sas_is_replaced_by_asking_the_same_again(
    container: Container, access: Literal["read", "write"]
) -> None:
    container.put("root.3mx", b"root")
    urls = [container.url(READ, seconds=-60), container.url(READ)]
    with BucketServer(lambda: urls.pop(0)) as server, ITwinPlatform("token", api_url=server.url) as platform:
        found = platform.reality_data.container("r-1", access=access, itwin_id="i-1")
        assert [blob.name for blob in found.list()] == ["root.3mx"]
    assert server.paths == [f"{PATH}/{access}access?iTwinId=i-1"] * 2


def test_an_interrupted_upload_goes_on_where_it_stopped(container: Container, tmp_path: Path) -> None:
    """Also with another object: what has arrived is in the storage."""
    large = tmp_path / "large"
    large.write_bytes(os.urandom(60_000_000))
    network = Network()
    with (
        between(container.address, network) as address,
        BucketServer(lambda: container.url(WRITE, address=address)) as server,
        ITwinPlatform("token", api_url=server.url) as platform,
    ):
        with pytest.raises(errors.TransferCancelled):
            platform.reality_data.container("r-1", access="write").upload(
                large, progress=lambda news: news.bytes_done < 58_500_000
            )
        network.to_server = 0
        platform.reality_data.container("r-1", access="write").upload(large)
    # At most six parts of 8 MiB are on their way at a time, so that one at least has arrived.
    assert network.to_server < 55_000_000
    assert container.content("large") == large.read_bytes()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_same_from_async_code(container: Container, files: Path, tmp_path: Path, backend: str) -> None:
    urls = [container.url(WRITE, seconds=-60), container.url(WRITE)]

    async def use(writing: AsyncTransferContainer) -> None:
        assert len((await writing.upload(files)).sent) == 2
        assert [blob.name for blob in await writing.list()] == ["root.3mx", "scene/large"]
        await writing.download(["root.3mx"], tmp_path / "copy")
        async with await writing.open("root.3mx") as file:
            assert await file.read() == (tmp_path / "copy" / "root.3mx").read_bytes() == b"root"
        await writing.delete("scene/large")

    async def main() -> None:
        with BucketServer(lambda: urls.pop(0)) as server:
            async with AsyncITwinPlatform("token", api_url=server.url) as platform:
                writing = await platform.reality_data.container("r-1", access="write")
                assert isinstance(writing, RealityDataContainer)
                await use(writing)
            assert server.paths == [f"{PATH}/writeaccess"] * 2

    anyio.run(main, backend=backend)
    assert container.names() == ["root.3mx"]
