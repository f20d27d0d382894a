"""This machine: folders that change while a transfer runs, folders that cannot be used, markers of folders, copies."""

import copy
import dataclasses
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from itwin_platform import errors
from itwin_platform.models import Bucket
from itwin_platform.storage import Progress, TransferBucket, _tree
from tests.storage.conftest import MakeBucket
from tests.storage.emulators import ONE_EMULATOR
from tests.storage.judge import Container

pytestmark = ONE_EMULATOR
LINKS = pytest.mark.skipif(os.name == "nt", reason="links need privileges")


@pytest.fixture(params=["descriptors", "paths"], autouse=True)
def by_path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both ways to reach files; the second one is for platforms that cannot open files relative to folders."""
    if request.param == "descriptors":
        return False
    monkeypatch.setattr(_tree, "_RELATIVE", False)
    monkeypatch.setattr(_tree, "_NOFOLLOW", 0)
    monkeypatch.setattr(_tree, "_FILE", getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    return True


def after_the_first_file(act: Callable[[], None]) -> Callable[[Progress], None]:
    """A progress function that does something once."""
    done: list[Progress] = []

    def watch(news: Progress) -> None:
        if news.files_done and not done:
            done.append(news)
            act()

    return watch


def swap_for_link(path: Path, target: Path) -> None:
    path.rename(path.with_name("moved away"))
    path.symlink_to(target)


@LINKS
@pytest.mark.parametrize("what", ["folder", "file"])
@pytest.mark.parametrize("size", [10, 3_000_000])
def test_what_becomes_a_link_is_not_sent(
    bucket: TransferBucket, container: Container, tmp_path: Path, what: str, size: int
) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    for place, byte in ((outside, b"s"), (folder, b"x")):
        (place / "below").mkdir(parents=True)
        (place / "below" / "file").write_bytes(byte * size)
    (folder / "a").write_bytes(b"x" * size)  # of the same size, so that it is sent first
    swapped = Path("below") if what == "folder" else Path("below", "file")
    watch = after_the_first_file(lambda: swap_for_link(folder / swapped, outside / swapped))
    with pytest.raises(errors.TransferError) as caught:
        bucket.upload(folder, concurrency=1, progress=watch)
    assert {outcome.name for outcome in caught.value.report.failed} == {"below/file"}
    assert "link" in caught.value.report.failed[0].reason
    assert container.names() == ["a"]


@LINKS
def test_what_becomes_a_pipe_is_not_waited_for(bucket: TransferBucket, container: Container, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_bytes(b"x")

    def swap() -> None:
        (folder / "b").unlink()
        os.mkfifo(folder / "b")

    with pytest.raises(errors.TransferError, match="is not a regular file"):
        bucket.upload(folder, concurrency=1, progress=after_the_first_file(swap))
    assert container.names() == ["a"]


@LINKS
@pytest.mark.parametrize("what", ["folder", "root"])
def test_a_folder_that_becomes_a_link_is_not_written_through(
    bucket: TransferBucket, container: Container, tmp_path: Path, what: str, *, by_path: bool
) -> None:
    for name in ("below/a", "below/b"):
        container.put(name, b"from the bucket")
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    (outside / "below").mkdir(parents=True)
    swapped = folder / "below" if what == "folder" else folder
    watch = after_the_first_file(lambda: swap_for_link(swapped, outside))
    if what == "folder" or by_path:
        with pytest.raises(errors.TransferError, match="'below/b' is reached through a link"):
            bucket.download("", folder, concurrency=1, progress=watch)
    else:
        bucket.download("", folder, concurrency=1, progress=watch)
        assert (tmp_path / "moved away" / "below" / "b").is_file()
    assert [path for path in outside.rglob("*") if path.is_file()] == []


@LINKS
def test_a_folder_that_cannot_be_used_is_named(bucket: TransferBucket, container: Container, tmp_path: Path) -> None:
    for name in ("f/a", "f/b"):
        container.put(name, b"x")
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop").symlink_to("loop")
    for folder, named, why in (
        ("file/below", "file", "is a file, not a folder"),
        ("file", "file", "is a file, not a folder"),
        ("gone", "gone", "is a link to nothing on this machine"),
        ("loop", "loop", "is behind links on this machine that lead in a circle"),
    ):
        for names in ("f", ["f/a", "f/b"]):
            with pytest.raises(errors.StorageError) as caught:
                bucket.download(names, tmp_path / folder)
            assert str(caught.value) == f"{str(tmp_path / named)!r} {why}."
    with pytest.raises(errors.StorageError, match="in a circle"):
        bucket.upload(tmp_path / "loop")


@pytest.mark.parametrize("marker", ["site/sub", "site/sub/"])
def test_blobs_that_mark_folders(bucket: TransferBucket, container: Container, tmp_path: Path, marker: str) -> None:
    container.client.upload_blob(marker, b"", metadata={"hdi_isfolder": "true"})
    container.put("site/sub/file", b"x")
    bucket.download("site", tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == ["sub/file"]


def test_blobs_that_look_like_folders(bucket: TransferBucket, container: Container, tmp_path: Path) -> None:
    for name in ("site/", "site/sub/", "site/sub/file"):
        container.put(name, b"x" if name.endswith("file") else b"")
    report = bucket.download("site", tmp_path)
    assert [outcome.name for outcome in report.sent] == ["site/sub/file"]
    assert {outcome.name: outcome.reason for outcome in report.skipped} == dict.fromkeys(
        ("site/", "site/sub/"), "marks a folder and has no content"
    )
    bucket.delete([blob.name for blob in bucket.list("site")])
    assert container.names() == []


def test_copies_share_the_access_and_pickles_are_refused(make_bucket: MakeBucket, container: Container) -> None:
    container.put("file", b"x")
    bucket = make_bucket()
    plain = Bucket(bucket.itwin_id, bucket.container_url, bucket.expires_at)
    for one in (copy.copy(bucket), copy.deepcopy(bucket), copy.deepcopy({"bucket": bucket})["bucket"]):
        assert [blob.name for blob in one.list()] == ["file"]
    assert copy.copy(plain) == plain
    # The client of this bucket was given a token.
    for secret, remedy in ((bucket, r"CredentialsAt"), (plain, r"get the bucket again in the other process")):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match=remedy):
                pickle.dumps(secret, protocol)
    with pytest.raises(TypeError, match=r"Get another one"):
        dataclasses.replace(bucket, itwin_id="other")
    assert dataclasses.replace(plain, itwin_id="other").container_url == plain.container_url
