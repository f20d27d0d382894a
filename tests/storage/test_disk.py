"""Disks that are full, and files that may not be read or written: the others are transferred."""

import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from itwin_platform import errors
from itwin_platform.storage import TransferBucket
from tests.storage.conftest import hashes_of
from tests.storage.emulators import ONE_EMULATOR
from tests.storage.judge import Container


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of four megabytes."""
    folder = Path(tempfile.mkdtemp(prefix="small-disk-"))
    mounted = (
        sys.platform == "linux"
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    )
    try:
        if not mounted:
            pytest.skip("mounting needs privileges")
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


@ONE_EMULATOR
def test_a_full_disk(bucket: TransferBucket, files: Path, small_disk: Path) -> None:
    bucket.upload(files, "files")
    with pytest.raises(errors.TransferError, match="disk is full") as caught:
        bucket.download("files", small_disk / "copy", concurrency=2)
    assert "large" in " ".join(outcome.name for outcome in caught.value.report.failed)
    found = hashes_of(small_disk / "copy")
    assert found.items() <= hashes_of(files).items(), "nothing half-written is left"


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """A folder that belongs to a user without privileges, as whom the test runs."""
    if os.name == "nt":
        pytest.skip("permissions are other ones on Windows")
    folder = Path(tempfile.mkdtemp(prefix="ordinary-"))
    privileged = os.geteuid() == 0
    if privileged:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if privileged:
            os.seteuid(0)
        for path in [folder, *folder.rglob("*")]:
            if not path.is_symlink():
                path.chmod(stat.S_IRWXU)
        subprocess.run(["rm", "-rf", str(folder)], check=True)


@ONE_EMULATOR
def test_files_that_may_not_be_read(bucket: TransferBucket, container: Container, ordinary_user: Path) -> None:
    folder = ordinary_user / "files"
    (folder / "closed").mkdir(parents=True)
    (folder / "fine").write_bytes(b"fine")
    (folder / "secret").write_bytes(b"secret")
    (folder / "secret").chmod(0)
    (folder / "closed").chmod(0)
    with pytest.raises(errors.TransferError) as caught:
        bucket.upload(folder)
    assert {outcome.name: outcome.reason for outcome in caught.value.report.failed} == {
        "secret": "is not permitted on this machine",
        "closed": "is a folder that cannot be read",
    }
    assert container.names() == ["fine"]


@ONE_EMULATOR
def test_a_folder_that_may_not_be_written(bucket: TransferBucket, container: Container, ordinary_user: Path) -> None:
    container.put("closed/file", b"x")
    container.put("fine", b"x")
    (ordinary_user / "closed").mkdir()
    (ordinary_user / "closed").chmod(0o500)
    with pytest.raises(errors.TransferError, match="'closed/file' is not permitted on this machine"):
        bucket.download("", ordinary_user)
    assert (ordinary_user / "fine").read_bytes() == b"x"


@ONE_EMULATOR
def test_files_and_folders_of_the_same_name(bucket: TransferBucket, container: Container, tmp_path: Path) -> None:
    container.put("a/file", b"x")
    (tmp_path / "a").write_bytes(b"a file where a folder is needed")
    with pytest.raises(errors.TransferError, match="clashes with a folder"):
        bucket.download("", tmp_path, overwrite=True)
    (tmp_path / "other" / "a" / "file").mkdir(parents=True)
    with pytest.raises(errors.TransferError, match=re.escape(repr(str(tmp_path / "other" / "a" / "file")))):
        bucket.download("", tmp_path / "other", overwrite=True)
