"""An identity service and API in one, byte for byte as a test wants it, over a real socket."""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from tests.support.listener import Listener

ITWIN_ID = "dc258db3-d04b-4ba1-9e4a-3a1d2a1e6a5c"
ITWIN = {
    "iTwin": {
        "id": ITWIN_ID,
        "class": "Endeavor",
        "subClass": "Project",
        "displayName": "Bridge",
        "status": "Active",
        "number": "1",
    }
}


@dataclass(frozen=True)
class Request:
    """What a client has sent."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The fields of the body."""
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def token(self) -> str:
        """The token that it carries."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


# Bytes to send before closing, or something to do with the connection.
Answer = bytes | Callable[[socket.socket], None]


class Server(Listener):
    """Answers each request on a connection of its own with what `answer` returns for it, and closes."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        super().__init__()
        self.answer = answer
        self.requests: list[Request] = []

    def count(self, path: str = "/connect/token") -> int:
        """How many requests went to a path."""
        with self._lock:
            return sum(request.path == path for request in self.requests)

    def serve(self, connection: socket.socket, number: int) -> None:
        request = _read(connection)
        if request is None:
            return
        with self._lock:
            self.requests.append(request)
        answer = self.answer(request)
        if callable(answer):
            answer(connection)
        else:
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):  # so that closing does not become a reset
                pass


def serving(answer: Callable[[Request], Answer]) -> Server:
    """A server that runs while it is entered."""
    return Server(answer)


def respond(body: object, status: str = "200 OK", headers: str = "") -> bytes:
    """A well-formed answer; the body is bytes, or something to write as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n{headers}\r\n".encode() + content
    )


class Platform:
    """An identity service that issues `token-1`, `token-2`, ... and an API that takes only the good ones."""

    def __init__(self, *, lifetime: float = 3600, delay: float = 0.0) -> None:
        self.lifetime = lifetime
        self.delay = delay
        self.down = False
        self.issued = 0
        self.good: set[str] = set()
        self._lock = threading.Lock()
        self._pause = threading.Event()

    def __call__(self, request: Request) -> bytes:
        if request.path != "/connect/token":
            if request.token in self.good:
                return respond(ITWIN)
            return respond({"error": {"code": "InvalidToken", "message": "no"}}, "401 Unauthorized")
        self._pause.wait(self.delay)
        if self.down:
            return respond(b"", "400 Bad Request")
        with self._lock:
            self.issued += 1
            token = f"token-{self.issued}"
            self.good.add(token)
        return respond({"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime})


def _read(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    return Request(first.split(" ")[1], headers, body)
