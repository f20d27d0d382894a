"""Storage that answers as no storage should: nothing counts as stored or listed that is not."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from itwin_platform import ITwinPlatform, errors
from itwin_platform.storage import TransferBucket
from tests.storage.platform import BucketServer
from tests.support.scripted import Received, Script, ScriptedServer, answer

BLOB = (
    "<Blob><Name>a</Name><Properties><Last-Modified>{moment}</Last-Modified><Etag>0x1</Etag>"
    "<Content-Length>{size}</Content-Length></Properties></Blob>"
)
MOMENT = "Sat, 21 Nov 2026 00:00:00 GMT"


def page(*, moment: str = MOMENT, size: object = 1, marker: str = "") -> str:
    blobs = BLOB.format(moment=moment, size=size)
    return f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"


@contextmanager
def bucket_on(script: Script) -> Iterator[TransferBucket]:
    with (
        ScriptedServer(script) as storage,
        BucketServer(lambda: f"{storage.url}/account/container?sp=rwdl&sig=secret") as api,
        ITwinPlatform("token", api_url=api.url) as platform,
    ):
        yield platform.reality_analysis.get_bucket("i-1")


def test_a_list() -> None:
    with bucket_on(answer(200, page().encode(), media_type="application/xml")) as bucket:
        assert [(blob.name, blob.size) for blob in bucket.list()] == [("a", 1)]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><body>sign in</body></html>",
        '{"blobs": []}',
        page()[:-5],
        '<?xml version="1.0" encoding="utf-99"?>' + page(),
        '<?xml version="1.0" encoding="rot13"?>' + page(),
        page(size=-5),
        page(size="many"),
        page(moment="yesterday"),
        page(moment="Fri, 31 Dec 9999 23:59:59 -2359"),
        page(marker="the same again"),
    ],
)
def test_what_is_no_list(body: str, tmp_path: Path) -> None:
    with bucket_on(answer(200, body.encode(), media_type="application/xml")) as bucket:
        for call in (bucket.list, lambda: bucket.download("", tmp_path)):
            with pytest.raises(errors.StorageError, match=r"not a list of files|never ends"):
                call()


@pytest.mark.parametrize("status", [204, 206, 302, 404, 418])
def test_statuses_that_are_no_list(status: int) -> None:
    with bucket_on(answer(status, location="http://127.0.0.1:9/")) as bucket, pytest.raises(errors.StorageError):
        bucket.list()


@pytest.mark.parametrize("size", [200_000, 3_000_000])
def test_an_answer_that_does_not_say_that_it_is_stored(size: int, tmp_path: Path) -> None:
    def sign_in(request: Received) -> bytes:
        if not re.match(rb"PUT ", request.head):
            return answer(404)
        return answer(200, b"<html>sign in</html>", media_type="text/html", connection="close")

    (tmp_path / "file").write_bytes(bytes(size))
    with bucket_on(sign_in) as bucket, pytest.raises(errors.TransferError, match="does not confirm the request"):
        bucket.upload(tmp_path / "file")
