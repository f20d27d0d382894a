"""Local paths: whatever stands for one is taken everywhere, and what does not is refused before anything is sent."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest

from itwin_platform import ITwinPlatform
from itwin_platform.credentials import FileTokenStore
from itwin_platform.errors import ConfigurationError
from itwin_platform.sandbox import Sandbox
from tests.support.pictures import picture

ITWIN = Sandbox.itwin_id


class Standing:
    """Stands for a path, as objects of other libraries do."""

    def __init__(self, path: Any) -> None:
        self._path = path

    def __fspath__(self) -> Any:
        return self._path


@pytest.fixture(scope="module")
def quick() -> Iterator[Sandbox]:
    with Sandbox(speed=1000) as running:
        yield running


@pytest.fixture
def platform(quick: Sandbox) -> Iterator[ITwinPlatform]:
    with ITwinPlatform(quick.token, api_url=quick.url, verify=Standing(certifi.where())) as client:
        yield client


def test_what_stands_for_a_path_is_taken_everywhere(platform: ITwinPlatform, quick: Sandbox, tmp_path: Path) -> None:
    def at(name: str) -> Standing:
        return Standing(str(tmp_path / name))

    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"one")
    bucket = platform.reality_analysis.get_bucket(ITWIN)
    assert len(bucket.upload(at("photos"), "site").sent) == 1
    assert len(bucket.download("site", at("copy")).sent) == 1
    assert (tmp_path / "copy" / "a.jpg").read_bytes() == b"one"

    export = platform.exports.run(intervals=[0.01]).export
    assert platform.exports.download(export, at("itwins.json")) == tmp_path / "itwins.json"
    assert (tmp_path / "itwins.json").stat().st_size > 0

    (tmp_path / "picture.png").write_bytes(picture(30, 20))
    platform.itwins.upload_image(ITWIN, at("picture.png"))
    cached = platform.itwins.download_image(ITWIN, size="large", cache_dir=at("images"))
    assert cached.parent == tmp_path / "images"

    with zipfile.ZipFile(tmp_path / "detector.zip", "w") as packed:
        packed.writestr("model.onnx", b"trained")
    detectors = platform.reality_analysis.detectors
    detectors.create("cracks", type_="PhotoObjectDetector")
    assert detectors.upload_version("cracks", "1.0", at("detector.zip"), labels=["crack"]).status == "Ready"

    job = platform.reality_analysis.jobs.create(
        ITWIN, {"inputs": {}, "outputs": ["Locations3DAsGeoJSON"]}, type_="Objects2D"
    )
    job = platform.reality_analysis.jobs.wait(job.id, intervals=[0.01])
    assert platform.reality_analysis.jobs.download(job, at("results")).sent

    store = FileTokenStore(at("store"))
    store.save("key", "refresh-token")
    assert FileTokenStore(tmp_path / "store").load("key") == "refresh-token"

    (tmp_path / "own.json").write_text("{}", "utf-8")
    assert Sandbox(data=at("own.json")).calls == []


TAKING: dict[str, Callable[[ITwinPlatform, Any], object]] = {
    "upload": lambda platform, path: platform.reality_analysis.get_bucket(ITWIN).upload(path),
    "download": lambda platform, path: platform.reality_analysis.get_bucket(ITWIN).download("", path),
    "image": lambda platform, path: platform.itwins.download_image(ITWIN, cache_dir=path),
    "export": lambda platform, path: platform.exports.download("e-1", path),
    "job": lambda platform, path: platform.reality_analysis.jobs.download("j-1", path),
    "detector": lambda platform, path: platform.reality_analysis.detectors.upload_version(
        "cracks", "1.0", path, labels=["crack"]
    ),
    "store": lambda platform, path: FileTokenStore(path),
    "client": lambda platform, path: ITwinPlatform("token", verify=path),
    "sandbox": lambda platform, path: Sandbox(data=path),
}


@pytest.mark.parametrize("name", TAKING)
def test_what_stands_for_none_is_refused_before_anything_is_sent(
    platform: ITwinPlatform, quick: Sandbox, name: str
) -> None:
    before = len(quick.calls)
    for wrong in (Standing(b"bytes"), Standing(5), "null\0character"):
        with pytest.raises((ValueError, ConfigurationError), match=r"must be a (path|file)"):
            TAKING[name](platform, wrong)
    assert {call.operation for call in quick.calls[before:]} <= {"reality-analysis/buckets-get"}


def test_a_path_in_bytes_comes_with_advice(platform: ITwinPlatform) -> None:
    for path in (b"bytes", Standing(os.fsencode("bytes"))):
        with pytest.raises(ValueError, match=r"in text, not in bytes: os\.fsdecode converts it"):
            platform.exports.download("e-1", path)  # type: ignore[arg-type]
