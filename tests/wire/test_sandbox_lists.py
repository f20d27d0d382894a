"""The sandbox's lists over a real socket: pages, filters, order, and how much of each item is shown."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itwin_platform.sandbox import Sandbox
from tests.support.examples import example, specification

MINIMAL = set(specification("itwins")["components"]["schemas"]["iTwin-summary"]["properties"])
FULL = set(specification("itwins")["components"]["schemas"]["iTwin"]["properties"])
ITWINS: list[dict[str, Any]] = [
    {"class": "Thing", "subClass": "Asset", "type": "Bridge", "displayName": "Bridge over the River", "number": "a-1"},
    {"class": "Thing", "subClass": "Portfolio", "displayName": "bridges", "number": "a-2", "parentId": "a-parent"},
    {"class": "Endeavor", "subClass": "Project", "displayName": "Repair", "number": "BRIDGE-3", "status": "Trial"},
    {"class": "Endeavor", "subClass": "Program", "displayName": "Abandoned", "number": "a-4", "status": "Inactive"},
    {"class": "Endeavor", "subClass": "Project", "displayName": "It's 100%, & more", "number": "a-5", "latitude": 5},
]
NAMES = [itwin["displayName"] for itwin in ITWINS]
RIVER, BRIDGES, REPAIR, ABANDONED, MORE = NAMES


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a sandbox with a handful of iTwins and no others."""
    with Sandbox() as sandbox:
        headers = {"authorization": f"Bearer {sandbox.token}"}
        with httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False) as client:
            for itwin in example("get-my-itwins")["iTwins"]:
                client.delete(f"/itwins/{itwin['id']}")
            sandbox.add("/itwins", ITWINS)
            yield client


def listed(client: httpx.Client, query: str = "", **headers: str) -> list[dict[str, Any]]:
    response = client.get(f"/itwins/?{query}", headers={name.replace("_", "-"): text for name, text in headers.items()})
    assert response.status_code == 200, response.text
    itwins: list[dict[str, Any]] = response.json()["iTwins"]
    return itwins


def names(client: httpx.Client, query: str = "", **headers: str) -> list[str]:
    return [itwin["displayName"] for itwin in listed(client, query, **headers)]


def pages(client: httpx.Client, path: str, **headers: str) -> Iterator[dict[str, Any]]:
    """Every page from this one on."""
    following: str | None = path
    while following:
        page = client.get(following, headers={name.replace("_", "-"): text for name, text in headers.items()}).json()
        yield page
        following = page["_links"].get("next", {}).get("href")


