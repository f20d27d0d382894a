"""Storage that answers as no storage should: nothing counts as stored or listed that is not."""

import gzip
import re
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
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


def test_a_file_that_is_listed_twice_is_one_file() -> None:
    pages = [answer(200, page(marker=marker).encode(), media_type="application/xml") for marker in ("next", "")]
    with bucket_on(lambda _: pages.pop(0)) as bucket:
        assert [blob.name for blob in bucket.list()] == ["a"]


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


BOMBS = {
    "entities": '<!DOCTYPE x [<!ENTITY e "much">]><EnumerationResults><Blobs>&e;</Blobs></EnumerationResults>',
    "a document type": f"<!DOCTYPE EnumerationResults>{page()}",
    "a file of this machine": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + page(),
    "depth": "<EnumerationResults>" + "<a>" * 1_000_000,
    "elements": "<EnumerationResults>" + "<a/>" * 1_000_000 + "</EnumerationResults>",
    "attributes": "<EnumerationResults " + " ".join(f'a{number}=""' for number in range(100_000)) + "/>",
    "one attribute": f'<EnumerationResults a="{"a" * 1_000_000}"/>',
    "a comment": f"<EnumerationResults><!--{'a' * 1_000_000}--></EnumerationResults>",
    "a name": page().replace(">a<", f">{'a' * 1_000_000}<"),
    "no name": page().replace("<Name>a</Name>", ""),
    "two roots": page() + page(),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_lists_that_are_made_to_do_harm(kind: str) -> None:
    tracemalloc.start()
    try:
        with bucket_on(answer(200, BOMBS[kind].encode(), media_type="application/xml")) as bucket:
            with pytest.raises(errors.StorageError, match="is not a list of files"):
                bucket.list()
            assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_a_list_that_is_larger_than_it_looks() -> None:
    body = gzip.compress(bytes(400_000_000), 1)
    tracemalloc.start()
    try:
        with bucket_on(answer(200, body, content_encoding="gzip")) as bucket:
            with pytest.raises(errors.StorageError, match="is larger than"):
                bucket.list()
            assert tracemalloc.get_traced_memory()[1] < 150_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("markers", ["aa", "abab", "abcb", "abcdea"])
def test_markers_that_come_again(markers: str) -> None:
    pages = iter(markers)

    def respond(_: Received) -> bytes:
        return answer(200, page(marker=next(pages, "z")).encode(), media_type="application/xml")

    with bucket_on(respond) as bucket, pytest.raises(errors.StorageError, match="never ends"):
        bucket.list()


def test_pages_without_files_do_not_go_on_for_ever() -> None:
    numbers = count()

    def respond(_: Received) -> bytes:
        body = f"<EnumerationResults><Blobs/><NextMarker>{next(numbers)}</NextMarker></EnumerationResults>"
        return answer(200, body.encode(), media_type="application/xml")

    with bucket_on(respond) as bucket, pytest.raises(errors.StorageError, match="never ends"):
        bucket.list()


def test_files_that_were_not_asked_for_are_not_listed() -> None:
    """They would be deleted along with the others."""
    with (
        bucket_on(answer(200, page().encode(), media_type="application/xml")) as bucket,
        pytest.raises(errors.StorageError, match="is not a list of files"),
    ):
        bucket.list("folder")
