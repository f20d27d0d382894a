"""Many files of itwin:// addresses: listings, copies, moves, deletions, uploads and downloads."""

# mypy: disable-error-code=no-untyped-call

import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from fsspec.callbacks import Callback

from itwin_platform import ITwinPlatform, errors
from itwin_platform.files import BucketFileSystem
from itwin_platform.storage._single_blobs import SingleBlobs
from tests.storage.conftest import hashes_of
from tests.storage.judge import Container
from tests.storage.platform import BucketServer

LARGE = os.urandom(20_000_000)


# Listings


@pytest.fixture
def strange(container: Container) -> None:
    for name in ("a//b", "a/b", "a/c/d", "a/c//e/f", "folder/", "x", "x/y", "/z"):
        container.put(name, name.encode())


@pytest.mark.usefixtures("strange")
def test_folders_are_derived_from_all_names(fs: BucketFileSystem) -> None:
    assert fs.ls("i-1", detail=False) == ["i-1//z", "i-1/a", "i-1/folder", "i-1/x", "i-1/x"]
    assert fs.ls("i-1/a", detail=False) == ["i-1/a//b", "i-1/a/b", "i-1/a/c"]
    assert fs.ls("i-1/a/c", detail=False) == ["i-1/a/c//e", "i-1/a/c/d"]
    assert fs.ls("i-1/folder") == []
    files = ["i-1//z", "i-1/a//b", "i-1/a/b", "i-1/a/c//e/f", "i-1/a/c/d", "i-1/x", "i-1/x/y"]
    assert fs.find("i-1") == files
    assert {path: fs.cat_file(path).decode() for path in files} == {path: path.removeprefix("i-1/") for path in files}
    assert fs.find("i-1/a/c", withdirs=True) == ["i-1/a/c", "i-1/a/c//e", "i-1/a/c//e/f", "i-1/a/c/d"]
    assert fs.find("i-1/a", maxdepth=1) == ["i-1/a//b", "i-1/a/b"]
    assert fs.find("i-1/a", prefix="c/d") == ["i-1/a/c/d"]
    assert fs.glob("i-1/*/c/*") == ["i-1/a/c/d"]
    assert fs.glob("itwin://i-1/**/y") == ["i-1/x/y"]
    assert [path for path, _, _ in fs.walk("i-1/a")] == ["i-1/a", "i-1/a/c", "i-1/a/c//e"]
    for path, kind in {"i-1": "directory", "i-1/a": "directory", "i-1/folder": "directory", "i-1/x": "file"}.items():
        assert fs.info(path)["type"] == kind
        assert fs.info(path, refresh=True)["type"] == kind


@pytest.mark.usefixtures("strange")
def test_copies_moves_and_deletions(fs: BucketFileSystem, container: Container) -> None:
    fs.cp("i-1/a/b", "i-1/copy")
    assert container.content("copy") == b"a/b"
    fs.mv("i-1/copy", "i-1/moved")
    fs.cp("i-1/a/c/d", "i-2/other")  # another container, if there were two
    assert {"moved", "other"} <= set(container.names())
    for folder in ("i-1/a", "itwin://i-1/a", ["i-1/moved", "i-1/a"]):
        with pytest.raises(errors.StorageError, match="recursive=True"):
            fs.rm(folder)
    fs.rm("i-1/a", recursive=True)
    fs.rm("i-1/folder", recursive=True)
    fs.rm("i-1/x", recursive=True)
    assert sorted(container.names()) == ["/z", "moved", "other"]
    for missing in (lambda: fs.rm("i-1/a"), lambda: fs.rm("i-1/a", recursive=True), lambda: fs.cp("i-1/a", "i-1/b")):
        with pytest.raises(FileNotFoundError):
            missing()
    fs.rm("i-1", recursive=True)
    assert container.names() == []


def test_remembered_listings_see_what_is_changed_here(fs: BucketFileSystem, container: Container) -> None:
    fs.pipe("i-1/a/b/old", b"1")
    assert (fs.ls("i-1", detail=False), fs.ls("i-1/a/b", detail=False)) == (["i-1/a"], ["i-1/a/b/old"])
    other = BucketFileSystem(fs.platform)
    for change, expected in [
        (lambda: other.pipe("i-1/a/b/new", b"22"), ["i-1/a/b/new", "i-1/a/b/old"]),
        (lambda: fs.cp("i-1/a/b/new", "i-1/a/b/copy"), ["i-1/a/b/copy", "i-1/a/b/new", "i-1/a/b/old"]),
        (lambda: fs.rm(["i-1/a/b/old", "i-1/a/b/copy"]), ["i-1/a/b/new"]),
    ]:
        change()
        assert fs.ls("i-1/a/b", detail=False) == expected
    with fs.open("i-1/top", "wb") as file:
        file.write(b"333")
    assert fs.find("i-1", detail=True)["i-1/top"]["size"] == 3
    container.put("foreign", b"")
    assert not fs.ls("i-1", detail=False).count("i-1/foreign")
    assert fs.exists("i-1/foreign")
    fs.invalidate_cache()
    assert fs.ls("i-1", detail=False).count("i-1/foreign")


