"""Images of iTwins: one metadata call when nothing has changed, and no token for the host of the image."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, RetryPolicy, errors
from tests.support.clock import VirtualClock
from tests.support.engines import Engine
from tests.support.scripted import ScriptedServer, answer

PICTURE = b"\xff\xd8\xff" + bytes(1000)
SMALL, LARGE = "small_i-1.jpeg", "large_i-1.png"


@pytest.fixture
def host() -> Iterator[ScriptedServer]:
    """The host of the images."""
    with ScriptedServer(answer(200, PICTURE, media_type="image/jpeg")) as server:
        yield server


def metadata(host: ScriptedServer, small: str = SMALL, large: str = LARGE) -> bytes:
    links = {"smallImageUrl": f"{host.url}/a/{small}?sig=one", "largeImageUrl": f"{host.url}/b/{large}?sig=two"}
    image = {"id": "i-1", "smallImageName": small, "largeImageName": large, **links}
    return answer(200, {"image": image})


def test_an_unchanged_image_costs_one_call(host: ScriptedServer, tmp_path: Path) -> None:
    with ScriptedServer(metadata(host)) as api, ITwinPlatform("token", api_url=api.url) as platform:
        path = platform.itwins.download_image("i-1", cache_dir=tmp_path / "cache")
        assert path == tmp_path / "cache" / SMALL
        assert path.read_bytes() == PICTURE
        assert platform.itwins.download_image("i-1", cache_dir=tmp_path / "cache") == path
        assert (len(api.received), len(host.received)) == (2, 1)
        large = platform.itwins.download_image("i-1", size="large", cache_dir=tmp_path / "cache")
        assert large.name == LARGE
        assert [request.path for request in host.received] == [f"/a/{SMALL}?sig=one", f"/b/{LARGE}?sig=two"]
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [LARGE, SMALL]


def test_the_token_stays_here(host: ScriptedServer, tmp_path: Path) -> None:
    with ScriptedServer(metadata(host)) as api, ITwinPlatform("secret-token", api_url=api.url) as platform:
        platform.itwins.download_image("i-1", cache_dir=tmp_path)
        assert api.received[0].headers["authorization"] == "Bearer secret-token"
        (request,) = host.received
        assert b"secret-token" not in request.head
        assert request.headers.keys() <= {"host", "user-agent", "accept-encoding", "connection"}


def test_a_changed_image_is_downloaded(host: ScriptedServer, tmp_path: Path) -> None:
    answers = metadata(host), metadata(host, small="small_new.jpeg")
    with ScriptedServer(*answers) as api, ITwinPlatform("token", api_url=api.url) as platform:
        platform.itwins.download_image("i-1", cache_dir=tmp_path)
        assert platform.itwins.download_image("i-1", cache_dir=tmp_path).name == "small_new.jpeg"
    assert len(host.received) == 2


def test_an_expired_link_is_asked_for_again(tmp_path: Path) -> None:
    good = answer(200, PICTURE, media_type="image/jpeg")
    with ScriptedServer(answer(403), good) as host, ScriptedServer(metadata(host)) as api:
        with ITwinPlatform("token", api_url=api.url) as platform:
            assert platform.itwins.download_image("i-1", cache_dir=tmp_path).read_bytes() == PICTURE
        assert (len(api.received), len(host.received)) == (2, 2)


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (answer(200, b"<html>sign in</html>", media_type="text/html"), "not an image .text/html"),
        (answer(200, PICTURE, media_type=None), "not an image .no content type"),
        (answer(200, b"", media_type="image/png"), "is empty"),
        (answer(403), "refused its link"),
        (answer(302, location="http://127.0.0.1:9/elsewhere"), "status 302"),
        (answer(400), "status 400"),
        (answer(200, bytes(3000), media_type="image/png"), "larger than 2000 bytes"),
    ],
)
def test_what_is_no_image_is_not_kept(response: bytes, message: str, tmp_path: Path) -> None:
    with ScriptedServer(response) as host, ScriptedServer(metadata(host)) as api:
        with (
            ITwinPlatform("token", api_url=api.url, max_body_bytes=2000) as platform,
            pytest.raises(errors.StorageError, match=message) as caught,
        ):
            platform.itwins.download_image("i-1", cache_dir=tmp_path)
        assert "sig" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_download_is_tried_again_and_leaves_nothing(tmp_path: Path) -> None:
    def cut_off(_: object) -> bytes:
        raise OSError  # closes the connection

    with ScriptedServer(cut_off) as host, ScriptedServer(metadata(host)) as api:
        retry = RetryPolicy(attempts=3, base=0.0)
        with (
            ITwinPlatform("token", api_url=api.url, retry=retry) as platform,
            pytest.raises(errors.TransportError, match="download-image"),
        ):
            platform.itwins.download_image("i-1", cache_dir=tmp_path)
        assert len(host.received) == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "a\\..\\evil", "C:evil", "..", "nul", "x" * 300])
def test_names_do_not_lead_out_of_the_cache(host: ScriptedServer, tmp_path: Path, name: str) -> None:
    cache = tmp_path / "cache"
    body = {
        "id": "i",
        "smallImageName": name,
        "smallImageUrl": f"{host.url}/a",
        "largeImageName": "m",
        "largeImageUrl": "",
    }
    with (
        ScriptedServer(answer(200, {"image": body})) as api,
        ITwinPlatform("token", api_url=api.url) as platform,
    ):
        path = platform.itwins.download_image("i-1", cache_dir=cache)
        assert platform.itwins.download_image("i-1", cache_dir=cache) == path
    assert path.parent == cache
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]


def test_a_link_to_an_unsafe_address_is_not_followed(tmp_path: Path) -> None:
    body = {
        "id": "i", "smallImageName": "n", "smallImageUrl": "http://example.com/a", "largeImageName": "m",
        "largeImageUrl": "ftp://example.com/b",
    }  # fmt: skip
    with ScriptedServer(answer(200, {"image": body})) as api, ITwinPlatform("token", api_url=api.url) as platform:
        sizes: tuple[Literal["small"], Literal["large"]] = ("small", "large")
        for size in sizes:
            with pytest.raises(errors.StorageError, match="not an https link"):
                platform.itwins.download_image("i-1", size=size, cache_dir=tmp_path)


def test_errors_of_the_platform_and_of_the_caller(host: ScriptedServer, tmp_path: Path) -> None:
    missing = answer(404, {"error": {"code": "ImageNotFound", "message": "Requested Image is not available."}})
    with (
        ScriptedServer(missing) as api,
        ITwinPlatform("token", api_url=api.url) as platform,
        pytest.raises(errors.NotFoundError, match="ImageNotFound"),
    ):
        platform.itwins.download_image("i-1", cache_dir=tmp_path)
    with ScriptedServer(metadata(host)) as api, ITwinPlatform("token", api_url=api.url) as platform:
        with pytest.raises(ValueError, match="size must be"):
            platform.itwins.download_image("i-1", size="medium", cache_dir=tmp_path)  # type: ignore[arg-type]
        for folder in (5, "a\0b"):
            with pytest.raises(ValueError, match="cache_dir must be a path"):
                platform.itwins.download_image("i-1", cache_dir=folder)  # type: ignore[arg-type]
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(errors.StorageError, match="file' is a file, not a folder"):
            platform.itwins.download_image("i-1", cache_dir=tmp_path / "file")
        assert api.received == []


@pytest.mark.parametrize("missing", ["smallImageName", "smallImageUrl"])
def test_a_platform_that_gives_no_link(host: ScriptedServer, tmp_path: Path, missing: str) -> None:
    body = {"id": "i", "smallImageName": "n", "smallImageUrl": f"{host.url}/a", "largeImageName": "m"}
    body |= {"largeImageUrl": f"{host.url}/b"}
    nothing = ("", errors.StorageError, "no name or no link"), (None, errors.ResponseError, f"image.{missing} is null")
    for value, kind, message in nothing:
        with (
            ScriptedServer(answer(200, {"image": {**body, missing: value}})) as api,
            ITwinPlatform("token", api_url=api.url) as platform,
            pytest.raises(kind, match=message),
        ):
            platform.itwins.download_image("i-1", cache_dir=tmp_path)


@pytest.mark.parametrize("folder", ["x" * 300, "here"])
def test_names_that_no_file_can_have(host: ScriptedServer, tmp_path: Path, folder: str) -> None:
    body = {"id": "i", "smallImageName": "\u00e9" * 150, "smallImageUrl": f"{host.url}/a", "largeImageName": "m"}
    with (
        ScriptedServer(answer(200, {"image": body | {"largeImageUrl": f"{host.url}/b"}})) as api,
        ITwinPlatform("token", api_url=api.url) as platform,
    ):
        if folder == "here":
            path = platform.itwins.download_image("i-1", cache_dir=tmp_path / folder)
            assert platform.itwins.download_image("i-1", cache_dir=tmp_path / folder) == path
        else:
            with pytest.raises(errors.StorageError, match="too long"):
                platform.itwins.download_image("i-1", cache_dir=tmp_path / folder)


def test_the_deadline_is_one_for_all_of_it(tmp_path: Path) -> None:
    def slowly(_: object) -> bytes:
        time.sleep(0.4)
        return answer(403)

    with ScriptedServer(slowly) as host:
        link = metadata(host)

        def slow_metadata(_: object) -> bytes:
            time.sleep(0.4)
            return link

        with (
            ScriptedServer(slow_metadata) as api,
            ITwinPlatform("token", api_url=api.url, deadline=1.0) as platform,
            pytest.raises(errors.DeadlineExceeded) as caught,
        ):
            platform.itwins.download_image("i-1", cache_dir=tmp_path)
    assert caught.value.phase == "deadline"


def test_waiting_for_the_pace_is_not_part_of_the_deadline(
    engine: Engine, host: ScriptedServer, tmp_path: Path, clock: VirtualClock
) -> None:
    with ScriptedServer(metadata(host)) as api:
        found = engine.many(
            lambda platform: platform.itwins.download_image("i-1", cache_dir=tmp_path),
            3,
            api_url=api.url,
            requests_per_minute=1,
            deadline=30,
        )
    assert found == [tmp_path / SMALL] * 3
    assert clock.slept > 100


def test_the_file_has_the_permissions_of_every_new_file(host: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"")
    with ScriptedServer(metadata(host)) as api, ITwinPlatform("token", api_url=api.url) as platform:
        path = platform.itwins.download_image("i-1", cache_dir=tmp_path)
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_downloads_spare_a_host_that_is_down(tmp_path: Path) -> None:
    with ScriptedServer(answer(503)) as host, ScriptedServer(metadata(host)) as api:
        retry = RetryPolicy(attempts=4, base=0.0)
        with ITwinPlatform("token", api_url=api.url, retry=retry) as platform:
            for _ in range(30):
                with pytest.raises(errors.StorageError, match="status 503"):
                    platform.itwins.download_image("i-1", cache_dir=tmp_path)
        # Without a budget there would be 120.
        assert len(host.received) < 75


def test_a_user_without_a_home(host: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HOME", "USERPROFILE", "HOMEPATH", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)

    def nobody(_: object) -> object:
        raise KeyError

    if os.name != "nt":
        monkeypatch.setattr("pwd.getpwuid", nobody)
    with ScriptedServer(metadata(host)) as api, ITwinPlatform("token", api_url=api.url) as platform:
        with pytest.raises(errors.ConfigurationError, match="cache_dir"):
            platform.itwins.download_image("i-1")
        assert api.received == []


def test_the_cache_of_the_user(host: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = "LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME"
    monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr("sys.platform", "win32" if os.name == "nt" else "linux")
    with ScriptedServer(metadata(host)) as api, ITwinPlatform("token", api_url=api.url) as platform:
        path = platform.itwins.download_image("i-1")
    assert path == tmp_path / "itwin-platform" / "images" / SMALL


def test_from_async_code(host: ScriptedServer, tmp_path: Path) -> None:
    async def main(url: str) -> Path:
        async with AsyncITwinPlatform("token", api_url=url) as platform:
            return await platform.itwins.download_image("i-1", cache_dir=tmp_path)

    with ScriptedServer(metadata(host)) as api:
        assert asyncio.run(main(api.url)).read_bytes() == PICTURE
