"""Reading files of a bucket, and what variables for other tools change about it: nothing."""

import os
from pathlib import Path

import pytest

from itwin_platform import errors
from itwin_platform.storage import TransferBucket
from tests.storage.judge import Container


def test_reading_as_a_file(bucket: TransferBucket, container: Container) -> None:
    content = os.urandom(10_000_000)
    container.put("data", content)
    with bucket.open("data") as file:
        assert file.size == len(content)
        assert file.read(100) == content[:100]
        assert file.seek(-50, os.SEEK_END) == len(content) - 50
        assert file.read() == content[-50:]
        assert file.read(10) == b""
        file.seek(5_000_000)
        assert b"".join(iter(lambda: file.read(3_000_001), b"")) == content[5_000_000:]


def test_reading_does_not_mix_two_contents(bucket: TransferBucket, container: Container) -> None:
    container.put("data", b"a" * 9_000_000)
    with bucket.open("data") as file:
        assert file.read(10) == b"a" * 10
        container.put("data", b"b" * 9_000_000)
        with pytest.raises(errors.StorageError, match="has changed"):
            file.read()
    with pytest.raises(errors.StorageError, match="not in the container"):
        bucket.open("nothing")


def test_variables_for_other_azure_tools_change_nothing(
    bucket: TransferBucket, container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AZURE_STORAGE_ACCOUNT_KEY": "AAAA",
        "AZURE_STORAGE_ACCOUNT_NAME": "other",
        "AZURE_STORAGE_USE_EMULATOR": "true",
        "AZURE_STORAGE_SAS_KEY": "sv=1&sig=x",
        "AZURE_STORAGE_ENDPOINT": "http://127.0.0.1:1",
        "AZURE_STORAGE_TOKEN": "token",
        "AZURE_CREDENTIAL_TYPE": "bearer_token",
        "AZURE_SKIP_SIGNATURE": "true",
        "AZURE_CONTAINER_NAME": "other",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "file").write_bytes(b"x")
    bucket.upload(tmp_path / "file")
    assert container.names() == ["file"]
