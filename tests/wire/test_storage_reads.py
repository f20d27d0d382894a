"""Storage that lies while a file is downloaded: only what fits together is kept."""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from itwin_platform import ITwinPlatform, errors
from itwin_platform.storage import TransferBucket
from itwin_platform.storage._local import part_name
from tests.storage.platform import BucketServer
from tests.support.scripted import ByHand, Received, Script, ScriptedServer, answer

CONTENT = bytes(range(256)) * 4
ETAG, MOMENT = '"0x1"', "Sat, 21 Nov 2026 00:00:00 GMT"
HALF = len(CONTENT) // 2


def head(status: int, etag: str = ETAG, **fields: object) -> bytes:
    """The head of an answer with a blob."""
    lines = [f"HTTP/1.1 {status} Scripted", f"ETag: {etag}", f"Last-Modified: {MOMENT}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def whole(*, sha256: str | None = None) -> bytes:
    return head(200, content_length=len(CONTENT), x_ms_meta_sha256=sha256) + CONTENT


def rest(content: bytes = CONTENT[HALF:], *, first: int = HALF, total: int = len(CONTENT), etag: str = ETAG) -> bytes:
    content_range = f"bytes {first}-{first + len(content) - 1}/{total}"
    return head(206, etag, content_length=len(content), content_range=content_range) + content


def first_half(connection: socket.socket) -> None:
    connection.sendall(whole()[:-HALF])


def chunked(content: bytes, *, ends: bool = True) -> bytes:
    fields = {"content_range": f"bytes {HALF}-{len(CONTENT) - 1}/{len(CONTENT)}", "transfer_encoding": "chunked"}
    return head(206, **fields) + b"%x\r\n%s\r\n" % (len(content), content) + (b"0\r\n\r\n" if ends else b"")


def endless(connection: socket.socket) -> None:
    connection.sendall(chunked(CONTENT[HALF:], ends=False))
    while True:
        connection.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")


@contextmanager
def bucket_on(*scripts: Script) -> Iterator[tuple[TransferBucket, ScriptedServer]]:
    with (
        ScriptedServer(*scripts) as storage,
        BucketServer(lambda: f"{storage.url}/account/container?sp=rwdl&sig=secret") as api,
        ITwinPlatform("token", api_url=api.url) as platform,
    ):
        yield platform.reality_analysis.get_bucket("i-1"), storage


def test_a_download_goes_on_where_it_broke(tmp_path: Path) -> None:
    with bucket_on(ByHand(first_half), rest()) as (bucket, storage):
        bucket.download(["file"], tmp_path)
    assert (tmp_path / "file").read_bytes() == CONTENT
    asked = storage.received[-1].headers
    assert (asked["range"], asked["if-match"]) == (f"bytes={HALF}-{len(CONTENT) - 1}", ETAG)


@pytest.mark.parametrize(
    "lie",
    [
        rest(CONTENT[:HALF], first=0),
        rest(CONTENT[HALF:-1]),
        rest(total=len(CONTENT) + 1),
        rest(etag='"0x2"'),
        rest(etag=""),
        whole(),
        head(206, content_length=HALF) + CONTENT[HALF:],
        head(206, content_length=HALF, content_range="bytes 512-/*") + CONTENT[HALF:],
        chunked(CONTENT[HALF:] + b"more"),
        ByHand(endless),
        answer(204),
        answer(302, location="http://127.0.0.1:9/"),
    ],
)
def test_what_does_not_fit_is_not_kept(tmp_path: Path, lie: Script) -> None:
    with bucket_on(ByHand(first_half), lie) as (bucket, _), pytest.raises(errors.TransferError):
        bucket.download(["file"], tmp_path)
    assert not (tmp_path / "file").exists()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= len(CONTENT)


@pytest.mark.parametrize(
    "first",
    [
        head(200) + CONTENT,
        head(200, etag="", content_length=len(CONTENT)) + CONTENT,
        head(206, content_length=len(CONTENT)) + CONTENT,
    ],
)
def test_an_answer_that_does_not_describe_the_file(tmp_path: Path, first: bytes) -> None:
    script = first.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    with bucket_on(ByHand(lambda connection: connection.sendall(script))) as (bucket, _):
        with pytest.raises(errors.TransferError):
            bucket.download(["file"], tmp_path)
        with pytest.raises(errors.StorageError):
            bucket.open("file")
    assert list(tmp_path.iterdir()) == []


def test_content_is_stored_as_it_is_whatever_its_encoding(tmp_path: Path) -> None:
    """A blob can be labelled as gzip; the file is what was uploaded."""
    with bucket_on(head(200, content_length=len(CONTENT), content_encoding="gzip") + CONTENT) as (bucket, _):
        bucket.download(["file"], tmp_path)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_reading_as_a_file_is_checked_too() -> None:
    described = head(200, content_length=len(CONTENT))
    for start, good, lies in (
        (0, whole(), (rest(), whole().replace(b"0x1", b"0x2"))),
        (HALF, rest(), (whole(), rest(first=0), rest(etag='"0x2"'), chunked(CONTENT))),
    ):
        with bucket_on(described, good) as (bucket, storage), bucket.open("file") as file:
            file.seek(start)
            assert file.read() == CONTENT[start:]
            assert len(storage.received) == 2
        for lie in lies:
            with bucket_on(described, lie) as (bucket, _), bucket.open("file") as file:
                file.seek(start)
                with pytest.raises(errors.StorageError):
                    file.read()


def serve(sha256: str | None) -> Callable[[Received], bytes]:
    """A storage that holds the file."""

    def respond(request: Received) -> bytes:
        if request.method == "HEAD":
            return whole(sha256=sha256)[: -len(CONTENT)]
        if found := re.match(r"bytes=(\d+)-", request.headers.get("range", "")):
            first = int(found[1])
            return rest(CONTENT[first:], first=first)
        return whole(sha256=sha256)

    return respond


def test_what_another_run_has_left_counts_only_if_its_end_can_be_checked(tmp_path: Path) -> None:
    """After a crash a file can have the right size and no content."""
    part = tmp_path / part_name("file", ETAG)
    part.write_bytes(bytes(700))
    with bucket_on(serve(None)) as (bucket, _):
        bucket.download(["file"], tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": CONTENT}

    (tmp_path / "file").unlink()
    part.write_bytes(CONTENT[:700])
    with bucket_on(serve(hashlib.sha256(CONTENT).hexdigest())) as (bucket, storage):
        bucket.download(["file"], tmp_path)
    assert storage.received[-1].headers["range"].startswith("bytes=700-")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": CONTENT}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["pipe", "link", "second name"])
def test_what_lies_in_the_place_of_a_part_is_left_alone(tmp_path: Path, kind: str) -> None:
    folder, other = tmp_path / "folder", tmp_path / "other"
    folder.mkdir()
    other.write_bytes(b"not ours")
    part = folder / part_name("file", ETAG)
    if kind == "pipe":
        os.mkfifo(part)
    elif kind == "link":
        part.symlink_to(other)
    else:
        part.hardlink_to(other)
    with bucket_on(serve(hashlib.sha256(CONTENT).hexdigest())) as (bucket, _):
        bucket.download(["file"], folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"file": CONTENT}
    assert other.read_bytes() == b"not ours"
