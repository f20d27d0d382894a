"""Azurite, Microsoft's emulator of Azure Blob Storage, and Microsoft's own client as the judge of what is in it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from azure.storage.blob import BlobServiceClient, ContainerClient, generate_container_sas

from tests.support import node

_HOME = Path(__file__).parent / "node"
_QUIET = ("--silent", "--disableTelemetry", "--skipApiVersionCheck")
# The account that the emulator is documented to have, with its documented key.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Container:
    """A container of its own for a test, seen by Microsoft's client."""

    def __init__(self, address: str) -> None:
        self.name = f"bucket-{uuid4()}"
        self.address = address
        service = BlobServiceClient(f"{address}/{_ACCOUNT}", credential=_KEY)
        self.client: ContainerClient = service.create_container(self.name)

    def url(self, permissions: str = "rwdl", *, seconds: float = 3600, address: str | None = None) -> str:
        """A SAS URL; `address` is where else the emulator can be reached."""
        expiry = datetime.now(UTC) + timedelta(seconds=seconds)
        sas = generate_container_sas(
            _ACCOUNT, self.name, account_key=_KEY, permission=permissions, expiry=expiry, start=None
        )
        return f"{address or self.address}/{_ACCOUNT}/{self.name}?{sas}"

    def put(self, name: str, content: bytes) -> None:
        """Write a blob."""
        self.client.upload_blob(name, content, overwrite=True)

    def content(self, name: str) -> bytes:
        """Read a blob."""
        return self.client.download_blob(name).readall()

    def hashes(self) -> dict[str, str]:
        """The SHA-256 of every blob."""
        return {name: hashlib.sha256(self.content(name)).hexdigest() for name in self.names()}

    def names(self) -> list[str]:
        """The names of all blobs."""
        return [str(blob.name) for blob in self.client.list_blobs()]


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run Azurite on a free port; `folder` takes its log. It keeps blobs in memory.

    On disk it writes them one behind the other into shared files. An upload that is cut off shifts what others write
    there at that moment, whatever client they use: now and then the contents of whole blobs are wrong.
    """
    with node.running(
        _HOME,
        "node_modules/azurite/dist/src/blob/main.js",
        ["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", *_QUIET],
        folder / "azurite.log",
        listening=r"listens on (http://\S+)",
    ) as address:
        yield address
