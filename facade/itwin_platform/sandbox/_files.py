"""Links with a signature as those of Azure Storage, and the files behind them: images and exports."""

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode

from ._clock import Clock, read

PATH: Final = "/sandbox/files"
# Bytes that are kept. The oldest go first.
_MOST: Final = 64 * 1024 * 1024


class File(NamedTuple):
    """What is behind a link."""

    content: bytes
    media_type: str


class Files:
    """Files by their names. Safe to use from several threads.

    Attributes:
        origin: The address that links begin with; the server sets it when it starts.
        storage: The address that links to containers begin with.
        made: What makes files when they are asked for, by the folder that their names begin with.
    """

    def __init__(self, clock: Clock) -> None:
        self.origin = ""
        self.storage = ""
        self.made: dict[str, Callable[[str], File | None]] = {}
        self._clock: Final = clock
        self._key: Final = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._kept: dict[str, File] = {}

    def link(self, name: str, seconds: int = 3600) -> str:
        """A link to a file that works for so long."""
        return self._signed(f"{self.origin}{PATH}/{name}", name, "b", "r", seconds)

    def container(self, name: str, permissions: str, seconds: int = 3600) -> str:
        """A link to a container. Nothing is stored behind it."""
        return self._signed(f"{self.storage}/{name}", name, "c", permissions, seconds)

    def blob(self, name: str, permissions: str, seconds: int = 3600) -> str:
        """A link to one blob in a container. Nothing is stored behind it."""
        return self._signed(f"{self.storage}/{name}", name, "b", permissions, seconds)

    def put(self, name: str, file: File) -> None:
        """Keep a file."""
        with self._lock:
            self._kept.pop(name, None)
            self._kept[name] = file
            while sum(len(each.content) for each in self._kept.values()) > _MOST:
                del self._kept[next(iter(self._kept))]

    def remove(self, name: str) -> None:
        """Forget a file."""
        with self._lock:
            self._kept.pop(name, None)

    def get(self, name: str, query: Mapping[str, str]) -> File | None:
        """The file that a link leads to; None if the link is not good, or there is no file."""
        expected = self._signature(name, query.get("se", ""), query.get("sp", ""))
        ends = read(query.get("se"))
        if not hmac.compare_digest(expected.encode(), query.get("sig", "").encode()):
            return None
        if ends is None or ends < self._clock.now():
            return None
        if make := self.made.get(name.partition("/")[0]):
            return make(name.partition("/")[2])
        with self._lock:
            return self._kept.get(name)

    def _signed(self, address: str, name: str, resource: str, permissions: str, seconds: int) -> str:
        end = (self._clock.now() + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        parts = {"sv": "2024-08-04", "se": end, "sr": resource, "sp": permissions}
        return f"{address}?{urlencode({**parts, 'sig': self._signature(name, end, permissions)})}"

    def _signature(self, name: str, end: str, permissions: str) -> str:
        message = "\n".join((name, end, permissions)).encode()
        return base64.b64encode(hmac.new(self._key, message, hashlib.sha256).digest()).decode()
