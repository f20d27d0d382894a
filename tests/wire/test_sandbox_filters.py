"""The sandbox finds what a filter written in Python means: tried on every resource, it is the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from itwin_platform import ITwinPlatform
from itwin_platform.sandbox import Sandbox
from tests.support.filters import IDS, WORDS, Plain, built, filters_on, holds

PROPERTIES = {"displayName": "text", "number": "text", "type": "text", "latitude": "number", "parentId": "id"}
PROPERTIES |= {"createdDateTime": "moment"}
TIMES = ["2024-09-01T00:00:00.0000000Z", "2024-08-31T23:59:59.9999999Z", "1999-01-01T12:00:00.0000000Z"]

# What the documentation of lists of iTwins has.
filters = filters_on(PROPERTIES, functions=("contains", "startswith"), negation=False)


def itwin(number: int) -> dict[str, Any]:
    """One of several that differ in all properties, some of which they do not have."""
    found: dict[str, Any] = {
        "class": "Thing",
        "subClass": "Asset",
        "displayName": WORDS[number],
        "number": f"{number}{WORDS[-number]}",
        "type": None if number % 3 == 0 else WORDS[-number].upper(),
        "latitude": None if number % 4 == 0 else [0, 1, 40.5][number % 3],
        "parentId": str(IDS[number % 3]),
        "createdDateTime": TIMES[number % 3],
    }
    return {name: value for name, value in found.items() if value is not None}


@pytest.fixture(scope="module")
def platform() -> Iterator[ITwinPlatform]:
    """A client of a sandbox with these iTwins and no others."""
    with Sandbox() as sandbox, ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
        for each in platform.itwins.list(include_inactive=True).to_list():
            platform.itwins.delete(each.id)
        sandbox.add("/itwins", map(itwin, range(len(WORDS))))
        yield platform


@given(filters)
def test_the_sandbox_finds_what_was_meant(platform: ITwinPlatform, plain: Plain) -> None:
    found = {each.display_name for each in platform.itwins.list(filter=built(plain))}
    assert found == {each["displayName"] for each in map(as_compared, range(len(WORDS))) if holds(plain, each)}


def as_compared(number: int) -> dict[str, Any]:
    """One of these iTwins with values that can be compared with those of filters."""
    found = itwin(number)
    moment = datetime.fromisoformat(found["createdDateTime"]).astimezone(UTC)
    return {**found, "parentId": IDS[number % 3], "createdDateTime": moment}
