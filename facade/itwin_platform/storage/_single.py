"""Transfers of one file by a SAS URL of its own: downloads of exports, uploads of versions of detectors."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from functools import partial
from pathlib import Path

from ..errors import StorageError
from ._access import FileAccess
from ._blocks import Blocks
from ._download import FileDownload
from ._journal import Journal
from ._local import Buffers, find_files, read_in_parts, size_of
from ._problems import RequestFailed, one_problem
from ._report import FileOutcome, TransferReport
from ._run import Lane, Run
from ._service import BlobService
from ._tree import Tree
from ._upload import IN_FLIGHT, part_size, send_parts


def download_file(access: FileAccess, name: str, path: Path, *, overwrite: bool, run: Run) -> TransferReport:
    """Download a file to a path, under a temporary name until it is complete.

    Parameters:
        access: Access to it.
        name: What to call it in messages.
        path: Where to put it. Folders are created when they are needed.
        overwrite: Whether to replace a file with another content.
        run: The transfer.

    Raises:
        TransferError: It could not be downloaded.
    """
    access.need("r", "Downloading")
    lane = Lane(deque([FileOutcome(name, path, 0)]), 1)
    with closing(BlobService(access, run.pause)) as service, closing(Tree(path.parent)) as tree:
        work = FileDownload(run, service, tree, None, overwrite=overwrite)
        return run.carry_out((lane,), work.fetch, verb="downloaded", abort=service.close)


def upload_file(access: FileAccess, source: Path, journal: Journal, run: Run) -> TransferReport:
    """Upload a file in parts. The journal knows which of them have arrived, and then that all have.

    Raises:
        TransferError: It could not be uploaded.
        StorageError: There is no such file.
    """
    access.need("w", "Uploading")
    with closing(Tree(source)) as tree, closing(BlobService(access, run.pause)) as service:
        found = find_files(tree, "")
        if [each.path for each in found.files] != [source]:
            reasons = [f": it {each.reason}" for each in found.failed]
            raise StorageError(f"{str(source)!r} is not one file that can be uploaded{''.join(reasons[:1])}.")
        work = _Upload(run, service, tree, journal)
        return run.carry_out((Lane(deque(found.files), 1),), work.send, verb="uploaded", abort=service.close)


class _Upload:
    """Uploads one file, which may replace what is there."""

    def __init__(self, run: Run, service: BlobService, tree: Tree, journal: Journal) -> None:
        self._run = run
        self._service = service
        self._tree = tree
        self._journal = journal

    def send(self, job: FileOutcome) -> FileOutcome:
        """Send what has not arrived yet."""
        resumes = bool(self._journal.parts)
        try:
            return self._send(job)
        except RequestFailed as failed:
            if not resumes or not one_problem(failed).is_rival:
                raise
        # The storage no longer has what an earlier run has sent.
        self._journal.forget_parts()
        self._run.restart(job.name)
        return self._send(job)

    def _send(self, job: FileOutcome) -> FileOutcome:
        advance = partial(self._run.advance, job.name)
        buffers, journal = Buffers(part_size(size_of(self._tree, job.path))), self._journal
        blocks = Blocks(
            self._service, job.name, advance, arrived=journal.parts, note=journal.note_part, done=buffers.give_back
        )
        contents = read_in_parts(self._tree, job.path, buffers, partial(self._run.expect, job.name))
        send_parts(blocks, contents, max(1, IN_FLIGHT // buffers.size))
        blocks.put_together({})
        self._journal.note_whole(blocks.digest)
        return FileOutcome(job.name, job.path, blocks.size)
