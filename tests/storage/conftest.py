"""Fixtures of the storage tests: an emulated Azure, and a platform that hands out the way to it."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from itwin_platform import ITwinPlatform
from itwin_platform.credentials import CredentialsAt
from itwin_platform.files import BucketFileSystem
from itwin_platform.storage import TransferBucket
from tests.storage import emulators
from tests.storage.judge import WEB, Account, Container
from tests.storage.platform import BucketServer

TOKEN = "token-that-nobody-may-see"

MakeBucket = Callable[..., TransferBucket]


@pytest.fixture(scope="session", params=["azurite", "sandbox"])
def account(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The account of a running emulator."""
    starting = emulators.azurite(tmp_path_factory.mktemp("azurite"))
    with starting if request.param == "azurite" else emulators.sandbox() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def web() -> Iterator[None]:
    """Closes the client for single requests at the end."""
    yield
    WEB.close()


@pytest.fixture
def container(account: Account) -> Container:
    """A container that is empty."""
    return Container(account)


@pytest.fixture
def make_bucket(container: Container) -> Iterator[MakeBucket]:
    """Gets the container as the bucket of an iTwin, with the SAS URLs that a test chooses."""
    with ExitStack() as stack:

        def make(permissions: str = "rwdl", **options: object) -> TransferBucket:
            server = stack.enter_context(BucketServer(lambda: container.url(permissions, **options)))  # type: ignore[arg-type]
            platform = stack.enter_context(ITwinPlatform("token", api_url=server.url))
            return platform.reality_analysis.get_bucket("i-1")

        yield make


@pytest.fixture
def bucket(make_bucket: MakeBucket) -> TransferBucket:
    """The container as a bucket with all permissions."""
    return make_bucket()


@pytest.fixture
def server(container: Container, monkeypatch: pytest.MonkeyPatch) -> Iterator[BucketServer]:
    """A platform with one container, which the environment leads to."""
    with BucketServer(container.url) as server:
        monkeypatch.setenv("ITP_ACCESS_TOKEN", TOKEN)
        monkeypatch.setenv("ITP_API_URL", server.url)
        yield server


@pytest.fixture
def platform(server: BucketServer) -> Iterator[ITwinPlatform]:
    """A client of that platform, which can be pickled."""
    with ITwinPlatform(CredentialsAt("env"), api_url=server.url) as platform:
        yield platform


@pytest.fixture
def fs(platform: ITwinPlatform) -> BucketFileSystem:
    """Its containers as a file system."""
    return BucketFileSystem(platform)


def hashes_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a large file and many small ones."""
    folder = tmp_path / "files"
    (folder / "below").mkdir(parents=True)
    (folder / "large").write_bytes(os.urandom(12_000_000))
    for number in range(40):
        (folder / "below" / f"{number:02}").write_bytes(os.urandom(50_000))
    return folder
