"""Models in the tools of others: tables, maps, pydantic, FastAPI, rich, notebooks.

All in one module, because importing these tools takes seconds.
"""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import typing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import httpx
import pandas as pd
import pyarrow as pa
import pytest
import rich.console
from fastapi import Body, FastAPI
from pydantic import BaseModel, TypeAdapter, ValidationError

from itwin_platform import AsyncITwinPlatform, AsyncPages, ITwinPlatform, Pages, errors, frames
from itwin_platform.frames._columns import columns_of
from itwin_platform.models import Bucket, ITwin, ITwinClass, ITwinCreate, Repository, reality_analysis
from itwin_platform.sandbox import Sandbox
from itwin_platform.storage import FileOutcome, TransferReport
from tests.support.examples import every_model, example

SECRET = "MARK"
ITWIN = example("get-itwin")["iTwin"]
REPOSITORY = {
    "id": "r-1",
    "class": "Brand new",
    "uri": f"https://a.example/map?token={SECRET}",
    "authentication": {"type": "Basic", "username": "u", "password": SECRET},
    "options": {"queryParameters": {"apikey": SECRET}},
    "capabilities": {"graphics": {"uri": "https://b.example"}},
    "surprise": {"sig": SECRET},
}
LISTS = [
    ("itwins", lambda platform: platform.itwins.list(detail="full")),
    ("favorites", lambda platform: platform.favorites.list()),
    ("recents", lambda platform: platform.recents.list()),
    ("exports", lambda platform: platform.exports.list()),
    ("repositories", lambda platform: platform.repositories.list(Sandbox.itwin_id)),
    ("resources", lambda platform: platform.repositories.list_resources(Sandbox.itwin_id, Sandbox.repository_id)),
    ("global", lambda platform: platform.global_repositories.list()),
    ("reality data", lambda platform: platform.reality_data.list()),
    ("detectors", lambda platform: platform.reality_analysis.detectors.list()),
    ("analysis files", lambda platform: platform.reality_analysis.list_files()),
    ("analysis jobs", lambda platform: platform.reality_analysis.jobs.list(Sandbox.itwin_id)),
    ("modeling files", lambda platform: platform.reality_modeling.list_files()),
    ("modeling jobs", lambda platform: platform.reality_modeling.jobs.list(Sandbox.itwin_id)),
]


@pytest.fixture
def platform(sandbox: Sandbox) -> typing.Iterator[ITwinPlatform]:
    with ITwinPlatform(sandbox.token, api_url=sandbox.url) as client:
        yield client


class TestLists:
    @pytest.mark.parametrize(("name", "ask"), LISTS, ids=[name for name, _ in LISTS])
    def test_every_list_is_a_table_of_the_same_columns_full_or_empty(
        self, name: str, ask: Any, platform: ITwinPlatform
    ) -> None:
        pages: Pages[Any] = ask(platform)
        items = pages.to_list()
        for nested in (False, True):
            records, table = pages.to_records(nested=nested), pages.to_arrow(nested=nested)
            frame = pages.to_pandas(nested=nested)
            assert len(records) == len(frame) == table.num_rows == len(items), name
            assert table.to_pylist() == records
            assert list(frame.columns) == table.column_names
            if items:
                empty = frames.to_arrow([], model=type(items[0]), nested=nested)
                assert empty.schema == table.schema
                assert empty.num_rows == 0
                assert (frames.to_pandas([], model=type(items[0]), nested=nested).dtypes == frame.dtypes).all()

    def test_the_async_list_does_the_same(self, platform: ITwinPlatform, sandbox: Sandbox) -> None:
        async def tables() -> list[Any]:
            async with AsyncITwinPlatform(sandbox.token, api_url=sandbox.url) as client:
                pages: AsyncPages[ITwin] = client.itwins.list(detail="full", page_size=1)
                frame, table = await pages.to_pandas(), await pages.to_arrow()
                return [await pages.to_records(), frame.to_dict(), table.to_pylist(), await pages.to_geojson()]

        pages = platform.itwins.list(detail="full", page_size=1)
        frame, table = pages.to_pandas(), pages.to_arrow()
        assert table["id"].num_chunks == table.num_rows > 1  # a chunk for each page
        expected = [pages.to_records(), frame.to_dict(), table.to_pylist(), pages.to_geojson()]
        assert repr(asyncio.run(tables())) == repr(expected)

    def test_ids_are_one_column(self, platform: ITwinPlatform) -> None:
        first = platform.reality_data.list().first()
        assert first is not None
        pages = platform.reality_data.list_itwins(first.id)
        assert pages.to_records() == [{"value": each} for each in pages.to_list()] != []
        assert pages.to_pandas()["value"].dtype == "string"

    def test_a_map_that_could_only_be_empty_is_refused_before_anything_is_sent(self) -> None:
        with ITwinPlatform("token", api_url="http://127.0.0.1:9") as nowhere:
            with pytest.raises(ValueError, match='detail="full"'):
                nowhere.itwins.list().to_geojson()
            with pytest.raises(TypeError, match="Export has no coordinates"):
                nowhere.exports.list().to_geojson()

    def test_asked_for_by_name_the_coordinates_are_a_map(self, platform: ITwinPlatform) -> None:
        pages = platform.itwins.list(select=["latitude", "longitude"])
        points = [[each.longitude, each.latitude] for each in pages if each.latitude is not None]
        assert [each["geometry"]["coordinates"] for each in pages.to_geojson()["features"]] == points != []


