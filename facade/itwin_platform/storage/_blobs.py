"""What uploads and downloads ask about blobs: which one is there, and whether it equals a local file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ._local import sha256_of
from ._problems import RequestFailed, one_problem
from ._ranges import Reading, Remote
from ._run import Run
from ._service import BlobService
from ._tree import Tree

SAME = "already exists with the same size and hash"
DIFFERS = "already exists with different content; overwrite=True replaces it"


class Blobs:
    """Answers questions about blobs during a transfer."""

    def __init__(self, service: BlobService, tree: Tree, run: Run) -> None:
        self._service = service
        self._tree = tree
        self._run = run

    def look(self, name: str) -> Remote | None:
        """The current state of a blob, or None if it does not exist."""
        try:
            return self._service.look(name)
        except RequestFailed as failed:
            if one_problem(failed).is_absence:
                return None
            raise

    def is_same(self, remote: Remote, name: str, path: Path, size: int, digest: str | None = None) -> bool:
        """Whether a blob and a local file have the same content.

        A blob without a stored hash, because another program wrote it, is read and compared.
        """
        if remote.size != size:
            return False
        return size == 0 or (remote.sha256 or self._digest(name, remote)) == (
            digest or sha256_of(self._tree, path, self._run.check)
        )

    def _digest(self, name: str, remote: Remote) -> str:
        sha256 = hashlib.sha256()

        def take(_: Remote, chunk: bytes) -> None:
            self._run.check()
            sha256.update(chunk)

        self._service.read(name, Reading(take, remote))
        return sha256.hexdigest()
