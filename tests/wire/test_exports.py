"""Exports from their creation to the records, on a scripted platform and its storage."""

from __future__ import annotations

import gzip
import json
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors, frames
from itwin_platform.models import ITwin
from itwin_platform.sandbox import Sandbox
from tests.support.blobs import PlatformWithBlob
from tests.support.examples import example
from tests.support.scripted import ByHand, Received, ScriptedServer, answer

ID = "a81b9253-d0a3-4b09-962a-b5a51da34537"
ITWINS = [{"id": f"i-{n}", "displayName": f"Bridge {n}", "latitude": n / 4} for n in range(3000)]
FILE = gzip.compress(json.dumps(ITWINS).encode(), mtime=0)


class Exporting(PlatformWithBlob):
    """A platform whose exports take a look each, from queued to completed, and its storage.

    Attributes:
        exports: The exports that there are, newest first.
        asked: The requests, as `"GET"`, `"LIST"` and `"POST"`.
    """

    def __init__(self, content: bytes = FILE) -> None:
        super().__init__(content)
        self.exports: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.signature = "one"

    def link(self) -> str | None:
        return f"{self.storage.url}/exports/{ID}.json.gz?sp=r&sig={self.signature}" if self.blob.content else None

    def add(self, status: str, **request: object) -> None:
        """Add an export."""
        export = {**example("itwins/create-export")["export"], "id": ID, "status": status}
        # The platform names its defaults.
        defaults = {"queryScope": "MemberOfiTwin", "filter": None, "includeInactive": False}
        export["request"] = {**defaults, "outputFormat": "JsonGZip", **request}
        export["startedDateTime"] = datetime.now(UTC).isoformat()
        export["outputUrl"] = self.link() if status == "Completed" else None
        self.exports.insert(0, export)

    def answer(self, request: Received) -> bytes:
        if request.method == "POST":
            self.asked.append("POST")
            self.add("Queued", **request.json)
            return answer(201, {"export": self.exports[0]})
        if request.path.endswith("/exports"):
            self.asked.append("LIST")
            return answer(200, {"exports": self.exports})
        self.asked.append("GET")
        export = self.exports[0]
        assert request.path.endswith(f"/{export['id']}")
        export["status"] = {"Queued": "InProgress", "InProgress": "Completed"}.get(export["status"], export["status"])
        export["outputUrl"] = self.link() if export["status"] == "Completed" else None
        return answer(200, {"export": export})


@pytest.fixture
def exporting() -> Iterator[Exporting]:
    with Exporting() as running:
        yield running


@pytest.fixture
def platform(exporting: Exporting) -> Iterator[ITwinPlatform]:
    with ITwinPlatform("secret-token", api_url=exporting.server.url) as client:
        yield client


def test_an_export_is_created_waited_for_and_read(exporting: Exporting, platform: ITwinPlatform) -> None:
    states: list[str] = []
    records = platform.exports.run(
        select="latitude", intervals=[0.01], progress=lambda export: states.append(export.status.value)
    )
    assert states == ["InProgress", "Completed"]
    assert exporting.asked == ["LIST", "POST", "GET", "GET"]
    assert exporting.exports[0]["request"]["select"] == "id,displayName,latitude"
    assert records.to_list() == [ITwin.from_dict(each) for each in ITWINS]
    assert next(iter(records.dicts())) == ITWINS[0]
    assert "sig=one" not in repr(records) + repr(records.export) + repr(vars(records))
    for stays in (records, iter(records)):
        with pytest.raises(TypeError, match=r"to_list\(\), or .* in the other process"):
            pickle.dumps(stays)


def test_tables_of_an_export_are_those_of_its_itwins(exporting: Exporting, platform: ITwinPlatform) -> None:
    records = platform.exports.run(select=["latitude", "longitude"], intervals=[0.01])
    itwins = records.to_list()
    assert records.first() == itwins[0]
    assert records.to_records() == frames.to_records(itwins)
    assert records.to_arrow().equals(frames.to_arrow(itwins).combine_chunks())
    assert records.to_pandas().equals(frames.to_pandas(itwins))
    assert records.to_geojson() == frames.to_geojson(itwins)
    with pytest.raises(ValueError, match=r'select=\["latitude", "longitude"\]'):
        platform.exports.run(intervals=[0.01]).to_geojson()


def test_async_code_reads_them_too(exporting: Exporting) -> None:
    async def run() -> tuple[int, str]:
        async with AsyncITwinPlatform("token", api_url=exporting.server.url) as platform:
            records = await platform.exports.run(intervals=[0.01])
            exporting.signature, exporting.blob.good = "two", {"two"}
            count = 0
            async for itwin in records:
                count += 1
                if count == 1500:
                    return count, itwin.display_name
            return count, ""

    for backend in ("asyncio", "trio"):
        assert anyio.run(run, backend=backend) == (1500, "Bridge 1499")


