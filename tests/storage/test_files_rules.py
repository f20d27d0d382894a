"""The file system of buckets by fsspec's own rules for copying, uploading and downloading."""

from collections.abc import Callable, Iterator

import pytest
from fsspec.tests import abstract

from itwin_platform import ITwinPlatform
from itwin_platform.files import BucketFileSystem
from tests.storage.judge import Account, Container
from tests.storage.platform import BucketServer


class Fixtures(abstract.AbstractFixtures):  # type: ignore[misc]  # fsspec has no types
    @pytest.fixture(scope="class")
    @classmethod
    def fs(cls, account: Account) -> Iterator[BucketFileSystem]:
        container = Container(account)
        with BucketServer(container.url) as server, ITwinPlatform("token", api_url=server.url) as platform:
            yield BucketFileSystem(platform)

    @pytest.fixture
    def fs_path(self) -> str:
        return "i-1"

    @pytest.fixture
    def fs_join(self) -> Callable[..., str]:
        return lambda *parts: "/".join(parts)

    @pytest.fixture
    def supports_empty_directories(self) -> bool:
        return False


@pytest.mark.parametrize("account", ["azurite"], indirect=True)
class TestCopy(Fixtures, abstract.AbstractCopyTests):  # type: ignore[misc]  # fsspec has no types
    # The same rules as for downloads, many times over.
    test_copy_glob_edge_cases = None


@pytest.mark.parametrize("account", ["azurite"], indirect=True)
class TestGet(Fixtures, abstract.AbstractGetTests):  # type: ignore[misc]  # fsspec has no types
    pass


@pytest.mark.parametrize("account", ["azurite"], indirect=True)
class TestPut(Fixtures, abstract.AbstractPutTests):  # type: ignore[misc]  # fsspec has no types
    test_put_glob_edge_cases = None


@pytest.mark.parametrize("account", ["azurite"], indirect=True)
class TestOpen(Fixtures, abstract.AbstractOpenTests):  # type: ignore[misc]  # fsspec has no types
    pass


@pytest.mark.parametrize("account", ["azurite"], indirect=True)
class TestPipe(Fixtures, abstract.AbstractPipeTests):  # type: ignore[misc]  # fsspec has no types
    pass
