"""Files as itwin:// addresses. In pandas, pyarrow, DuckDB, Dask and zarr they are tried in test_files_tools.py."""

# fsspec has no types.
# mypy: disable-error-code=no-untyped-call

import gc
import io
import os
import pickle
import traceback
import warnings
import zipfile
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest

from itwin_platform import ITwinPlatform, errors
from itwin_platform.files import BucketFileSystem, RealityDataFileSystem
from tests.storage.conftest import TOKEN
from tests.storage.judge import Container
from tests.storage.platform import BucketServer
from tests.support.scripted import Received, ScriptedServer, answer

LARGE = os.urandom(20_000_000)


def expire(fs: BucketFileSystem, container: Container) -> None:
    """Let the time of the SAS URL be over."""
    fs._at("i-1")[0]._access._take(container.url(seconds=-5))


# Reading


def test_a_read_never_mixes_two_contents(fs: BucketFileSystem, container: Container) -> None:
    container.put("data", b"a" * 9_000_000)
    with fs.open("i-1/data") as file:
        assert file.read(10) == b"a" * 10
        container.put("data", b"b" * 9_000_000)
        with pytest.raises(errors.StorageError, match="has changed"):
            file.read()
    assert fs.cat_file("i-1/data", 0, 3) == b"bbb"
    with fs.open("i-1/data") as file:
        container.client.delete_blob("data")
        with pytest.raises(errors.StorageError, match=r"has changed|has been deleted"):
            file.read()


def test_parts_of_files(fs: BucketFileSystem, container: Container) -> None:
    content = bytes(range(256)) * 10
    container.put("a", content)
    container.put("empty", b"")
    for start, end in [(None, None), (5, 9), (-5, None), (None, -2550), (2000, 9999), (9999, None), (9, 3), (-1, -9)]:
        assert fs.cat_file("i-1/a", start, end) == content[start:end]
    assert fs.cat_file("i-1/empty", 0, 10) == fs.cat_file("i-1/empty") == b""
    ranges = fs.cat_ranges(["i-1/a", "i-1/none", "i-1/a", "i-1/empty"], [0, 0, -3, 0], [2, 2, None, 1])
    assert [ranges[0], ranges[2], ranges[3]] == [content[:2], content[-3:], b""]
    assert isinstance(ranges[1], FileNotFoundError)
    with pytest.raises(FileNotFoundError):
        fs.cat_ranges(["i-1/none"], 0, 1, on_error="raise")
    assert fs.cat(["i-1/a", "i-1/none"], on_error="omit") == {"i-1/a": content}
    assert fs.head("i-1/a", 3) == content[:3]
    assert fs.tail("i-1/a", 3) == content[-3:]


def test_reading_and_writing_go_on_when_the_sas_has_expired(
    fs: BucketFileSystem, server: BucketServer, container: Container
) -> None:
    with fs.open("i-1/data", "wb") as file:
        file.write(LARGE[:9_000_000])
        expire(fs, container)
        file.write(LARGE[9_000_000:])
        expire(fs, container)
    # One renewal is enough for both, if the parts before the second one are still on their way.
    written = server.asked
    assert written >= 2
    with fs.open("i-1/data", block_size=1_000_000) as file:
        start = file.read(5_000_000)
        expire(fs, container)
        assert start + file.read() == LARGE
    assert server.asked == written + 1


# Writing


def test_what_is_written_has_its_hash(fs: BucketFileSystem, container: Container) -> None:
    fs.pipe({"i-1/small": b"s", "i-1/middle": LARGE[:3_000_000], "i-1/empty": b""})
    with fs.open("i-1/text", "w", encoding="utf-16") as text:
        text.write("Grüße")
    with fs.open("i-1/stream", "wb") as file:
        for start in range(0, len(LARGE), 700_000):
            file.write(LARGE[start : start + 700_000])
    assert container.content("stream") == LARGE
    stored = {
        str(blob.name): (blob.metadata or {}).get("sha256") for blob in container.client.list_blobs(include="metadata")
    }
    assert stored == container.hashes()
    assert fs.info("i-1/stream")["sha256"] == stored["stream"]


def leave(way: str, fs: BucketFileSystem, platform: ITwinPlatform) -> None:
    """Write, and raise before the end."""
    url, options = "itwin://i-1/whole" if way == "large" else "itwin://i-1/half", {"platform": platform}
    with ExitStack() as stack:
        if way in {"stack", "large"}:
            file: Any = stack.enter_context(fs.open(url, "wb"))
        elif way == "text":
            file = stack.enter_context(fs.open(url, "w"))
        elif way == "compressed":
            file = stack.enter_context(fs.open(url, "wb", compression="gzip"))
        elif way == "own text file":
            file = stack.enter_context(io.TextIOWrapper(fs.open(url, "wb")))
        elif way == "fsspec.open":
            file = stack.enter_context(fsspec.open(url, "wt", compression="gzip", **options))
        else:
            stack.enter_context(fs.transaction)
            file = stack.enter_context(fs.open(url, "wb"))
        file.write("half" if isinstance(file, io.TextIOBase) else LARGE if way == "large" else b"half")
        raise LookupError("before the end")


