"""itwin:// addresses: who may do what, what an error says, and what no repr or pickle contains."""

# fsspec has no types.
# mypy: disable-error-code=no-untyped-call

import io
import os
import pickle
import traceback
import warnings

import fsspec
import pytest

from itwin_platform import ITwinPlatform, errors
from itwin_platform.files import BucketFileSystem, RealityDataFileSystem
from tests.storage.conftest import TOKEN
from tests.storage.judge import Container
from tests.storage.platform import BucketServer
from tests.support.scripted import Received, ScriptedServer, answer


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
        for bad in ("ab", "r+b", "a", "w+"):
            with pytest.raises(io.UnsupportedOperation):
                fs.open("i-1/there", bad)
        for call in (lambda: fs.ls(""), lambda: fs.open("itwin:///x"), lambda: fs.open("i-1/a/../b")):
            with pytest.raises(ValueError, match=r"names no container|must not have"):
                call()
    with pytest.raises(errors.ConfigurationError):  # the client is closed: nobody knows whether it exists
        fs.exists("i-2/x")
    with pytest.raises(TypeError, match="must be an ITwinPlatform"):
        BucketFileSystem("token")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="sas_token"):
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
