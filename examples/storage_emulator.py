"""Try bucket transfers without an account: against Azurite, Microsoft's emulator of Azure Blob Storage.

    npx --yes --package azurite azurite-blob --inMemoryPersistence --skipApiVersionCheck --disableTelemetry
    python examples/storage_emulator.py photos copy

Run the first command in a terminal of its own; it needs Node.js. The second needs `pip install azure-storage-blob` and
the extra `[storage]`. A small server on this machine takes the place of the platform: it returns the container of the
emulator as the bucket of every iTwin.
"""

import json
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from itwin_platform import ITwinPlatform, errors

try:
    from azure.core.exceptions import AzureError, ResourceExistsError
    from azure.storage.blob import ContainerClient, generate_container_sas
except ModuleNotFoundError:
    sys.exit("This example needs Azure's library: pip install azure-storage-blob")

# The address of Azurite, and its documented account and key.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
ADDRESS = f"http://127.0.0.1:10000/{ACCOUNT}"
CONTAINER = "bucket"
PERMISSIONS = "rwld"  # the documented bucket permits only reading and writing: "rw"


class Platform(BaseHTTPRequestHandler):
    """Answers every request with the bucket."""

    def do_GET(self) -> None:
        """Create a SAS URL and answer with it."""
        expiry = datetime.now(UTC) + timedelta(hours=1)
        sas = generate_container_sas(ACCOUNT, CONTAINER, account_key=KEY, permission=PERMISSIONS, expiry=expiry)
        url = f"{ADDRESS}/{CONTAINER}?{sas}"
        answer = {"bucket": {"iTwinId": self.path.split("/")[3]}, "_links": {"containerUrl": {"href": url}}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.bentley.itwin-platform.v2+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name in http.server)
        """Stay silent."""


def main(source: str, target: str) -> None:
    """Upload a folder, list what is in the bucket, and download it to another folder."""
    with ContainerClient(ADDRESS, CONTAINER, credential=KEY, retry_total=0) as container, suppress(ResourceExistsError):
        container.create_container()
    with ThreadingHTTPServer(("127.0.0.1", 0), Platform) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with ITwinPlatform("any-token", api_url=f"http://127.0.0.1:{server.server_port}") as platform:
            bucket = platform.reality_analysis.get_bucket("any-itwin")
            report = bucket.upload(source)
            print(f"{len(report.sent)} sent, {len(report.skipped)} skipped")
            for blob in bucket.list():
                print(f"  {blob.name}, {blob.size} bytes")
            report = bucket.download("", target)
            print(f"{len(report.sent)} downloaded, {len(report.skipped)} skipped")
        server.shutdown()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except errors.TransferError as error:
        for outcome in error.report.failed:
            print(f"{outcome.path}: {outcome.reason}", file=sys.stderr)
        sys.exit(1)
    except errors.ITwinPlatformError as error:
        sys.exit(str(error))
    except AzureError:
        sys.exit(f"Azurite does not answer at {ADDRESS}.")
