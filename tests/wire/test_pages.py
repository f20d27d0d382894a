"""Lists over several pages, over real sockets: how far they go, which links they follow, what they leave behind."""

from __future__ import annotations

import asyncio
import itertools
import tracemalloc
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trio

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors
from itwin_platform._policies.addresses import Target, UntrustedError
from itwin_platform._policies.paging import next_target
from itwin_platform.filters import where
from tests.support.engines import Engine
from tests.support.scripted import Received, ScriptedServer, answer


def itwin(number: int) -> dict[str, Any]:
    return {"id": f"id-{number}", "displayName": f"iTwin {number}"}


def page(numbers: range, link: str | None) -> bytes:
    links = {"self": {"href": "/itwins/"}} | ({"next": {"href": link}} if link is not None else {})
    return answer(200, {"iTwins": [itwin(number) for number in numbers], "_links": links})


def pages_of(size: int, total: int | None) -> Callable[[Received], bytes]:
    """A list of so many iTwins, or of as many as anybody wants, so many for each page."""

    def respond(request: Received) -> bytes:
        start = int(parse_qs(urlsplit(request.path).query).get("at", ["0"])[0])
        end = start + size if total is None else min(start + size, total)
        more = total is None or end < total
        return page(range(start, end), f"http://{request.headers['host']}/itwins/?at={end}" if more else None)

    return respond


def names(itwins: list[Any]) -> list[str]:
    return [each.display_name for each in itwins]


def numbered(count: int) -> list[str]:
    return [f"iTwin {number}" for number in range(count)]


def test_a_list_goes_through_all_pages(engine: Engine) -> None:
    with ScriptedServer(pages_of(3, 8)) as server:
        found = engine(lambda platform: platform.itwins.list().to_list(), api_url=server.url)
    assert names(found) == numbered(8)
    assert [request.path for request in server.received] == ["/itwins/", "/itwins/?at=3", "/itwins/?at=6"]
    # Every page is asked for in the same way.
    assert {(each.headers["prefer"], each.headers["x-max-return"]) for each in server.received} == {
        ("return=minimal", "10000")
    }


@pytest.mark.parametrize(("limit", "requests"), [(1, 1), (3, 1), (4, 2), (8, 3), (9, 3)])
def test_a_limit_ends_the_list_without_a_request_too_many(engine: Engine, limit: int, requests: int) -> None:
    with ScriptedServer(pages_of(3, 8)) as server:
        found = engine(lambda platform: platform.itwins.list(limit=limit).to_list(), api_url=server.url)
    assert names(found) == numbered(min(limit, 8))
    assert len(server.received) == requests
    assert server.received[0].headers["x-max-return"] == str(limit)


def test_leaving_the_loop_leaves_no_request_behind() -> None:
    async def first_two(url: str) -> list[str]:
        found = []
        async with AsyncITwinPlatform("token", api_url=url) as platform:
            async for each in platform.itwins.list():
                found.append(each.display_name)
                if len(found) == 2:
                    break
        return found

    with ScriptedServer(pages_of(3, None)) as server:
        assert asyncio.run(first_two(server.url)) == numbered(2)
        assert trio.run(first_two, server.url) == numbered(2)
        with ITwinPlatform("token", api_url=server.url) as platform:
            assert names(list(itertools.islice(platform.itwins.list(), 2))) == numbered(2)
    assert len(server.received) == 3


def test_pages_come_as_lists_and_the_first_item_alone(engine: Engine) -> None:
    async def sizes(platform: AsyncITwinPlatform) -> list[int]:
        return [len(each) async for each in platform.itwins.list().pages()]

    def sizes_of(platform: Any) -> Any:
        if isinstance(platform, AsyncITwinPlatform):
            return sizes(platform)
        return [len(each) for each in platform.itwins.list().pages()]

    with ScriptedServer(pages_of(3, 8)) as server:
        assert engine(sizes_of, api_url=server.url) == [3, 3, 2]
        assert engine(lambda platform: platform.itwins.list().first(), api_url=server.url).display_name == "iTwin 0"
    with ScriptedServer(page(range(0), None)) as server:
        assert engine(lambda platform: platform.itwins.list().first(), api_url=server.url) is None


