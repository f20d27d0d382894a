"""The pytest plugin of itwin-platform: a sandbox for each test, and clients of it. See `itwin_platform.testing`.

pytest imports it in every environment where it is installed. So it is not part of the package `itwin_platform`, which
is loaded only when a test uses a fixture.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from itwin_platform import AsyncITwinPlatform, ITwinPlatform
    from itwin_platform.sandbox import Sandbox

_MARKER = "itwin_sandbox"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", f"{_MARKER}(**arguments): the arguments of the sandbox of a test")


@pytest.fixture(scope="session")
def _itwin_stopping() -> Iterator[list[threading.Thread]]:
    # Stopping takes a fifth of a second, for which the next test need not wait.
    threads: list[threading.Thread] = []
    yield threads
    for thread in threads:
        thread.join()


@pytest.fixture
def itwin_sandbox(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _itwin_stopping: list[threading.Thread]
) -> Iterator[Sandbox]:
    """A sandbox for this test alone. Clients that are created without arguments use it, by environment variables.

    `@pytest.mark.itwin_sandbox(data=..., speed=60)` passes arguments to it.
    """
    from itwin_platform.sandbox import Sandbox

    arguments: dict[str, object] = {}
    for marker in reversed(list(request.node.iter_markers(_MARKER))):  # the closest has the last word
        arguments |= marker.kwargs
    sandbox = Sandbox(**arguments)  # type: ignore[arg-type]  # Sandbox refuses what it does not know
    sandbox.start()
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    yield sandbox
    stopping = threading.Thread(target=sandbox.stop, name="itwin-platform-stopping", daemon=True)
    stopping.start()
    _itwin_stopping.append(stopping)


@pytest.fixture
def itwin_client(itwin_sandbox: Sandbox) -> Iterator[ITwinPlatform]:
    """A client of the sandbox. It is closed after the test."""
    from itwin_platform import ITwinPlatform

    with ITwinPlatform(itwin_sandbox.token, api_url=itwin_sandbox.url) as platform:
        yield platform


@pytest.fixture
def async_itwin_client(itwin_sandbox: Sandbox) -> AsyncITwinPlatform:
    """An async client of the sandbox. The test closes it: `async with async_itwin_client as platform`."""
    from itwin_platform import AsyncITwinPlatform

    return AsyncITwinPlatform(itwin_sandbox.token, api_url=itwin_sandbox.url)
