"""Uploads and downloads, judged by Microsoft's client: every byte, under every name."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest

from itwin_platform import errors
from itwin_platform.storage import Progress, TransferBucket, _listing
from tests.storage.conftest import hashes_of
from tests.storage.emulators import ONE_EMULATOR
from tests.storage.judge import Container

SMALL = 2 * 1024 * 1024
FILES = {
    "plain.txt": b"hello",
    "empty": b"",
    "with space/and (brackets) [x].txt": b"1",
    "umlaut \u00e4\u00f6\u00fc/\u65e5\u672c\u8a9e/\U0001f600.kml": b"2",
    "odd #%&+;=@,'!~$^`.bin": b"3",
    "percent%20encoded%2Falready": b"4",
    "...three dots": b"5",
    ".hidden/.file": b"6",
    "deep/" * 20 + "end": b"7",
    "no-more-than-small": os.urandom(SMALL),
    "just-more-than-small": os.urandom(SMALL + 1),
    "several-parts": os.urandom(9_000_001),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_what_is_uploaded_is_what_azure_reads(bucket: TransferBucket, container: Container, tree: Path) -> None:
    report = bucket.upload(tree, "site a/\u00fc")
    assert container.hashes() == {f"site a/\u00fc/{name}": digest for name, digest in hashes_of(tree).items()}
    assert [outcome.name for outcome in report.sent] == sorted(container.names())
    assert report.bytes_sent == sum(map(len, FILES.values()))
    assert not report.skipped


def test_what_azure_writes_is_what_is_downloaded(bucket: TransferBucket, container: Container, tmp_path: Path) -> None:
    for name, content in FILES.items():
        container.put(f"theirs/{name}", content)
    report = bucket.download("theirs", tmp_path / "here")
    found = tmp_path / "here"
    assert {
        path.relative_to(found).as_posix(): path.read_bytes() for path in found.rglob("*") if path.is_file()
    } == FILES
    assert len(report.sent) == len(FILES)


def test_a_round_trip_gives_the_same_tree(bucket: TransferBucket, tree: Path, tmp_path: Path) -> None:
    bucket.upload(tree)
    bucket.download("", tmp_path / "copy")
    assert hashes_of(tmp_path / "copy") == hashes_of(tree)


def test_one_file(bucket: TransferBucket, container: Container, tree: Path, tmp_path: Path) -> None:
    bucket.upload(tree / "plain.txt", "notes")
    bucket.upload(str(tree / "several-parts"))
    assert container.names() == ["notes/plain.txt", "several-parts"]
    bucket.download("notes/plain.txt", tmp_path / "one")
    assert hashes_of(tmp_path / "one").keys() == {"plain.txt"}
    bucket.download(["notes/plain.txt"], tmp_path / "named")
    assert hashes_of(tmp_path / "named").keys() == {"notes/plain.txt"}


def test_rerunning_sends_nothing_again(bucket: TransferBucket, tree: Path, tmp_path: Path) -> None:
    bucket.upload(tree)
    again = bucket.upload(tree)
    assert not again.sent
    assert {outcome.reason for outcome in again.skipped} == {"already exists with the same size and hash"}
    bucket.download("", tmp_path / "copy")
    once_more = bucket.download("", tmp_path / "copy")
    assert not once_more.sent
    assert len(once_more.skipped) == len(FILES)


@pytest.mark.parametrize("name", ["plain.txt", "several-parts"])
def test_another_content_is_replaced_only_when_asked(
    bucket: TransferBucket, container: Container, tree: Path, tmp_path: Path, name: str
) -> None:
    bucket.upload(tree)
    changed = bytes(len(FILES[name]))
    (tree / name).write_bytes(changed)
    with pytest.raises(errors.TransferError, match="different content") as caught:
        bucket.upload(tree)
    assert [outcome.name for outcome in caught.value.report.failed] == [name]
    assert container.content(name) == FILES[name]

    report = bucket.upload(tree, overwrite=True)
    assert [outcome.name for outcome in report.sent] == [name]
    assert container.content(name) == changed

    (tmp_path / "copy" / name).parent.mkdir(parents=True)
    (tmp_path / "copy" / name).write_bytes(FILES[name])
    with pytest.raises(errors.TransferError, match="different content"):
        bucket.download([name], tmp_path / "copy")
    assert (tmp_path / "copy" / name).read_bytes() == FILES[name]
    bucket.download([name], tmp_path / "copy", overwrite=True)
    assert (tmp_path / "copy" / name).read_bytes() == changed


@pytest.mark.parametrize("name", ["plain.txt", "several-parts"])
def test_a_file_that_something_else_uploaded_is_compared_by_content(
    bucket: TransferBucket, container: Container, tree: Path, name: str
) -> None:
    container.put(name, FILES[name])
    assert [outcome.name for outcome in bucket.upload(tree / name).skipped] == [name]
    container.put(name, bytes(len(FILES[name])))
    with pytest.raises(errors.TransferError, match="different content"):
        bucket.upload(tree / name)


def test_a_blob_that_disagrees_with_its_hash_is_not_written(
    bucket: TransferBucket, container: Container, tmp_path: Path
) -> None:
    container.client.upload_blob("broken", b"these are not the bytes", metadata={"sha256": "0" * 64})
    with pytest.raises(errors.TransferError, match="does not match its stored hash"):
        bucket.download("", tmp_path / "here")
    assert list((tmp_path / "here").iterdir()) == []


def test_listing_and_deleting(bucket: TransferBucket, container: Container) -> None:
    for name in ("a/1", "a/b/2", "ab/3", "4"):
        container.put(name, name.encode())
    assert [blob.name for blob in bucket.list()] == ["4", "a/1", "a/b/2", "ab/3"]
    assert [(blob.name, blob.size) for blob in bucket.list("a/")] == [("a/1", 3), ("a/b/2", 5)]
    assert [blob.name for blob in bucket.list("ab/3")] == ["ab/3"]
    assert bucket.list("nothing/here") == []
    bucket.delete(["a/1", "never-was", "4"])
    bucket.delete("ab/3")
    assert container.names() == ["a/b/2"]


def test_listing_in_pages(
    bucket: TransferBucket, container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_listing, "_PAGE", 2)
    names = sorted(["a/\u00e4 &<>\"'%20.txt", "a/b", "a/c", "a/d", "e"])
    for name in names:
        container.put(name, name.encode())
    assert [(blob.name, blob.size) for blob in bucket.list()] == [(name, len(name.encode())) for name in names]
    assert [blob.name for blob in bucket.list("a")] == names[:-1]
    (theirs,) = container.client.list_blobs(name_starts_with="e")
    assert bucket.list("e")[0].last_modified == theirs.last_modified


def test_progress_ends_with_everything_done(bucket: TransferBucket, tree: Path, tmp_path: Path) -> None:
    transfers: tuple[Callable[[Callable[[Progress], object]], object], ...] = (
        lambda tell: bucket.upload(tree, progress=tell),
        lambda tell: bucket.upload(tree, progress=tell),  # everything is skipped
        lambda tell: bucket.download("", tmp_path / "copy", progress=tell),
        lambda tell: bucket.download(list(FILES), tmp_path / "named", progress=tell),
    )
    for transfer in transfers:
        news: list[Progress] = []
        transfer(news.append)
        assert [one.files_done for one in news] == sorted(one.files_done for one in news)
        assert all(one.bytes_done <= one.bytes_total for one in news)
        total = sum(map(len, FILES.values()))
        assert (news[-1].files_done, news[-1].files_total) == (len(FILES), len(FILES))
        assert (news[-1].bytes_done, news[-1].bytes_total) == (total, total)


def test_a_callback_cancels(bucket: TransferBucket, container: Container, tree: Path, tmp_path: Path) -> None:
    with pytest.raises(errors.TransferCancelled) as caught:
        bucket.upload(tree, progress=lambda news: news.files_done < 3, concurrency=1)
    report = caught.value.report
    assert len(report.sent) + len(report.failed) == len(FILES)
    assert sorted(container.names()) == sorted(outcome.name for outcome in report.sent)

    bucket.upload(tree)
    with pytest.raises(errors.TransferCancelled):
        bucket.download("", tmp_path / "copy", progress=lambda news: news.bytes_done < 5_000_000, concurrency=1)
    bucket.download("", tmp_path / "copy")
    assert hashes_of(tmp_path / "copy") == hashes_of(tree)


def test_what_a_callback_raises_comes_out(bucket: TransferBucket, tree: Path) -> None:
    def fail(_: Progress) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        bucket.upload(tree, progress=fail)


def test_the_progress_bar_is_drawn(bucket: TransferBucket, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bucket.upload(tree, progress=True)
    assert f"{len(FILES)}/{len(FILES)} files" in capsys.readouterr().out


def test_a_path_that_is_not_there(bucket: TransferBucket, tmp_path: Path) -> None:
    with pytest.raises(errors.StorageNotFoundError, match="There is no file or folder"):
        bucket.upload(tmp_path / "nothing")
    problem = r"1 of 1 files was not downloaded: 'nothing' is not in the container. See error.report.failed"
    with pytest.raises(errors.TransferError, match=problem):
        bucket.download(names=["nothing"], folder=tmp_path / "here")


def test_nothing_under_a_prefix(bucket: TransferBucket, container: Container, tmp_path: Path) -> None:
    assert bucket.list("site-b") == []
    assert bucket.download("", tmp_path / "here").sent == ()
    container.put("site-a/file", b"x")
    for prefix in ("site-b", "site-", "site-a/fil"):
        with pytest.raises(errors.StorageNotFoundError, match=f"no file '{prefix}' in the container"):
            bucket.download(prefix, tmp_path / "here")
    assert not (tmp_path / "here").exists()


def test_arguments_of_the_wrong_kind(bucket: TransferBucket, tmp_path: Path) -> None:
    anything: Any = bucket
    calls: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: anything.upload(None), "path must be a path"),
        (lambda: anything.upload(["a"]), "path must be a path"),
        (lambda: anything.download("", None), "folder must be a path"),
        (lambda: anything.upload(tmp_path, concurrency="4"), "concurrency must be"),
        (lambda: anything.upload(tmp_path, concurrency=0), "concurrency must be"),
        (lambda: anything.upload(tmp_path, progress="yes"), "progress must be"),
        (lambda: anything.upload(tmp_path, overwrite="no"), "overwrite must be"),
        (lambda: anything.download(["a"], tmp_path, overwrite=1), "overwrite must be"),
        (lambda: anything.open(["a"]), "name must be a string or a BlobInfo, not list"),
        (lambda: anything.list(None), "prefix must be"),
    )
    for call, message in calls:
        with pytest.raises(ValueError, match=message):
            call()
    for names in (5, None, b"a", {"a": 1}):
        for call in (lambda: anything.delete(names), lambda: anything.download(names, tmp_path)):  # noqa: B023 (called at once)
            with pytest.raises(ValueError, match=f"names must be .*, not {type(names).__name__}"):
                call()
    with pytest.raises(ValueError, match=r"a name must be .*, not float"):
        bucket.delete(name for name in cast("list[str]", [1.5]))


def test_deleting_does_not_touch_what_is_below(bucket: TransferBucket, container: Container) -> None:
    container.put("site-a/file", b"x")
    bucket.delete("site-a")
    assert container.names() == ["site-a/file"]
    bucket.delete([blob.name for blob in bucket.list("site-a")])
    assert container.names() == []


def test_a_container_that_is_gone(bucket: TransferBucket, container: Container, tmp_path: Path) -> None:
    container.delete()
    (tmp_path / "file").write_bytes(b"x")
    for call in (
        bucket.list,
        lambda: bucket.delete("x"),
        lambda: bucket.upload(tmp_path / "file"),
        lambda: bucket.download("", tmp_path),
    ):
        with pytest.raises(errors.StorageError, match="the container does not exist"):
            call()


def test_a_report_in_a_line(bucket: TransferBucket, tree: Path) -> None:
    report = bucket.upload(tree)
    line = str(report)
    assert f"{len(FILES)} sent ({sum(map(len, FILES.values()))} bytes), 0 skipped, 0 failed, in " in line


def test_rerunning_is_advised_only_where_it_helps(bucket: TransferBucket, container: Container, tmp_path: Path) -> None:
    container.put("file", b"theirs")
    (tmp_path / "file").write_bytes(b"ours")
    with pytest.raises(errors.TransferError) as caught:
        bucket.upload(tmp_path / "file")
    assert "Run it again" not in str(caught.value)


def test_what_is_listed_can_be_opened_and_deleted(bucket: TransferBucket, container: Container) -> None:
    for name in ("a//b", "/c", "folder/", "folder/file"):
        container.put(name, name.encode())
    blobs = bucket.list()
    listed = [blob.name for blob in blobs]
    assert listed == ["/c", "a//b", "folder/", "folder/file"]
    for blob in blobs:
        for file in (bucket.open(blob), bucket.open(blob.name)):
            with file:
                assert file.read() == blob.name.encode()
    # Exactly the blob, not what is below it.
    bucket.delete(blobs[2])
    assert container.names() == ["/c", "a//b", "folder/file"]
    bucket.delete(listed[:1])
    bucket.delete(iter(blobs))
    assert container.names() == []


@ONE_EMULATOR
def test_a_file_that_changes_while_it_is_sent(bucket: TransferBucket, container: Container, tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"old" * 30_000_000)
    container.put("growing", b"what was there before")

    def grow(news: Progress) -> None:
        if news.files_done == 0:
            with path.open("ab") as file:
                file.write(b"more")

    with pytest.raises(errors.TransferError, match="changed while it was sent"):
        bucket.upload(path, overwrite=True, progress=grow)
    assert container.content("growing") == b"what was there before"
    bucket.upload(path, overwrite=True)
    assert container.content("growing") == path.read_bytes()


@ONE_EMULATOR
def test_a_change_that_hides_its_time(bucket: TransferBucket, container: Container, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(90_000_000))
    before = path.stat()

    def change(news: Progress) -> None:
        if news.files_done == 0 and news.bytes_done > 30_000_000:
            with path.open("r+b") as file:
                file.write(b"x")
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    if os.name == "nt":
        pytest.skip("Windows keeps no time of the last change")
    with pytest.raises(errors.TransferError, match="changed while it was sent"):
        bucket.upload(path, progress=change)
    assert container.names() == []


def test_progress_knows_files_that_have_grown_since_they_were_found(bucket: TransferBucket, tmp_path: Path) -> None:
    for name, size in (("a", 10), ("b", 10), ("c", 300_000), ("d", 3_000_000)):
        (tmp_path / name).write_bytes(bytes(size))
    news: list[Progress] = []

    def tell(one: Progress) -> None:
        if not news:
            for path in tmp_path.iterdir():
                with path.open("ab") as file:
                    file.write(bytes(1000))
        news.append(one)

    with suppress(errors.TransferError):  # one of them may have been on its way
        bucket.upload(tmp_path, progress=tell, concurrency=1)
    assert all(one.bytes_done <= one.bytes_total for one in news)
    assert news[-1].bytes_done == news[-1].bytes_total
