"""Networks that break and processes that are killed: nothing is lost, wrong or half-written."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors
from itwin_platform.storage import Progress, TransferBucket
from tests.storage.conftest import MakeBucket, hashes_of
from tests.storage.emulators import ONE_EMULATOR
from tests.storage.judge import Container
from tests.storage.platform import BucketServer
from tests.storage.proxy import Network, between

PATIENCE = 30.0
# Runs a transfer in a process that can be killed.
SCRIPT = """
import sys
from itwin_platform import ITwinPlatform
url, direction, local = sys.argv[1:]
with ITwinPlatform("token", api_url=url) as platform:
    bucket = platform.reality_analysis.get_bucket("i-1")
    if direction == "up":
        bucket.upload(local, "files", concurrency=4)
    else:
        bucket.download("files", local, concurrency=4)
"""


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def transfer_and_kill(server: BucketServer, direction: str, local: Path, *, when: Callable[[], bool]) -> None:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, server.url, direction, str(local)])
    wait_until(when)
    process.kill()
    process.wait()


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def server(container: Container, network: Network) -> Iterator[BucketServer]:
    """A platform whose bucket is reached over the network."""
    with (
        between(container.address, network) as address,
        BucketServer(lambda: container.url(address=address)) as running,
    ):
        yield running


@pytest.fixture
def far_bucket(server: BucketServer) -> Iterator[TransferBucket]:
    with ITwinPlatform("token", api_url=server.url) as platform:
        yield platform.reality_analysis.get_bucket("i-1")


@ONE_EMULATOR
def test_resets_in_the_middle(far_bucket: TransferBucket, network: Network, files: Path, tmp_path: Path) -> None:
    network.resets, network.reset_after = 8, 700_000
    far_bucket.upload(files, "files")
    assert network.resets == 0
    network.resets, network.reset_after = 8, 700_000
    far_bucket.download("files", tmp_path / "copy")
    assert network.resets == 0
    assert hashes_of(tmp_path / "copy") == hashes_of(files)


def test_rerunning_a_download_asks_for_the_list_alone(
    far_bucket: TransferBucket, network: Network, files: Path, tmp_path: Path
) -> None:
    far_bucket.upload(files, "files")
    far_bucket.download("files", tmp_path / "copy")
    network.to_server = 0
    assert len(far_bucket.download("files", tmp_path / "copy").skipped) == 41
    assert network.to_server < 1500


@ONE_EMULATOR
def test_latency(far_bucket: TransferBucket, network: Network, files: Path, tmp_path: Path) -> None:
    network.latency = 0.005
    far_bucket.upload(files, "files")
    far_bucket.download("files", tmp_path / "copy")
    assert hashes_of(tmp_path / "copy") == hashes_of(files)


@ONE_EMULATOR
def test_a_storage_that_is_gone_ends_the_transfer(make_bucket: MakeBucket, files: Path) -> None:
    bucket = make_bucket(address="http://127.0.0.1:9")
    started = time.monotonic()
    with pytest.raises(errors.TransferError, match=r"cannot be reached.*Run it again") as caught:
        bucket.upload(files)
    assert len(caught.value.report.failed) == 41
    listed = caught.value.__notes__
    assert listed[0].startswith("- 'below/00' ")
    assert len(listed) == 21
    assert listed[-1] == "- and 21 more, see error.report.failed"
    assert time.monotonic() - started < 60


@ONE_EMULATOR
def test_killed_while_uploading(
    server: BucketServer, container: Container, network: Network, files: Path, bucket: TransferBucket
) -> None:
    network.rate = 2_000_000
    transfer_and_kill(server, "up", files, when=lambda: network.to_server > 4_000_000)
    expected = {f"files/{name}": digest for name, digest in hashes_of(files).items()}
    after_kill = container.hashes()
    assert after_kill.items() <= expected.items()
    assert len(after_kill) < len(expected)

    report = bucket.upload(files, "files")
    assert container.hashes() == expected
    assert len(report.skipped) >= len(after_kill)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of twelve parts and a bit."""
    path = tmp_path / "large \u00fc #%&+.bin"
    path.write_bytes(os.urandom(100_700_000))
    return path


