"""Fixtures that several kinds of tests share."""

from collections.abc import Iterator

import pytest

from itwin_platform.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A running sandbox."""
    with Sandbox() as running:
        yield running
