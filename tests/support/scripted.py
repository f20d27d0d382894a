"""A server whose every answer is written out as bytes, for what no real server would send."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.support.listener import Listener


@dataclass(frozen=True)
class ByHand:
    """An answer that takes its time, or is none: does what it wants with the connection, which is closed after that."""

    act: Callable[[socket.socket], object]


# What a test scripts: the bytes of an answer, how to make them from the request, or what else to do.
Script = bytes | Callable[["Received"], bytes] | ByHand


@dataclass(frozen=True)
class Received:
    """A request as it came over the wire."""

    head: bytes
    connection: int
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode("ascii")

    @property
    def method(self) -> str:
        return self.head.split(b" ", 2)[0].decode("ascii")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}


def answer(status: int, body: object = b"", *, media_type: str | None = "application/json", **headers: str) -> bytes:
    """The bytes of a well-formed answer; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"content-length": str(len(content)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    if media_type is not None:
        fields["content-type"] = media_type
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode() + content


class ScriptedServer(Listener):
    """Answers the first request with the first script, and so on; the last script answers all that follow."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self._scripts = list(scripts)
        self.received: list[Received] = []

    def serve(self, connection: socket.socket, number: int) -> None:
        for head, body in _requests(connection):
            request = Received(head, number, body)
            with self._lock:
                self.received.append(request)
                script = self._scripts[0] if len(self._scripts) == 1 else self._scripts.pop(0)
            if isinstance(script, ByHand):
                script.act(connection)
                return
            connection.sendall(script if isinstance(script, bytes) else script(request))
            self.after(request, connection)

    def after(self, request: Received, connection: socket.socket) -> None:
        """What else to do once an answer was sent; for subclasses."""


def _requests(connection: socket.socket) -> Iterable[tuple[bytes, bytes]]:
    """Heads and bodies of the requests on a connection."""
    buffer = b""
    while True:
        while b"\r\n\r\n" not in buffer:
            chunk = connection.recv(65536)
            if not chunk:
                return
            buffer += chunk
        head, _, buffer = buffer.partition(b"\r\n\r\n")
        length = int(Received(head, 0).headers.get("content-length", "0"))
        while len(buffer) < length:
            chunk = connection.recv(65536)
            if not chunk:
                return
            buffer += chunk
        yield head, buffer[:length]
        buffer = buffer[length:]
