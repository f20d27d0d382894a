"""The storage of the sandbox beyond what Azurite does: its clock, its limit, and the form of what it refuses."""

import gc
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote
from uuid import uuid4
from xml.etree import ElementTree

import httpx
import pytest
from azure.storage.blob import generate_container_sas
from hypothesis import given, settings
from hypothesis import strategies as st

from itwin_platform import ITwinPlatform, errors
from itwin_platform.sandbox import Sandbox
from itwin_platform.storage import TransferBucket
from tests.storage.judge import WEB

BLOB = {"x-ms-blob-type": "BlockBlob"}
MB = 1_000_000


@pytest.fixture(scope="module")
def own() -> Iterator[Sandbox]:
    """A sandbox whose storage is small."""
    with Sandbox(storage_limit=20 * MB) as running:
        yield running


@pytest.fixture
def platform(own: Sandbox) -> Iterator[ITwinPlatform]:
    with ITwinPlatform(own.token, api_url=own.url) as platform:
        yield platform


@pytest.fixture
def itwin(platform: ITwinPlatform) -> str:
    return str(platform.itwins.create(f"Bridge {uuid4()}", class_="Thing", sub_class="Asset").id)


@pytest.fixture
def bucket(platform: ITwinPlatform, itwin: str) -> TransferBucket:
    return platform.reality_analysis.get_bucket(itwin)


