"""Fixtures of the storage tests: an emulated Azure, and a platform that hands out the way to it."""

from collections.abc import Callable, Iterator

import pytest

from itwin_platform import ITwinPlatform
from itwin_platform.storage import TransferBucket
from tests.storage import azurite as emulator
from tests.storage.platform import BucketServer

Buckets = Callable[..., TransferBucket]


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running Azurite."""
    with emulator.running(tmp_path_factory.mktemp("azurite")) as address:
        yield address


@pytest.fixture
def container(azurite: str) -> emulator.Container:
    """A container that is empty."""
    return emulator.Container(azurite)


@pytest.fixture
def bucket(container: emulator.Container) -> Iterator[TransferBucket]:
    """The container as the bucket of an iTwin, with all permissions."""
    with BucketServer(container.url) as server, ITwinPlatform("token", api_url=server.url) as platform:
        yield platform.reality_analysis.get_bucket("i-1")
