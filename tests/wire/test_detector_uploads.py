"""Versions of detectors from their creation to the library, on a scripted platform, its storage and the sandbox."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, RetryPolicy, errors
from itwin_platform.models.reality_analysis import DetectorVersion
from itwin_platform.sandbox import Sandbox
from itwin_platform.storage import Progress
from tests.support.blobs import PlatformWithBlob
from tests.support.scripted import ByHand, Received, answer

PATH = "/reality-analysis/detectors/"
PARTS, PART = 3, 8 * 1024 * 1024


class Library(PlatformWithBlob):
    """A platform with one detector, and the storage of its versions.

    Attributes:
        versions: The versions of the detector.
        asked: The changes that were asked for: `"create"`, `"complete"`, `"publish"` and `"delete"`.
        late: Whether a version waits for its file even when that was declared complete.
    """

    def __init__(self) -> None:
        super().__init__()
        self.versions: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.published = False
        self.refused = ""
        self.late = False

    def answer(self, request: Received) -> bytes:
        step = request.path.removeprefix(f"{PATH}mine").rpartition("/")[2]
        if request.method == "GET":
            detector = {"name": "mine", "type": "PhotoObjectDetector", "versions": self.versions}
            return answer(200, {"detector": detector})
        if request.method == "DELETE":
            self.asked.append("delete")
            self.versions.clear()
            return answer(204, media_type=None)
        step = "create" if step == "versions" else step
        self.asked.append(step)
        if step == self.refused:
            return answer(403, {"error": {"code": "InsufficientPermissions", "message": "No."}})
        if step == "create":
            version = {**request.json, "status": "AwaitingData", "creationDate": datetime.now(UTC).isoformat()}
            self.versions.append(version)
            links = {"uploadUrl": {"href": self.link("w")}, "completeUrl": {"href": "nowhere"}}
            return answer(201, {"version": version, "_links": links})
        if step == "complete":
            assert self.blob.content
            if not self.late:
                self.versions[0] |= {"status": "Ready", "downloadUrl": self.link("r")}
        elif self.published:
            return answer(409, {"error": {"code": "DetectorVersionExists", "message": "It is there."}})
        else:
            self.published = True
        return answer(204, media_type=None)

    def link(self, permissions: str) -> str:
        return f"{self.storage.url}/detectors/mine-1.0.zip?sp={permissions}&sig=one"


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path_factory.mktemp("state")))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of three parts."""
    return archive(tmp_path_factory.mktemp("files") / "detector.zip", os.urandom(2 * PART + 1000))


