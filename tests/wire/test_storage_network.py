"""How the storage is reached: one rule about proxies, certificates and retries for files of every size."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import truststore

from itwin_platform import errors
from itwin_platform._http import TransportOptions
from itwin_platform.models import Bucket
from itwin_platform.storage import TransferBucket
from itwin_platform.storage._run import Run
from tests.support.proxies import RecordingProxy
from tests.support.scripted import ByHand, Received, ScriptedServer, answer
from tests.wire.conftest import Authority

SIZES = [10, 300_000, 3_000_000]
STORED = answer(201, etag='"0x1"', last_modified="Sat, 21 Nov 2026 00:00:00 GMT")
VARIABLES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "AZURE_PROXY_URL")


def bucket_at(address: str, rights: str = "rwdl", **options: Any) -> TransferBucket:
    """A bucket at an address."""
    url = f"{address}/account/container?sp={rights}&sig=secret"
    return TransferBucket(Bucket("i-1", url, None), TransportOptions(timeout=(5, 5), **options), lambda: url)


def every_operation(bucket: TransferBucket, folder: Path) -> list[Callable[[], object]]:
    (folder / "up").mkdir(exist_ok=True)
    for number, size in enumerate(SIZES):
        (folder / "up" / str(number)).write_bytes(bytes(size))
    return [
        *(lambda path=path: bucket.upload(path, overwrite=True) for path in (folder / "up").iterdir()),
        bucket.list,
        lambda: bucket.open("x"),
        lambda: bucket.download(["x"], folder / "down"),
        lambda: bucket.delete(["x"]),
    ]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long transfers have waited; no time passes."""
    found: list[float] = []
    monkeypatch.setattr(Run, "pause", lambda _, seconds: found.append(seconds))
    return found


def test_nothing_of_the_environment_leads_the_sas_to_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "up").mkdir()
    for number in range(20):
        (tmp_path / "up" / str(number)).write_bytes(b"x")
    with ScriptedServer(STORED) as storage, RecordingProxy() as proxy:
        for name in VARIABLES:
            monkeypatch.setenv(name, proxy.url)
        bucket_at(storage.url).upload(tmp_path / "up", overwrite=True, concurrency=1)
        assert len(storage.received) == 20
        assert proxy.asked == []


def test_every_request_takes_the_proxy_that_calls_take(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "up").mkdir()
    for number in range(20):
        (tmp_path / "up" / str(number)).write_bytes(b"x")
    host = "account.blob.core.windows.net"
    with (
        ScriptedServer(STORED, tls=authority.server(host)) as storage,
        RecordingProxy({host: storage.port}) as given,
        RecordingProxy({host: storage.port}) as of_the_environment,
    ):
        monkeypatch.setenv("HTTPS_PROXY", of_the_environment.url)
        bucket_at(f"https://{host}", verify=str(authority.file)).upload(tmp_path / "up", overwrite=True)
        assert set(of_the_environment.asked) == {f"CONNECT {host}:443"}
        assert len(storage.received) == 20
        bucket_at(f"https://{host}", verify=str(authority.file), proxy=given.url).upload(
            tmp_path / "up", overwrite=True
        )
        assert set(given.asked) == {f"CONNECT {host}:443"}
        assert len(storage.received) == 40
        assert not any("sig=" in head for head in given.heads + of_the_environment.heads)


@pytest.mark.parametrize("size", SIZES)
def test_a_busy_storage_is_given_the_time_it_asks_for(tmp_path: Path, pauses: list[float], size: int) -> None:
    (tmp_path / "file").write_bytes(bytes(size))
    busy = answer(503, b"<Error><Code>ServerBusy</Code></Error>", retry_after="7")
    with ScriptedServer(busy, busy, STORED) as storage:
        bucket_at(storage.url, "w").upload(tmp_path / "file", overwrite=True)
    assert len([seconds for seconds in pauses if 7 <= seconds < 9]) == 2


def test_a_tiny_file_that_meets_a_busy_storage_is_sent_again(tmp_path: Path, pauses: list[float]) -> None:
    """The first file goes through; the next one is refused."""
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(b"x")
    busy = answer(503, b"", retry_after="7")
    with ScriptedServer(STORED, busy, busy, STORED) as storage:
        report = bucket_at(storage.url).upload(tmp_path, overwrite=True, concurrency=1)
        assert [request.path.partition("?")[0][-1] for request in storage.received] == ["a", "b", "b", "b", "c"]
    assert len(report.sent) == 3
    assert len([seconds for seconds in pauses if 7 <= seconds < 9]) == 1


def test_a_certificate_that_cannot_be_trusted_is_not_asked_for_again(tmp_path: Path, authority: Authority) -> None:
    with ScriptedServer(STORED, tls=authority.server("127.0.0.1")) as storage:
        operations = every_operation(bucket_at(storage.url), tmp_path)
        for operation in operations:
            with pytest.raises(errors.StorageError, match=r"certificate.*verify= or SSL_CERT_FILE"):
                operation()
        assert storage.connections <= len(operations) + 1  # the parts of a large file are sent side by side


def test_a_proxy_that_wants_a_password_is_named(tmp_path: Path) -> None:
    def refuse(request: Received) -> bytes:
        return answer(407, proxy_authenticate='Basic realm="x"')

    with ScriptedServer(refuse) as proxy:
        for address in ("http://127.0.0.1:9", "https://account.blob.core.windows.net"):
            for operation in every_operation(bucket_at(address, proxy=proxy.url), tmp_path):
                with pytest.raises(errors.StorageError, match=rf"the proxy 127.0.0.1:{proxy.port} requires a user"):
                    operation()


def test_why_there_is_no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(errors.TransferError, match=r"cannot be reached \(connection refused\).*Run it again"):
        bucket_at(f"http://127.0.0.1:{port}").upload(tmp_path / "file", overwrite=True)
    with pytest.raises(errors.TransferError, match=rf"refused\) through the proxy 127.0.0.1:{port}"):
        bucket_at("https://a.example", proxy=f"http://127.0.0.1:{port}").upload(tmp_path / "file", overwrite=True)

    def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(errors.TransferError, match="its name cannot be looked up"):
        bucket_at("https://a.example").upload(tmp_path / "file", overwrite=True)
    assert pauses


def test_authorities_of_every_kind_hold_for_files_too(tmp_path: Path, authority: Authority) -> None:
    """Also a context that cannot say whom it trusts, as that of the operating system."""
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.file)
    (tmp_path / "file").write_bytes(b"x")
    with ScriptedServer(STORED, tls=authority.server("127.0.0.1")) as storage:
        for verify in (str(authority.file), context):
            bucket_at(storage.url, verify=verify).upload(tmp_path / "file", overwrite=True)


def test_a_connection_that_breaks_while_a_file_is_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(300_000))
    with ScriptedServer(ByHand(lambda connection: None), STORED) as storage:
        bucket_at(storage.url).upload(tmp_path / "file", overwrite=True)
        assert len(storage.received) == 2
