"""What the methods of a bucket do, in any thread: upload, download, list, delete, open."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StorageError
from ._access import Access
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
from ._problems import one_problem
from ._reader import RawBlob
from ._report import BlobInfo, FileOutcome, TransferReport
from ._run import Lane, Refusal, Run, Skip

if TYPE_CHECKING:
    from obstore import GetResult, ObjectMeta
    from obstore.store import AzureStore

Names = str | Iterable[str]

# Files up to this size are read at once and sent in one request each; larger ones in parts.
SMALL = 2 * 1024 * 1024
PART = 4 * 1024 * 1024
# A blob consists of at most 50,000 parts.
_MAX_PARTS = 49_000
_LARGE_AT_A_TIME = 2
_IN_FLIGHT = 48 * 1024 * 1024
_CHUNK = 1024 * 1024
_STALLS = 5
_UNKNOWN = datetime.min.replace(tzinfo=UTC)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)

_SAME = "is there already with the same size and hash"
_DIFFERS = "is there already with another content; overwrite=True replaces it"


@dataclass(frozen=True, slots=True)
class _Remote:
    """A blob as it is now."""

    size: int
    etag: str
    sha256: str | None


def _remote(result: GetResult) -> _Remote:
    meta = result.meta
    stored = {key.lower(): value for key, value in result.attributes.items()}.get("sha256", "")
    return _Remote(meta["size"], meta["e_tag"] or "", stored if _SHA256.fullmatch(stored) else None)


class _Blobs:
    """Questions about blobs that uploads and downloads share."""

    def __init__(self, access: Access, run: Run) -> None:
        self._access = access
        self._run = run

    def look(self, name: str) -> _Remote | None:
        """A blob as it is now, or None if there is none."""
        import obstore

        try:
            return _remote(obstore.get(self._access.store(), name, options={"head": True}))
        except Exception as error:
            if one_problem(error).missing and not one_problem(error).everywhere:
                return None
            raise

    def is_same(self, remote: _Remote, name: str, path: Path, size: int, digest: str | None = None) -> bool:
        """Whether a blob and a local file have the same content.

        A blob that has no hash stored beside it, because something else has written it, is read and compared.
        """
        if remote.size != size:
            return False
        return size == 0 or (remote.sha256 or self._digest(name, remote)) == (digest or sha256_of(path))

    def _digest(self, name: str, remote: _Remote) -> str:
        import obstore

        sha256 = hashlib.sha256()
        for chunk in obstore.get(self._access.store(), name, options={"if_match": remote.etag}).stream(_CHUNK):
            self._run.check()
            sha256.update(chunk)
        return sha256.hexdigest()


class _Upload:
    """Sends files."""

    def __init__(self, access: Access, run: Run, *, overwrite: bool) -> None:
        self._access = access
        self._run = run
        self._blobs = _Blobs(access, run)
        self._overwrite = overwrite
        self._can_look = access.permits("r")
        # How much of one large file may be on its way: all that there may be, if it is the only one.
        self.in_flight = _IN_FLIGHT
        # What the last file has met, as a guess for the next: it saves a request for each file of a rerun.
        self._meets_existing = False

    def send(self, job: FileOutcome) -> FileOutcome:
        """Send one file."""
        return self._send_small(job) if job.size <= SMALL else self._send_large(job)

    def _send_small(self, job: FileOutcome) -> FileOutcome:
        content = read_whole(job.path, SMALL)
        digest = hashlib.sha256(content).hexdigest()
        replace = self._overwrite and not self._can_look
        if self._meets_existing and self._can_look:
            replace = self._look_first(job, len(content), digest)
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

    def _look_first(self, job: FileOutcome, size: int, digest: str | None = None) -> bool:
        """Whether there is a blob that is to be replaced. Raises Skip or Refusal if it is to be left alone."""
        remote = self._blobs.look(job.name)
        self._meets_existing = remote is not None
        if remote is None:
            return False
        if self._blobs.is_same(remote, job.name, job.path, size, digest):
            raise Skip(_SAME)
        if not self._overwrite:
            raise Refusal(_DIFFERS)
        return True

    def _send_large(self, job: FileOutcome) -> FileOutcome:
        import obstore

        size = job.path.stat().st_size
        if self._can_look:
            self._look_first(job, size)
        part = max(PART, -(-size // _MAX_PARTS))
        sha256 = hashlib.sha256()
        sent = 0

        def parts() -> Generator[bytes]:
            nonlocal sent
            for content in read_in_parts(job.path, part):
                sha256.update(content)
                sent += len(content)
                self._run.advance(job.name, len(content))
                yield content

        result = obstore.put(
            self._access.store(),
            job.name,
            parts(),
            use_multipart=True,
            chunk_size=part,
            max_concurrency=max(1, self.in_flight // part),
        )
        self._access.note_hash(job.name, sha256.hexdigest(), result["e_tag"] or "*")
        return FileOutcome(job.name, job.path, sent)


class _Download:
    """Fetches files."""

    def __init__(self, access: Access, run: Run, folder: Path, *, overwrite: bool, known: bool) -> None:
        self._access = access
        self._run = run
        self._blobs = _Blobs(access, run)
        self._folder = folder
        self._overwrite = overwrite
        self._sizes_known = known
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
            remote = self._blobs.look(job.name)
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

    def _begin(self, name: str, *, begun: bool) -> tuple[_Remote, GetResult | None]:
        """A blob as it is now, with its content on the way unless a part of it is here already."""
        import obstore

        if begun and (remote := self._blobs.look(name)) is not None:
            return remote, None
        result = obstore.get(self._access.store(), name)
        return _remote(result), result

    def _fetch_into(self, job: FileOutcome, target: Path, strays: list[str]) -> FileOutcome:
        remote, result = self._begin(job.name, begun=any(belongs_to(stray, job.name) for stray in strays))
        if not self._sizes_known:
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

    def _fill(self, job: FileOutcome, part: PartFile, remote: _Remote, result: GetResult | None) -> None:
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
    work = _Upload(access, run, overwrite=overwrite)
    files = sorted(found.files, key=lambda job: job.name)
    large = deque(job for job in files if job.size > SMALL)
    small = deque(job for job in files if job.size <= SMALL)
    at_a_time = min(_LARGE_AT_A_TIME, concurrency, max(1, len(large)))
    work.in_flight = _IN_FLIGHT // at_a_time
    lanes = Lane(large, at_a_time), Lane(small, concurrency)
    settled = [(outcome, False) for outcome in found.skipped] + [(outcome, True) for outcome in found.failed]
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
    by_prefix = isinstance(names, str)
    if by_prefix:
        prefix = checked_prefix(names)
        access.need("r", "Downloading")
        access.need("l", "Downloading a prefix", " Pass a list of names instead of a prefix.")
        blobs = list_blobs(access, prefix)
    else:
        prefix = ""
        blobs = [BlobInfo(name, 0, _UNKNOWN) for name in dict.fromkeys(_checked_names(names))]
        access.need("r", "Downloading")
    access.store()
    root = Path(folder)
    jobs, refused = _targets(blobs, prefix, root)
    work = _Download(access, run, root, overwrite=overwrite, known=by_prefix)
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
    store = access.store()
    try:
        found = _list(store, prefix)
    except Exception as error:  # noqa: BLE001 (obstore raises what it likes)
        problem = error
    else:
        return sorted(found, key=lambda blob: blob.name)
    raise access.error_for(problem, "Listing the bucket", "l")


def _list(store: AzureStore, prefix: str) -> list[BlobInfo]:
    import obstore

    pages: Iterable[Iterable[ObjectMeta]] = obstore.list(store, prefix or None, chunk_size=1000)  # pyright: ignore[reportUnknownMemberType]
    found = [_info(meta) for page in pages for meta in page]
    if not found and prefix:
        # The prefix may be the name of a file.
        with suppress(FileNotFoundError):
            found.append(_info(obstore.head(store, prefix)))
    return found


def _info(meta: ObjectMeta) -> BlobInfo:
    return BlobInfo(meta["path"], meta["size"], meta["last_modified"])


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
