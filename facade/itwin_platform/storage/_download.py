"""Downloads of the blobs under a prefix, or of named blobs."""

from __future__ import annotations

import os
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StorageError
from ._access import Access
from ._blobs import DIFFERS, SAME, Blobs, Remote, remote_of
from ._listing import find_blobs
from ._local import PartFile, belongs_to, ignores_case, local_path, temporary_files
from ._names import Names, checked_names, checked_prefix, clashes, escapes, relative_to, target_problem
from ._problems import one_problem
from ._report import BlobInfo, FileOutcome, TransferReport
from ._run import Lane, Refusal, Run, Skip, check_concurrency

if TYPE_CHECKING:
    from obstore import GetResult

# Bytes between two checks whether the transfer is cancelled.
_CHUNK = 128 * 1024
_STALLS = 5
_UNKNOWN = datetime.min.replace(tzinfo=UTC)


class _Download:
    """Downloads files."""

    def __init__(
        self, access: Access, run: Run, folder: Path, listed: dict[str, Remote] | None, *, overwrite: bool
    ) -> None:
        self._access = access
        self._run = run
        self._blobs = Blobs(access, run)
        self._folder = folder
        self._overwrite = overwrite
        # What a listing has said about the blobs; None without a listing.
        self._listed = listed
        self._lock = threading.Lock()
        self._strays: dict[Path, list[str]] = {}

    def fetch(self, job: FileOutcome) -> FileOutcome:
        """Download one file."""
        target = job.path
        if escapes(self._folder, target):
            raise Refusal("would be written outside the folder, through a link in it")
        self._settle_existing(job, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        return self._fetch_into(job, target, self._strays_beside(target))

    def _settle_existing(self, job: FileOutcome, target: Path) -> None:
        """Raise Skip or Refusal if the existing file is to be kept."""
        if not os.path.lexists(target):
            return
        if target.is_dir() and not target.is_symlink():
            raise Refusal("clashes with a folder of the same name")
        if target.is_file() and not target.is_symlink():
            remote = self._listed[job.name] if self._listed is not None else self._blobs.look(job.name)
            if remote is not None and self._blobs.is_same(remote, job.name, target, target.stat().st_size):
                raise Skip(SAME)
        if not self._overwrite:
            raise Refusal(DIFFERS)

    def _strays_beside(self, target: Path) -> list[str]:
        """The temporary files that earlier runs have left in a folder, which is read once."""
        with self._lock:
            if target.parent not in self._strays:
                self._strays[target.parent] = temporary_files(target.parent)
            return self._strays[target.parent]

    def _begin(self, name: str, *, begun: bool) -> tuple[Remote, GetResult | None]:
        """The current state of a blob, and its content unless an earlier run has begun to download it."""
        import obstore

        if begun and (remote := self._blobs.look(name)) is not None:
            return remote, None
        result = obstore.get(self._access.store(), name)
        return remote_of(result), result

    def _fetch_into(self, job: FileOutcome, target: Path, strays: list[str]) -> FileOutcome:
        remote, result = self._begin(job.name, begun=any(belongs_to(stray, job.name) for stray in strays))
        self._run.expect(job.name, remote.size)
        part = PartFile(target, job.name, remote.etag)
        keep = False
        try:
            part.resume(remote.size, self._run.check)
            self._run.advance(job.name, part.size)
            keep = True
            self._fill(job, part, remote, result if part.size == 0 else None)
            keep = False
            if remote.sha256 is not None and part.hash.hexdigest() != remote.sha256:
                raise Refusal("arrived with content that does not match its stored hash; nothing was written")
            if not self._overwrite and os.path.lexists(target):
                raise Refusal(DIFFERS)  # it has appeared meanwhile
            part.finish(strays)
        except OSError as error:
            # A full disk needs the space; after a broken connection a rerun can resume.
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
        """Read the rest of the file, resuming whenever the connection breaks."""
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
                raise Refusal("changed in the bucket during the download; nothing was written") from None
            except Exception as error:
                stalls = 0 if part.size > before else stalls + 1
                if stalls > _STALLS or not _is_break(error):
                    raise
                self._run.pause(0.1 * 2**stalls)
            else:
                stalls += 1
                if stalls > _STALLS:
                    raise Refusal("is incomplete: the storage sends less than it announces")
            result = None


def _is_break(error: Exception) -> bool:
    """Whether a stream was interrupted so that resuming may help."""
    return type(error).__name__ == "GenericError" and one_problem(error).status is None


def download(
    access: Access,
    names: Names,
    folder: str | Path,
    *,
    overwrite: bool,
    concurrency: int,
    run: Run,
) -> TransferReport:
    """Download the blobs under a prefix, or named blobs; see the method of the bucket."""
    check_concurrency(concurrency)
    root = local_path("folder", folder)
    access.need("r", "Downloading")
    prefix, listed = "", None
    if isinstance(names, str):
        prefix = checked_prefix(names)
        access.need("l", "Downloading a prefix", " Pass a list of names instead of a prefix.")
        found = find_blobs(access, prefix, run)
        if prefix and not found:
            raise StorageError(f"There is no file {prefix!r} in the bucket and none below it.")
        blobs = [blob for blob, _ in found]
        listed = {blob.name: remote for blob, remote in found}
    else:
        blobs = [BlobInfo(name, 0, _UNKNOWN) for name in checked_names(names)]
    access.store()
    jobs, refused = _targets(blobs, prefix, root)
    work = _Download(access, run, root, listed, overwrite=overwrite)
    settled = [(outcome, True) for outcome in refused]
    return run.carry_out((Lane(deque(jobs), concurrency),), work.fetch, verb="downloaded", settled=settled)


def _targets(blobs: list[BlobInfo], prefix: str, root: Path) -> tuple[list[FileOutcome], list[FileOutcome]]:
    """The target of each blob, and the blobs that cannot be written."""
    jobs: list[FileOutcome] = []
    refused: list[FileOutcome] = []
    relatives = [relative_to(blob.name, prefix) for blob in blobs]
    clashing = clashes(relatives)
    if clashing and not _root_ignores_case(root):
        clashing.clear()
    for blob, relative in zip(blobs, relatives, strict=True):
        if problem := target_problem(relative, windows=os.name == "nt"):
            reason = f"has a name that cannot be written here: it {problem}"
            refused.append(FileOutcome(blob.name, root, blob.size, reason))
        elif relative in clashing:
            refused.append(
                FileOutcome(blob.name, root, blob.size, "has a name that differs from another only in case or accents")
            )
        else:
            jobs.append(FileOutcome(blob.name, root.joinpath(*relative.split("/")), blob.size))
    return jobs, refused


def _root_ignores_case(root: Path) -> bool:
    """Whether a folder ignores the case of names. It is created if necessary."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        return ignores_case(root)
    except OSError as error:
        problem = one_problem(error).text
    raise StorageError(f"The folder {str(root)!r} {problem}.")
