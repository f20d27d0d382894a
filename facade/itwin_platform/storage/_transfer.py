"""What the methods of a bucket do, in any thread: upload, download, list, delete, open."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .._sync.transport import TransportFailure
from ..errors import ITwinPlatformError, StorageError
from ._access import Access
from ._blocks import Blocks
from ._listing import Remote, find_blobs, stored_hash
from ._local import (
    PartFile,
    belongs_to,
    find_files,
    ignores_case,
    read_in_parts,
    read_whole,
    sha256_of,
    temporary_files,
)
from ._names import checked_name, checked_prefix, clashes, escapes, relative_to, target_problem
from ._problems import RequestFailed, one_problem
from ._reader import RawBlob
from ._report import BlobInfo, FileOutcome, TransferReport
from ._requests import Requests
from ._run import Lane, Refusal, Run, Skip, in_parallel

if TYPE_CHECKING:
    from obstore import GetResult

Names = str | Iterable[str]

# Files up to this size are read at once and sent in one request each; larger ones in parts.
SMALL = 2 * 1024 * 1024
PART = 8 * 1024 * 1024
# A blob consists of at most 50,000 parts.
_MAX_PARTS = 49_000
_LARGE_AT_A_TIME = 2
_IN_FLIGHT = 48 * 1024 * 1024
_CHUNK = 1024 * 1024
_STALLS = 5
_UNKNOWN = datetime.min.replace(tzinfo=UTC)

_SAME = "is there already with the same size and hash"
_DIFFERS = "is there already with another content; overwrite=True replaces it"


def _remote(result: GetResult) -> Remote:
    meta = result.meta
    properties = {key.lower(): value for key, value in result.attributes.items()}
    return Remote(meta["size"], meta["e_tag"] or "", stored_hash(properties.get("sha256")))


class _Blobs:
    """Questions about blobs that uploads and downloads share."""

    def __init__(self, access: Access, run: Run) -> None:
        self._access = access
        self._run = run

    def look(self, name: str) -> Remote | None:
        """A blob as it is now, or None if there is none."""
        import obstore

        try:
            return _remote(obstore.get(self._access.store(), name, options={"head": True}))
        except Exception as error:
            if one_problem(error).missing and not one_problem(error).everywhere:
                return None
            raise

    def is_same(self, remote: Remote, name: str, path: Path, size: int, digest: str | None = None) -> bool:
        """Whether a blob and a local file have the same content.

        A blob that has no hash stored beside it, because something else has written it, is read and compared.
        """
        if remote.size != size:
            return False
        return size == 0 or (remote.sha256 or self._digest(name, remote)) == (digest or sha256_of(path))

    def _digest(self, name: str, remote: Remote) -> str:
        import obstore

        sha256 = hashlib.sha256()
        for chunk in obstore.get(self._access.store(), name, options={"if_match": remote.etag}).stream(_CHUNK):
            self._run.check()
            sha256.update(chunk)
        return sha256.hexdigest()


class _Upload:
    """Sends files."""

    def __init__(self, access: Access, run: Run, requests: Requests, *, overwrite: bool) -> None:
        self._access = access
        self._run = run
        self._requests = requests
        self._blobs = _Blobs(access, run)
        self._overwrite = overwrite
        self._can_look = access.permits("r")
        # How much of one large file may be on its way: all that there may be, if it is the only one.
        self.in_flight = _IN_FLIGHT
        # What the last file has met, as a guess for the next: it saves a request for each file of a rerun.
        self._meets_existing = False
        # Small files are read one at a time: threads that take turns with every system call get less done.
        self._reading = threading.Lock()

    def send(self, job: FileOutcome) -> FileOutcome:
        """Send one file."""
        return self._send_small(job) if job.size <= SMALL else self._send_large(job)

    def _send_small(self, job: FileOutcome) -> FileOutcome:
        with self._reading:
            content = read_whole(job.path, SMALL)
            digest = hashlib.sha256(content).hexdigest()
        replace = self._overwrite and not self._can_look
        if self._meets_existing and self._can_look:
            replace = self._look_first(job, len(content), digest) is not None
        if not self._put(job.name, content, digest, replace=replace):
            self._meets_existing = True
            self._look_first(job, len(content), digest)
            self._put(job.name, content, digest, replace=True)
        return FileOutcome(job.name, job.path, len(content))

    def _put(self, name: str, content: bytes, digest: str, *, replace: bool) -> bool:
        """Write a blob in one request; False if there is one and it is not to be replaced."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        store = self._access.store()
        try:
            obstore.put(
                store,
                name,
                content,
                attributes={"sha256": digest},
                mode="overwrite" if replace else "create",
                use_multipart=False,
            )
        except (AlreadyExistsError, PreconditionError):
            if replace:
                raise
            return False
        return True

    def _look_first(self, job: FileOutcome, size: int, digest: str | None = None) -> Remote | None:
        """The blob that is to be replaced, if there is one. Raises Skip or Refusal if it is to be left alone."""
        remote = self._blobs.look(job.name)
        self._meets_existing = remote is not None
        if remote is None:
            return None
        if self._blobs.is_same(remote, job.name, job.path, size, digest):
            raise Skip(_SAME)
        if not self._overwrite:
            raise Refusal(_DIFFERS)
        return remote

    def _send_large(self, job: FileOutcome) -> FileOutcome:
        size = job.path.stat().st_size
        condition = self._condition(job, size)
        blocks = Blocks(self._requests, job.name, partial(self._run.advance, job.name))
        if self._can_look:
            blocks.find()
        part = max(PART, -(-size // _MAX_PARTS))
        sends = (send for content in read_in_parts(job.path, part) if (send := blocks.add(content)) is not None)
        in_parallel(sends, max(1, self.in_flight // part))
        try:
            blocks.put_together(condition)
        except RequestFailed as failed:
            if failed.status not in {409, 412}:
                raise
            # Perhaps it was us, and only the answer was lost.
            remote = self._blobs.look(job.name)
            if remote is None or remote.sha256 != blocks.digest:
                raise Refusal("was written by something else at the same time") from None
        return FileOutcome(job.name, job.path, blocks.size)

    def _condition(self, job: FileOutcome, size: int) -> dict[str, str]:
        """What must be in the bucket when a large file has been sent: what was there before."""
        if not self._can_look:
            return {}
        remote = self._look_first(job, size)
        return {"If-None-Match": "*"} if remote is None else {"If-Match": remote.etag}


class _Download:
    """Fetches files."""

    def __init__(
        self, access: Access, run: Run, folder: Path, listed: dict[str, Remote] | None, *, overwrite: bool
    ) -> None:
        self._access = access
        self._run = run
        self._blobs = _Blobs(access, run)
        self._folder = folder
        self._overwrite = overwrite
        # What is known about the blobs already; None if nothing is.
        self._listed = listed
        self._lock = threading.Lock()
        self._strays: dict[Path, list[str]] = {}

    def fetch(self, job: FileOutcome) -> FileOutcome:
        """Fetch one file."""
        target = job.path
        if escapes(self._folder, target):
            raise Refusal("would be written outside the folder, through a link in it")
        self._settle_existing(job, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        return self._fetch_into(job, target, self._strays_beside(target))

    def _settle_existing(self, job: FileOutcome, target: Path) -> None:
        """Raise Skip or Refusal if what is at the target is to stay."""
        if not os.path.lexists(target):
            return
        if target.is_dir() and not target.is_symlink():
            raise Refusal("clashes with a folder of the same name")
        if target.is_file() and not target.is_symlink():
            remote = self._listed[job.name] if self._listed is not None else self._blobs.look(job.name)
            if remote is not None and self._blobs.is_same(remote, job.name, target, target.stat().st_size):
                raise Skip(_SAME)
        if not self._overwrite:
            raise Refusal(_DIFFERS)

    def _strays_beside(self, target: Path) -> list[str]:
        """What earlier runs have left in a folder. It is looked at once."""
        with self._lock:
            if target.parent not in self._strays:
                self._strays[target.parent] = temporary_files(target.parent)
            return self._strays[target.parent]

    def _begin(self, name: str, *, begun: bool) -> tuple[Remote, GetResult | None]:
        """A blob as it is now, with its content on the way unless a part of it is here already."""
        import obstore

        if begun and (remote := self._blobs.look(name)) is not None:
            return remote, None
        result = obstore.get(self._access.store(), name)
        return _remote(result), result

    def _fetch_into(self, job: FileOutcome, target: Path, strays: list[str]) -> FileOutcome:
        remote, result = self._begin(job.name, begun=any(belongs_to(stray, job.name) for stray in strays))
        if self._listed is None:
            self._run.expect(remote.size)
        part = PartFile(target, job.name, remote.etag)
        keep = False
        try:
            part.resume(remote.size)
            self._run.advance(job.name, part.size)
            keep = True
            self._fill(job, part, remote, result if part.size == 0 else None)
            keep = False
            if remote.sha256 is not None and part.hash.hexdigest() != remote.sha256:
                raise Refusal("arrived with another content than its stored hash says; nothing was written")
            part.finish(strays)
        except OSError as error:
            # A full disk needs the room; a broken connection is worth going on from.
            if error.errno is not None or not keep:
                part.discard()
            raise
        except BaseException:
            if keep and part.size > 0:
                part.close()
            else:
                part.discard()
            raise
        return FileOutcome(job.name, target, remote.size)

    def _fill(self, job: FileOutcome, part: PartFile, remote: Remote, result: GetResult | None) -> None:
        """Read what is missing, from where it stopped after each break of the connection."""
        import obstore
        from obstore.exceptions import PreconditionError

        stalls = 0
        while part.size < remote.size:
            before = part.size
            try:
                if result is None:
                    options = {"range": {"offset": part.size}, "if_match": remote.etag}
                    result = obstore.get(self._access.store(), job.name, options=options)  # type: ignore[arg-type]
                for chunk in result.stream(_CHUNK):
                    part.write(bytes(chunk))
                    self._run.advance(job.name, len(chunk))
            except PreconditionError:
                part.discard()
                raise Refusal("changed in the bucket while it was downloaded; nothing was written") from None
            except Exception as error:
                stalls = 0 if part.size > before else stalls + 1
                if stalls > _STALLS or not _is_break(error):
                    raise
                time.sleep(0.1 * 2**stalls)
            else:
                stalls += 1
                if stalls > _STALLS:
                    raise Refusal("ends before its end: the storage sends less than it says")
            result = None


def _is_break(error: Exception) -> bool:
    """Whether a stream broke off in a way that going on may help."""
    return type(error).__name__ == "GenericError" and one_problem(error).status is None


def upload(
    access: Access,
    source: str | Path,
    prefix: str,
    *,
    overwrite: bool,
    concurrency: int,
    run: Run,
) -> TransferReport:
    """Send a file or a folder; see the method of the bucket."""
    prefix = checked_prefix(prefix)
    _check_concurrency(concurrency)
    access.need("w", "Uploading")
    if not overwrite:
        access.need("r", "Uploading without overwrite=True", " Or pass overwrite=True to replace what is there.")
    found = find_files(Path(source), prefix)
    access.store()
    files = sorted(found.files, key=lambda job: job.name)
    large = deque(job for job in files if job.size > SMALL)
    small = deque(job for job in files if job.size <= SMALL)
    at_a_time = min(_LARGE_AT_A_TIME, concurrency, max(1, len(large)))
    lanes = Lane(large, at_a_time), Lane(small, concurrency)
    settled = [(outcome, False) for outcome in found.skipped] + [(outcome, True) for outcome in found.failed]
    with Requests(access, run.pause) as requests:
        work = _Upload(access, run, requests, overwrite=overwrite)
        work.in_flight = _IN_FLIGHT // at_a_time
        return run.carry_out(lanes, work.send, verb="uploaded", settled=settled)


def download(
    access: Access,
    names: Names,
    folder: str | Path,
    *,
    overwrite: bool,
    concurrency: int,
    run: Run,
) -> TransferReport:
    """Fetch what is under a prefix, or the blobs named; see the method of the bucket."""
    _check_concurrency(concurrency)
    access.need("r", "Downloading")
    prefix, listed = "", None
    if isinstance(names, str):
        prefix = checked_prefix(names)
        access.need("l", "Downloading a prefix", " Pass a list of names instead of a prefix.")
        found = _listed(access, prefix)
        blobs = [blob for blob, _ in found]
        listed = {blob.name: remote for blob, remote in found}
    else:
        blobs = [BlobInfo(name, 0, _UNKNOWN) for name in dict.fromkeys(_checked_names(names))]
    access.store()
    root = Path(folder)
    jobs, refused = _targets(blobs, prefix, root)
    work = _Download(access, run, root, listed, overwrite=overwrite)
    settled = [(outcome, True) for outcome in refused]
    return run.carry_out((Lane(deque(jobs), concurrency),), work.fetch, verb="downloaded", settled=settled)


def _check_concurrency(concurrency: int) -> None:
    if not 1 <= concurrency <= 256:
        raise ValueError("concurrency must be between 1 and 256")


def _checked_names(names: Iterable[str]) -> list[str]:
    return [checked_name("a name", name) for name in names]


def _targets(blobs: list[BlobInfo], prefix: str, root: Path) -> tuple[list[FileOutcome], list[FileOutcome]]:
    """Where each blob goes, and which ones cannot be written there."""
    jobs: list[FileOutcome] = []
    refused: list[FileOutcome] = []
    relatives = [relative_to(blob.name, prefix) for blob in blobs]
    clashing = clashes(relatives)
    if clashing and not _mixes_up(root):
        clashing.clear()
    for blob, relative in zip(blobs, relatives, strict=True):
        if problem := target_problem(relative, windows=os.name == "nt"):
            reason = f"has a name that is not written here: it {problem}"
            refused.append(FileOutcome(blob.name, root, blob.size, reason))
        elif relative in clashing:
            refused.append(FileOutcome(blob.name, root, blob.size, "has the name of another but for case or accents"))
        else:
            jobs.append(FileOutcome(blob.name, root.joinpath(*relative.split("/")), blob.size))
    return jobs, refused


def _mixes_up(root: Path) -> bool:
    """Whether a folder, which is made if need be, takes names for the same that differ in case."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        return ignores_case(root)
    except OSError as error:
        problem = one_problem(error).text
    raise StorageError(f"The folder {str(root)!r} {problem}.")


def list_blobs(access: Access, prefix: str) -> list[BlobInfo]:
    """The blobs under a prefix, in the order of their names; see the method of the bucket."""
    prefix = checked_prefix(prefix)
    access.need("l", "Listing")
    return [blob for blob, _ in _listed(access, prefix)]


def _listed(access: Access, prefix: str) -> list[tuple[BlobInfo, Remote]]:
    try:
        with Requests(access) as requests:
            found = list(find_blobs(requests, prefix))
    except (ITwinPlatformError, RequestFailed, TransportFailure) as error:
        problem = error
    else:
        return sorted(found, key=lambda blob: blob[0].name)
    raise access.error_for(problem, "Listing the bucket", "l")


def delete(access: Access, names: Names) -> None:
    """Delete the blobs named; see the method of the bucket."""
    chosen = list(dict.fromkeys(_checked_names([names] if isinstance(names, str) else names)))
    access.need("d", "Deleting")
    access.store()

    def delete_one(job: FileOutcome) -> FileOutcome:
        import obstore

        try:
            obstore.delete(access.store(), job.name)
        except Exception as error:
            if not one_problem(error).missing or one_problem(error).everywhere:
                raise
        return job

    jobs = deque(FileOutcome(name, Path(name), 0) for name in chosen)
    Run(access, None).carry_out((Lane(jobs, 8),), delete_one, verb="deleted")


def open_blob(access: Access, name: str) -> RawBlob:
    """A blob for reading; see the method of the bucket."""
    name = checked_name("name", name)
    access.need("r", "Reading")
    return RawBlob(access, name)
