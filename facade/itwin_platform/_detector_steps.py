"""Decides which step of the upload of a detector version comes next, and which ones are refused."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import is_zipfile

from ._paths import local_path
from .errors import StorageError
from .storage._access import FileAccess
from .storage._journal import Journal
from .storage._local import sha256_of
from .storage._places import unreadable
from .storage._service import BlobService
from .storage._tree import Tree

if TYPE_CHECKING:
    from itwin_platform_api.reality_analysis.models import Detector, DetectorVersion

    from ._http import TransportOptions


class Step(Enum):
    """The next step for a version."""

    CREATE = "there is no such version"
    RENEW = "it waits for its file, but the URL to upload it to is known to nobody"
    COMPLETE = "its file has arrived"
    PUBLISH = "it is ready"


def version_of(detector: Detector, version_number: str) -> DetectorVersion | None:
    """The version of a detector with that number, if there is one."""
    return next((each for each in detector.versions if each.version_number == version_number), None)


def archive(path: object) -> Path:
    """The file of a version.

    Raises:
        ValueError: It is not a path, or not that of a zip archive.
        StorageError: The file cannot be read; StorageNotFoundError if there is none.
    """
    file = local_path("path", path)
    try:
        with file.open("rb") as content:
            if is_zipfile(content):
                return file
    except OSError as error:
        problem = unreadable(file, error, "a zip archive")
    else:
        raise ValueError(f"path must be a zip archive, but {str(file)!r} is not one")
    raise problem


def next_step(
    version: DetectorVersion | None,
    called: str,
    file: Path,
    *,
    journal: Journal,
    labels: list[str],
    exports: Iterable[str] | None,
    options: TransportOptions,
) -> Step:
    """The next step for a version.

    Parameters:
        version: The version on the platform; None if there is none.
        called: What to call it in errors.
        file: Its file.
        journal: The record of an earlier upload.
        labels: What it should find.
        exports: The kinds of results that it should produce.
        options: How to reach the storage.

    Raises:
        StorageError: It is in a final state, or is ready with a different file, labels or exports.
    """
    if version is None:
        return Step.CREATE
    if version.status.value == "AwaitingData":
        arrived = journal.whole and journal.begun[1:] == (version.creation_date.isoformat(),)
        return Step.COMPLETE if arrived and journal.whole == _hash_of(file) else Step.RENEW
    if version.status.value != "Ready":
        raise StorageError(f"{called} is {version.status.value}, and accepts no file. {_ADVICE}")
    able = version.capabilities
    if set(able.labels) != set(labels) or {each.value for each in able.exports or []} != set(exports or []):
        raise StorageError(f"{called} is ready with other labels or exports. {_ADVICE}")
    if version.download_url and not _is_file(FileAccess(version.download_url, options), called, file):
        raise StorageError(f"{called} is ready with another file. {_ADVICE}")
    return Step.PUBLISH


def ready_version(version: DetectorVersion | None, called: str) -> DetectorVersion:
    """A version after its upload, if it is ready.

    Raises:
        StorageError: It is not.
    """
    if version is None:
        raise StorageError(f"{called} was deleted by another program. Upload it again.")
    if version.status.value != "Ready":
        raise StorageError(f"{called} is {version.status.value}, although all of it was sent. Run it again later.")
    return version


_ADVICE = (
    "Choose another number, or delete it: "
    "platform.reality_analysis.detectors.delete_version(detector_name, version_number)"
)


def _is_file(access: FileAccess, called: str, file: Path) -> bool:
    """Whether the file of a version that is ready is this one, as far as the storage can tell without sending it."""
    service = BlobService(access)
    problem: Exception
    try:
        remote = service.look(called)
        return remote.size == file.stat().st_size and remote.sha256 in {None, _hash_of(file)}
    except Exception as error:  # noqa: BLE001 (told as the storage's)
        problem = error
    finally:
        service.close()
    raise access.error_for(problem, f"Comparing the file of {called}", "r")


def _hash_of(file: Path) -> str:
    tree = Tree(file)
    try:
        return sha256_of(tree, file, lambda: None)
    finally:
        tree.close()
