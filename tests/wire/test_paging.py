"""Lists over made-up pages, over real sockets: every item comes once and in order, whatever the pages are like."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors
from itwin_platform._async.pages import AsyncPages
from itwin_platform._sync.pages import Pages
from itwin_platform_api.itwins.api.itwins import get_my_itwins
from tests.support.scripted import Received, ScriptedServer, answer


@dataclass(frozen=True)
class Plan:
    """A list and the way in which it is served.

    Attributes:
        total: How many items there are.
        sizes: The most items of each page, over and over; a page without items may have a link to the next.
        default: Items of a page if none are asked for.
        continuation: Whether links have a token in place of `$skip`.
        form: What a link begins with.
        ends_late: Whether the last page with items has a link to one without.
        failing: The pages that are refused when they are asked for first.
    """

    total: int
    sizes: tuple[int, ...]
    default: int
    continuation: bool
    form: str
    ends_late: bool
    failing: frozenset[int]


@dataclass
class Served:
    """Answers by a plan, and remembers how many items each page had."""

    plan: Plan
    counts: list[int] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)

    def __call__(self, request: Received) -> bytes:
        plan, query = self.plan, dict(parse_qsl(urlsplit(request.path).query))
        if "continuationToken" in query:
            query |= json.loads(urlsafe_b64decode(query["continuationToken"]))
        number, start, top = int(query.get("page", 0)), int(query.get("$skip", 0)), int(query.get("$top", plan.default))
        if number in plan.failing - self.refused:
            self.refused.add(number)
            return answer(403, {})
        assert len(self.counts) < 100, "the list has no end"
        end = max(start, min(start + min(top, plan.sizes[number % len(plan.sizes)]), plan.total))
        self.counts.append(end - start)
        links: dict[str, Any] = {"prev": None}
        if end < plan.total or (plan.ends_late and end > start):
            links["next"] = {"href": self._link(request, {"page": number + 1, "$skip": end, "$top": top})}
        return answer(200, {"iTwins": [item(position) for position in range(start, end)], "_links": links})

    def _link(self, request: Received, following: dict[str, int]) -> str:
        if self.plan.continuation:
            token = urlsafe_b64encode(json.dumps({name: str(value) for name, value in following.items()}).encode())
            query = f"continuationToken={quote(token.decode())}"
        else:
            query = "&".join(f"{name}={value}" for name, value in following.items())
        return f"{self.plan.form.format(host=request.headers['host'])}?{query}"


def item(position: int) -> dict[str, str]:
    return {"id": str(position), "displayName": f"iTwin {position}"}


plans = st.builds(
    Plan,
    total=st.integers(0, 30),
    sizes=st.lists(st.integers(0, 12), min_size=1, max_size=4).filter(any).map(tuple),
    default=st.integers(1, 12),
    continuation=st.booleans(),
    form=st.sampled_from(["http://{host}/itwins/", "/itwins/", "", "//{host}/itwins/"]),
    ends_late=st.booleans(),
    failing=st.frozensets(st.integers(0, 3), max_size=2),
)
optional_counts = st.none() | st.integers(1, 40)
skips = st.none() | st.integers(0, 40)


def read_sync(pages: Pages[Any]) -> Iterator[Any]:
    """The ids of each page. After a refusal the same iteration goes on."""
    walk = pages.pages()
    while True:
        try:
            page = next(walk)
        except errors.PermissionDeniedError:
            continue
        except StopIteration:
            return
        yield [int(each.id) for each in page]


async def read_async(pages: AsyncPages[Any], found: list[Any]) -> None:
    walk = pages.pages()
    while True:
        try:
            page = await anext(walk)
        except errors.PermissionDeniedError:
            continue
        except StopAsyncIteration:
            return
        found.append([int(each.id) for each in page])


class Lists:
    """A server and clients of it, for many lists one after another."""

    def __init__(self, server: ScriptedServer, platform: ITwinPlatform) -> None:
        self._server = server
        self._platform = platform

    def read(self, plan: Plan, make: Callable[[Any], Any], *, in_async: bool) -> tuple[list[list[int]], Served, bool]:
        """The pages of a list, what was served, and whether the list was called incomplete."""
        self._server._scripts = [served := Served(plan)]
        found: list[list[int]] = []
        try:
            if in_async:
                asyncio.run(self._read_async(make, found))
            else:
                found.extend(read_sync(make(self._platform)))
        except errors.IncompleteListError:
            return found, served, True
        return found, served, False

    async def _read_async(self, make: Callable[[Any], Any], found: list[Any]) -> None:
        async with AsyncITwinPlatform("token", api_url=self._server.url, retry=None) as platform:
            await read_async(make(platform), found)


@pytest.fixture(scope="module")
def lists() -> Iterator[Lists]:
    with (
        ScriptedServer(b"") as server,
        ITwinPlatform("token", api_url=server.url, retry=None) as platform,
    ):
        yield Lists(server, platform)


def flat(pages: list[list[int]]) -> list[int]:
    return [position for page in pages for position in page]


@given(plans, optional_counts, skips, optional_counts, st.booleans())
def test_every_item_comes_once(
    lists: Lists, plan: Plan, limit: int | None, skip: int | None, page_size: int | None, in_async: bool
) -> None:
    pages, served, incomplete = lists.read(
        plan, lambda platform: platform.itwins.list(limit=limit, skip=skip, page_size=page_size), in_async=in_async
    )
    assert flat(pages) == list(range(plan.total))[skip or 0 :][:limit]
    assert not incomplete
    # No page is asked for after the last item that is wanted.
    assert limit is None or sum(served.counts[:-1]) < limit
    # A page comes as it was served, but for what is beyond the limit.
    assert [len(page) for page in pages][:-1] == served.counts[:-1]


@given(plans, optional_counts, skips, st.integers(1, 40), st.booleans())
def test_a_list_that_may_go_on_says_so(
    lists: Lists, plan: Plan, limit: int | None, skip: int | None, cap: int, in_async: bool
) -> None:
    start = skip or 0

    def make(platform: Any) -> Any:
        kind: Any = AsyncPages if in_async else Pages
        request = get_my_itwins.request(skip=skip)
        return kind(platform._pipeline, request, lambda page: page.itwins, limit=limit, cap=cap, start=start)

    pages, _, incomplete = lists.read(plan, make, in_async=in_async)
    room = max(0, cap - start)
    assert flat(pages) == list(range(plan.total))[start:][:limit][:room]
    # What has come is as much as the platform lists, and no limit asked for that.
    assert incomplete == (len(flat(pages)) == room and len(flat(pages)) != limit)
