"""What holds on every engine, below HTTP: time limits, what may be sent again, and connections that are given up."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

import pytest

from itwin_platform import RetryPolicy, errors
from tests.support.engines import ENGINES, Engine, get_itwin
from tests.support.proxies import RecordingProxy
from tests.support.scripted import ByHand, Received, ScriptedServer, answer
from tests.wire.conftest import Authority

AT_ONCE = RetryPolicy(base=0.0)


def named(name: str) -> bytes:
    return answer(200, {"iTwin": {"id": name, "displayName": name}})


def create(platform: Any) -> Any:
    return platform.request("POST", "/things", json={"name": "one"})


def say_nothing(connection: socket.socket) -> None:
    connection.recv(1)


def break_the_encryption(connection: socket.socket) -> None:
    with socket.socket(fileno=socket.dup(connection.fileno())) as bare:
        bare.sendall(b"this is no record of TLS" * 10)
    connection.recv(1)


@pytest.mark.parametrize("act", [say_nothing, break_the_encryption])
def test_a_creation_that_may_have_arrived_is_not_repeated(engine: Engine, authority: Authority, act: Any) -> None:
    with ScriptedServer(ByHand(act), tls=authority.server("127.0.0.1")) as server:
        (error,) = engine.many(
            create, 1, api_url=server.url, verify=authority.file, timeout=0.2, retry=AT_ONCE, deadline=20
        )
        assert len(server.received) == 1
    assert isinstance(error, errors.TransportError)
    assert "may have" in str(error)


def test_a_body_that_stops_is_asked_for_again(engine: Engine) -> None:
    """The timeout for a single read is over, but not the deadline."""

    def stop(connection: socket.socket) -> None:
        connection.sendall(named("whole")[:-3])
        connection.recv(1)

    with ScriptedServer(ByHand(stop), named("whole")) as server:
        found = engine(get_itwin, api_url=server.url, timeout=0.2, retry=AT_ONCE, deadline=20)
    assert found.id == "whole"


def test_a_name_that_is_looked_up_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sync client does not wait for the system's resolver longer than it may. Event loops do not wait at all."""
    looked_up = threading.Event()

    def hang(*_: object, **__: object) -> Any:
        looked_up.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    (late,) = ENGINES[0].many(get_itwin, 1, deadline=0.2)
    (silent,) = ENGINES[0].many(get_itwin, 1, timeout=0.2, retry=None)
    looked_up.set()
    assert isinstance(late, errors.DeadlineExceeded)
    assert isinstance(silent, errors.TransportError)
    assert "did not answer in time" in str(silent)


def test_a_late_answer_through_a_proxy_that_speaks_tls(engine: Engine, authority: Authority) -> None:
    """It waits between two layers of encryption, where the socket does not show it."""

    class Server(ScriptedServer):
        def after(self, request: Received, connection: Any) -> None:
            connection.sendall(named("stale"))

    numbers = iter(range(3))
    host = "api.bentley.com"
    with (
        Server(lambda request: named(request.path.rpartition("/")[2]), tls=authority.server(host)) as server,
        RecordingProxy({host: server.port}, tls=authority.server("127.0.0.1")) as proxy,
    ):
        found = engine.many(
            lambda platform: platform.itwins.get(f"n-{next(numbers)}"),
            3,
            proxy=proxy.url,
            verify=authority.file,
            retry=AT_ONCE,
        )
    assert [getattr(each, "id", each) for each in found] == ["n-0", "n-1", "n-2"]


def test_a_server_that_reads_nothing_is_not_sent_the_rest_afterwards(engine: Engine) -> None:
    """A call that was given up keeps no connection open: not even to send what it has left."""
    size = 8_000_000

    def send_much(platform: Any) -> Any:
        return platform.request("POST", "/things", json={"name": "x" * size})

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        (error,) = engine.many(send_much, 1, api_url=url, deadline=0.2, retry=None)
        assert isinstance(error, errors.DeadlineExceeded)
        connection, _ = deaf.accept()
        received = 0
        with connection, suppress(ConnectionError):
            connection.settimeout(10)
            while data := connection.recv(1_000_000):
                received += len(data)
    assert received < size