def test_a_list_can_be_iterated_over_again() -> None:
    with ScriptedServer(pages_of(2, 3)) as server, ITwinPlatform("token", api_url=server.url) as platform:
        itwins = platform.itwins.list()
        assert server.received == []
        assert names(list(itwins)) == names(list(itwins)) == numbered(3)
    assert repr(itwins) == f"<{type(itwins).__name__} of ITwin: iterate, or call to_list()>"


def test_every_argument_is_where_the_documentation_says() -> None:
    with ScriptedServer(page(range(1), None)) as server, ITwinPlatform("token", api_url=server.url) as platform:
        platform.itwins.list(
            search="a&b ü",
            sub_class=["Asset", "Project"],
            status="Active",
            type_="Bridge",
            parent_id="p-1",
            itwin_account_id="a-1",
            order_by="displayName DESC",
            query_scope="OrganizationAdmin",
            select=["createdDateTime", "id"],
            skip=20,
            page_size=10,
            limit=50,
        ).to_list()
        platform.itwins.list(number="5", display_name="x", detail="full", include_inactive=False).to_list()
        text = "createdDateTime ge 2024-09-01T00:00:00Z and contains('abc',displayName)"
        platform.itwins.list(filter=text, sub_class="Asset", include_inactive=True).to_list()
    first, second, third = server.received
    assert parse_qs(urlsplit(first.path).query, strict_parsing=True) == {
        "subClass": ["Asset,Project"],
        "status": ["Active"],
        "type": ["Bridge"],
        "parentId": ["p-1"],
        "iTwinAccountId": ["a-1"],
        "$search": ["a&b ü"],
        "$select": ["id,displayName,createdDateTime"],
        "$orderby": ["displayName DESC"],
        "$top": ["10"],
        "$skip": ["20"],
    }
    assert (first.headers["x-itwin-query-scope"], first.headers["x-max-return"]) == ("OrganizationAdmin", "50")
    assert parse_qs(urlsplit(second.path).query) == {
        "number": ["5"],
        "displayName": ["x"],
        "includeInactive": ["false"],
    }
    assert parse_qs(urlsplit(third.path).query) == {
        "$filter": [text],
        "subClass": ["Asset"],
        "includeInactive": ["true"],
    }
    assert second.headers["prefer"] == "return=representation"


def test_a_filter_can_be_python(engine: Engine) -> None:
    condition = (where("displayName").contains("O'B&") | (where("number") == "7")) & where("status").in_(["Active"])
    with ScriptedServer(page(range(1), None)) as server:
        engine(lambda platform: platform.itwins.list(filter=condition).to_list(), api_url=server.url)
    (sent,) = parse_qs(urlsplit(server.received[0].path).query)["$filter"]
    assert sent == "(contains('O''B&',displayName) or number eq '7') and status in ['Active']"


@pytest.mark.parametrize(
    "arguments",
    [
        {"limit": 0},
        {"limit": -1},
        {"limit": 2.5},
        {"limit": True},
        {"limit": "5"},
        {"detail": "most"},
        {"select": ["type"], "detail": "full"},
        {"sub_class": ["a,b"]},
        {"sub_class": [...]},
        {"search": "\ud800"},
        {"query_scope": "a\r\nX-Header: 1"},
        {"query_scope": "\u00fc"},
        {"filter": b"bytes"},
        {"filter": where("number")},
        {"search": where("number") == "7"},
        {"page_size": float("nan")},
    ],
    ids=str,
)
def test_what_cannot_be_sent_never_reaches_the_wire(arguments: Any) -> None:
    with (
        ScriptedServer(page(range(1), None)) as server,
        ITwinPlatform("token", api_url=server.url) as platform,
        pytest.raises(ValueError, match=r"."),
    ):
        platform.itwins.list(**arguments)
    assert server.connections == 0


