"""Files of exports: the same records from all four formats, and a clear word about what is none."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itwin_platform.storage._records import Record, UnreadableError, records_of
from itwin_platform_api.itwins.models import ITwin

FORMATS = ["JsonGZip", "JsonZipArchive", "CsvGZip", "Csv"]
UNUSUAL = {"bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}
ITWINS: list[Record] = [
    {"id": "1", "displayName": 'A "wide", long\nbridge', "number": "007", "latitude": 46.5, "longitude": None},
    {"id": "2", "displayName": "Größe 🌉", "number": "-1", "latitude": -1e-7, "longitude": 180.0},
]


def packed(content: bytes, output_format: str) -> bytes:
    """A text as the file of a format."""
    if output_format == "JsonZipArchive":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("itwins.json", content)
        return file.getvalue()
    return gzip.compress(content, 1, mtime=0) if output_format.endswith("GZip") else content


def damaged(compression: int) -> bytes:
    """An archive with the first bytes of its file overwritten."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("itwins.json", b"[{}]")
    content = file.getvalue()
    at = content.index(b"itwins.json") + len("itwins.json")
    return content[: at + 9] + b"~" * 8 + content[at + 17 :]


def written(records: list[Record], output_format: str) -> bytes:
    """Records as the file of a format."""
    if output_format.startswith("Json"):
        return packed(json.dumps(records, ensure_ascii=False).encode(), output_format)
    text = io.StringIO()
    rows = csv.DictWriter(text, list(records[0]))
    rows.writeheader()
    rows.writerows(records)
    return packed(text.getvalue().encode(), output_format)


def read(content: bytes, output_format: str) -> list[Record]:
    return list(records_of(io.BufferedReader(io.BytesIO(content)), output_format))


@pytest.mark.parametrize("output_format", FORMATS)
def test_the_records_are_the_same_in_each_format(output_format: str) -> None:
    assert read(written(ITWINS, output_format), output_format) == ITWINS
    assert ITwin.from_dict(ITWINS[0]).latitude == 46.5


_TEXTS = st.text(st.characters(codec="utf-8"), min_size=1)
_RECORDS = st.lists(
    st.fixed_dictionaries(
        {"id": _TEXTS, "displayName": _TEXTS, "latitude": st.none() | st.floats(-90, 90), "type": st.none() | _TEXTS}
    ),
    min_size=1,
)


@settings(max_examples=40)
@given(_RECORDS, st.sampled_from(FORMATS))
def test_whatever_stands_in_them(records: list[Record], output_format: str) -> None:
    assert read(written(records, output_format), output_format) == records


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("output_format", ["JsonGZip", "Csv"])
def test_a_mark_at_the_beginning_names_the_encoding(output_format: str, encoding: str) -> None:
    content = written(ITWINS, output_format)
    text = (gzip.decompress(content) if output_format == "JsonGZip" else content).decode()
    assert read(packed(text.encode(encoding), output_format), output_format) == ITWINS


@pytest.mark.parametrize(
    "text",
    [
        '[{"Id": "1", "displayname": "A"}]',
        '{"iTwins": [{"id": "1", "displayName": "A"}]}\r\n',
        '{"id": "1", "displayName": "A"}\n',
        ' [ {"id": "1" , "displayName":"A"} , ] ',
    ],
)
def test_what_stands_around_the_records_is_free(text: str) -> None:
    assert read(packed(text.encode(), "JsonGZip"), "JsonGZip") == [{"id": "1", "displayName": "A"}]


def test_csv_may_name_columns_in_another_case_and_have_one_alone() -> None:
    assert read(b"Id,SubClass,More\r\n1,Project,\r\n\r\n", "Csv") == [{"id": "1", "subClass": "Project", "More": None}]
    assert read(b"type\n\nBridge\n", "Csv") == [{"type": None}, {"type": "Bridge"}]
    assert read(b"id,number\n", "Csv") == []