class TestPages:
    def test_the_links_lead_through_all_of_them(self, client: httpx.Client) -> None:
        found = list(pages(client, "/itwins/?$top=2&includeInactive=true"))
        assert [[itwin["displayName"] for itwin in page["iTwins"]] for page in found] == [
            NAMES[:2],
            NAMES[2:4],
            NAMES[4:],
        ]
        assert [sorted(page["_links"]) for page in found] == [
            ["next", "self"],
            ["next", "prev", "self"],
            ["prev", "self"],
        ]

    @pytest.mark.parametrize("link", ["self", "next", "prev"])
    def test_a_link_is_absolute_and_keeps_what_was_asked_for(self, link: str, client: httpx.Client) -> None:
        asked = {"$search": "e", "$orderby": "displayName DESC", "$select": "number,displayName", "other": "ä&=+ %"}
        response = client.get("/itwins/", params={**asked, "$top": "1", "$skip": "1"})
        href = response.json()["_links"][link]["href"]
        assert href.startswith(f"{client.base_url}/itwins/?")
        positions = {"self": "1", "next": "2", "prev": "0"}
        expected = asked | {"$top": "1", "$skip": positions[link]}
        assert parse_qs(urlsplit(href).query) == {name: [value] for name, value in expected.items()}
        assert client.get(href).status_code == 200

    def test_self_is_the_same_page(self, client: httpx.Client) -> None:
        page = client.get("/itwins/?$filter=contains('r', displayName)&$top=1&$skip=1").json()
        assert client.get(page["_links"]["self"]["href"]).json() == page

    def test_prev_does_not_go_below_the_start(self, client: httpx.Client) -> None:
        links = client.get("/itwins/?$top=3&$skip=1").json()["_links"]
        assert "$skip=0" in links["prev"]["href"]

    def test_beyond_the_end_there_is_nothing(self, client: httpx.Client) -> None:
        page = client.get("/itwins/?$skip=99").json()
        assert page["iTwins"] == []
        assert "next" not in page["_links"]

    def test_the_documented_limits_hold(self) -> None:
        with Sandbox() as sandbox, httpx.Client(base_url=sandbox.url, trust_env=False) as client:
            client.headers["authorization"] = f"Bearer {sandbox.token}"
            sandbox.add("/itwins", [ITWINS[0] | {"displayName": f"B{n}", "number": f"n-{n}"} for n in range(2500)])
            assert len(listed(client)) == 100
            assert len(listed(client, "$top=1000")) == 1000
            assert sum(len(page["iTwins"]) for page in pages(client, "/itwins/?$top=400")) == 1000
            assert sum(len(page["iTwins"]) for page in pages(client, "/itwins/?$top=999", X_Max_Return="2300")) == 2300
            everything = [page["iTwins"] for page in pages(client, "/itwins/?$top=1000", X_Max_Return="10000")]
            assert len({itwin["id"] for page in everything for itwin in page}) == 2502

    @pytest.mark.parametrize(("asked", "used"), [({}, "1000"), ({"X-Max-Return": "3"}, "3")])
    def test_the_answer_says_how_many_it_returns_at_the_most(
        self, asked: dict[str, str], used: str, client: httpx.Client
    ) -> None:
        response = client.get("/itwins/", headers=asked)
        assert response.headers["x-max-return"] == used
        assert len(response.json()["iTwins"]) == min(4, int(used))


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", [RIVER, BRIDGES, REPAIR, MORE]),
            ("includeInactive=true", NAMES),
            ("includeInactive=false", [RIVER, BRIDGES, REPAIR, MORE]),
            ("status=Inactive", [ABANDONED]),
            ("status=Active", [RIVER, BRIDGES, MORE]),
            ("subClass=Project", [REPAIR, MORE]),
            ("subClass=Asset,Portfolio", [RIVER, BRIDGES]),
            ("subClass=Asset&subClass=Project", [RIVER, REPAIR, MORE]),
            ("type=Bridge", [RIVER]),
            ("type=bridge", []),
            ("number=a-1", [RIVER]),
            ("displayName=Repair", [REPAIR]),
            ("parentId=a-parent", [BRIDGES]),
            ("iTwinAccountId=nobody", []),
            ("subClass=Project&status=Trial", [REPAIR]),
            ("$search=bridge", [RIVER, BRIDGES, REPAIR]),
            ("$search=RIVER", [RIVER]),
            ("$search=%25, %26", [MORE]),
            ("$search=abandoned", []),
            ("$search=bridge&subClass=Project", [REPAIR]),
            ("unknown=1", [RIVER, BRIDGES, REPAIR, MORE]),
        ],
    )
    def test_simple_ones(self, query: str, expected: list[str], client: httpx.Client) -> None:
        assert names(client, query) == expected

    @pytest.mark.parametrize(
        ("statement", "expected"),
        [
            ("displayName eq 'repair'", [REPAIR]),
            ("displayName+ne+'Repair'", [RIVER, BRIDGES, MORE]),
            ("displayName eq 'it''s 100%25, %26 more'", [MORE]),
            ("contains('bridge', displayName)", [RIVER, BRIDGES]),
            ("startswith('bridge',number)", [REPAIR]),
            ("status eq 'Trial' or number eq 'a-5' and latitude gt 4.5", [REPAIR, MORE]),
            ("(status eq 'Trial' or number eq 'a-5') and latitude ge 5", [MORE]),
            ("latitude eq null and subClass in ['Project','Asset']", [RIVER, REPAIR]),
            ("latitude lt 'a'", []),
            ("createdDateTime gt 2000-01-01T00:00:00%2B02:00 and number eq 'a-1'", [RIVER]),
            ("createdDateTime lt 2000-01-01T00:00:00.5Z", []),
            ("displayName ge 2000-01-01T00:00:00Z", []),
        ],
    )
    def test_statements(self, statement: str, expected: list[str], client: httpx.Client) -> None:
        assert names(client, f"$filter={statement}") == expected

    def test_a_statement_goes_with_subclass_and_with_inactive_ones(self, client: httpx.Client) -> None:
        assert names(client, "$filter=status eq 'Inactive'&includeInactive=true") == [ABANDONED]
        assert names(client, "$filter=contains('r',displayName)&subClass=Project") == [REPAIR, MORE]

    @pytest.mark.parametrize(
        "statement",
        [
            "",
            "(",
            "displayName",
            "displayName eq",
            "displayName eq repair",
            "displayName eq 'a",
            "displayName eq 'a' number eq 'b'",
            "contains(displayName, 'a')",
            "startswith(1, number)",
            "createdDateTime gt 2000-13-01T00:00:00Z",
            "status in 'Active'",
            "not (status eq 'Active')",
            "(" * 500,
        ],
        ids=lambda text: text[:30],
    )
    def test_a_statement_that_cannot_be_used_is_refused(self, statement: str, client: httpx.Client) -> None:
        response = client.get("/itwins/", params={"$filter": statement})
        (detail,) = response.json()["error"]["details"]
        assert (response.status_code, detail["code"], detail["target"]) == (422, "InvalidParameter", "$filter")

    @settings(max_examples=100, deadline=None)
    @given(query=st.dictionaries(st.sampled_from(["$filter", "$orderby", "$select", "$top", "$skip"]), st.text()))
    def test_no_query_makes_it_fail(self, query: dict[str, str], client: httpx.Client) -> None:
        assert client.get("/itwins/", params=query).status_code in {200, 422}


