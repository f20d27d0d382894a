"""What the servers and proxies of tests have in common: a port of this machine, and a thread for each connection."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from typing import Self


class Listener:
    """Listens while it is entered. What is said on a connection is up to the subclass.

    Parameters:
        tls: What it speaks TLS with, if it does.
        host: The address of this machine that it listens on.

    Attributes:
        connections: How many connections were opened so far.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self._tls = tls
        self._host = f"[{host}]" if ":" in host else host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=512)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.connections = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone does not wake a thread that waits in accept(), which would keep the port open.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                # Closed here, its number would go to the next socket, and the thread that still reads from it would
                # take what is meant for others. The thread closes it.
                with suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open.add(connection)
                number = self.connections
            threading.Thread(target=self._run, args=(connection, number), daemon=True).start()

    def _run(self, connection: socket.socket, number: int) -> None:
        try:
            if self._tls is not None:
                connection = self._encrypted(connection, self._tls)
            self.serve(connection, number)
        except OSError:
            pass  # closed from one side or the other: the test is over
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _encrypted(self, connection: socket.socket, tls: ssl.SSLContext) -> socket.socket:
        plain = connection
        encrypted = tls.wrap_socket(plain, server_side=True)
        with self._lock:
            self._open.discard(plain)
            self._open.add(encrypted)
        return encrypted

    def serve(self, connection: socket.socket, number: int) -> None:
        """Answer what comes over the connection of this number, which is closed after that."""
        raise NotImplementedError
