"""What stands for Azure Blob Storage: Azurite, which is Microsoft's emulator, and the storage of the sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from itwin_platform.sandbox import Sandbox
from tests.storage.judge import Account
from tests.support import node

# For tests that are about this machine or the network. They take their time, whatever stands for the storage.
ONE_EMULATOR = pytest.mark.parametrize("account", ["azurite"], indirect=True)

_HOME = Path(__file__).parent / "node"
_QUIET = ("--silent", "--disableTelemetry", "--skipApiVersionCheck")
# The account that the emulator is documented to have, with its documented key.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextmanager
def azurite(folder: Path) -> Iterator[Account]:
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
        service = BlobServiceClient(f"{address}/{_ACCOUNT}", credential=_KEY)
        yield Account(address, _ACCOUNT, _KEY, service.create_container, service.delete_container)


@contextmanager
def sandbox() -> Iterator[Account]:
    """Run a sandbox, for its storage."""
    with Sandbox() as running:
        files = running._world.files
        yield Account(files.storage, files.signer.account, files.signer.key, files.blobs.create, files.blobs.delete)
