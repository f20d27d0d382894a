"""A proxy that writes down who is asked for, and leads everybody to servers of this machine."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress

from tests.support.listener import Listener

_REFUSAL = "HTTP/1.1 {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class RecordingProxy(Listener):
    """An HTTP proxy. `CONNECT` reaches the server that is named for the host, or is refused; the rest is refused.

    Parameters:
        ports: The local ports that stand for hosts.
        demands: A header that requests must have; others are refused with 407.
        tls: What it speaks TLS with. It waits a moment, so that what servers send in a row arrives as one.
        host: The address of this machine that it listens on.
    """

    def __init__(
        self,
        ports: dict[str, int] | None = None,
        demands: str = "",
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        super().__init__(tls, host)
        self._ports = ports or {}
        self._demands = demands
        self.heads: list[str] = []

    @property
    def asked(self) -> list[str]:
        """What the requests were for: `CONNECT host:port`, or method and URL."""
        return [" ".join(head.split(" ", 2)[:2]) for head in self.heads]

    def serve(self, connection: socket.socket, number: int) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1) or b"\r\n\r\n"
        self.heads.append(head.decode("latin-1"))
        method, where = head.decode("latin-1").split(" ", 2)[:2]
        if self._demands.lower() not in self.heads[-1].lower():
            connection.sendall(_REFUSAL.format("407 Proxy Authentication Required").encode())
            return
        port = self._ports.get(where.rpartition(":")[0]) if method == "CONNECT" else None
        if port is None:
            connection.sendall(_REFUSAL.format("502 Bad Gateway").encode())
            return
        with socket.create_connection(("127.0.0.1", port)) as server:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            moment = 0.0 if self._tls is None else 0.02
            back = threading.Thread(target=_copy, args=(server, connection, moment), daemon=True)
            back.start()
            _copy(connection, server)
            back.join()


def _copy(source: socket.socket, target: socket.socket, moment: float = 0.0) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            if moment:
                time.sleep(moment)
                source.setblocking(False)
                with suppress(BlockingIOError):
                    data += source.recv(65536)
                source.setblocking(True)
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
