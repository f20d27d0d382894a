"""Typed requests, without sending them: what becomes of arguments, null and UNCHANGED, and what cannot be sent."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import itwin_platform
from itwin_platform_api.itwins.api.itwins import get_my_itwins, update_itwin
from itwin_platform_api.itwins.models import ITwin, ITwinCreate, ITwinUpdate, PreferHeader
from itwin_platform_api.reading import BodyError, nullable, optional_object, required, text
from itwin_platform_api.reading import given as read_given
from itwin_platform_api.runtime import UNCHANGED, Operation, Unchanged, comma_list, fill_path

THING: Operation[Any] = Operation("get-thing", "GET", "/a/{first}/b/{secondId}", "application/json", {200: dict})
IDS = {"first": "1", "secondId": "2"}


class Colour(StrEnum):
    RED = "Red"


class TestPaths:
    def test_values_are_filled_in_by_name(self) -> None:
        for ids in (IDS, dict(reversed(IDS.items()))):
            assert THING.request(path=ids).target == "/a/1/b/2"
            assert THING.request(path=ids).path == IDS

    def test_a_missing_one_is_named(self) -> None:
        with pytest.raises(ValueError, match="secondId is missing"):
            THING.request(path={"first": "1"})

    def test_errors_name_the_argument(self) -> None:
        with pytest.raises(ValueError, match=r"^second_id must not be empty"):
            fill_path(THING.path, {"first": "1", "secondId": ""})
        with pytest.raises(ValueError, match=r"^itwin_id must not"):
            update_itwin.request(itwin_id="a/b", body=ITwinUpdate(number="1"))


class TestQueries:
    @pytest.mark.parametrize(
        ("value", "pairs"),
        [
            (None, []),
            ("text", [("q", "text")]),
            ("", [("q", "")]),
            (True, [("q", "true")]),
            (False, [("q", "false")]),
            (0, [("q", "0")]),
            (1.5, [("q", "1.5")]),
            (Colour.RED, [("q", "Red")]),
            (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), [("q", "2026-01-02T03:04:05Z")]),
            (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), [("q", "2026-01-02T00:00:00+02:00")]),
            (date(2026, 1, 2), [("q", "2026-01-02")]),
            (UUID(int=5), [("q", "00000000-0000-0000-0000-000000000005")]),
            (["a", 1, True], [("q", "a"), ("q", "1"), ("q", "true")]),
            ([], []),
            ({"a": 1, "b": {"c": "x"}}, [("q[a]", "1"), ("q[b][c]", "x")]),
            (ITwinUpdate(number="5"), [("q[number]", "5")]),
        ],
    )
    def test_every_kind_of_value_has_one_spelling(self, value: Any, pairs: list[tuple[str, str]]) -> None:
        assert list(THING.request(path=IDS, query={"q": value}).query) == pairs

    @given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text()))
    def test_whatever_is_given_arrives(self, query: dict[str, str]) -> None:
        try:
            target = THING.request(path=IDS, query=query).target
        except ValueError as error:
            assert "surrogates" in str(error)  # noqa: PT017 (most texts can be sent)
            return
        assert target.isascii()
        assert target.isprintable()
        assert " " not in target
        assert dict(parse_qsl(urlsplit(target).query, keep_blank_values=True)) == query
        assert httpx.URL("https://api.bentley.com" + target).raw_path == target.encode()

    def test_names_and_lists_stay_readable(self) -> None:
        request = get_my_itwins.request(
            sub_class="Asset,Project", page_size=5, include_inactive=True, prefer=PreferHeader("x")
        )
        assert request.target == "/itwins/?subClass=Asset,Project&$top=5&includeInactive=true"
        assert request.headers == (("Prefer", "x"),)

    def test_comma_lists(self) -> None:
        assert comma_list(None) is None
        assert comma_list(["a", Colour.RED, 5]) == "a,Red,5"
        with pytest.raises(ValueError, match="comma"):
            comma_list(["a,b"])

    @pytest.mark.parametrize("value", [b"x", object(), float("nan"), "\ud800", {"a": [{"b": 1}]}, [None]])
    def test_what_cannot_be_sent_is_named_and_not_shown(self, value: Any) -> None:
        with pytest.raises(ValueError, match=r"^q") as caught:
            THING.request(path=IDS, query={"q": value})
        assert repr(value) not in str(caught.value)

    @pytest.mark.parametrize("value", ["a\nb", "a\r", "\x00", " a", "a ", "", "\u00fc"])
    def test_headers_take_plain_text(self, value: str) -> None:
        with pytest.raises(ValueError, match=r"^Prefer must be plain"):
            THING.request(path=IDS, headers={"Prefer": value})


class TestBodies:
    def test_bytes_are_sent_as_they_are(self) -> None:
        request = THING.request(path=IDS, body=b"\x89PNG", content_type="image/png")
        assert (request.body, request.content_type) == (b"\x89PNG", "image/png")
        with pytest.raises(ValueError, match="must be bytes, not str"):
            THING.request(path=IDS, body="text", content_type="image/png")

    def test_no_body_is_no_content_type(self) -> None:
        request = THING.request(path=IDS)
        assert (request.body, request.content_type) == (None, None)

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )

    @given(json_values)
    def test_json_survives(self, value: Any) -> None:
        try:
            body = THING.request(path=IDS, body=value).body
        except ValueError as error:
            assert "surrogates" in str(error)  # noqa: PT017 (most values can be sent)
            return
        assert (None if body is None else json.loads(body)) == value

    def test_a_body_that_refers_to_itself_is_refused(self) -> None:
        value: list[Any] = []
        value.append(value)
        with pytest.raises(ValueError, match="nested too deeply"):
            THING.request(path=IDS, body=value)

    def test_nothing_of_it_is_shown(self) -> None:
        request = THING.request(path=IDS, body={"password": "secret"}, query={"key": "secret"}, headers={"X": "secret"})
        assert "secret" not in repr(request)
        assert "get-thing" in repr(request)
        twin = pickle.loads(pickle.dumps(request))
        assert (twin.target, twin.body, twin.headers) == (request.target, request.body, request.headers)


class TestWhatIsOnlySent:
    """Absent and null are different things where a body is sent, and one where it is read."""

    def test_nothing_is_sent_that_was_not_set(self) -> None:
        assert ITwinUpdate().to_dict() == {}
        assert ITwinUpdate(latitude=None, number="5").to_dict() == {"number": "5", "latitude": None}

    def test_null_is_refused_where_it_is_not_documented(self) -> None:
        with pytest.raises(ValueError, match="number must not be None"):
            ITwinUpdate(number=None).to_dict()  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="display_name must not be None"):
            ITwinCreate(display_name=None, class_="Thing", sub_class="Asset").to_dict()  # type: ignore[arg-type]

    @given(
        st.dictionaries(
            st.sampled_from(["latitude", "geographicLocation", "number", "custom"]), st.none() | st.just("5")
        )
    )
    def test_json_survives_a_round_trip(self, body: dict[str, Any]) -> None:
        body = {name: 5.0 if name == "latitude" and value else value for name, value in body.items()}
        if body.get("number", "") is None:
            with pytest.raises(BodyError, match="number is null, not a string"):
                ITwinUpdate.from_dict(body)
            return
        model = ITwinUpdate.from_dict(body)
        assert model.to_dict() == body
        assert ITwinUpdate.from_dict(model.to_dict()) == model

    def test_unchanged_is_one_and_says_so(self) -> None:
        assert itwin_platform.UNCHANGED is UNCHANGED
        assert repr(UNCHANGED) == "UNCHANGED"
        assert pickle.loads(pickle.dumps(UNCHANGED)) is copy.deepcopy(UNCHANGED) is UNCHANGED
        assert isinstance(UNCHANGED, Unchanged)
        assert "UNCHANGED" in repr(ITwinUpdate())
        assert ITwin(id="1", display_name="x").number is None


class TestReading:
    def test_null_is_as_bad_as_missing_where_neither_is_documented(self) -> None:
        for body, problem in (({}, "id is missing"), ({"id": None}, "id is null, not a string")):
            with pytest.raises(BodyError, match=problem):
                required(dict(body), "id", text)

    def test_null_is_read_where_it_is_documented(self) -> None:
        assert required({"id": None}, "id", nullable(text)) is None
        assert required({"id": "1"}, "id", nullable(text)) == "1"
        with pytest.raises(BodyError, match="id is missing"):
            required({}, "id", nullable(text))

    def test_what_is_given_is_told_from_what_is_not(self) -> None:
        assert read_given({}, "id", nullable(text)) is UNCHANGED
        assert read_given({"id": None}, "id", nullable(text)) is None

    @pytest.mark.parametrize("body", [{}, {"image": None}, {"image": {}}])
    def test_an_object_that_is_not_there_may_come_as_an_empty_one(self, body: dict[str, Any]) -> None:
        def read(value: dict[str, Any]) -> str:
            return required(dict(value), "name", text)

        assert optional_object(dict(body), "image", read, "name", "size") is None
        assert optional_object({"image": {"name": "x"}}, "image", read, "name", "size") == "x"
        with pytest.raises(BodyError, match=r"image\.name is missing"):
            optional_object({"image": {"size": 1}}, "image", read, "name", "size")

    def test_an_object_without_anything_that_is_documented_is_kept(self) -> None:
        properties = {"image": {"colour": "red"}}
        assert optional_object(properties, "image", lambda value: value, "name") is None
        assert properties == {"image": {"colour": "red"}}