@pytest.mark.parametrize("status", ["Queued", "Completed"])
def test_what_was_begun_is_gone_on_with(exporting: Exporting, platform: ITwinPlatform, status: str) -> None:
    exporting.add(status, subClass="Project")
    run: Callable[..., Any] = platform.exports.run
    assert run(sub_class="Project", intervals=[0.01], max_age=60).export.id == ID
    assert "POST" not in exporting.asked
    run(sub_class="Asset", intervals=[0.01], max_age=60)
    assert exporting.asked.count("POST") == 1
    run(sub_class="Asset", intervals=[0.01])
    assert exporting.asked.count("POST") == 2


def test_a_link_that_has_expired_is_asked_for_again(
    exporting: Exporting, platform: ITwinPlatform, tmp_path: Path
) -> None:
    exporting.add("Completed")
    records, old = platform.exports.records(ID), platform.exports.get(ID)
    exporting.signature, exporting.blob.good = "two", {"two"}
    assert len(records.to_list()) == len(ITWINS)
    assert exporting.blob.refused == 1
    path = platform.exports.download(old, tmp_path / "new" / "file.json.gz")
    assert path.read_bytes() == FILE
    assert [each.name for each in path.parent.iterdir()] == ["file.json.gz"]
    assert platform.exports.download(ID, path) == path  # it is the same
    path.write_bytes(b"other")
    with pytest.raises(errors.TransferError, match="overwrite=True"):
        platform.exports.download(ID, path)
    assert platform.exports.download(ID, path, overwrite=True).read_bytes() == FILE


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_sent(
    exporting: Exporting, platform: ITwinPlatform, tmp_path: Path
) -> None:
    anything: Any = platform.exports
    (tmp_path / "file").write_bytes(b"x")
    for path, problem in (("", "is a folder"), ("file/below", "file' is a file, not a folder")):
        with pytest.raises(errors.StorageError, match=problem):
            platform.exports.download(ID, tmp_path / path)
    with pytest.raises(ValueError, match="the export or its id"):
        anything.download(5, tmp_path / "new")
    with pytest.raises(ValueError, match="the export or its id"):
        anything.records(None)
    with pytest.raises(ValueError, match="overwrite must be"):
        anything.download(ID, tmp_path / "new", overwrite="no")
    assert exporting.asked == []


def test_a_connection_that_breaks_is_gone_on_with(tmp_path: Path) -> None:
    half = len(FILE) // 2

    def broken(connection: Any) -> None:
        connection.sendall(answer(200, FILE, media_type=None, etag='"0x1"')[:-half])

    with Exporting() as exporting:
        exporting.storage._scripts.insert(0, ByHand(broken))
        exporting.add("Completed")
        with ITwinPlatform("token", api_url=exporting.server.url) as platform:
            assert platform.exports.download(ID, tmp_path / "file").read_bytes() == FILE
        assert exporting.storage.received[-1].headers["range"] == f"bytes={len(FILE) - half}-{len(FILE) - 1}"


def test_where_nothing_was_found_there_is_no_file(tmp_path: Path) -> None:
    with Exporting(b"") as exporting, ITwinPlatform("token", api_url=exporting.server.url) as platform:
        assert platform.exports.run(intervals=[0.01]).to_list() == []
        with pytest.raises(errors.StorageError, match="nothing was found"):
            platform.exports.download(ID, tmp_path / "file")
    assert exporting.storage.received == []


def test_what_was_read_before_a_file_ends_is_returned(tmp_path: Path) -> None:
    itwins = [{"id": f"i-{n}", "displayName": f"Bridge {n}"} for n in range(20_000)]
    content = gzip.compress(json.dumps(itwins).encode())[:-10_000]
    with Exporting(content) as exporting, ITwinPlatform("token", api_url=exporting.server.url) as platform:
        exporting.add("Completed")
        read: list[str] = []
        with pytest.raises(errors.StorageError, match="ends in the middle") as caught:
            read.extend(itwin.id for itwin in platform.exports.records(ID))
        assert 10_000 < len(read) < 20_000
        assert read == [each["id"] for each in itwins[: len(read)]]
        assert "sig=" not in str(caught.value) + repr(pickle.dumps(caught.value))


def test_records_without_ids_are_read_as_dicts(tmp_path: Path) -> None:
    content = gzip.compress(b'[{"number": "7"}]')
    with Exporting(content) as exporting, ITwinPlatform("token", api_url=exporting.server.url) as platform:
        exporting.add("Completed")
        with pytest.raises(errors.StorageError, match="id is missing"):
            platform.exports.records(ID).to_list()
        assert list(platform.exports.records(ID).dicts()) == [{"number": "7"}]


