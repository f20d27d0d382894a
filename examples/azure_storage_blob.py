"""Use the bucket of an iTwin with Azure's own library: `pip install azure-storage-blob`.

    python examples/azure_storage_blob.py report.json

Credentials come from environment variables; `ITP_ITWIN_ID` is the id of the iTwin. The library does not renew the URL
of the container: get the bucket again before `bucket.expires_at`.
"""

import os
import sys
from pathlib import Path

from itwin_platform import ITwinPlatform, errors

try:
    from azure.storage.blob import ContainerClient
except ModuleNotFoundError:
    sys.exit("This example needs Azure's library: pip install azure-storage-blob")


def main(path: Path) -> int:
    """Upload a file and print its size; return the exit status."""
    try:
        itwin_id = os.environ["ITP_ITWIN_ID"]
    except KeyError:
        print("Set ITP_ITWIN_ID to the id of an iTwin that you are a member of.", file=sys.stderr)
        return 2
    with ITwinPlatform() as platform:
        bucket = platform.reality_analysis.get_bucket(itwin_id)
    with ContainerClient.from_container_url(bucket.container_url) as container:
        with path.open("rb") as file:
            container.upload_blob(path.name, file, overwrite=True)
        size = container.get_blob_client(path.name).get_blob_properties().size
    print(f"{path.name}: {size} bytes; the URL expires at {bucket.expires_at}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        sys.exit(main(Path(sys.argv[1])))
    except errors.ITwinPlatformError as error:
        sys.exit(str(error))