class TestColumns:
    def test_values_have_plain_types(self) -> None:
        twin = ITwin.from_dict({**ITWIN, "latitude": 40, "status": "Brand new"})
        [record] = frames.to_records([twin])
        assert record["latitude"] == 40.0
        for value in record.values():
            assert type(value) in {str, float, datetime, type(None)}
        assert record["class"] == "Endeavor"
        assert record["status"] == "Brand new"
        table = frames.to_arrow([twin])
        assert table.schema.field("created_date_time").type == pa.timestamp("us", tz="UTC")
        assert table.schema.field("latitude").type == pa.float64()
        dtypes = frames.to_pandas([twin]).dtypes
        assert dtypes["created_date_time"] == pd.DatetimeTZDtype("us", UTC)
        assert [str(dtypes[name]) for name in ("id", "class", "latitude")] == ["string", "string", "float64"]

    def test_parts_of_several_kinds_share_their_columns(self) -> None:
        key = {"id": "r-2", "authentication": {"type": "Header", "key": "X-Api-Key", "value": SECRET}}
        repositories = [Repository.from_dict(REPOSITORY), Repository.from_dict(key), Repository("r-3")]
        rows = frames.to_records(repositories, nested=True, secrets=True)
        assert [row["authentication.type"] for row in rows] == ["Basic", "Header", None]
        assert [row["authentication.password"] for row in rows] == [SECRET, None, None]
        assert [row["authentication.value"] for row in rows] == [None, SECRET, None]
        assert [row["capabilities.graphics.uri"] for row in rows] == ["https://b.example", None, None]
        assert json.loads(rows[0]["additional_properties"]) == {"surprise": {"sig": SECRET}}
        assert rows[1]["additional_properties"] is None
        assert "authentication.type" not in frames.to_records(repositories)[0]

    def test_lists_of_parts_are_lists_of_records(self) -> None:
        detector = reality_analysis.Detector.from_dict(example("reality-analysis/detectors-get")["detector"])
        [row] = frames.to_records([detector], nested=True)
        assert [each["version_number"] for each in row["versions"]] == [
            each.version_number for each in detector.versions
        ]
        table = frames.to_arrow([detector], nested=True)
        assert pa.types.is_struct(table.schema.field("versions").type.value_type)
        assert table["versions"][0].as_py() == row["versions"]

    def test_what_is_unchanged_in_a_body_to_send_has_no_value(self) -> None:
        body = ITwinCreate(ITwinClass.ENDEAVOR, "Project", "Bridge", longitude=7)  # type: ignore[arg-type]
        [record] = frames.to_records([body])
        assert (record["number"], record["longitude"], record["sub_class"]) == (None, 7.0, "Project")

    def test_every_model_has_columns_and_a_json_schema(self) -> None:
        for model in every_model():
            for secrets in (False, True):
                names = [each.name for each in columns_of(typing.cast(Any, model), nested=True, secrets=secrets)]
                assert len(names) == len(set(names)), model
            schema = TypeAdapter(model).json_schema(mode="serialization")
            assert schema.get("type") == "object" or "$ref" in schema, model

    def test_rows_are_of_one_class(self) -> None:
        mixed: list[Any] = [ITwin("1", "Bridge"), Repository("2")]
        with pytest.raises(TypeError, match="one is of Repository, not of ITwin"):
            frames.to_arrow(mixed)
        with pytest.raises(TypeError, match="not of dict"):
            frames.to_pandas(typing.cast(Any, [{}]))
        with pytest.raises(ValueError, match="model="):
            frames.to_pandas([])
        with pytest.raises(TypeError, match="must be the class"):
            frames.to_arrow([], model=typing.cast(Any, ITwin("1", "Bridge")))
        assert frames.to_records([]) == []
        assert frames.to_geojson([])["features"] == []

    def test_a_value_that_no_table_can_hold_is_found_by_its_column(self) -> None:
        half_a_character = ITwin("1", "\ud83d")
        for to_table in (frames.to_pandas, frames.to_arrow):
            with pytest.raises(ValueError, match="the column 'display_name'"):
                to_table([half_a_character])

    def test_what_is_not_installed_is_named_before_anything_is_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pandas", None)
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with ITwinPlatform("token", api_url="http://127.0.0.1:9") as nowhere:
            with pytest.raises(errors.ConfigurationError, match=r"itwin-platform\[pandas\]"):
                nowhere.itwins.list().to_pandas()
            with pytest.raises(errors.ConfigurationError, match=r"itwin-platform\[arrow\]"):
                nowhere.itwins.list().to_arrow()


