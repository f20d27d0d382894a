"""`make bench-exports`: the records of 1,000,000 iTwins from a file of an export, beside reading it whole.

Every measurement is a process of its own, which reads from a server that has the file ready. Processor time stands
beside that of `json.loads` and `csv.DictReader` on the unpacked file, and the peak memory beside that for 10,000
iTwins.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from benchmarks import listening, peak_memory

from itwin_platform import ITwinPlatform

FEW, MANY = 10_000, 1_000_000
FORMATS = ("JsonGZip", "JsonZipArchive", "CsvGZip", "Csv")
# Measured on two cores; a file that is held whole takes some 2,000 MB more.
MEMORY_BAR = 1.3


def itwin(number: int) -> dict[str, Any]:
    """An iTwin with the properties that are exported by default."""
    return {
        "id": f"{number:08x}-ffd2-4ff2-a00a-6cbf9f000000",
        "class": "Endeavor",
        "subClass": "Project",
        "type": None,
        "number": f"B-{number}",
        "displayName": f"Bridge {number}, north",
    }


def write(folder: Path, count: int) -> None:
    """Write the files of all formats."""
    with gzip.open(folder / f"JsonGZip-{count}", "wt", 1) as file:
        file.write("[")
        for number in range(count):
            file.write(("," if number else "") + json.dumps(itwin(number)))
        file.write("]")
    with zipfile.ZipFile(folder / f"JsonZipArchive-{count}", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("itwins.json", gzip.decompress((folder / f"JsonGZip-{count}").read_bytes()))
    with (folder / f"Csv-{count}").open("w", newline="") as table:
        rows = csv.DictWriter(table, itwin(0))
        rows.writeheader()
        rows.writerows(map(itwin, range(count)))
    (folder / f"CsvGZip-{count}").write_bytes(gzip.compress((folder / f"Csv-{count}").read_bytes(), 1))


class Handler(BaseHTTPRequestHandler):
    """Answers for the exports, whose ids are the names of their files, and with the files, whole or in ranges."""

    # ruff: noqa: D102 (the methods are those of every handler)
    protocol_version = "HTTP/1.1"
    folder: ClassVar[Path]

    def do_HEAD(self) -> None:
        self._answer(200, b"", (self.folder / self._name()).stat().st_size)

    def do_GET(self) -> None:
        name = self._name()
        if "/itwins/" in self.path:
            request = {"outputFormat": name.partition("-")[0]}
            link = f"http://{self.headers['host']}/files/{name}?sp=r&sig=x"
            export = {"id": name, "request": request, "status": "Completed", "outputUrl": link}
            self._answer(200, json.dumps({"export": export}).encode())
            return
        first, last = map(int, self.headers["range"].removeprefix("bytes=").split("-"))
        with (self.folder / name).open("rb") as file:
            file.seek(first)
            size = (self.folder / name).stat().st_size
            self._answer(206, file.read(last + 1 - first), content_range=f"bytes {first}-{last}/{size}")

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _name(self) -> str:
        return self.path.partition("?")[0].rpartition("/")[2]

    def _answer(self, status: int, body: bytes, length: int | None = None, content_range: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("ETag", '"one"')
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        self.wfile.write(body)


def read(url: str, name: str, how: str) -> int:
    """Read a file in one of the ways, and return how many records it has."""
    if how == "whole":
        content = (Path(url) / name).read_bytes()
        if name.startswith("JsonZip"):
            content = zipfile.ZipFile(io.BytesIO(content)).read("itwins.json")
        content = gzip.decompress(content) if "GZip" in name else content
        return len(json.loads(content) if name.startswith("Json") else [*csv.DictReader(io.StringIO(content.decode()))])
    with ITwinPlatform("token", api_url=url) as platform:
        records = platform.exports.records(name)
        return sum(1 for _ in (records if how == "itwins" else records.dicts()))


def measured(*arguments: str) -> tuple[float, float]:
    """Seconds of processor time and peak memory in MiB of a process of its own."""
    done = subprocess.run([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def measure(url: str, name: str, how: str) -> None:
    before = time.process_time()
    assert read(url, name, how) == int(name.partition("-")[2])  # noqa: S101 (a file that is cut short would look quick)
    print(time.process_time() - before, peak_memory() or 0)


def serve(folder: str) -> None:
    Handler.folder = Path(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


def main() -> int:
    failed = False
    heads = f"{'whole':>9} {'dicts':>9} {'iTwins':>9}    {'peak MiB, whole and iTwins':>28} {'growth':>7}"
    print(f"{f'{MANY:,} iTwins':<16} {heads}")
    with tempfile.TemporaryDirectory() as name:
        # In a process of its own: what starts others hands on its peak memory.
        subprocess.run([sys.executable, __file__, "write", name], check=True)
        with listening(__file__, name) as url:
            for each in FORMATS:
                whole, at_once = measured(name, f"{each}-{MANY}", "whole")
                dicts, _ = measured(url, f"{each}-{MANY}", "dicts")
                itwins, most = measured(url, f"{each}-{MANY}", "itwins")
                _, least = measured(url, f"{each}-{FEW}", "itwins")
                times = f"{whole:>7.1f} s {dicts / whole:>8.1f}x {itwins / whole:>8.1f}x"
                print(f"{each:<16} {times}    {at_once:>20.0f} {most:>7.0f} {most / least:>6.2f}x", flush=True)
                failed |= most / least > MEMORY_BAR
    return int(failed)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        measure(*sys.argv[1:])
    elif len(sys.argv) == 3:
        write(Path(sys.argv[2]), FEW)
        write(Path(sys.argv[2]), MANY)
    elif len(sys.argv) == 2:
        serve(sys.argv[1])
    else:
        raise SystemExit(main())