def test_one_that_is_not_completed_has_no_records(exporting: Exporting, platform: ITwinPlatform) -> None:
    exporting.add("Queued")
    with pytest.raises(errors.StorageError, match=r"exports.wait"):
        platform.exports.records(ID)
    exporting.exports[0]["status"] = "Failed"
    with pytest.raises(errors.ExportFailedError) as caught:
        platform.exports.wait(ID)
    assert pickle.loads(pickle.dumps(caught.value)).export.id == ID
    exporting.exports[0]["status"] = "Suspended"
    with pytest.raises(errors.WaitTimeout, match=rf"exports.wait\('{ID}'\)"):
        platform.exports.wait(ID, timeout=0.01, intervals=[0.01])
    exporting.exports[0]["status"] = "Completed"
    assert platform.exports.wait(platform.exports.get(ID)).id == ID
    anything: Any = platform.exports
    with pytest.raises(ValueError, match="export must be the export or its id, not int"):
        anything.wait(5)


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_age": -1},
        {"timeout": -1},
        {"max_age": 20_000},
        {"intervals": []},
        {"query_scope": 1},
        {"select": 1},
        {"progress": 1},
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(
    exporting: Exporting, platform: ITwinPlatform, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        platform.exports.run(**arguments)
    assert exporting.asked == []


@pytest.mark.parametrize(
    ("target", "advice"),
    [("MaxJobsPerHourQuota", "try again in an hour"), ("SimultaneousJobsQuota", r"exports.wait\(id\)")],
)
def test_a_quota_that_is_used_up_comes_with_its_own_advice(target: str, advice: str) -> None:
    details = [{"code": "ResourceQuotaExceeded", "target": target, "message": "Too many."}]
    body = {"error": {"code": "InvalidiTwinsRequest", "message": "Cannot query iTwins.", "details": details}}
    scripts = answer(200, {"exports": []}), answer(422, body)
    with ScriptedServer(*scripts) as server, ITwinPlatform("token", api_url=server.url) as platform:
        with pytest.raises(errors.InvalidRequestError, match=advice) as caught:
            platform.exports.run()
        assert "Correct what" not in str(caught.value)


_PROGRAM = """
import sys
from pathlib import Path
from itwin_platform import ITwinPlatform

with ITwinPlatform("token", api_url=sys.argv[1]) as platform:
    records = platform.exports.run(intervals=[0.01], max_age=3600)
    ids = [itwin.id for itwin in records]
    platform.exports.download(records.export, "file.json.gz")
    Path("ids").write_text("\\n".join(ids))
"""


def test_a_program_that_is_killed_and_run_again_loses_nothing_and_creates_nothing_twice(tmp_path: Path) -> None:
    def start(url: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", _PROGRAM, url], cwd=tmp_path)

    def kill(connection: socket.socket, part: bytes) -> None:
        connection.sendall(part)
        programs[-1].kill()

    programs: list[subprocess.Popen[bytes]] = []
    with Exporting() as exporting:
        # While it waits, while it reads, and while it downloads.
        for server, before in ((exporting.server, 3), (exporting.storage, 1), (exporting.storage, 2)):
            answered = server._scripts[-1]
            partly = answer(200, FILE, media_type=None, etag='"0x1"')[:-500]
            killing = ByHand(partial(kill, part=partly))
            server._scripts[:] = [*[answered] * before, killing, answered]
            with start(exporting.server.url) as program:
                programs.append(program)
                assert program.wait(60) != 0
            assert not (tmp_path / "file.json.gz").exists()
        with start(exporting.server.url) as program:
            assert program.wait(60) == 0
        assert exporting.asked.count("POST") == 1
    assert (tmp_path / "ids").read_text().split("\n") == [each["id"] for each in ITWINS]
    assert (tmp_path / "file.json.gz").read_bytes() == FILE
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file.json.gz", "ids"]


@pytest.fixture(scope="module")
def exporting_sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=1000, data=_DATA) as running:
        yield running


_KIND = {"class": "Endeavor", "subClass": "Project"}
_DATA = {
    "/itwins": [
        {"id": f"{n:08}-0000-0000-0000-000000000000", "displayName": f'"Bridge", {n}', **_KIND} for n in range(50)
    ]
}


@pytest.mark.parametrize("output_format", ["JsonGZip", "JsonZipArchive", "CsvGZip", "Csv"])
def test_the_sandbox_exports_the_same_in_each_format(output_format: str, exporting_sandbox: Sandbox) -> None:
    exporting_sandbox.advance(3600)
    with ITwinPlatform(exporting_sandbox.token, api_url=exporting_sandbox.url) as platform:
        listed = {itwin.id: itwin for itwin in platform.itwins.list(sub_class="Project", detail="full")}
        select = ["class", "number", "latitude", "createdDateTime"]
        records = platform.exports.run(
            output_format=output_format, sub_class="Project", select=select, intervals=[0.01]
        )
        read = records.to_list()
        assert len(read) == len(listed) > 50
        for itwin in read:
            known = listed[itwin.id]
            assert (itwin.display_name, itwin.class_, itwin.number) == (known.display_name, known.class_, known.number)
            assert (itwin.latitude, itwin.created_date_time) == (known.latitude, known.created_date_time)