class TestOrder:
    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            ("displayName", [RIVER, BRIDGES, MORE, REPAIR]),
            ("displayName ASC", [RIVER, BRIDGES, MORE, REPAIR]),
            ("displayName desc", [REPAIR, MORE, BRIDGES, RIVER]),
            ("latitude DESC", [MORE, RIVER, BRIDGES, REPAIR]),
            ("class,displayName DESC", [REPAIR, MORE, BRIDGES, RIVER]),
        ],
    )
    def test_it_is_by_any_property(self, order: str, expected: list[str], client: httpx.Client) -> None:
        assert names(client, f"$orderby={order}") == expected

    def test_it_comes_before_the_pages(self, client: httpx.Client) -> None:
        assert names(client, "$orderby=displayName DESC&$top=1&$skip=1") == [MORE]


class TestDetail:
    @pytest.mark.parametrize(
        ("query", "headers", "shown"),
        [
            ("", {}, MINIMAL),
            ("", {"Prefer": "return=minimal"}, MINIMAL),
            ("", {"Prefer": "return=representation"}, FULL),
            ("$select=number, createdDateTime", {}, {"number", "createdDateTime"}),
            ("$select=id", {"Prefer": "return=representation"}, {"id"}),
        ],
    )
    def test_as_much_is_shown_as_was_asked_for(
        self, query: str, headers: dict[str, str], shown: set[str], client: httpx.Client
    ) -> None:
        items = listed(client, query, **headers)
        assert items
        assert all(item.keys() == shown for item in items)

    def test_the_full_form_is_what_a_single_one_has(self, client: httpx.Client) -> None:
        item = listed(client, "number=a-1", Prefer="return=representation")[0]
        assert item == client.get(f"/itwins/{item['id']}").json()["iTwin"]
