"""Arguments of methods: what they become in a request, and what is refused before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itwin_platform._policies.arguments import area, optional_text, period, text, texts

MOMENT = datetime(2025, 1, 1, tzinfo=UTC)
EAST = datetime(2025, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))

zones = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(
    lambda each: timezone(timedelta(seconds=each.seconds))
)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=zones)  # noqa: DTZ001 (bounds have none)


@given(moments, moments)
def test_a_period_is_two_moments_in_utc(one: datetime, other: datetime) -> None:
    begin, end = sorted((one, other))
    found = period("created", (begin, end))
    assert found is not None
    assert [datetime.fromisoformat(each) for each in found.split("/")] == [begin, end]
    assert all(each.endswith("Z") for each in found.split("/"))


def test_a_period_may_be_text_or_missing_or_a_single_moment() -> None:
    assert period("created", "2025-01-01T00:00:00Z/2025-02-01T00:00:00Z") == "2025-01-01T00:00:00Z/2025-02-01T00:00:00Z"
    assert period("created", None) is None
    assert period("created", (MOMENT, EAST)) == "2025-01-01T00:00:00Z/2025-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "value",
    [
        "",
        5,
        MOMENT,
        (MOMENT,),
        (MOMENT, MOMENT, MOMENT),
        (MOMENT, None),
        (MOMENT, "2025-02-01"),
        (MOMENT, MOMENT.date()),
        (MOMENT.replace(tzinfo=None), MOMENT.replace(tzinfo=None)),
        (MOMENT + timedelta(1), MOMENT),
    ],
)
def test_what_is_no_period(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^created must"):
        period("created", value)


def test_an_area_is_four_numbers_or_text() -> None:
    assert area("extent", (-75.5, 40, -75.25, 40.125)) == "-75.5,40,-75.25,40.125"
    assert area("extent", "-75.5,40,-75.25,40.125") == "-75.5,40,-75.25,40.125"
    assert area("extent", None) is None


@pytest.mark.parametrize(
    "value", ["", " ", 5, (), (1, 2, 3), (1, 2, 3, 4, 5), (1, 2, 3, float("nan")), (1, 2, 3, True)]
)
def test_what_is_no_area(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^extent must"):
        area("extent", value)


@pytest.mark.parametrize("value", ["", " \n", 5, b"x", ["x"]])
def test_what_is_no_text(value: Any) -> None:
    for check in (text, optional_text):
        with pytest.raises(ValueError, match=r"^name must"):
            check("name", value)


@pytest.mark.parametrize("value", ["crack", 5, None, [], [""], ["a", 5]])
def test_what_are_no_texts(value: Any) -> None:
    with pytest.raises(ValueError, match="labels must"):
        texts("labels", value)


def test_texts_may_come_from_anything_that_can_be_iterated_over() -> None:
    assert texts("labels", (each for each in ("a", "b"))) == ["a", "b"]