class TestTheEndOfWhatThePlatformLists:
    def test_a_list_that_may_go_on_says_so_after_the_last_item(self, engine: Engine) -> None:
        async def walk(platform: AsyncITwinPlatform) -> tuple[int, errors.IncompleteListError]:
            count = 0
            try:
                async for _ in platform.itwins.list(page_size=1000):
                    count += 1
            except errors.IncompleteListError as error:
                return count, error
            raise AssertionError("the list has ended")

        def walk_of(platform: Any) -> Any:
            if isinstance(platform, AsyncITwinPlatform):
                return walk(platform)
            count = 0
            try:
                for _ in platform.itwins.list(page_size=1000):
                    count += 1
            except errors.IncompleteListError as error:
                return count, error
            return None

        with ScriptedServer(pages_of(1000, 10_000)) as server:
            count, error = engine(walk_of, api_url=server.url)
        assert (count, error.count, error.operation) == (10_000, 10_000, "get-my-itwins")
        assert "parent_id" in str(error)
        assert "limit=10000" in str(error)
        assert len(server.received) == 10

    @pytest.mark.parametrize(("limit", "listed"), [(10_000, 10_000), (9_999, 9_999)])
    def test_a_limit_within_it_is_no_error(self, limit: int, listed: int) -> None:
        with ScriptedServer(pages_of(1000, 10_000)) as server, ITwinPlatform("token", api_url=server.url) as platform:
            assert len(platform.itwins.list(limit=limit).to_list()) == listed

    def test_a_limit_beyond_it_is_one(self) -> None:
        with ScriptedServer(pages_of(1000, 10_000)) as server, ITwinPlatform("token", api_url=server.url) as platform:
            with pytest.raises(errors.IncompleteListError):
                platform.itwins.list(limit=10_001).to_list()
            assert server.received[0].headers["x-max-return"] == "10000"

    def test_what_is_skipped_counts(self) -> None:
        with (
            ScriptedServer(pages_of(1000, 1000)) as server,
            ITwinPlatform("token", api_url=server.url) as platform,
            pytest.raises(errors.IncompleteListError),
        ):
            platform.itwins.list(skip=9_000).to_list()