def test_a_map_has_points_longitude_first() -> None:
    found = frames.to_geojson(
        [ITwin.from_dict(ITWIN), ITwin("2", "Nowhere"), ITwin("3", "Island", latitude=0, longitude=0)]
    )
    assert found["type"] == "FeatureCollection"
    assert [each["geometry"] for each in found["features"]] == [
        {"type": "Point", "coordinates": [-75.621, 40.028]},
        {"type": "Point", "coordinates": [0.0, 0.0]},
    ]
    properties = json.loads(json.dumps(found))["features"][0]["properties"]
    assert properties["display_name"] == "White River"
    assert properties["created_date_time"] == "2016-01-18T21:03:00.370465+00:00"


class Site(BaseModel):
    itwin: ITwin
    repositories: list[Repository] = []


class TestPydantic:
    def test_a_model_is_a_field(self) -> None:
        site = Site.model_validate({"itwin": {**ITWIN, "new": 1}, "repositories": [REPOSITORY]})
        assert site.itwin.class_ is ITwinClass.ENDEAVOR
        assert site.model_dump()["itwin"] == {**site.itwin.to_dict(), "new": 1} == site.itwin.to_dict()
        assert Site.model_validate_json(site.model_dump_json()) == site
        assert Site(itwin=site.itwin).itwin is site.itwin
        assert SECRET not in repr(site)
        assert SECRET in site.model_dump_json()  # data, as of to_dict()

    def test_an_error_names_the_property_and_shows_no_value(self) -> None:
        wrong = {**REPOSITORY, "id": 3}
        with pytest.raises(ValidationError) as caught:
            Site.model_validate({"itwin": {"id": "1"}, "repositories": [wrong, SECRET]})
        assert [each["loc"] for each in caught.value.errors()] == [
            ("itwin", "displayName"),
            ("repositories", 0, "id"),
            ("repositories", 1),
        ]
        assert "is a number, not a string" in str(caught.value)
        assert SECRET not in f"{caught.value!r}{caught.value}{caught.value.errors()}{caught.value.__context__}"

    def test_an_error_among_several_types_names_the_model(self) -> None:
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(ITwin | Repository).validate_python(SECRET)
        assert [each["loc"] for each in caught.value.errors()] == [
            ("function-plain[ITwin()]",),
            ("function-plain[Repository()]",),
        ]

    def test_the_json_schema_has_the_documented_names_and_is_open(self) -> None:
        schema = Site.model_json_schema()
        twin = schema["$defs"]["ITwin"]
        assert twin["required"] == ["id", "displayName"]
        assert set(twin["properties"]) == set(ITWIN) | {"type"}
        assert twin["properties"]["createdDateTime"]["anyOf"][0] == {"type": "string", "format": "date-time"}
        assert "enum" not in schema["$defs"]["ITwinClass"]
        assert schema["$defs"]["ITwinClass"]["examples"] == ["Account", "Endeavor", "Thing"]
        created = TypeAdapter(ITwinCreate).json_schema()
        assert created["required"] == ["class", "subClass", "displayName"]
        assert created["properties"]["number"] == {"title": "Number", "type": "string"}

    def test_fastapi_takes_and_answers_models(self) -> None:
        app = FastAPI()

        @app.post("/itwins")
        def create(body: Annotated[ITwinCreate, Body()]) -> list[ITwin]:
            return [ITwin.from_dict({"id": "1", **body.to_dict(), "extra": True})]

        asked = {"class": "Endeavor", "subClass": "Project", "displayName": "Bridge"}

        async def answers() -> list[httpx.Response]:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
                good, wrong = asked, {**asked, "displayName": 3}
                posted = [await client.post("/itwins", json=body) for body in (good, wrong)]
                return [*posted, await client.get("/openapi.json")]

        done, refused, described = asyncio.run(answers())
        assert done.json() == [{"id": "1", **asked, "extra": True}]
        assert refused.status_code == 422
        assert refused.json()["detail"][0]["loc"] == ["body", "displayName"]
        assert {"ITwin", "ITwinCreate"} <= set(described.json()["components"]["schemas"])


