"""A container of an emulated Azure, seen by Microsoft's own client: the judge of what is in it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
from azure.storage.blob import ContainerClient, generate_blob_sas, generate_container_sas

# For requests that no library makes. One client for all: to make one takes longer than a request.
WEB = httpx.Client(trust_env=False)


@dataclass(frozen=True)
class Account:
    """An account of an emulator.

    Attributes:
        address: The address of the emulator.
        name: The name of the account, which paths begin with.
        key: Its key, in base64.
        create: Creates a container.
        delete: Deletes one.
    """

    address: str
    name: str
    key: str
    create: Callable[[str], object]
    delete: Callable[[str], object]


class Container:
    """A container of its own for a test."""

    def __init__(self, account: Account) -> None:
        self.name = f"bucket-{uuid4()}"
        self.address = account.address
        self._account = account
        account.create(self.name)
        self.client = ContainerClient.from_container_url(self.url("racwdl"))

    def url(self, permissions: str = "rwdl", *, seconds: float = 3600, address: str | None = None) -> str:
        """A SAS URL; `address` is where else the emulator can be reached."""
        expiry = datetime.now(UTC) + timedelta(seconds=seconds)
        sas = generate_container_sas(
            self._account.name, self.name, account_key=self._account.key, permission=permissions, expiry=expiry
        )
        return f"{address or self.address}/{self._account.name}/{self.name}?{sas}"

    def blob_url(self, name: str, permissions: str) -> str:
        """A SAS URL of one blob."""
        expiry = datetime.now(UTC) + timedelta(hours=1)
        account, key = self._account.name, self._account.key
        sas = generate_blob_sas(account, self.name, name, account_key=key, permission=permissions, expiry=expiry)
        return f"{self.address}/{account}/{self.name}/{name}?{sas}"

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

    def delete(self) -> None:
        """Delete the container."""
        self._account.delete(self.name)