def archive(path: Path, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("model.onnx", content)
    return path


@pytest.fixture
def library() -> Iterator[Library]:
    with Library() as running:
        yield running


def upload(library: Library, file: Path, *, publish: bool = False, **options: Any) -> DetectorVersion:
    with ITwinPlatform("token", api_url=library.server.url, retry=RetryPolicy(attempts=1)) as platform:
        detectors = platform.reality_analysis.detectors
        return detectors.upload_version("mine", "1.0", file, publish=publish, **({"labels": ["crack"]} | options))


def test_all_steps_are_taken_once(library: Library, file: Path) -> None:
    steps: list[Progress] = []
    version = upload(library, file, exports=["Lines"], progress=steps.append)
    assert version.status == "Ready"
    assert library.versions[0]["capabilities"] == {"labels": ["crack"], "exports": ["Lines"]}
    assert library.blob.content == file.read_bytes()
    assert (steps[-1].bytes_done, steps[-1].files_done) == (file.stat().st_size, 1)
    assert library.asked == ["create", "complete"]
    for _ in range(2):
        assert upload(library, file, exports=["Lines"], publish=True) == version
    assert library.asked == ["create", "complete", "publish", "publish"]
    assert library.blob.put == PARTS


def test_async_code_does_it_too(library: Library, file: Path) -> None:
    async def run() -> str:
        async with AsyncITwinPlatform("token", api_url=library.server.url) as platform:
            detectors = platform.reality_analysis.detectors
            found = await detectors.upload_version("mine", "1.0", file, labels=["crack"], publish=True)
            return found.status.value

    assert anyio.run(run) == "Ready"
    assert library.asked == ["create", "complete", "publish"]


@pytest.mark.parametrize("step", ["create", "complete", "publish"])
def test_a_rerun_goes_on_where_it_stopped(library: Library, file: Path, step: str) -> None:
    library.refused = step
    with pytest.raises(errors.PermissionDeniedError):
        upload(library, file, publish=True)
    library.refused = ""
    assert upload(library, file, publish=True).status == "Ready"
    assert [each for each in library.asked if each != step] == [
        each for each in ("create", "complete", "publish") if each != step
    ]
    assert library.asked.count(step) == 2
    assert library.blob.put == PARTS


def test_a_version_that_is_not_ready_in_the_end_is_no_success(library: Library, file: Path) -> None:
    library.late = True
    with pytest.raises(errors.StorageError, match="is AwaitingData, although all of it was sent"):
        upload(library, file, publish=True)
    library.late = False
    assert upload(library, file, publish=True).status == "Ready"
    assert library.asked == ["create", "complete", "complete", "publish"]
    assert library.blob.put == PARTS


def test_parts_that_are_gone_are_sent_again(library: Library, file: Path) -> None:
    upload_stops_after(library, file, parts=2)
    library.blob.blocks.clear()
    upload(library, file)
    assert library.blob.content == file.read_bytes()
    assert library.asked == ["create", "delete", "create", "complete"]


def test_another_file_is_sent_from_its_beginning(library: Library, file: Path, tmp_path: Path) -> None:
    upload_stops_after(library, file, parts=2)
    other = archive(tmp_path / "other.zip", b"other")
    upload(library, other)
    assert library.blob.content == other.read_bytes()
    with pytest.raises(errors.StorageError, match="another file"):
        upload(library, file)
    with pytest.raises(errors.StorageError, match="other labels"):
        upload(library, other, labels=["rust"])
    library.versions[0]["status"] = "Failed"
    with pytest.raises(errors.StorageError, match="is Failed"):
        upload(library, other)


def upload_stops_after(library: Library, file: Path, parts: int) -> None:
    library.blob.most = parts
    with pytest.raises(errors.TransferError) as caught:
        upload(library, file)
    assert "sig=" not in str(caught.value)
    assert library.blob.put == parts
    library.blob.most = 1000


def test_what_cannot_be_sent_is_refused_before_anything_is(library: Library, file: Path, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"onnx")
    with pytest.raises(ValueError, match="zip archive"):
        upload(library, tmp_path / "model")
    with pytest.raises(errors.StorageNotFoundError, match=r"none\.zip"):
        upload(library, tmp_path / "none.zip")
    with pytest.raises(errors.StorageError, match=f"{tmp_path.name}' is a folder, not a zip archive"):
        upload(library, tmp_path)
    with pytest.raises(ValueError, match="progress must be"):
        upload(library, file, progress=1)
    assert library.server.received == []


_PROGRAM = """
import sys
from itwin_platform import ITwinPlatform

with ITwinPlatform("token", api_url=sys.argv[1]) as platform:
    platform.reality_analysis.detectors.upload_version("mine", "1.0", sys.argv[2], labels=["crack"])
"""


def test_a_program_that_is_killed_sends_nothing_twice(library: Library, file: Path, tmp_path: Path) -> None:
    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-W", "ignore", "-c", _PROGRAM, library.server.url, str(file)])

    def kill(_: socket.socket) -> None:
        programs[-1].kill()

    programs: list[subprocess.Popen[bytes]] = []
    # When all parts have arrived; and when the file has, which nobody has declared complete.
    for server, before in ((library.storage, PARTS), (library.server, 3)):
        answered = server._scripts[-1]
        server._scripts[:] = [*[answered] * before, ByHand(kill), answered]
        with start() as program:
            programs.append(program)
            assert program.wait(60) != 0
    with start() as program:
        assert program.wait(60) == 0
    assert library.asked == ["create", "delete", "create", "complete"]
    assert library.blob.put == PARTS
    assert library.blob.content == file.read_bytes()


def test_the_sandbox_takes_versions_as_well(file: Path) -> None:
    with Sandbox() as sandbox, ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
        detectors = platform.reality_analysis.detectors
        detectors.create("mine", type_="PhotoObjectDetector")
        for _ in range(2):
            version = detectors.upload_version("mine", "1.0", file, labels=["crack"], publish=True)
        assert version.status == "Ready"
        assert [each.version_number for each in detectors.get("mine").versions] == ["1.0"]
