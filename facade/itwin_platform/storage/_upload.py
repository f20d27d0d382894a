"""Uploads of a file or a folder."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from functools import partial

from .._paths import local_path
from ._access import Access
from ._blobs import DIFFERS, SAME, Blobs
from ._blocks import Blocks
from ._local import Buffers, find_files, read_in_parts, read_whole, size_of
from ._names import checked_prefix
from ._outcomes import Refusal, Skip
from ._problems import RequestFailed, one_problem
from ._quick import TINY, QuickPut, check_installed
from ._ranges import Remote
from ._report import FileOutcome, TransferReport
from ._run import Lane, Run, ahead, check_concurrency, in_parallel
from ._service import BlobService
from ._tree import Tree

# Files up to this size are sent in one request, larger ones in parts.
SMALL = 2 * 1024 * 1024
_SMALL_AT_A_TIME = 8
_PART = 8 * 1024 * 1024
# A blob can have 50,000 parts.
_MAX_PARTS = 49_000
_LARGE_AT_A_TIME = 2
# Bytes of large files.
IN_FLIGHT = 48 * 1024 * 1024
_TRIES = 3


class _Upload:
    """Uploads files."""

    def __init__(self, access: Access, run: Run, service: BlobService, tree: Tree, *, overwrite: bool) -> None:
        self._run = run
        self._service = service
        self._tree = tree
        self._blobs = Blobs(service, tree, run)
        self._quick = QuickPut(access)
        self._overwrite = overwrite
        self._can_look = access.permits("r")
        # How many bytes of one large file may be in flight: all of them, if it is the only one.
        self.in_flight = IN_FLIGHT
        # Whether the last file already existed, as a guess for the next: in a rerun it saves a request for each file.
        self._meets_existing = False
        # Small files are read one at a time: threads that switch at every system call are slower.
        self._reading = threading.Lock()

    def send(self, job: FileOutcome) -> FileOutcome:
        """Upload one file."""
        return self._send_small(job) if job.size <= SMALL else self._send_large(job)

    def _send_small(self, job: FileOutcome) -> FileOutcome:
        with self._reading:
            content = read_whole(self._tree, job.path, SMALL)
            digest = hashlib.sha256(content).hexdigest()
        if len(content) != job.size:
            self._run.expect(job.name, len(content))
        if self._can_look:
            self._put_in_place(job, content, digest, look=self._meets_existing)
        else:
            self._put(job.name, content, digest, {})
        return FileOutcome(job.name, job.path, len(content))

    def _put_in_place(self, job: FileOutcome, content: bytes, digest: str, *, look: bool, tries: int = _TRIES) -> None:
        """Write a blob, replacing only what was there when it was checked."""
        remote = self._look_first(job, len(content), digest) if look else None
        try:
            self._put(job.name, content, digest, _condition(remote))
        except Exception as error:
            if tries == 1 or not one_problem(error).is_rival:
                raise
            self._run.restart(job.name)
            self._put_in_place(job, content, digest, look=True, tries=tries - 1)

    def _put(self, name: str, content: bytes, digest: str, condition: dict[str, str]) -> None:
        """Write a blob in one request."""
        if len(content) <= TINY and self._quick.put(name, content, digest, condition):
            return
        headers = {**condition, "x-ms-blob-type": "BlockBlob", "x-ms-meta-sha256": digest}
        advance = partial(self._run.advance, name)
        self._service.send("PUT", "", name=name, headers=headers, content=content, advance=advance)
        self._quick.open = True

    def _look_first(self, job: FileOutcome, size: int, digest: str | None = None) -> Remote | None:
        """The blob to replace, if there is one. Raises Skip or Refusal if it is to be kept."""
        remote = self._blobs.look(job.name)
        self._meets_existing = remote is not None
        if remote is None:
            return None
        if self._blobs.is_same(remote, job.name, job.path, size, digest):
            raise Skip(SAME)
        if not self._overwrite:
            raise Refusal(DIFFERS)
        return remote

    def _send_large(self, job: FileOutcome) -> FileOutcome:
        size = size_of(self._tree, job.path)
        condition: dict[str, str] = {}
        buffers = Buffers(part_size(size))
        blocks = Blocks(self._service, job.name, partial(self._run.advance, job.name), done=buffers.give_back)
        if self._can_look:
            condition = _condition(self._look_first(job, size))
            blocks.find()
        contents = read_in_parts(self._tree, job.path, buffers, partial(self._run.expect, job.name))
        send_parts(blocks, contents, max(1, self.in_flight // buffers.size))
        try:
            blocks.put_together(condition)
        except RequestFailed as failed:
            # The blob may be ours: only the answer was lost.
            if not one_problem(failed).is_rival or not self._has_arrived(job.name, blocks.digest):
                raise
        return FileOutcome(job.name, job.path, blocks.size)

    def _has_arrived(self, name: str, digest: str) -> bool:
        remote = self._blobs.look(name) if self._can_look else None
        return remote is not None and remote.sha256 == digest


def send_parts(blocks: Blocks, contents: Iterator[memoryview], threads: int) -> None:
    """Send a file. A part is read, the one before it hashed, and those before them sent, all at the same time."""
    with closing(ahead(contents)) as parts:
        in_parallel((send for part in parts if (send := blocks.add(part)) is not None), threads)


def part_size(size: int) -> int:
    """The size of the parts of a file."""
    return max(_PART, -(-size // _MAX_PARTS))


def _condition(remote: Remote | None) -> dict[str, str]:
    """The headers for replacing exactly this blob; or for creating one, if there is none."""
    return {"If-None-Match": "*"} if remote is None else {"If-Match": remote.etag}


def upload(
    access: Access,
    path: str | os.PathLike[str],
    prefix: str,
    *,
    overwrite: bool,
    concurrency: int,
    run: Run,
) -> TransferReport:
    """Upload a file or a folder; see the method of the container."""
    source, prefix = local_path("path", path), checked_prefix(prefix)
    check_concurrency(concurrency)
    access.need("w", "Uploading")
    if not overwrite:
        access.need("r", "Uploading without overwrite=True", " Or pass overwrite=True to replace existing files.")
    check_installed()
    with closing(Tree(source)) as tree, closing(BlobService(access, run.pause)) as service:
        found = find_files(tree, prefix)
        lanes = _lanes(found.files, concurrency)
        work = _Upload(access, run, service, tree, overwrite=overwrite)
        work.in_flight = IN_FLIGHT // lanes[0].threads
        settled = [(outcome, False) for outcome in found.skipped] + [(outcome, True) for outcome in found.failed]
        return run.carry_out(lanes, work.send, verb="uploaded", settled=settled, abort=service.close)


def _lanes(files: list[FileOutcome], concurrency: int) -> tuple[Lane, Lane, Lane]:
    """Large, small and tiny files, sorted by name."""
    files = sorted(files, key=lambda job: job.name)
    large = deque(job for job in files if job.size > SMALL)
    small = deque(job for job in files if TINY < job.size <= SMALL)
    tiny = deque(job for job in files if job.size <= TINY)
    at_a_time = min(_LARGE_AT_A_TIME, concurrency, max(1, len(large)))
    return Lane(large, at_a_time), Lane(small, min(_SMALL_AT_A_TIME, concurrency)), Lane(tiny, concurrency)