def test_all_file_systems_of_this_process_see_what_it_changes(fs: BucketFileSystem, platform: ITwinPlatform) -> None:
    fs.pipe("i-1/a/old", b"")
    patient = BucketFileSystem(platform, listings_expiry_time=3600)
    of_the_environment = BucketFileSystem()
    for each in (patient, of_the_environment):
        assert each.ls("i-1/a", detail=False) == ["i-1/a/old"]
    fs.pipe("I-1/a/new", b"")  # the same id
    for each in (patient, of_the_environment):
        assert each.ls("i-1/a", detail=False) == ["i-1/a/new", "i-1/a/old"]


def test_a_listing_that_a_change_has_overtaken_is_not_remembered(
    fs: BucketFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    fs.pipe("i-1/first", b"")
    level = SingleBlobs.level

    def overtaken(blobs: SingleBlobs, prefix: str) -> object:
        found = level(blobs, prefix)
        fs.pipe("i-1/second", b"")  # as another thread might
        return found

    with monkeypatch.context() as patch:
        patch.setattr(SingleBlobs, "level", overtaken)
        fs.ls("i-1")
    assert fs.ls("i-1", detail=False) == ["i-1/first", "i-1/second"]


# Moves


@pytest.fixture
def tree(fs: BucketFileSystem) -> Iterator[dict[str, bytes]]:
    """Files, which are all there at the end, whatever they are called then."""
    files = {name: name.encode() for name in ("a/1", "a/b/2", "a/b/c/3", "top")}
    fs.pipe({f"i-1/{name}": content for name, content in files.items()})
    yield files
    fs.invalidate_cache()
    assert sorted(fs.cat("i-1", recursive=True).values()) == sorted(files.values())


@pytest.mark.usefixtures("tree")
def test_what_is_moved_onto_itself_stays(fs: BucketFileSystem, container: Container) -> None:
    before = container.names()
    fs.mv("i-1/top", "itwin://i-1/top")
    fs.mv("i-1/top", "I-1/top")  # the same id
    fs.mv("i-1/a/", "itwin://i-1/a", recursive=True)
    fs.mv("i-1/a/*", "i-1/a/", recursive=True)
    assert container.names() == before


@pytest.mark.usefixtures("tree")
def test_a_folder_can_be_moved_into_itself_and_out_again(fs: BucketFileSystem, container: Container) -> None:
    container.put("a/b/", b"")  # marks the folder
    fs.mv("i-1/a", "i-1/a/new", recursive=True)
    assert container.names() == ["a/new/1", "a/new/b/2", "a/new/b/c/3", "top"]
    fs.mv("i-1/a/new/", "i-1/", recursive=True)
    assert container.names() == ["1", "b/2", "b/c/3", "top"]


@pytest.mark.usefixtures("tree")
def test_what_is_too_deep_to_be_moved_stays(fs: BucketFileSystem, container: Container) -> None:
    fs.mv("i-1/a/", "i-1/new/", recursive=True, maxdepth=2)
    assert container.names() == ["a/b/c/3", "new/1", "new/b/2", "top"]


def test_a_move_that_cannot_be_right_changes_nothing(fs: BucketFileSystem, tree: dict[str, bytes]) -> None:
    fs.pipe("i-1/a/a/1", b"inner")
    tree["a/a/1"] = b"inner"
    for transfer in (fs.mv, fs.cp):
        with pytest.raises(errors.StorageError, match="'i-1/a/a/1' would replace 'i-1/a/1'"):
            transfer("i-1/a/", "i-1/", recursive=True)
    with pytest.raises(errors.StorageError, match="recursive=True"):
        fs.mv("i-1/a", "i-1/new")
    with pytest.raises(FileNotFoundError):
        fs.mv("i-1/nothing", "i-1/new")
    assert {path.removeprefix("i-1/") for path in fs.find("i-1")} == set(tree)


# From and to this machine


def test_a_whole_container_is_a_folder(fs: BucketFileSystem, container: Container, tmp_path: Path) -> None:
    fs.pipe({"i-1/a/1": b"1", "i-1/a/b/2": b"2", "i-1/top": b"top"})
    fs.get("i-1", f"{tmp_path}/all", recursive=True)
    assert {path.name for path in (tmp_path / "all").rglob("*") if path.is_file()} == {"1", "2", "top"}
    fs.cp("i-1/", "i-1/copy/", recursive=True)
    assert [name for name in container.names() if name.startswith("copy/")] == ["copy/a/1", "copy/a/b/2", "copy/top"]
    fs.rm("i-1/copy", recursive=True)
    fs.cp("i-1/a/b/", "i-1/", recursive=True)
    assert container.names() == ["2", "a/1", "a/b/2", "top"]
    with pytest.raises(FileNotFoundError, match="is a folder"):
        fs.open("i-1")
    with pytest.raises(ValueError, match="names no file"):
        fs.pipe("i-1", b"")


@pytest.mark.usefixtures("strange")
def test_two_files_do_not_become_one(fs: BucketFileSystem, container: Container, tmp_path: Path) -> None:
    for source in ("i-1/a", ["i-1/a/b", "i-1/a//b"]):
        with pytest.raises(errors.StorageError, match=r"'i-1/a//?b' and 'i-1/a//?b' would both become"):
            fs.get(source, f"{tmp_path}/down/", recursive=True)
    assert list(tmp_path.iterdir()) == []
    before = container.names()
    (tmp_path / "other").mkdir()
    local = [tmp_path / "b", tmp_path / "other" / "b"]
    for path in local:
        path.write_bytes(b"")
    stored = ["i-1/a/b", "i-1/a//b"]
    for transfer, sources in [(fs.cp, stored), (fs.mv, stored), (fs.put, [str(path) for path in local])]:
        with pytest.raises(errors.StorageError, match="would both become 'i-1/new/b'"):
            transfer(sources, "i-1/new/")
    assert container.names() == before
    fs.get("i-1/a/c", f"{tmp_path}/", recursive=True)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"b", "d", "f"}


