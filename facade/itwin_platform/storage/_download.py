"""Downloads of the blobs under a prefix, or of named blobs."""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from .._paths import local_path
from ..errors import StorageError, StorageNotFoundError
from ._access import Access
from ._blobs import DIFFERS, SAME, Blobs
from ._listing import find_blobs
from ._local import belongs_to, ignores_case
from ._names import blob_name, checked_prefix, clashes, relative_to, target_problem
from ._outcomes import Refusal, Skip
from ._parts import PartFile, temporary_files
from ._places import check_folder
from ._problems import RequestFailed, one_problem
from ._quick import check_installed
from ._ranges import Reading, Remote
from ._report import BlobInfo, FileOutcome, TransferReport
from ._run import Lane, Run, check_concurrency
from ._service import BlobService
from ._tree import Folder, Tree

_UNKNOWN = datetime.min.replace(tzinfo=UTC)
_MARKER = "marks a folder and has no content"


class FileDownload:
    """Downloads files."""

    def __init__(
        self, run: Run, service: BlobService, tree: Tree, listed: dict[str, Remote] | None, *, overwrite: bool
    ) -> None:
        self._run = run
        self._service = service
        self._tree = tree
        self._blobs = Blobs(service, tree, run)
        self._overwrite = overwrite
        # What a listing has said about the blobs; None without a listing.
        self._listed = listed
        self._lock = threading.Lock()
        self._strays: dict[Path, list[str]] = {}

    def fetch(self, job: FileOutcome) -> FileOutcome:
        """Download one file."""
        with self._tree.folder_of(job.path, create=True) as folder:
            self._settle_existing(job, folder.status(job.path.name))
            return self._fetch_into(job, folder, self._strays_in(folder))

    def _settle_existing(self, job: FileOutcome, status: os.stat_result | None) -> None:
        """Raise Skip or Refusal if the existing file is to be kept."""
        if status is None:
            return
        if S_ISDIR(status.st_mode):
            raise Refusal(f"clashes with the folder {str(job.path)!r}")
        if S_ISREG(status.st_mode):
            remote = self._listed[job.name] if self._listed is not None else self._blobs.look(job.name)
            if remote is not None and self._blobs.is_same(remote, job.name, job.path, status.st_size):
                raise Skip(SAME)
        if not self._overwrite:
            raise Refusal(DIFFERS)

    def _strays_in(self, folder: Folder) -> list[str]:
        """The temporary files that earlier runs have left in a folder, which is read once."""
        with self._lock:
            if folder.path not in self._strays:
                self._strays[folder.path] = temporary_files(folder)
            return self._strays[folder.path]

    def _fetch_into(self, job: FileOutcome, folder: Folder, strays: list[str]) -> FileOutcome:
        copy = _Copy(job, folder, self._run)
        begun = any(belongs_to(stray, job.name) for stray in strays)
        reading = Reading(copy.write, self._blobs.look(job.name) if begun else None)
        try:
            if reading.remote is not None:
                reading.position = copy.open(reading.remote, resumes=True).size
            remote = self._service.read(job.name, reading)
            part = copy.open(remote)
            if remote.sha256 is not None and part.hash.hexdigest() != remote.sha256:
                copy.leave(keep=False)
                raise Refusal("arrived with content that does not match its stored hash; nothing was written")
            status = folder.status(job.path.name)
            if not self._overwrite and status is not None:  # it has appeared meanwhile
                copy.leave(keep=False)
                self._settle_existing(job, status)
            part.finish(strays)
        except RequestFailed as failed:
            problem = one_problem(failed)
            # What an answer contradicts is not kept; after a broken connection a rerun can resume.
            copy.leave(keep=failed.problem is None and not problem.is_rival)
            if not problem.is_rival:
                raise
        except OSError:
            copy.leave(keep=False)  # a full disk needs the space
            raise
        except BaseException:
            copy.leave(keep=True)
            raise
        else:
            return FileOutcome(job.name, job.path, remote.size)
        raise Refusal("changed in the container during the download; nothing was written")


