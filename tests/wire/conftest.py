"""Fixtures of the tests over real sockets."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import pytest
import trustme

from itwin_platform.sandbox import Sandbox
from tests.support.clock import VirtualClock
from tests.support.engines import ENGINES, Engine
from tests.support.logins import Identity
from tests.support.sandbox import client_of
from tests.support.token_server import Server, serving

_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir", "netrc")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine has set up must not decide about a test."""
    for name in _PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each way to make a call."""
    chosen: Engine = request.param
    return chosen


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualClock]:
    """Sleeping takes no time."""
    yield VirtualClock(monkeypatch)
    monkeypatch.undo()


@dataclass(frozen=True)
class Authority:
    """A certificate authority of our own."""

    ca: trustme.CA
    file: Path

    @cache  # noqa: B019 (there is one authority)
    def server(self, *names: str) -> ssl.SSLContext:
        """The context of a server with these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names).configure_cert(context)
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority that nobody else trusts."""
    ca = trustme.CA()
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(file)
    return Authority(ca, file)


@pytest.fixture
def identity() -> Identity:
    """An identity service that gives refresh tokens."""
    return Identity()


@pytest.fixture
def server(identity: Identity) -> Iterator[Server]:
    """Where it listens."""
    with serving(identity) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client with the token of the sandbox: the shared one, or that of the module."""
    with client_of(sandbox) as client:
        yield client