class TestLinks:
    @pytest.mark.parametrize(
        "links", [{}, {"next": None}, {"next": {}}, {"next": {"href": None}}, {"next": {"href": ""}}]
    )
    def test_a_page_without_a_link_is_the_last(self, engine: Engine, links: Any) -> None:
        with ScriptedServer(answer(200, {"iTwins": [itwin(0)], "_links": links})) as server:
            found = engine(lambda platform: platform.itwins.list().to_list(), api_url=server.url)
        assert names(found) == numbered(1)

    @pytest.mark.parametrize("link", ["/itwins/?at=1", "?at=1", "./?at=1"])
    def test_a_relative_link_starts_from_the_page(self, link: str) -> None:
        scripts = page(range(1), link), page(range(1, 2), None)
        with ScriptedServer(*scripts) as server, ITwinPlatform("token", api_url=server.url) as platform:
            assert names(platform.itwins.list().to_list()) == numbered(2)
        assert server.received[1].path == "/itwins/?at=1"

    def test_a_link_with_characters_that_have_to_be_encoded_is_followed(self) -> None:
        def respond(request: Received) -> bytes:
            link = f"http://{request.headers['host']}/itwins/?$filter=displayName eq 'ü'&$skip=1"
            return page(range(1), link) if "skip" not in request.path else page(range(1, 2), None)

        with ScriptedServer(respond) as server, ITwinPlatform("token", api_url=server.url) as platform:
            assert names(platform.itwins.list().to_list()) == numbered(2)
        assert server.received[1].path == "/itwins/?$filter=displayName%20eq%20'%C3%BC'&$skip=1"

    @pytest.mark.parametrize("back", ["/itwins/?at=1", "/itwins/?at=2"])
    def test_a_link_that_leads_back_is_refused(self, engine: Engine, back: str) -> None:
        scripts = page(range(1), "/itwins/?at=1"), page(range(1, 2), "/itwins/?at=2"), page(range(2, 3), back)
        with ScriptedServer(*scripts) as server, pytest.raises(errors.ResponseError, match="leads back") as caught:
            engine(lambda platform: platform.itwins.list().to_list(), api_url=server.url)
        assert caught.value.place == "_links.next.href"
        assert len(server.received) == 3

    def test_empty_pages_without_end_are_refused(self) -> None:
        count = itertools.count(1)
        with (
            ScriptedServer(lambda _: page(range(0), f"/itwins/?at={next(count)}")) as server,
            ITwinPlatform("token", api_url=server.url) as platform,
            pytest.raises(errors.ResponseError, match="pages without items"),
        ):
            platform.itwins.list().to_list()
        assert len(server.received) < 200

    def test_a_link_to_another_host_is_refused_and_nobody_is_contacted(self, engine: Engine) -> None:
        with ScriptedServer(page(range(1), None)) as stranger:
            for link in (
                f"{stranger.url}/itwins/?at=1",
                f"//{stranger.url[7:]}/itwins/",
                "https://api.bentley.com/itwins/?at=1",
                "https://example.com/itwins/",
                "http://[",
                "javascript:alert(1)",
                "/itwins/\x00",
                "\\\\example.com\\itwins",
            ):
                with ScriptedServer(page(range(1), link)) as server:
                    with pytest.raises(errors.ResponseError, match="is not followed") as caught:
                        engine(lambda platform: platform.itwins.list().to_list(), "secret-token", api_url=server.url)
                    assert len(server.received) == 1
                assert "secret-token" not in str(caught.value)
        assert stranger.connections == 0

    @pytest.mark.parametrize(
        ("configured", "came_from", "link", "followed"),
        [
            ("https://api.bentley.com", "https://api.bentley.com", "https://api.bentley.com/a", True),
            ("https://api.bentley.com", "https://api.bentley.com", "https://fed-api.bentley.com/a", True),
            ("https://api.bentley.com", "https://fed-api.bentley.com", "/a", True),
            ("https://qa-api.bentley.com", "https://qa-api.bentley.com", "https://api.bentley.com/a", True),
            ("https://gateway.example", "https://gateway.example", "https://gateway.example/a", True),
            ("https://gateway.example", "https://gateway.example", "https://api.bentley.com/a", False),
            ("https://gateway.example", "https://api.bentley.com", "https://gateway.example/a", False),
            ("https://gateway.example", "https://api.bentley.com", "https://api.bentley.com/a", True),
            ("https://api.bentley.com", "https://api.bentley.com", "http://api.bentley.com/a", False),
            ("https://api.bentley.com", "https://api.bentley.com", "https://api.bentley.com:444/a", False),
        ],
    )
    def test_which_hosts_a_link_may_lead_to(self, configured: str, came_from: str, link: str, followed: bool) -> None:
        if followed:
            assert next_target(link, Target(came_from, "/itwins/"), configured).path == "/a"
        else:
            with pytest.raises(UntrustedError):
                next_target(link, Target(came_from, "/itwins/"), configured)


def test_after_an_error_the_same_page_is_asked_for_again() -> None:
    scripts = page(range(1), "/itwins/?at=1"), answer(403, {}), page(range(1, 2), None)
    with ScriptedServer(*scripts) as server, ITwinPlatform("token", api_url=server.url) as platform:
        pages = platform.itwins.list().pages()
        assert names(next(pages)) == ["iTwin 0"]
        with pytest.raises(errors.PermissionDeniedError):
            next(pages)
        assert names(next(pages)) == ["iTwin 1"]
        with pytest.raises(StopIteration):
            next(pages)
    assert [each.path for each in server.received][1:] == ["/itwins/?at=1"] * 2


def test_memory_stays_flat() -> None:
    with ScriptedServer(pages_of(100, 9_900)) as server, ITwinPlatform("token", api_url=server.url) as platform:
        walk = iter(platform.itwins.list())
        for _ in itertools.islice(walk, 300):
            pass  # connections, caches and compiled patterns are there from now on
        tracemalloc.start()
        for _ in itertools.islice(walk, 300):
            pass
        few = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert sum(1 for _ in walk) == 9_300
        many = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert many < 2 * few + 200_000