def test_what_a_progress_function_raises_shows_no_sas(fs: BucketFileSystem, tmp_path: Path) -> None:
    class Failing(Callback):  # type: ignore[misc]
        def relative_update(self, inc: int = 1) -> None:
            raise LookupError(inc)

    fs.pipe("i-1/file", b"x" * 100_000)
    with pytest.raises(LookupError) as caught:
        fs.get_file("i-1/file", tmp_path / "file", callback=Failing())
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "get_file" in shown
    assert "sig=" not in shown
    assert list(tmp_path.iterdir()) == []


def test_transfers_with_progress(fs: BucketFileSystem, container: Container, tmp_path: Path) -> None:
    (tmp_path / "files" / "sub").mkdir(parents=True)
    (tmp_path / "files" / "small").write_bytes(b"small")
    (tmp_path / "files" / "sub" / "large").write_bytes(LARGE)

    class Steps(Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.children: dict[str, Callback] = {}

        def branched(self, path_1: str, path_2: str, **_: object) -> Callback:
            return self.children.setdefault(Path(path_2).name, Callback())

    for transfer in (
        lambda steps: fs.put(f"{tmp_path}/files/", "i-1/up/", recursive=True, callback=steps),
        lambda steps: fs.get("i-1/up/", f"{tmp_path}/down/", recursive=True, callback=steps),
    ):
        steps = Steps()
        transfer(steps)
        assert steps.value == steps.size
        assert {name: child.value for name, child in steps.children.items() if child.size} == {
            "small": 5,
            "large": len(LARGE),
        }
    assert hashes_of(tmp_path / "down") == hashes_of(tmp_path / "files")
    assert container.names() == ["up/small", "up/sub/large"]
    assert fs.info("i-1/up/sub/large")["sha256"] == container.hashes()["up/sub/large"]


def test_a_damaged_file_does_not_arrive(fs: BucketFileSystem, container: Container, tmp_path: Path) -> None:
    container.client.upload_blob("bad", b"damaged", metadata={"sha256": "0" * 64})
    (tmp_path / "bad").write_bytes(b"before")
    with pytest.raises(errors.StorageError, match="does not match the hash"):
        fs.get("i-1/bad", str(tmp_path / "bad"))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("bad", b"before")]


def test_what_is_no_path_is_refused_before_anything_is_sent(server: BucketServer, fs: BucketFileSystem) -> None:
    there = "i-1/a"
    several: list[Any] = [5, None, b"a", {"a": 1}]
    for wrong in several:
        named = f"(path|paths|lpath|value|mode) must be .*{type(wrong).__name__ if wrong != b'a' else '(bytes|int)'}"
        for method in (
            fs.ls,
            fs.info,
            fs.exists,
            fs.find,
            fs.glob,
            fs.cat_file,
            fs.cat,
            fs.open,
            fs.rm,
            fs.rm_file,
            fs.du,
        ):
            with pytest.raises(ValueError, match=named):
                method(wrong)
        calls: list[Callable[..., object]] = [fs.get, fs.put, fs.get_file, fs.put_file, fs.mv, fs.cp_file]
        for call in calls:
            with pytest.raises(ValueError, match=named):
                call(wrong, there)
            with pytest.raises(ValueError, match=named):
                call(there, wrong)
        with pytest.raises(ValueError, match=named):
            fs.open(there, wrong)
    with pytest.raises(ValueError, match="value must be bytes, not int"):
        fs.pipe(there, 5)
    with pytest.raises(ValueError, match="paths must be a list"):
        fs.cat_ranges(cast("Any", there), 0, 1)
    assert server.paths == []
