"""What the SAS URL permits, when it ends, and that it never shows."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from itwin_platform import ITwinPlatform, errors
from itwin_platform.models import Bucket
from itwin_platform.storage import TransferBucket
from tests.storage.conftest import MakeBucket, hashes_of
from tests.storage.emulators import ONE_EMULATOR
from tests.storage.judge import Container
from tests.storage.platform import BucketServer
from tests.storage.proxy import Network, between

# Nothing listens there: whoever tries to connect fails in another way than these tests expect.
NOWHERE = "http://127.0.0.1:9"

CALLS: dict[str, tuple[str, str, Callable[[TransferBucket, Path], object]]] = {
    "upload": ("r", "w", lambda bucket, folder: bucket.upload(folder)),
    "upload without looking": ("r", "w", lambda bucket, folder: bucket.upload(folder, overwrite=True)),
    "upload with looking": ("w", "r", lambda bucket, folder: bucket.upload(folder)),
    "download": ("w", "r", lambda bucket, folder: bucket.download(["name"], folder)),
    "download a prefix": ("rw", "l", lambda bucket, folder: bucket.download("prefix", folder)),
    "list": ("rw", "l", lambda bucket, _: bucket.list()),
    "delete": ("rw", "d", lambda bucket, _: bucket.delete(["name"])),
    "open": ("w", "r", lambda bucket, _: bucket.open("name")),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_missing_permission_is_named_before_anything_is_sent(
    make_bucket: MakeBucket, tmp_path: Path, name: str
) -> None:
    given, missing, call = CALLS[name]
    with pytest.raises(errors.StoragePermissionError, match=rf"permission to \w+ \({missing}\)") as caught:
        call(make_bucket(given, address=NOWHERE), tmp_path)
    assert caught.value.permission == missing
    assert "sig=" not in str(caught.value)


def test_the_documented_permissions_are_enough_for_transfers(
    make_bucket: MakeBucket, container: Container, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"content")
    bucket = make_bucket("rw")
    bucket.upload(tmp_path / "file")
    bucket.upload(tmp_path / "file")
    bucket.download(["file"], tmp_path / "copy")
    with bucket.open("file") as file:
        assert file.read() == b"content"
    assert (tmp_path / "copy" / "file").read_bytes() == b"content"


def test_writing_without_reading_works_when_overwriting(
    make_bucket: MakeBucket, container: Container, tmp_path: Path
) -> None:
    container.put("file", b"old")
    (tmp_path / "file").write_bytes(b"new")
    make_bucket("w").upload(tmp_path / "file", overwrite=True)
    assert container.content("file") == b"new"


def _tampered(url: str) -> str:
    head, _, signature = url.partition("sig=")
    return f"{head}sig={'A' * 20}{signature[20:]}"


def test_a_tampered_sas(container: Container, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with BucketServer(lambda: _tampered(container.url())) as server, ITwinPlatform("t", api_url=server.url) as platform:
        bucket = platform.reality_analysis.get_bucket("i-1")
        for call in (
            lambda: bucket.upload(tmp_path / "file"),
            lambda: bucket.download(["file"], tmp_path / "copy"),
            bucket.list,
            lambda: bucket.delete("file"),
            lambda: bucket.open("file"),
        ):
            with pytest.raises(errors.StorageError, match="was refused") as caught:
                call()
            assert "sig=" not in str(caught.value)
    assert container.names() == []


def test_an_expired_sas_is_replaced(container: Container, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    urls = [container.url(seconds=-60), container.url()]
    with BucketServer(lambda: urls.pop(0)) as server, ITwinPlatform("t", api_url=server.url) as platform:
        platform.reality_analysis.get_bucket("i-1").upload(tmp_path / "file")
        assert server.asked == 2
    assert container.content("file") == b"content"


def test_a_sas_that_is_refused_before_its_time_is_replaced(container: Container, tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / str(number)).write_bytes(b"content")
    urls = [_tampered(container.url()), container.url()]
    with BucketServer(lambda: urls.pop(0)) as server, ITwinPlatform("t", api_url=server.url) as platform:
        platform.reality_analysis.get_bucket("i-1").upload(tmp_path)
        assert server.asked == 2
    assert len(container.names()) == 30


def test_every_sas_that_is_refused_is_replaced(container: Container, tmp_path: Path) -> None:
    """Also the second one, which the storage library has asked for itself because the first was about to end."""
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "other").write_bytes(b"content")
    good = container.url(seconds=100)
    urls = [container.url(seconds=2), _tampered(container.url(seconds=100)), good]
    with BucketServer(lambda: urls.pop(0)) as server, ITwinPlatform("t", api_url=server.url) as platform:
        bucket = platform.reality_analysis.get_bucket("i-1")
        bucket.upload(tmp_path / "file")
        time.sleep(2)
        bucket.upload(tmp_path / "other")
    assert urls == []
    assert container.names() == ["file", "other"]


def test_a_sas_that_cannot_be_replaced(container: Container, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with BucketServer(lambda: container.url(seconds=-60)) as server, ITwinPlatform("t", api_url=server.url) as platform:
        bucket = platform.reality_analysis.get_bucket("i-1")
        with pytest.raises(errors.StorageError, match="expired"):
            bucket.upload(tmp_path / "file")
        with pytest.raises(errors.StorageError, match="expired"):
            bucket.list()


@ONE_EMULATOR
@pytest.mark.parametrize("direction", ["up", "down"])
def test_the_sas_is_renewed_in_the_middle_of_a_long_transfer(
    container: Container, tmp_path: Path, direction: str
) -> None:
    """Each SAS lasts one to two seconds and the transfer longer, in one large file and in several small ones."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "large").write_bytes(os.urandom(6_000_000))
    for number in range(30):
        (files / f"small-{number}").write_bytes(os.urandom(200_000))
        container.put(f"small-{number}", (files / f"small-{number}").read_bytes())
    container.put("large", (files / "large").read_bytes())
    network = Network(rate=2_000_000, latency=0.01)
    with (
        between(container.address, network) as address,
        BucketServer(lambda: container.url(seconds=2, address=address)) as server,
        ITwinPlatform("t", api_url=server.url) as platform,
    ):
        bucket = platform.reality_analysis.get_bucket("i-1")
        if direction == "up":
            report = bucket.upload(files, "copy", concurrency=2)
            assert {f"copy/{name}": digest for name, digest in hashes_of(files).items()}.items() <= (
                container.hashes().items()
            )
        else:
            report = bucket.download(list(hashes_of(files)), tmp_path / "copy", concurrency=2)
            assert hashes_of(tmp_path / "copy") == hashes_of(files)
        assert report.seconds > 2
        assert server.asked >= 2


