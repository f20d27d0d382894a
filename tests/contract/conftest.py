"""Fixtures of the contract tests."""

from collections.abc import Iterator

import pytest

from tests.contract import prism as prism_server
from tests.contract import specs


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[prism_server.Prism]:
    """A running Prism with all operations."""
    with prism_server.running(specs.merged(), tmp_path_factory.mktemp("prism")) as running:
        yield running