@ONE_EMULATOR
def test_killed_in_the_middle_of_a_large_file(
    server: BucketServer, container: Container, network: Network, large: Path, far_bucket: TransferBucket
) -> None:
    network.rate = 15_000_000
    transfer_and_kill(server, "up", large, when=lambda: network.to_server > 75_000_000)
    assert container.names() == []

    network.rate, network.to_server = 0, 0
    report = far_bucket.upload(large, "files")
    assert [outcome.size for outcome in report.sent] == [100_700_000]
    assert container.content(f"files/{large.name}") == large.read_bytes()
    # It went on in the middle.
    assert network.to_server < 80_000_000


def stop_in_the_middle(bucket: TransferBucket, path: Path) -> None:
    with pytest.raises(errors.TransferCancelled):
        bucket.upload(path, progress=lambda news: news.bytes_done < 70_000_000)


def test_a_file_that_was_changed_before_the_rerun(
    bucket: TransferBucket, container: Container, far_bucket: TransferBucket, network: Network, large: Path
) -> None:
    stop_in_the_middle(bucket, large)
    with large.open("r+b") as file:
        file.seek(95_000_000)
        file.write(b"changed near its end")
    far_bucket.upload(large)
    assert container.content(large.name) == large.read_bytes()
    assert network.to_server < 80_000_000, "what comes before the change was sent again"


@ONE_EMULATOR
def test_a_file_that_was_changed_at_its_start_before_the_rerun(
    bucket: TransferBucket, container: Container, large: Path
) -> None:
    stop_in_the_middle(bucket, large)
    with large.open("r+b") as file:
        file.write(b"changed")
    bucket.upload(large)
    assert container.content(large.name) == large.read_bytes()


def test_parts_that_another_program_has_left(bucket: TransferBucket, container: Container, large: Path) -> None:
    theirs = container.client.get_blob_client(large.name)
    theirs.stage_block("3f0c9ab2-2a0e-4b7c-8a53-0d1f0b9a7c11", b"theirs")  # as long as those of azure-storage-blob
    bucket.upload(large)
    assert container.content(large.name) == large.read_bytes()

    theirs = container.client.get_blob_client(f"short/{large.name}")
    theirs.stage_block("000001", b"theirs")
    with pytest.raises(errors.TransferError, match="unfinished parts in the container that another program has left"):
        bucket.upload(large, "short")


def test_an_answer_that_is_lost_when_all_has_arrived(
    far_bucket: TransferBucket, container: Container, network: Network, large: Path
) -> None:
    network.cut_answer_to = b"<BlockList>"
    report = far_bucket.upload(large)
    assert network.cut_answer_to == b""
    assert [outcome.name for outcome in report.sent] == [large.name]
    assert container.content(large.name) == large.read_bytes()


@pytest.mark.parametrize("existing", [None, b"before"])
def test_something_else_writes_the_same_file(
    bucket: TransferBucket, container: Container, large: Path, existing: bytes | None
) -> None:
    if existing is not None:
        container.put(large.name, existing)

    def interfere(news: Progress) -> None:
        if news.bytes_done > 50_000_000 and container.names() != ["theirs", large.name]:
            container.put("theirs", b"")
            container.put(large.name, b"theirs")

    with pytest.raises(errors.TransferError, match="was written by another program at the same time"):
        bucket.upload(large, overwrite=True, progress=interfere)
    assert container.content(large.name) == b"theirs"


@ONE_EMULATOR
def test_killed_while_downloading(
    server: BucketServer, network: Network, files: Path, bucket: TransferBucket, tmp_path: Path
) -> None:
    bucket.upload(files, "files")
    copy = tmp_path / "copy"
    network.rate = 2_000_000
    transfer_and_kill(
        server, "down", copy, when=lambda: any(path.stat().st_size > 2_500_000 for path in copy.glob(".itp-*.part"))
    )
    parts = {path.name for path in copy.rglob(".itp-*.part")}
    complete = {name: digest for name, digest in hashes_of(copy).items() if Path(name).name not in parts}
    assert complete.items() <= hashes_of(files).items()
    assert "large" not in complete

    network.rate, network.from_server = 0, 0
    with ITwinPlatform("token", api_url=server.url) as platform:
        platform.reality_analysis.get_bucket("i-1").download("files", copy)
    assert hashes_of(copy) == hashes_of(files)
    # It went on in the middle of the large file.
    assert network.from_server < 12_000_000