class TestWhatIsShown:
    def test_secrets_are_masked_everywhere(self) -> None:
        repository = Repository.from_dict(REPOSITORY)
        output = io.StringIO()
        rich.console.Console(file=output, width=200).print(repository, [repository])
        bucket = Bucket("i-1", f"https://c.blob.core.windows.net/x?sig={SECRET}", None)
        rich.console.Console(file=output, width=200).print(bucket, {"bucket": bucket})
        frame: Any = frames.to_pandas([repository], nested=True)
        table = frames.to_arrow([repository], nested=True)
        shown = [
            repr(repository),
            repository._repr_html_(),
            output.getvalue(),
            frame.to_csv(),
            frame._repr_html_(),
            str(table),
            str(frames.to_records([repository], nested=True)),
            repr(Site(itwin=ITwin("1", "Bridge"), repositories=[repository])),
        ]
        for text in shown:
            assert SECRET not in text
            assert "r-1" in text
        assert "a.example/map?token=***" in frame["uri"][0]
        assert "authentication=BasicAuthentication(" in output.getvalue()
        assert "password='***'" in output.getvalue()
        assert "None" not in output.getvalue().split("Bucket")[0]

    def test_a_report_is_one_line_however_many_files_it_has(self) -> None:
        files = tuple(FileOutcome(f"{number}.jpg", Path(f"/tmp/{number}.jpg"), 3) for number in range(5000))
        report = TransferReport(files, (), files[:2], 15_000, 1.25)
        assert repr(report) == "<TransferReport: 5000 sent (15000 bytes), 0 skipped, 2 failed, in 1.2 s>"

    @pytest.mark.parametrize(
        ("use", "says"),
        [
            (dict, r"ITwin\.to_dict\(\)"),
            (lambda twin: pd.DataFrame([twin]), r"itwin_platform\.frames"),
            (partial(json.dumps, default=lambda model: model.to_dict()), None),
        ],
        ids=["dict", "DataFrame", "json"],
    )
    def test_what_is_tried_first_works_or_says_what_does(self, use: Any, says: str | None) -> None:
        twin = ITwin("1", "Bridge")
        if says is None:
            assert use(twin) == '{"id": "1", "displayName": "Bridge"}'
        else:
            with pytest.raises(TypeError, match=says):
                use(twin)


def test_none_of_the_tools_is_imported_unless_it_is_used() -> None:
    code = (
        "import sys; from itwin_platform import frames; from itwin_platform.models import ITwin; "
        "frames.to_geojson([ITwin('1', 'Bridge')]); print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert {"pandas", "pyarrow", "pydantic", "pydantic_core", "numpy"}.isdisjoint(done.stdout.split())