def test_what_an_exception_interrupts_is_not_written(
    fs: BucketFileSystem, platform: ITwinPlatform, container: Container
) -> None:
    container.put("whole", b"before")
    for way in ("stack", "text", "compressed", "own text file", "fsspec.open", "transaction"):
        with pytest.raises(LookupError):
            leave(way, fs, platform)
        assert container.names() == ["whole"], way
    with pytest.raises(LookupError):
        leave("large", fs, platform)
    assert container.content("whole") == b"before"
    file = fs.open("i-1/lost", "wb")
    file.write(b"x")
    text = fs.open("i-1/lost", "w")
    text.write("x")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        del file
        gc.collect()
    assert any("was not closed" in str(each.message) for each in said)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        del text
        gc.collect()
    assert container.names() == ["whole"]


def test_what_is_closed_on_purpose_is_written_during_an_exception_too(
    fs: BucketFileSystem, container: Container
) -> None:
    file = fs.open("i-1/default", "wb")
    try:
        raise LookupError
    except LookupError:
        file.write(b"default")
        file.close()
        with fs.open("i-1/log", "wb") as log:
            log.write(b"what happened")
    with fs.open("i-1/packed", "wb", compression="gzip") as packed:
        packed.write(b"packed")
    with fs.transaction, fs.open("i-1/later", "wb") as later:
        later.write(b"later")
    assert sorted(container.names()) == ["default", "later", "log", "packed"]
    assert fs.open("i-1/packed", compression="gzip").read() == b"packed"


def test_a_transaction_holds_all_writes_until_its_end(
    fs: BucketFileSystem, container: Container, tmp_path: Path
) -> None:
    (tmp_path / "local").write_bytes(b"local")
    container.put("open", b"before")
    for fails in (True, False):
        with warnings.catch_warnings(record=True) as said, suppress(LookupError):
            warnings.simplefilter("always")
            with fs.transaction:
                fs.pipe("i-1/piped", b"piped")
                fs.put(f"{tmp_path}/local", "i-1/put")
                with fs.open("i-1/large", "wb") as file:
                    file.write(LARGE)
                forgotten = fs.open("i-1/open", "wb")
                forgotten.write(b"half of it")
                assert container.names() == ["open"]
                if fails:
                    raise LookupError
        assert fails or ["was not closed" in str(each.message) for each in said] == [True]
    assert container.names() == ["large", "open", "piped", "put"]
    assert container.content("open") == b"before"
    assert container.content("large") == LARGE


def test_what_has_failed_once_is_not_written(fs: BucketFileSystem, container: Container) -> None:
    file = fs.open("i-1/file", "wb")
    file.write(LARGE[:9_000_000])
    container.delete()
    with pytest.raises(errors.StorageError):
        file.write(LARGE * 4)
    for another in (lambda: file.write(LARGE[:9_000_000]), file.close):
        with pytest.raises(errors.StorageError, match="an earlier part of it could not be sent"):
            another()
    assert file.closed


def test_texts_begin_with_the_mark_of_their_encoding(fs: BucketFileSystem, platform: ITwinPlatform) -> None:
    with fs.open("i-1/fs", "w", encoding="utf-16") as text:
        text.write("Grüße")
    with fsspec.open("itwin://i-1/fsspec", "w", encoding="utf-16", platform=platform) as text:
        text.write("Grüße")
    assert [fs.read_text(path, encoding="utf-16") for path in ("i-1/fs", "i-1/fsspec")] == ["Grüße"] * 2
    frame = pd.DataFrame({"town": ["Kübelberg"]})
    frame.to_csv("itwin://i-1/table.csv", index=False, encoding="utf-16")
    assert pd.read_csv("itwin://i-1/table.csv", encoding="utf-16").equals(frame)
    with fs.open("i-1/archive.zip", "wb") as file, zipfile.ZipFile(file, "w") as archive:  # would like to go back
        archive.writestr("a.txt", "hello")
    with fs.open("i-1/archive.zip") as file, zipfile.ZipFile(file) as archive:
        assert archive.read("a.txt") == b"hello"


def test_creating_replaces_nothing(fs: BucketFileSystem, container: Container) -> None:
    with fs.open("i-1/new", "xb") as file:
        file.write(b"mine")
        container.put("new", b"of another program")
        with pytest.raises(errors.StorageExistsError) as caught:
            file.close()
    assert isinstance(caught.value, FileExistsError)
    for write in (partial(fs.pipe_file, "i-1/new", b""), partial(fs.put_file, __file__, "i-1/new")):
        with pytest.raises(errors.StorageExistsError):
            write(mode="create")
        with pytest.raises(ValueError, match="'overwrite' or 'create'"):
            write(mode="creat")
    assert container.content("new") == b"of another program"