def test_a_part_of_another_content_is_not_continued(
    bucket: TransferBucket, container: Container, tmp_path: Path
) -> None:
    container.put("file", b"a" * 9_000_000)
    copy = tmp_path / "copy"

    def stop(news: Progress) -> bool:
        return news.bytes_done < 3_000_000

    with pytest.raises(errors.TransferCancelled):
        bucket.download(["file"], copy, progress=stop)
    assert [path.suffix for path in copy.iterdir()] == [".part"]
    container.put("file", b"b" * 9_000_000)
    bucket.download(["file"], copy)
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == {"file": b"b" * 9_000_000}


@pytest.mark.parametrize("has_hash", [True, False])
def test_two_downloads_of_a_file_at_the_same_time(
    bucket: TransferBucket, container: Container, tmp_path: Path, *, has_hash: bool
) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "file").write_bytes(content)
    if has_hash:
        bucket.upload(tmp_path / "file")
    else:
        container.put("file", content)
    copy = tmp_path / "copy"
    refused: list[str] = []

    def interfere(_: Progress) -> None:
        if not refused:
            with pytest.raises(errors.TransferError, match="is being downloaded by another program") as raised:
                bucket.download(["file"], copy)
            refused.append(str(raised.value))

    bucket.download(["file"], copy, progress=interfere)
    assert refused
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == {"file": content}


def test_what_another_program_has_downloaded_meanwhile_is_kept(bucket: TransferBucket, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a" * 3_000_000)
    bucket.upload(tmp_path / "file")
    copy = tmp_path / "copy"

    def finish_first(_: Progress) -> None:
        (copy / "file").write_bytes(b"a" * 3_000_000)

    assert [each.reason for each in bucket.download(["file"], copy, progress=finish_first).skipped] == [
        "already exists with the same size and hash"
    ]
    assert [path.name for path in copy.iterdir()] == ["file"]


def test_a_part_that_was_tampered_with_is_noticed(bucket: TransferBucket, files: Path, tmp_path: Path) -> None:
    bucket.upload(files / "large")
    copy = tmp_path / "copy"
    with pytest.raises(errors.TransferCancelled):
        bucket.download(["large"], copy, progress=lambda news: news.bytes_done < 3_000_000)
    (part,) = copy.iterdir()
    part.write_bytes(bytes(1_000_000))
    with pytest.raises(errors.TransferError, match="does not match its stored hash"):
        bucket.download(["large"], copy)
    assert list(copy.iterdir()) == []
    bucket.download(["large"], copy)
    assert (copy / "large").read_bytes() == (files / "large").read_bytes()


@ONE_EMULATOR
@pytest.mark.skipif(os.name == "nt", reason="the limit is one of POSIX")
def test_no_room_for_a_file(server: BucketServer, bucket: TransferBucket, files: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for a disk that fills up in the middle of one."""
    bucket.upload(files, "files")
    copy = tmp_path / "copy"
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))\n" + SCRIPT
    done = subprocess.run(
        [sys.executable, "-c", limited, server.url, "down", str(copy)], capture_output=True, text=True, check=False
    )
    assert "TransferError: 1 of 41 files was not downloaded: 'files/large'" in done.stderr
    assert "sig=" not in done.stderr
    found, expected = hashes_of(copy), hashes_of(files)
    del expected["large"]
    assert found == expected


@ONE_EMULATOR
def test_a_cancelled_task_ends_its_transfer(server: BucketServer, network: Network, files: Path) -> None:
    asyncio.run(_cancel_in_the_middle(server, network, files))


async def _cancel_in_the_middle(server: BucketServer, network: Network, files: Path) -> None:
    async with AsyncITwinPlatform("token", api_url=server.url) as platform:
        bucket = await platform.reality_analysis.get_bucket("i-1")
        network.rate = 200_000
        task = asyncio.create_task(bucket.upload(files, "files", concurrency=2))
        await asyncio.to_thread(wait_until, lambda: network.to_server > 300_000)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert network.to_server < 3_000_000, "it has not waited for the parts on their way"
        network.rate = 0
        report = await bucket.upload(files, "files")
        assert len(report.sent) > 0