def at(url: str, blob: str, query: str = "") -> str:
    """The URL of a blob."""
    base, _, sas = url.partition("?")
    return f"{base}/{blob}?{query}{query and '&'}{sas}"


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, which header and body agree on."""
    code = answer.headers["x-ms-error-code"]
    if answer.content:
        assert ElementTree.fromstring(answer.content).findtext("Code") == code
        assert answer.headers["content-type"] == "application/xml"
    return answer.status_code, code


class TestSas:
    @pytest.mark.parametrize(
        ("old", "new"),
        [("sp=rwdl", "sp=racwdl"), ("sr=c", "sr=b"), ("se=20", "se=30"), ("sig=", "sig=A"), ("sv=2024", "sv=2019")],
    )
    def test_what_was_tampered_with_is_refused(self, bucket: TransferBucket, old: str, new: str) -> None:
        assert old in bucket.container_url
        url = at(bucket.container_url.replace(old, new), "a")
        for answer in (WEB.get(url), WEB.put(url, content=b"", headers=BLOB)):
            assert code_of(answer) == (403, "AuthenticationFailed")
            assert "sig=" not in answer.text

    def test_one_for_another_container_is_refused(self, platform: ITwinPlatform, bucket: TransferBucket) -> None:
        other = platform.reality_analysis.get_bucket(Sandbox.itwin_id).container_url
        mixed = other.partition("?")[0] + "?" + bucket.container_url.partition("?")[2]
        assert code_of(WEB.get(at(mixed, "a"))) == (403, "AuthenticationFailed")

    def test_it_begins_and_ends_by_the_clock_of_the_sandbox(self, own: Sandbox, bucket: TransferBucket) -> None:
        files, name = own._world.files, bucket.container_url.partition("?")[0].rpartition("/")[2]
        now = own._world.clock.now()
        sas = generate_container_sas(
            "sandbox",
            name,
            account_key=files.signer.key,
            permission="l",
            start=now + timedelta(seconds=100),
            expiry=now + timedelta(seconds=200),
        )
        url = f"{files.storage}/sandbox/{name}?restype=container&comp=list&{sas}"
        assert code_of(WEB.get(url)) == (403, "AuthenticationFailed")
        own.advance(110)
        assert WEB.get(url).status_code == 200
        own.advance(100)
        answer = WEB.get(url)
        assert code_of(answer) == (403, "AuthenticationFailed")
        assert "Expiry" in str(ElementTree.fromstring(answer.content).findtext("AuthenticationErrorDetail"))

    def test_a_transfer_asks_for_another_one_after_an_hour(
        self, own: Sandbox, bucket: TransferBucket, tmp_path: Path
    ) -> None:
        (tmp_path / "a").write_bytes(b"x")
        bucket.upload(tmp_path / "a")
        before = bucket._access.sas()
        own.advance(3700)
        assert [blob.name for blob in bucket.list()] == ["a"]
        assert bucket._access.sas() != before

    def test_the_one_of_a_blob_is_for_that_blob_alone(self, own: Sandbox) -> None:
        files = own._world.files
        files.put("own", "a b/ü", b"content", "text/plain")
        url = files.blob("own", "a b/ü")
        assert WEB.get(url).text == "content"
        assert code_of(WEB.delete(url)) == (403, "AuthorizationPermissionMismatch")
        listed = url.replace("/a%20b/%C3%BC", "") + "&restype=container&comp=list"
        assert code_of(WEB.get(listed))[0] == 403
        other = url.replace("a%20b", "b")
        assert code_of(WEB.get(other)) == (403, "AuthenticationFailed")

    def test_it_is_for_https_if_it_says_so_and_the_sandbox_has_none(self, own: Sandbox) -> None:
        files = own._world.files
        files.put("own", "a", b"content", "text/plain")
        expiry = own._world.clock.now() + timedelta(hours=1)
        sas = generate_container_sas(
            "sandbox", "own", account_key=files.signer.key, permission="r", expiry=expiry, protocol="https"
        )
        answer = WEB.get(f"{files.storage}/sandbox/own/a?{sas}")
        assert code_of(answer) == (403, "AuthenticationFailed")

    def test_what_restricts_it_further_is_not_ignored(self, bucket: TransferBucket) -> None:
        answer = WEB.get(at(bucket.container_url, "a", "sip=10.0.0.1"))
        assert code_of(answer) == (403, "AuthenticationFailed")


@pytest.mark.parametrize(
    ("method", "query", "headers", "expected"),
    [
        ("PUT", "comp=lease", {}, (400, "UnsupportedQueryParameter")),
        ("PUT", "snapshot=x", BLOB, (403, "AuthenticationFailed")),
        ("PUT", "versionid=x", BLOB, (400, "UnsupportedQueryParameter")),
        ("PATCH", "", {}, (405, "UnsupportedHttpVerb")),
        ("PUT", "", {}, (400, "MissingRequiredHeader")),
        ("PUT", "", {"x-ms-blob-type": "PageBlob"}, (400, "InvalidHeaderValue")),
        ("PUT", "", {**BLOB, "x-ms-copy-source": "https://a.example"}, (400, "UnsupportedHeader")),
        ("PUT", "", {**BLOB, "x-ms-meta-1x": "y"}, (400, "InvalidMetadata")),
        ("PUT", "", {**BLOB, "x-ms-meta-a": "y" * 9000}, (400, "MetadataTooLarge")),
        ("PUT", "", {**BLOB, "if-modified-since": "now"}, (400, "InvalidHeaderValue")),
        ("PUT", "", {**BLOB, "if-modified-since": f"1 Jan 1{'0' * 20} 0:00:00"}, (400, "InvalidHeaderValue")),
        ("PUT", "", {**BLOB, "x-ms-blob-content-md5": "eA=="}, (400, "InvalidHeaderValue")),
        ("PUT", "comp=block", {}, (400, "MissingRequiredQueryParameter")),
        ("PUT", "comp=block&blockid=!", {}, (400, "InvalidQueryParameterValue")),
        ("PUT", "comp=blocklist", {}, (400, "InvalidXmlDocument")),
        ("GET", "comp=blocklist", {}, (404, "BlobNotFound")),
        ("GET", "comp=blocklist&blocklisttype=x", {}, (400, "InvalidQueryParameterValue")),
        ("GET", "", {}, (404, "BlobNotFound")),
        ("HEAD", "", {}, (404, "BlobNotFound")),
        ("DELETE", "", {}, (404, "BlobNotFound")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_done_is_refused(
    bucket: TransferBucket, method: str, query: str, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    content = b"x" if method == "PUT" else None
    url = at(bucket.container_url, "a", query)
    assert code_of(WEB.request(method, url, headers=headers, content=content)) == expected
    assert bucket.list() == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("comp=list", (400, "InvalidQueryParameterValue")),
        ("restype=container&comp=list&maxresults=0", (400, "OutOfRangeQueryParameterValue")),
        ("restype=container&comp=list&maxresults=x", (400, "OutOfRangeQueryParameterValue")),
        (f"restype=container&comp=list&maxresults={'1' * 5000}", (400, "OutOfRangeQueryParameterValue")),
        ("restype=container&comp=list&marker=!", (400, "InvalidQueryParameterValue")),
        ("restype=container&comp=list&marker=/w==", (400, "InvalidQueryParameterValue")),
        ("restype=container", (403, "AuthorizationPermissionMismatch")),
    ],
    ids=lambda value: value[-40:] if isinstance(value, str) else "",
)
def test_lists_that_cannot_be(bucket: TransferBucket, query: str, expected: tuple[int, str]) -> None:
    assert code_of(WEB.get(f"{bucket.container_url}&{query}")) == expected


def test_a_prefix_that_xml_cannot_have(bucket: TransferBucket) -> None:
    page = WEB.get(f"{bucket.container_url}&restype=container&comp=list&prefix=a%00&delimiter=%01")
    assert ElementTree.fromstring(page.content).findtext("Prefix") == "a\ufffd"


def test_a_body_without_a_length(bucket: TransferBucket) -> None:
    answer = WEB.put(at(bucket.container_url, "a"), content=iter([b"x"]), headers=BLOB)
    assert code_of(answer) == (411, "MissingContentLengthHeader")


@pytest.mark.parametrize(
    "body",
    [
        b"<BlockList><Latest>AAAA</Latest>",
        b"<Other/>",
        b"<BlockList><Other>AAAA</Other></BlockList>",
        b"<BlockList><Latest><Latest/></Latest></BlockList>",
        b"<!DOCTYPE x [<!ENTITY a 'AAAA'>]><BlockList><Latest>&a;</Latest></BlockList>",
        b'<?xml version="1.0" encoding="none"?><BlockList/>',
    ],
)
def test_a_list_of_blocks_that_is_none(bucket: TransferBucket, body: bytes) -> None:
    answer = WEB.put(at(bucket.container_url, "a", "comp=blocklist"), content=body)
    assert code_of(answer) == (400, "InvalidXmlDocument")


def test_an_upload_that_breaks_off_leaves_nothing(own: Sandbox, bucket: TransferBucket) -> None:
    url = httpx.URL(at(bucket.container_url, "a"))
    used = own._world.files.blobs._contents
    with socket.create_connection((url.host, url.port or 0)) as connection:
        head = f"PUT {url.raw_path.decode()} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-ms-blob-type: BlockBlob\r\n"
        connection.sendall(head.encode() + b"Content-Length: 2000000\r\n\r\n" + bytes(1_500_000))
        assert becomes(lambda: used._folder is not None and any(used._folder.iterdir()))
    folder = used._folder
    assert folder is not None
    assert becomes(lambda: not any(folder.iterdir()))
    assert bucket.list() == []


def becomes(true: Callable[[], bool]) -> bool:
    """Whether something becomes true within a while."""
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def test_another_address_is_none_of_the_storage(own: Sandbox, bucket: TransferBucket) -> None:
    storage = own._world.files.storage
    assert code_of(WEB.get(f"{storage}/other/container/a")) == (400, "InvalidUri")
    assert code_of(WEB.get(f"{storage}/itwins/")) == (400, "InvalidUri")
    foreign = WEB.get(bucket.container_url, headers={"host": "evil.example"})
    assert foreign.status_code == 403


def test_what_is_too_much_is_refused_and_leaves_room(own: Sandbox, bucket: TransferBucket, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(15 * MB))
    bucket.upload(tmp_path / "a")
    (tmp_path / "b").write_bytes(bytes(7 * MB))
    with pytest.raises(errors.TransferError, match="507, InsufficientStorage"):
        bucket.upload(tmp_path / "b")
    assert [blob.name for blob in bucket.list()] == ["a"]
    image = WEB.put(
        f"{own.url}/itwins/{Sandbox.itwin_id}/image",
        content=b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (1).to_bytes(4, "big") * 2 + bytes(5 * MB),
        headers={"authorization": f"Bearer {own.token}", "content-type": "image/png"},
    )
    assert (image.status_code, image.json()["error"]["code"]) == (507, "SandboxFull")
    bucket.delete("a")
    bucket.upload(tmp_path / "b")
    bucket.delete("b")


def test_large_blobs_are_in_a_folder_that_goes_with_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sandbox = Sandbox()
    files = sandbox._world.files
    files.put("own", "small", b"x", "text/plain")
    assert list(tmp_path.iterdir()) == []
    files.put("own", "large", bytes(2 * MB), "text/plain")
    files.put("own", "other", bytes(3 * MB), "text/plain")
    (folder,) = tmp_path.iterdir()
    assert sorted(path.stat().st_size for path in folder.iterdir()) == [2 * MB, 3 * MB]
    kept = files.blobs.get("own", "large")
    files.put("own", "large", b"y", "text/plain")
    files.remove("own", "other")
    # Who reads has what was there.
    assert kept.content() == bytes(2 * MB)
    del kept
    gc.collect()
    assert list(folder.iterdir()) == []
    del sandbox, files
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_goes_with_its_itwin(platform: ITwinPlatform, itwin: str, bucket: TransferBucket) -> None:
    WEB.put(at(bucket.container_url, "a"), content=b"x", headers=BLOB).raise_for_status()
    platform.itwins.delete(itwin)
    answer = WEB.get(at(bucket.container_url, "a"))
    assert code_of(answer) == (404, "ContainerNotFound")


def test_the_documented_permissions_of_a_bucket() -> None:
    with (
        Sandbox(bucket_permissions="rw") as sandbox,
        ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform,
        pytest.raises(errors.StoragePermissionError),
    ):
        platform.reality_analysis.get_bucket(sandbox.itwin_id).list()
    with pytest.raises(ValueError, match="bucket_permissions must be one or more of the letters"):
        Sandbox(bucket_permissions="rx")
    with pytest.raises(ValueError, match="storage_limit must be a whole number of at least 16384"):
        Sandbox(storage_limit=16383)
    Sandbox(storage_limit=16384)


@settings(max_examples=40)
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\\"), min_size=1, max_size=20))
def test_any_name_is_listed_as_it_is(sandbox: Sandbox, name: str) -> None:
    files = sandbox._world.files
    files.blobs.delete("names")
    files.put("names", name, b"x", "text/plain")
    page = WEB.get(f"{files.container('names', 'l')}&restype=container&comp=list")
    element = ElementTree.fromstring(page.content).find("Blobs/Blob/Name")
    assert element is not None
    found = str(element.text)
    assert (unquote(found) if element.get("Encoded") else found) == name
