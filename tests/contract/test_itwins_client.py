"""Another client of the iTwins API, `@itwin/itwins-client`, gets from the sandbox what ours does.

Every method of it is called. One whose operation the sandbox does not serve is skipped. Which these are follows from
the requests that it makes and from the sandbox's catalogue, so that each counts as soon as its operation is served.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from itwin_platform import ITwinPlatform, errors
from itwin_platform.sandbox import Sandbox
from itwin_platform.sandbox._catalogue import CATALOGUE
from itwin_platform_api.runtime import Operation
from tests.contract import specs
from tests.contract.test_specifications import GENERATED
from tests.support import node
from tests.support.examples import ROOT, operations, operations_in, resolved, specification

HOME = Path(__file__).parent / "node"
SCRIPT = "call_itwins_client.js"
SERVED = {operation.key for operation in CATALOGUE.operations}

NEW_ITWIN = {"class": "Endeavor", "subClass": "Project", "displayName": "Bridge 7", "number": "B-7"}
NEW_REPOSITORY = {
    "class": "GeographicInformationSystem",
    "subClass": "WebMapService",
    "displayName": "Maps",
    "uri": "https://example.com/maps",
}


@dataclass(frozen=True)
class Prepared:
    """A sandbox, and things in it that may be changed and deleted."""

    sandbox: Sandbox
    itwin: str
    repository: str


# The arguments after the token, for one call of the method or several.
CALLS: list[tuple[str, Callable[[Prepared], list[Any]]]] = [
    ("queryAsync", lambda _: []),
    ("queryAsync", lambda _: ["Project"]),
    ("queryAsync", lambda _: [None, {"search": "river", "resultMode": "representation"}]),
    ("queryAsync", lambda _: [None, {"subClass": "Asset", "top": 1, "skip": 1, "status": "Active"}]),
    ("queryAsync", lambda _: [None, {"displayName": "Bridge 1", "includeInactive": True}]),
    ("queryAsync", lambda _: [None, {"number": "no such number", "queryScope": "OrganizationAdmin"}]),
    ("createiTwin", lambda _: [NEW_ITWIN]),
    ("updateiTwin", lambda prepared: [prepared.itwin, {"displayName": "Bridge 7a", "latitude": None}]),
    ("deleteiTwin", lambda prepared: [prepared.itwin]),
    ("createRepository", lambda prepared: [prepared.itwin, NEW_REPOSITORY]),
    ("deleteRepository", lambda prepared: [prepared.itwin, prepared.repository]),
    ("queryRepositoriesAsync", lambda prepared: [prepared.sandbox.itwin_id]),
    ("queryRepositoriesAsync", lambda prepared: [prepared.sandbox.itwin_id, {"class": NEW_REPOSITORY["class"]}]),
    ("getAsync", lambda prepared: [prepared.sandbox.itwin_id]),
    ("getAsync", lambda prepared: [prepared.sandbox.itwin_id, "representation"]),
    ("getAsync", lambda _: ["no-such-itwin"]),
    ("queryFavoritesAsync", lambda _: []),
    ("queryFavoritesAsync", lambda _: ["Project", {"top": 1, "resultMode": "representation"}]),
    ("queryRecentsAsync", lambda _: []),
    ("queryRecentsAsync", lambda _: [None, {"subClass": "Asset", "status": "Active"}]),
    ("getPrimaryAccountAsync", lambda _: []),
    ("getAccountAsync", lambda prepared: [prepared.sandbox.itwin_id]),
    ("getAccountAsync", lambda prepared: [prepared.sandbox.itwin_id, "representation"]),
]


@dataclass(frozen=True)
class Sent:
    """A request that the other client has made, and the operation that it is of."""

    key: str
    path: dict[str, str]
    query: list[tuple[str, str]]
    headers: dict[str, str]

    @classmethod
    def read(cls, method: str, url: str, headers: dict[str, str]) -> Sent:
        """Find the operation of a request. A path that is written out goes before one with parameters in it."""
        parts = urlsplit(url)
        known = sorted(operations().items(), key=lambda item: item[1]["path"].count("{"))
        for key, documented in known:
            pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", documented["path"].rstrip("/"))
            found = re.fullmatch(pattern, parts.path.rstrip("/"))
            if found and documented["method"] == method:
                path = {name: unquote(value) for name, value in found.groupdict().items()}
                return cls(key, path, parse_qsl(parts.query), headers)
        raise AssertionError(f"{method} {parts.path} is no operation")

    def by_ours(self, platform: ITwinPlatform) -> Any:
        """What our client gets for the same request, as JSON without its envelope."""
        operation: Operation[Any] = GENERATED[self.key]
        wanted = {name: value for name, value in self.headers.items() if name in documented_headers(self.key)}
        query = {name: typed(self.key, name, value) for name, value in self.query}
        answer = platform.call(operation.request(path=self.path, query=query, headers=wanted)).to_dict()
        return specs.as_read(next(value for name, value in answer.items() if not name.startswith("_")))


def typed(key: str, name: str, text: str) -> Any:
    """A parameter of the query as the type that it has in the definition."""
    kinds = {each["name"]: each["schema"].get("type") for each in parameters_of(key)}
    if kinds.get(name) == "boolean":
        return text == "true"
    return int(text) if kinds.get(name) == "integer" else text


def documented_headers(key: str) -> set[str]:
    """The headers of an operation, in lower case."""
    return {each["name"].lower() for each in parameters_of(key) if each["in"] == "header"}


def parameters_of(key: str) -> list[dict[str, Any]]:
    """The documented parameters of an operation."""
    api, _, name = key.partition("/")
    document = specification(api)
    (found,) = (node for _, _, node in operations_in(document) if node["operationId"] == name)
    return [resolved(document, each) for each in found.get("parameters", [])]


def run(**asked: object) -> dict[str, Any]:
    outcome: dict[str, Any] = json.loads(node.output(HOME, SCRIPT, json.dumps(asked)))
    return outcome


@pytest.fixture
def prepared() -> Iterator[Prepared]:
    with Sandbox() as sandbox:
        thing = {"class": "Thing", "subClass": "Asset"}
        itwins = sandbox.add("/itwins", [thing | {"displayName": f"Bridge {n}"} for n in range(3)])
        old = NEW_REPOSITORY | {"id": "an-old-one", "displayName": "Old", "uri": "https://example.com/old"}
        repositories = sandbox.add(f"/itwins/{itwins[0]['id']}/repositories", [old])
        yield Prepared(sandbox, itwins[0]["id"], repositories[0]["id"])


@pytest.fixture
def platform(prepared: Prepared) -> Iterator[ITwinPlatform]:
    with ITwinPlatform(prepared.sandbox.token, api_url=prepared.sandbox.url, retry=None) as platform:
        yield platform


def test_every_method_is_called_and_on_the_page_about_moving() -> None:
    methods = set(run()["methods"])
    assert methods == {method for method, _ in CALLS}
    page = (
        (ROOT / "docs" / "recipes" / "from-itwins-client.md").read_text("utf-8").partition("## ITwinsAccessClient")[2]
    )
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.M)) == methods


@pytest.mark.parametrize(("method", "arguments"), CALLS, ids=[f"{method}-{n}" for n, (method, _) in enumerate(CALLS)])
def test_both_clients_get_the_same(
    method: str, arguments: Callable[[Prepared], list[Any]], prepared: Prepared, platform: ITwinPlatform
) -> None:
    sandbox = prepared.sandbox
    outcome = run(url=sandbox.url, token=sandbox.token, method=method, arguments=arguments(prepared))
    (request,) = outcome["requests"]
    sent = Sent.read(**request)
    if sent.key not in SERVED:
        pytest.skip(f"the sandbox does not serve {sent.key} yet")
    answer = outcome["answer"]
    theirs = specs.as_read(answer.get("data"))
    if "error" in answer:
        with pytest.raises(errors.ApiError) as caught:
            sent.by_ours(platform)
        assert (caught.value.status, caught.value.code) == (answer["status"], answer["error"]["code"])
        return
    assert answer["status"] == operations()[sent.key]["success"]
    if request["method"] == "GET":
        assert theirs == sent.by_ours(platform)
        return
    # What the other client has changed is what ours finds.
    created = f"/{theirs['id']}" if request["method"] == "POST" else ""
    found = Sent.read("GET", f"{request['url'].rstrip('/')}{created}", request["headers"])
    if request["method"] == "DELETE":
        with pytest.raises(errors.NotFoundError):
            found.by_ours(platform)
    else:
        assert theirs == found.by_ours(platform)