class _Copy:
    """The file that a blob is written to, opened when its version is known."""

    def __init__(self, job: FileOutcome, folder: Folder, run: Run) -> None:
        self._job = job
        self._folder = folder
        self._run = run
        self._part: PartFile | None = None

    def open(self, remote: Remote, *, resumes: bool = False) -> PartFile:
        """The file, with what an earlier run has written if it resumes and the end will show whether that is right."""
        if self._part is None:
            self._run.expect(self._job.name, remote.size)
            resumes = resumes and remote.sha256 is not None
            self._part = PartFile(self._folder, self._job.path.name, self._job.name, remote.etag, resumes=resumes)
            self._part.resume(remote.size, self._run.check)
            self._run.advance(self._job.name, self._part.size)
        return self._part

    def write(self, remote: Remote, chunk: bytes) -> None:
        """Append what was read."""
        self.open(remote).write(chunk)
        self._run.advance(self._job.name, len(chunk))

    def leave(self, *, keep: bool) -> None:
        """Close the file, which is not complete. Called again, it does nothing."""
        part, self._part = self._part, None
        if part is not None:
            if keep and part.size > 0:
                part.close()
            else:
                part.discard()


def download(
    access: Access,
    names: str | list[str],
    folder: str | os.PathLike[str],
    *,
    overwrite: bool,
    concurrency: int,
    run: Run,
    into: str = "",
) -> TransferReport:
    """Download the blobs under a prefix, or a list of named blobs; see the method of the container.

    With `into`, all of that goes to this folder below the other, and where listing is not permitted, what should be a
    prefix is taken for the name of a blob.
    """
    check_concurrency(concurrency)
    root = local_path("folder", folder)
    access.need("r", "Downloading")
    check_installed()
    check_folder(root)
    prefix, listed = "", None
    if isinstance(names, str):
        prefix = checked_prefix(names, "names")
    if isinstance(names, str) and not (into and prefix and not access.permits("l")):
        access.need("l", "Downloading a prefix", " Pass a list of names instead of a prefix.")
        found = find_blobs(access, prefix, run)
        if prefix and not found:
            raise StorageNotFoundError(f"There is no file {prefix!r} in the container and none below it.")
        blobs = [blob for blob, _ in found]
        listed = {blob.name: remote for blob, remote in found}
    else:
        blobs = [BlobInfo(name, 0, _UNKNOWN) for name in ([names] if isinstance(names, str) else names)]
    jobs, settled = _targets(blobs, prefix, root, into)
    with closing(BlobService(access, run.pause)) as service, closing(Tree(root)) as tree:
        work = FileDownload(run, service, tree, listed, overwrite=overwrite)
        lanes = (Lane(deque(jobs), concurrency),)
        return run.carry_out(lanes, work.fetch, verb="downloaded", settled=settled, abort=service.close)


def _targets(
    blobs: list[BlobInfo], prefix: str, root: Path, into: str
) -> tuple[list[FileOutcome], list[tuple[FileOutcome, bool]]]:
    """The target of each blob; and the blobs that need or have none, and whether they have failed."""
    jobs: list[FileOutcome] = []
    settled: list[tuple[FileOutcome, bool]] = []
    relatives = [blob_name(into, (relative_to(blob.name, prefix),)) for blob in blobs]
    clashing = clashes(relatives)
    if clashing and not _root_ignores_case(root):
        clashing.clear()
    for blob, relative in zip(blobs, relatives, strict=True):
        if blob.size == 0 and blob.name.endswith("/"):
            settled.append((FileOutcome(blob.name, root, 0, _MARKER), False))
        elif problem := target_problem(relative, windows=os.name == "nt"):
            reason = f"has a name that cannot be written here: it {problem}"
            settled.append((FileOutcome(blob.name, root, blob.size, reason), True))
        elif relative in clashing:
            reason = "has a name that differs from another only in case or accents"
            settled.append((FileOutcome(blob.name, root, blob.size, reason), True))
        else:
            jobs.append(FileOutcome(blob.name, root.joinpath(*relative.split("/")), blob.size))
    return jobs, settled


def _root_ignores_case(root: Path) -> bool:
    """Whether a folder ignores the case of names. It is created if necessary."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        return ignores_case(root)
    except OSError as error:
        problem = one_problem(error).text
    raise StorageError(f"The folder {str(root)!r} cannot be used: it {problem}.")