# Access


def test_errors_are_those_of_files_as_well(container: Container) -> None:
    gone = answer(404, {"error": {"code": "iTwinNotFound", "message": "no"}})

    def respond(request: Received) -> bytes:
        links = {"containerUrl": {"href": container.url("r")}}
        return gone if "i-404" in request.path else answer(200, {"bucket": {"iTwinId": "i-1"}, "_links": links})

    container.put("there", b"x")
    with ScriptedServer(respond) as server, ITwinPlatform("token", api_url=server.url) as platform:
        fs = BucketFileSystem(platform)
        for kind, failing in [
            (FileNotFoundError, lambda: fs.open("i-1/nothing")),
            (FileNotFoundError, lambda: fs.info("i-404/x")),
            (PermissionError, lambda: fs.pipe("i-1/new", b"")),
            (PermissionError, lambda: fs.ls("i-1")),
            (PermissionError, lambda: fs.rm("i-1/there")),
        ]:
            with pytest.raises(kind) as caught:
                failing()
            assert isinstance(caught.value, errors.StorageError)
            assert type(pickle.loads(pickle.dumps(caught.value))) is type(caught.value)
        assert fs.exists("i-1/there")
        assert not fs.exists("i-404/x")
        assert not fs.exists("i-1/nothing")
        nowhere, there = fs.cat_ranges(["i-404/x", "i-1/there"], 0, 1)
        assert (type(nowhere), there) == (errors.StorageNotFoundError, b"x")
        for bad in ("ab", "r+b", "a", "w+"):
            with pytest.raises(io.UnsupportedOperation):
                fs.open("i-1/there", bad)
        for wrong in ("itwin:///x", "itwin-reality://r-1/x", "i-1/a/../b", "i-1/\ud800", "i-1/\0"):
            for call in (fs.ls, fs.exists, fs.open, fs.rm):
                with pytest.raises(ValueError, match=r"names no container|must not (have|contain)"):
                    call(wrong)
    with pytest.raises(errors.ConfigurationError):  # the client is closed: nobody knows whether it exists
        fs.exists("i-2/x")
    with pytest.raises(TypeError, match="must be an ITwinPlatform"):
        BucketFileSystem("token")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"FileSystem.*sas_token"):
        fsspec.filesystem("itwin", sas_token="x")


def test_reality_data_is_asked_for_writing_only_when_it_is_changed(
    server: BucketServer, platform: ITwinPlatform, container: Container
) -> None:
    container.put("scene/root.3mx", b"root")
    options = {"platform": platform, "itwin_id": "i-9"}
    with fsspec.open("itwin-reality://r-1/scene/root.3mx", **options) as file:
        assert file.read() == b"root"
    fs = fsspec.filesystem("itwin-reality", **options)
    assert fs.ls("r-1/scene", detail=False) == ["r-1/scene/root.3mx"]
    base = "/reality-management/reality-data/r-1"
    assert server.paths == [f"{base}/readaccess?iTwinId=i-9"]
    fs.pipe("itwin-reality://r-1/scene/new", b"new")
    fs.cp("r-1/scene/new", "r-1/scene/copy")
    assert server.paths[1:] == [f"{base}/writeaccess?iTwinId=i-9"]
    assert isinstance(fs, RealityDataFileSystem)
    assert fs != RealityDataFileSystem(platform)


def test_nothing_secret_is_shown_or_travels(fs: BucketFileSystem, container: Container) -> None:
    container.put("there", b"x" * 10)
    with fs.open("i-1/there") as file:
        opened = pickle.loads(pickle.dumps(file))
        shown = [
            repr(fs),
            repr(file),
            str(fs.storage_options),
            fs._fs_token,
            str(fs.info("i-1/there")),
            str(fs.__dict__),
        ]
        travelling = [pickle.dumps(fs), pickle.dumps(file), pickle.dumps(fs.get_mapper("i-1"))]
    assert opened.read() == b"x" * 10
    opened.close()
    try:
        fs.open("i-1/nothing")
    except FileNotFoundError as error:
        shown.append("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    container_url = container.url()
    for text in [*shown, *(each.decode("latin-1") for each in travelling)]:
        assert not [secret for secret in ("sig=", TOKEN, container_url.partition("?")[2]) if secret in text]
    again = pickle.loads(travelling[0])
    assert again == fs
    assert again.cat_file("i-1/there") == b"x" * 10
    with ITwinPlatform("literal-token") as literal:
        unlike = BucketFileSystem(literal)
        assert unlike != fs
        with pytest.raises(TypeError, match="pickle"):
            pickle.dumps(unlike)


def test_a_child_process_can_go_on(fs: BucketFileSystem, container: Container) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    fs.pipe("i-1/there", b"x")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            fs.pipe("i-1/new", b"child")
            os._exit(0 if fs.cat_file("i-1/there") == b"x" else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert container.content("new") == b"child"
