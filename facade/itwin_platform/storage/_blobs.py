"""What uploads and downloads ask about blobs: which one is there, and whether it equals a local file."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._access import Access
from ._local import sha256_of
from ._problems import one_problem
from ._run import Run

if TYPE_CHECKING:
    from obstore import GetResult

SAME = "already exists with the same size and hash"
DIFFERS = "already exists with different content; overwrite=True replaces it"

_CHUNK = 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Remote:
    """The current state of a blob. The hash is the one in its metadata, if any."""

    size: int
    etag: str
    sha256: str | None


def stored_hash(text: str | None) -> str | None:
    """The hash in the metadata of a blob, if it is valid."""
    return text if text and _SHA256.fullmatch(text) else None


def remote_of(result: GetResult) -> Remote:
    """The state of a blob, from the answer to a request for it."""
    meta = result.meta
    properties = {key.lower(): value for key, value in result.attributes.items()}
    return Remote(meta["size"], meta["e_tag"] or "", stored_hash(properties.get("sha256")))


class Blobs:
    """Answers questions about blobs during a transfer."""

    def __init__(self, access: Access, run: Run) -> None:
        self._access = access
        self._run = run

    def look(self, name: str) -> Remote | None:
        """The current state of a blob, or None if it does not exist."""
        import obstore

        try:
            return remote_of(obstore.get(self._access.store(), name, options={"head": True}))
        except Exception as error:
            if one_problem(error).is_absence:
                return None
            raise

    def is_same(self, remote: Remote, name: str, path: Path, size: int, digest: str | None = None) -> bool:
        """Whether a blob and a local file have the same content.

        A blob without a stored hash, because another program wrote it, is read and compared.
        """
        if remote.size != size:
            return False
        return size == 0 or (remote.sha256 or self._digest(name, remote)) == (
            digest or sha256_of(path, self._run.check)
        )

    def _digest(self, name: str, remote: Remote) -> str:
        import obstore

        sha256 = hashlib.sha256()
        for chunk in obstore.get(self._access.store(), name, options={"if_match": remote.etag}).stream(_CHUNK):
            self._run.check()
            sha256.update(chunk)
        return sha256.hexdigest()
