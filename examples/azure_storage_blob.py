"""Use the bucket of an iTwin with Azure's own library: `pip install azure-storage-blob`.

    python examples/azure_storage_blob.py report.json

Credentials come from environment variables, and `ITP_ITWIN_ID` names the iTwin. The library does not renew the URL of
the container: get the bucket again before `bucket.expires_at`.
"""

import os
import sys
from pathlib import Path

from azure.storage.blob import ContainerClient

from itwin_platform import ITwinPlatform, errors


def main(path: Path) -> None:
    """Upload a file and read it back."""
    with ITwinPlatform() as platform:
        bucket = platform.reality_analysis.get_bucket(os.environ["ITP_ITWIN_ID"])
    with ContainerClient.from_container_url(bucket.container_url) as container:
        with path.open("rb") as file:
            container.upload_blob(path.name, file, overwrite=True)
        size = container.get_blob_client(path.name).get_blob_properties().size
    print(f"{path.name}: {size} bytes, the URL works until {bucket.expires_at}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(Path(sys.argv[1]))
    except errors.ITwinPlatformError as error:
        sys.exit(str(error))
