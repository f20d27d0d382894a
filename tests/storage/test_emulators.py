"""What Microsoft's client finds in both emulators alike: the storage of the sandbox does what Azurite does."""

import hashlib
import os
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobBlock, ContentSettings

from tests.storage.judge import WEB, Container


def test_what_goes_with_a_blob(container: Container) -> None:
    settings = ContentSettings(content_type="text/plain", content_language="de", cache_control="no-cache")
    blob = container.client.upload_blob("a", b"content", metadata={"sha256": "x"}, content_settings=settings)
    found = blob.get_blob_properties()
    assert (found.size, found.metadata, found.blob_type) == (7, {"sha256": "x"}, "BlockBlob")
    kept = found.content_settings
    assert (kept.content_type, kept.content_language, kept.cache_control) == ("text/plain", "de", "no-cache")
    assert bytes(kept.content_md5 or b"") == hashlib.md5(b"content", usedforsecurity=False).digest()
    blob.set_blob_metadata({"other": "y"})
    blob.set_http_headers(ContentSettings(content_type="text/html"))
    changed = blob.get_blob_properties()
    assert (changed.metadata, changed.content_settings.content_type) == ({"other": "y"}, "text/html")
    assert changed.etag != found.etag
    assert changed.creation_time == found.creation_time
    assert blob.download_blob().readall() == b"content"


def test_ranges(container: Container) -> None:
    content = os.urandom(3_000_000)
    container.put("a", content)
    blob = container.client.get_blob_client("a")
    for offset, length in ((0, 1), (5, 2_500_000), (2_999_999, 1), (2_999_990, 100)):
        assert blob.download_blob(offset, length).readall() == content[offset : offset + length]
    url = blob.url
    answer = WEB.get(url, headers={"range": "bytes=2999990-"})
    assert (answer.status_code, answer.content) == (206, content[2_999_990:])
    assert answer.headers["content-range"] == "bytes 2999990-2999999/3000000"
    beyond = WEB.get(url, headers={"range": "bytes=5000000-"})
    assert beyond.status_code == 416


def test_conditions(container: Container) -> None:
    blob = container.client.upload_blob("a", b"1")
    old = str(blob.get_blob_properties().etag)
    with pytest.raises(ResourceExistsError):
        blob.upload_blob(b"2")
    blob.upload_blob(b"2", overwrite=True, etag=old, match_condition=MatchConditions.IfNotModified)
    now = str(blob.get_blob_properties().etag)
    stale: dict[str, Any] = {"etag": old, "match_condition": MatchConditions.IfNotModified}
    for call in (
        lambda: blob.upload_blob(b"3", overwrite=True, **stale),
        lambda: blob.download_blob(**stale),
        lambda: blob.delete_blob(**stale),
        lambda: blob.set_blob_metadata({}, **stale),
        lambda: container.client.get_blob_client("none").upload_blob(b"", overwrite=True, **stale),
    ):
        with pytest.raises(ResourceModifiedError):
            call()
    with pytest.raises(ResourceModifiedError):
        blob.download_blob(etag=now, match_condition=MatchConditions.IfModified)
    assert container.content("a") == b"2"
    before = blob.get_blob_properties().last_modified - timedelta(minutes=1)
    for call in (
        lambda: blob.download_blob(if_unmodified_since=before),
        lambda: blob.delete_blob(if_unmodified_since=before),
    ):
        with pytest.raises(ResourceModifiedError):
            call()
    assert blob.download_blob(if_modified_since=before).readall() == b"2"
    with pytest.raises(ResourceNotFoundError):
        container.client.get_blob_client("none").get_blob_properties()


def test_blocks(container: Container) -> None:
    blob = container.client.get_blob_client("a")
    for block in ("01", "02", "03"):
        blob.stage_block(block, block.encode() * 3)
    assert not blob.exists()
    assert container.names() == []
    committed, staged = blob.get_block_list("all")
    assert (len(committed), [(each.id, each.size) for each in staged]) == (0, [("01", 6), ("02", 6), ("03", 6)])
    with pytest.raises(HttpResponseError, match="InvalidBlobOrBlock"):
        blob.stage_block("1", b"of another length")
    with pytest.raises(HttpResponseError, match="InvalidBlockList"):
        blob.commit_block_list([BlobBlock("04")])
    blob.commit_block_list([BlobBlock("03"), BlobBlock("01"), BlobBlock("03")], metadata={"sha256": "x"})
    assert blob.download_blob().readall() == b"030303010101030303"
    assert blob.download_blob(4, 6).readall() == b"030101"
    # What was committed can be used again.
    blob.stage_block("05", b"new")
    blob.commit_block_list([BlobBlock("01"), BlobBlock("05")])
    committed, staged = blob.get_block_list("all")
    assert ([each.id for each in committed], len(staged)) == (["01", "05"], 0)
    assert blob.download_blob().readall() == b"010101new"


def test_lists(container: Container) -> None:
    names = ["a/1", "a/2", "a/b/3", "a/b/4", "a0", "c/5", "d"]
    for name in names:
        container.client.upload_blob(name, name.encode(), metadata={"name": name[-1]})
    pages = container.client.list_blobs(include=["metadata"], results_per_page=3).by_page()
    found = [[(str(blob.name), blob.metadata) for blob in page] for page in pages]
    assert [len(page) for page in found] == [3, 3, 1]
    assert [each for page in found for each in page] == [(name, {"name": name[-1]}) for name in names]
    assert sorted(str(each.name) for each in container.client.walk_blobs()) == ["a/", "a0", "c/", "d"]
    assert sorted(str(each.name) for each in container.client.walk_blobs("a/")) == ["a/1", "a/2", "a/b/"]
    for size in (1, 2):
        walked = container.client.walk_blobs(results_per_page=size)
        assert sorted(str(each.name) for each in walked) == ["a/", "a0", "c/", "d"]


def test_content_that_is_not_what_was_meant(container: Container) -> None:
    headers = {"x-ms-blob-type": "BlockBlob", "content-md5": b64encode(bytes(16)).decode()}
    url = container.client.get_blob_client("a").url
    answer = WEB.put(url, content=b"x", headers=headers)
    assert answer.status_code == 400
    assert container.names() == []


@pytest.mark.parametrize(
    ("permissions", "allowed"),
    [("r", "get"), ("w", "put new block"), ("c", "new"), ("d", "delete"), ("l", "list"), ("a", "")],
)
def test_what_each_permission_is_for(container: Container, permissions: str, allowed: str) -> None:
    for name in ("get", "delete", "put"):
        container.put(name, b"there")
    base, _, sas = container.url(permissions).partition("?")
    blob = {"x-ms-blob-type": "BlockBlob"}

    def status(method: str, path: str, headers: dict[str, str] | None = None) -> int:
        content = b"x" if method == "PUT" else None
        return WEB.request(method, f"{base}{path}{sas}", headers=headers or {}, content=content).status_code

    answers = {
        "get": status("GET", "/get?"),
        "put": status("PUT", "/put?", blob),
        "new": status("PUT", "/new?", blob),
        "block": status("PUT", "/blocks?comp=block&blockid=AAAA&"),
        "delete": status("DELETE", "/delete?"),
        "list": status("GET", "?restype=container&comp=list&"),
    }
    assert {name for name, answer in answers.items() if answer < 300} == {*allowed.split()}
    assert {answer for answer in answers.values() if answer >= 300} <= {403}
