"""An embedded stand-in for Azure Blob Storage: containers of block blobs, behind SAS URLs that it signs and checks.

`Blobs` keeps what is stored and is used from Python, `Service` serves it over HTTP. Nothing here knows the sandbox.
"""

from ._errors import BlobError
from ._sas import Signer
from ._service import Service
from ._store import Blobs

__all__ = ["BlobError", "Blobs", "Service", "Signer"]
