"""The files of a sandbox, and the links that lead to them: SAS URLs like those of the platform."""

from typing import Final
from urllib.parse import quote

from ._blobs import Blobs, Signer
from ._clock import Clock

# What a SAS can permit: to read, add, create, write, delete and list.
PERMISSIONS: Final = "racwdl"
# The account, as it is named in the path of a link.
_ACCOUNT: Final = "sandbox"


class Files:
    """What the storage of a sandbox has in it. Safe to use from several threads.

    Attributes:
        origin: The address of the APIs; the server sets it when it starts.
        storage: The address of the storage, likewise.
        blobs: What is stored.
        signer: What signs the links.
        bucket_permissions: What the links to buckets permit.
    """

    def __init__(self, clock: Clock, limit: int, bucket_permissions: str) -> None:
        self.origin = ""
        self.storage = ""
        self.bucket_permissions: Final = bucket_permissions
        self.blobs: Final = Blobs(clock.now, limit)
        self.signer: Final = Signer(_ACCOUNT, clock.now)

    def container(self, name: str, permissions: str, seconds: float = 3600) -> str:
        """A link to a container that works for so long. The container is there from now on."""
        self.blobs.create(name)
        return f"{self._address(name)}?{self.signer.token(permissions, seconds, name)}"

    def blob(self, container: str, name: str, permissions: str = "r", seconds: float = 3600) -> str:
        """A link to one blob that works for so long, whether there is such a blob or not."""
        return f"{self._address(container)}/{quote(name)}?{self.signer.token(permissions, seconds, container, name)}"

    def put(self, container: str, name: str, content: bytes, media_type: str) -> None:
        """Store a file."""
        self.blobs.create(container)
        self.blobs.put(container, name, content, {"Content-Type": media_type})

    def names(self, container: str) -> list[str]:
        """The names of the files in a container; none if there is no container."""
        return self.blobs.names(container)

    def has(self, container: str, name: str) -> bool:
        """Whether there is a file."""
        return self.blobs.has(container, name)

    def remove(self, container: str, name: str) -> None:
        """Delete a file, if there is one."""
        if self.blobs.has(container, name):
            self.blobs.remove(container, name)

    def _address(self, container: str) -> str:
        return f"{self.storage}/{_ACCOUNT}/{quote(container, safe='')}"
