"""Uploading the image of an iTwin: what is sent, and what is refused before."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from itwin_platform import RetryPolicy, errors
from tests.support.engines import Engine
from tests.support.examples import example
from tests.support.pictures import jpeg, picture
from tests.support.scripted import ScriptedServer, answer


def upload(image: Any, platform: Any) -> Any:
    return platform.itwins.upload_image("i-1", image)


def test_an_image_of_any_form_is_uploaded_with_the_type_that_it_has(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(jpeg(40, 30))
    with ScriptedServer(answer(201, example("upload-itwin-image"))) as server, path.open("rb") as file:
        for image in (path, jpeg(40, 30), file):
            uploaded = engine(partial(upload, image), api_url=server.url)
            assert uploaded.large_image_name
    sent = {(each.method, each.path, each.headers["content-type"], each.body) for each in server.received}
    assert sent == {("PUT", "/itwins/i-1/image", "image/jpeg", jpeg(40, 30))}
    assert len(server.received) == 3


def test_an_image_that_came_from_a_file_is_sent_again_whole(engine: Engine) -> None:
    content = picture(3, 2, 5000)
    with ScriptedServer(answer(503), answer(201, example("upload-itwin-image"))) as server:
        retry = RetryPolicy(base=0.0)
        engine(partial(upload, io.BytesIO(content)), api_url=server.url, retry=retry)
    assert [each.body for each in server.received] == [content, content]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (picture(3, 2, 5 * 1024 * 1024 + 1), "larger than 5 MB"),
        (picture(60, 10), "60 x 10 pixels"),
        (b"GIF89a", "neither PNG nor JPEG"),
        (b"", "empty"),
        (io.StringIO("text"), "binary mode"),
        (5, "must be a path, bytes or an open binary file"),
    ],
    ids=["large", "long", "gif", "empty", "text", "number"],
)
def test_what_the_platform_would_refuse_is_not_sent(engine: Engine, image: Any, message: str) -> None:
    with ScriptedServer(answer(500)) as server, pytest.raises(ValueError, match=message):
        engine(partial(upload, image), api_url=server.url)
    assert server.connections == 0


def test_a_file_that_is_not_there_is_not_sent(engine: Engine, tmp_path: Path) -> None:
    with ScriptedServer(answer(500)) as server, pytest.raises(errors.StorageError, match="nowhere"):
        engine(partial(upload, tmp_path / "nowhere.png"), api_url=server.url)
    assert server.connections == 0