WRONG: list[tuple[str, str, bytes]] = [
    ("nothing", "JsonGZip", packed(b"", "JsonGZip")),
    ("nothing in CSV", "Csv", b""),
    ("no gzip", "JsonGZip", b"[]"),
    ("no archive", "JsonZipArchive", b"[]"),
    ("an empty archive", "JsonZipArchive", b"PK\5\6" + bytes(18)),
    ("the middle of a record", "JsonGZip", packed(b'[{"id": "1"', "JsonGZip")),
    ("after a record", "JsonGZip", packed(b'[{"id": "1"}', "JsonGZip")),
    ("after the list in an object", "JsonGZip", packed(b'{"iTwins": []', "JsonGZip")),
    ("a comma too few", "JsonGZip", packed(b"[{} {}]", "JsonGZip")),
    ("more after the end", "JsonGZip", packed(b"[{}] []", "JsonGZip")),
    ("not objects", "JsonGZip", packed(b"[1]", "JsonGZip")),
    ("not a number", "JsonGZip", packed(b'[{"latitude": NaN}]', "JsonGZip")),
    ("too deep", "JsonGZip", packed(b'[{"a":' * 100_000, "JsonGZip")),
    ("too large a record", "JsonGZip", packed(b'[{"id": "' + b"1" * 3_000_000 + b'"}]', "JsonGZip")),
    ("Latin-1", "Csv", b"id,displayName\n1,Gr\xf6\xdfe\n"),
    ("a value too few", "Csv", b"id,number\n1\n"),
    ("an open quote", "Csv", b'id,number\n1,"2\n'),
    ("a line too long", "Csv", b"id,number\n1," + b"2" * 3_000_000),
    ("lines in one record", "Csv", b'id,number\n1,"' + b'2\n","' * 500_000),
    ("no number", "Csv", b"id,latitude\n1,north\n"),
    ("a column twice", "Csv", b"id,ID\n1,2\n"),
    ("a number too large", "JsonGZip", packed(b'[{"latitude": 1e999}]', "JsonGZip")),
    *(
        (f"{value} as a number", "Csv", f"id,latitude\n1,{value}\n".encode())
        for value in ("nan", "-inf", "1e999", "1_0")
    ),
    ("a property twice", "JsonGZip", packed(b'[{"id": "1", "id": "2"}]', "JsonGZip")),
    ("a property twice in another case", "JsonGZip", packed(b'[{"id": "1", "ID": "2"}]', "JsonGZip")),
    *((f"{name} damaged", "JsonZipArchive", damaged(kind)) for name, kind in UNUSUAL.items()),
    ("another format", "Parquet", b"PAR1"),
]


@pytest.mark.parametrize(("output_format", "content"), [pytest.param(*rest, id=name) for name, *rest in WRONG])
def test_what_is_no_export_is_refused(output_format: str, content: bytes) -> None:
    with pytest.raises(UnreadableError):
        read(content, output_format)


@given(st.data(), st.sampled_from(FORMATS[:3]))
def test_a_file_that_is_cut_or_broken_is_noticed(data: st.DataObject, output_format: str) -> None:
    content = bytearray(written(ITWINS * 20, output_format))
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[at:]
    else:
        content[at] ^= data.draw(st.integers(1, 255))
    try:
        assert read(bytes(content), output_format) == ITWINS * 20  # some bytes of an archive mean nothing
    except UnreadableError as error:
        assert str(error)  # noqa: PT017 (either outcome is right)


@pytest.mark.parametrize("output_format", FORMATS[:3])
def test_what_unpacks_to_much_more_takes_no_memory(output_format: str) -> None:
    text = b"id,number" + b"\n" * 400_000 if output_format == "CsvGZip" else b"[" + b" " * 20_000_000 + b"]"
    content = packed(text, output_format)
    tracemalloc.start()
    try:
        assert read(content, output_format) == []
        assert tracemalloc.get_traced_memory()[1] < 8e6
    finally:
        tracemalloc.stop()
