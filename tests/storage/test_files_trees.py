"""Many files of itwin:// addresses: listings, copies, moves, deletions, uploads and downloads."""

import os
from pathlib import Path

import pytest
from fsspec.callbacks import Callback

from itwin_platform import errors
from itwin_platform.files import BucketFileSystem
from tests.storage.conftest import hashes_of
from tests.storage.judge import Container

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


# From and to this machine


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
