"""One file by a SAS URL of its own, which permits nothing but to write or to read it."""

import gzip
import os
from pathlib import Path

import pytest

from itwin_platform import errors
from itwin_platform._http import TransportOptions
from itwin_platform.storage._access import FileAccess
from itwin_platform.storage._journal import Journal
from itwin_platform.storage._reader import BlobReader, RawBlob
from itwin_platform.storage._records import records_of
from itwin_platform.storage._run import Run
from itwin_platform.storage._single import download_file, upload_file
from tests.storage.judge import Container

PART = 8 * 1024 * 1024


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "state"))


@pytest.fixture
def options() -> TransportOptions:
    return TransportOptions(timeout=(10.0, 60.0))


def test_a_file_is_uploaded_and_gone_on_with(container: Container, options: TransportOptions, tmp_path: Path) -> None:
    file = tmp_path / "model.zip"
    file.write_bytes(os.urandom(PART + 1000))
    url = container.blob_url("a/model-1.0.zip", "w")
    access = FileAccess(url, options)
    # Blocks are noted that the storage does not have: it says so, and all are sent.
    for rounds in range(2):
        journal = Journal("one")
        journal.begin(url, "now")
        if rounds == 0:
            journal.note_part(b"x" * 32, PART)
            journal = Journal("one")
        report = upload_file(access, file, journal, Run(access, None))
        assert report.bytes_sent == PART + 1000
        assert container.content("a/model-1.0.zip") == file.read_bytes()
    with pytest.raises(errors.StoragePermissionError):
        download_file(access, "model.zip", tmp_path / "copy", overwrite=False, run=Run(access, None))


def test_a_program_that_is_killed_while_it_begins_again_forgets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    url = "https://account.example/container/model.zip?sig=x"
    journal = Journal("two")
    journal.begin(url, "now")
    journal.note_part(b"a" * 32, PART)
    journal.note_part(b"b" * 32, PART)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", kill)
        with pytest.raises(KeyboardInterrupt):
            Journal("two").begin(url, "later")
    again = Journal("two")
    again.begin(url, "later")
    assert Journal("two").parts == {b"a" * 32: PART, b"b" * 32: PART}


def test_a_file_is_read_and_downloaded(container: Container, options: TransportOptions, tmp_path: Path) -> None:
    content = gzip.compress(b'[{"id": "1"}, {"id": "2"}]')
    container.put("export.json.gz", content)
    access = FileAccess(container.blob_url("export.json.gz", "r"), options)
    with BlobReader(RawBlob(access, "any name")) as file:
        assert [each["id"] for each in records_of(file, "JsonGZip")] == ["1", "2"]
    download_file(access, "any name", tmp_path / "new" / "copy", overwrite=False, run=Run(access, None))
    assert (tmp_path / "new" / "copy").read_bytes() == content
