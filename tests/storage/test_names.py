"""Names and links: what cannot be a file or a blob is said, and nothing leads out of a folder."""

import os
from pathlib import Path

import pytest

from itwin_platform import errors
from itwin_platform.storage import TransferBucket
from tests.storage.conftest import hashes_of
from tests.storage.judge import Container


def test_names_that_no_folder_can_have_do_not_hide_the_others(
    bucket: TransferBucket, container: Container, tmp_path: Path
) -> None:
    for name in ("a//b", "a/fine", "/c"):
        container.put(name, b"x")
    assert [blob.name for blob in bucket.list()] == ["/c", "a//b", "a/fine"]
    with pytest.raises(errors.TransferError) as caught:
        bucket.download("", tmp_path / "here")
    assert {outcome.name for outcome in caught.value.report.failed} == {"a//b", "/c"}
    assert hashes_of(tmp_path / "here").keys() == {"a/fine"}


def test_links_and_what_is_no_file_are_left_out(bucket: TransferBucket, container: Container, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_bytes(b"file")
    (folder / ".itp-0-0.part").write_bytes(b"unfinished")
    (folder / "empty folder").mkdir()
    expected = {".itp-0-0.part": "is an unfinished download"}
    if os.name == "posix":
        (folder / "link").symlink_to(tmp_path / "outside" / "secret")
        (folder / "folder link").symlink_to(tmp_path / "outside")
        os.mkfifo(folder / "pipe")
        link = "is a link, which is not followed"
        expected |= {"link": link, "folder link": link, "pipe": "is not a regular file"}
    report = bucket.upload(folder)
    assert container.names() == ["file"]
    assert {outcome.name: outcome.reason for outcome in report.skipped} == expected


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")
def test_names_that_no_blob_can_have_are_reported(bucket: TransferBucket, container: Container, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("fine", "back\\slash", "line\nbreak"):
        (folder / name).write_bytes(b"x")
    with pytest.raises(errors.TransferError) as caught:
        bucket.upload(folder)
    assert {outcome.name for outcome in caught.value.report.failed} == {"back\\slash", "line\nbreak"}
    assert "\n" not in str(caught.value)
    assert container.names() == ["fine"]


@pytest.mark.parametrize("prefix", ["../up", "a//b", "/absolute", "a\\b", "a/./b"])
def test_prefixes_that_cannot_be(bucket: TransferBucket, tmp_path: Path, prefix: str) -> None:
    for call in (
        lambda: bucket.upload(tmp_path, prefix),
        lambda: bucket.download(prefix, tmp_path),
        lambda: bucket.list(prefix),
    ):
        with pytest.raises(ValueError, match="must not"):
            call()


@pytest.mark.parametrize("name", ["../up", "a\\b", "a/./b", "\ud800", ""])
def test_names_that_would_lead_to_another_file(bucket: TransferBucket, tmp_path: Path, name: str) -> None:
    for call in (
        lambda: bucket.delete([name]),
        lambda: bucket.open(name),
        lambda: bucket.download([name], tmp_path),
    ):
        with pytest.raises(ValueError, match="must not"):
            call()


@pytest.mark.skipif(os.name == "nt", reason="links need privileges")
def test_links_in_the_folder_do_not_lead_out_of_it(
    bucket: TransferBucket, container: Container, tmp_path: Path
) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (outside / "kept").write_bytes(b"kept")
    (folder / "way out").symlink_to(outside)
    (folder / "file").symlink_to(outside / "kept")
    for name in ("way out/new", "way out/deeper/new", "file", "fine"):
        container.put(name, b"from the bucket")
    with pytest.raises(errors.TransferError) as caught:
        bucket.download("", folder, overwrite=True)
    assert {outcome.name for outcome in caught.value.report.failed} == {"way out/new", "way out/deeper/new"}
    # The link itself is replaced, what it points to is not touched.
    assert hashes_of(outside).keys() == {"kept"}
    assert (outside / "kept").read_bytes() == b"kept"
    assert (folder / "file").read_bytes() == b"from the bucket"
    assert not (folder / "file").is_symlink()


def test_a_drive_letter_does_not_lead_out_of_the_folder(
    bucket: TransferBucket, container: Container, tmp_path: Path
) -> None:
    container.put("C:/Windows/evil", b"x")
    container.put("fine", b"x")
    with pytest.raises(errors.TransferError, match="drive letter"):
        bucket.download("", tmp_path / "here")
    assert hashes_of(tmp_path / "here").keys() == {"fine"}