def test_nothing_shows_the_signature(container: Container, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "file").write_bytes(os.urandom(3_000_000))
    said: list[object] = []
    with (
        BucketServer(lambda: container.url("rw")) as server,
        ITwinPlatform("t", api_url=server.url) as platform,
    ):
        bucket = platform.reality_analysis.get_bucket("i-1")
        signature = bucket.container_url.partition("sig=")[2][:20]
        bucket.upload(tmp_path / "file")
        said += [bucket, bucket._access]
        for call in (
            bucket.list,
            lambda: bucket.open("nothing"),
            lambda: bucket.download(["nothing"], tmp_path / "copy"),
        ):
            with pytest.raises(errors.StorageError) as caught:
                call()
            error: BaseException | None = caught.value
            while error is not None:
                said += [error, error.args]
                error = error.__cause__ or error.__context__
    everything = caplog.text + "".join(f"{thing}{thing!r}" for thing in said)
    assert "Bucket(itwin_id='i-1'" in everything
    assert signature not in everything


def test_buckets_are_values(make_bucket: MakeBucket) -> None:
    bucket = make_bucket()
    plain = Bucket(bucket.itwin_id, bucket.container_url, bucket.expires_at)
    assert bucket == plain
    assert hash(bucket) == hash(plain)
    assert bucket != Bucket("other", bucket.container_url, bucket.expires_at)
    assert type(bucket.container_url) is str


@ONE_EMULATOR
@pytest.mark.parametrize(
    ("missing", "call"),
    [
        ("obstore", "bucket.open('x')"),
        ("obstore", "bucket.upload('.')"),
        ("obstore", "bucket.download(['x'], '.')"),
        ("rich", "bucket.upload('.', progress=True)"),
    ],
)
def test_a_missing_extra_is_named(container: Container, tmp_path: Path, missing: str, call: str) -> None:
    code = f"""
import sys
import importlib.abc
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {missing!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
from itwin_platform import ITwinPlatform, errors
with ITwinPlatform("t", api_url=sys.argv[1]) as platform:
    bucket = platform.reality_analysis.get_bucket("i-1")
    try:
        {call}
    except errors.ConfigurationError as error:
        print(error)
"""
    with BucketServer(container.url) as server:
        done = subprocess.run(
            [sys.executable, "-c", code, server.url], capture_output=True, text=True, check=True, cwd=tmp_path
        )
    extra = {"obstore": "storage", "rich": "progress"}[missing]
    assert f'pip install "itwin-platform[{extra}]"' in done.stdout


def test_addresses_that_are_not_safe_are_refused(tmp_path: Path) -> None:
    for url in (
        "http://account.blob.core.windows.net/container?sp=rw&sig=x",
        "https://account.blob.core.windows.net/container",
        "https://user@account.blob.core.windows.net/container?sig=x",
        "ftp://host/container?sig=x",
    ):
        with (
            BucketServer(lambda url=url: url) as server,  # type: ignore[misc]
            ITwinPlatform("t", api_url=server.url) as platform,
            pytest.raises(errors.StorageError, match="https URL"),
        ):
            platform.reality_analysis.get_bucket("i-1").list()
