"""Repositories over real sockets: changes that are merged, links in place of ids, and secrets that are not shown."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from itwin_platform import ITwinPlatform, RetryPolicy, errors
from itwin_platform.models import (
    ApiKeyAuthentication,
    BasicAuthentication,
    OtherAuthentication,
    Repository,
    RepositoryAuthenticationType,
    RepositoryClass,
    RepositoryCreate,
    RepositoryUpdate,
)
from tests.support.engines import Engine
from tests.support.examples import example
from tests.support.leaks import assert_none, shown_by
from tests.support.scripted import Received, ScriptedServer, answer

BASIC = {"type": "Basic", "username": "u", "password": "p"}
KEY = {"type": "Header", "key": "X-Key", "value": "v"}
OPTIONS = {"queryParameters": {"a": "1", "b": "2"}, "minimumLevel": 3, "maximumLevel": 9}
UPDATED = answer(200, example("update-itwin-repository"))


def there(**parts: Any) -> bytes:
    return answer(200, {"repository": {"id": "r-1", **parts}})


def update(**changes: Any) -> Callable[[Any], Any]:
    return lambda platform: platform.repositories.update("i-1", "r-1", **changes)


class TestMerging:
    @pytest.mark.parametrize(
        ("before", "given_parts", "sent"),
        [
            ({"options": OPTIONS}, {"options": {"minimumLevel": 5}}, {"options": {**OPTIONS, "minimumLevel": 5}}),
            (
                {"options": OPTIONS},
                {"options": {"queryParameters": {"b": None, "c": "3"}}},
                {"options": {**OPTIONS, "queryParameters": {"a": "1", "c": "3"}}},
            ),
            ({}, {"options": {"layers": "x"}}, {"options": {"layers": "x"}}),
            ({"options": {"layers": "x"}}, {"options": {"more": 1}}, {"options": {"layers": "x", "more": 1}}),
            ({"options": OPTIONS}, {"options": None}, {"options": None}),
            (
                {"authentication": BASIC},
                {"authentication": {"password": "q"}},
                {"authentication": {**BASIC, "password": "q"}},
            ),
            ({"authentication": BASIC}, {"authentication": KEY}, {"authentication": KEY}),
            (
                {"authentication": KEY},
                {"authentication": {"type": "QueryParameter"}},
                {"authentication": {**KEY, "type": "QueryParameter"}},
            ),
            (
                {"authentication": {"type": "New", "a": 1}},
                {"authentication": {"b": 2}},
                {"authentication": {"type": "New", "a": 1, "b": 2}},
            ),
            ({"authentication": BASIC, "options": OPTIONS}, {"display_name": "x"}, {"displayName": "x"}),
            (
                {"authentication": BASIC},
                {"authentication": None, "display_name": "x"},
                {"authentication": None, "displayName": "x"},
            ),
        ],
    )
    def test_what_is_given_is_merged_into_what_is_there(
        self, engine: Engine, before: Any, given_parts: Any, sent: Any
    ) -> None:
        with ScriptedServer(there(**before), UPDATED) as server:
            engine(update(**given_parts, merge=True), api_url=server.url)
        assert [each.method for each in server.received] == ["GET", "PATCH"]
        assert server.received[1].json == sent

    def test_without_it_the_part_is_sent_as_it_is(self, engine: Engine) -> None:
        with ScriptedServer(UPDATED) as server:
            engine(update(options={"minimumLevel": 5}), api_url=server.url)
        assert [each.json for each in server.received] == [{"options": {"minimumLevel": 5}}]

    def test_a_model_is_merged_too(self) -> None:
        changes = RepositoryUpdate.from_dict({"options": {"minimumLevel": 1, "maximumLevel": 2}})
        with ScriptedServer(there(options=OPTIONS), UPDATED) as server, client(server) as platform:
            platform.repositories.update("i-1", "r-1", changes, merge=True)
        assert server.received[1].json == {"options": {**OPTIONS, "minimumLevel": 1, "maximumLevel": 2}}
        assert changes.to_dict() == {"options": {"minimumLevel": 1, "maximumLevel": 2}}

    @pytest.mark.parametrize(
        ("before", "change", "message"),
        [
            (BASIC, {"type": "Header", "key": "k"}, "lacks a property of its type, Header"),
            (BASIC, {"password": None}, "has no type"),
            (None, {"password": "q"}, "has no type"),
            (None, {"type": "Basic", "password": "q"}, "lacks a property of its type, Basic"),
        ],
    )
    def test_what_does_not_become_whole_is_not_sent(self, before: Any, change: Any, message: str) -> None:
        with (
            ScriptedServer(there(authentication=before), UPDATED) as server,
            client(server) as platform,
            pytest.raises(ValueError, match=message),
        ):
            platform.repositories.update("i-1", "r-1", authentication=change, merge=True)
        assert [each.method for each in server.received] == ["GET"]

    def test_a_repository_that_is_not_there_is_not_changed(self, engine: Engine) -> None:
        with ScriptedServer(answer(404, example("get-repository", 404))) as server, pytest.raises(errors.NotFoundError):
            engine(update(options={"a": 1}, merge=True), api_url=server.url)
        assert [each.method for each in server.received] == ["GET"]

    JSON = st.recursive(
        st.none() | st.integers(0, 9) | st.text(max_size=3),
        lambda inside: st.dictionaries(st.sampled_from("abcd"), inside, max_size=4),
        max_leaves=12,
    )
    OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)

    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(OBJECTS, OBJECTS)
    def test_a_merge_keeps_what_is_not_named(self, before: dict[str, Any], change: dict[str, Any]) -> None:
        from itwin_platform._policies.parts import merged

        parts = RepositoryUpdate.from_dict({"options": change})
        result = merged(parts, Repository.from_dict({"id": "r", "options": before})).to_dict()["options"]
        assert result.keys() == (before.keys() | change.keys()) - {name for name in change if change[name] is None}
        assert all(result[name] == before[name] for name in before.keys() - change.keys())


def client(server: ScriptedServer) -> ITwinPlatform:
    return ITwinPlatform("token", api_url=server.url)


class TestWriting:
    def test_a_model_and_arguments_send_the_same(self, engine: Engine) -> None:
        model = RepositoryCreate(
            class_=RepositoryClass.GEOGRAPHIC_INFORMATION_SYSTEM,
            uri="https://maps.example.com",
            display_name="Maps",
            authentication=BasicAuthentication(RepositoryAuthenticationType.BASIC, "u", "p"),
        )
        with ScriptedServer(answer(201, example("create-repository"))) as server:
            engine(lambda platform: platform.repositories.create("i-1", model), api_url=server.url)
            engine(
                lambda platform: platform.repositories.create(
                    "i-1",
                    class_="GeographicInformationSystem",
                    uri="https://maps.example.com",
                    display_name="Maps",
                    authentication=BASIC,
                ),
                api_url=server.url,
            )
        first, second = (each.json for each in server.received)
        assert first == second == model.to_dict()
        assert first["authentication"] == BASIC

    def test_a_kind_of_authentication_that_is_new_can_be_sent(self) -> None:
        new = {"type": "Certificate", "thumbprint": "x"}
        with ScriptedServer(UPDATED) as server, client(server) as platform:
            platform.repositories.update("i-1", "r-1", authentication=new)
            platform.repositories.update("i-1", "r-1", authentication=OtherAuthentication.from_dict(new))
        assert [each.json for each in server.received] == [{"authentication": new}] * 2

    def test_graphics_with_a_new_kind_of_authentication_can_be_read(self) -> None:
        body = {
            "graphics": [{"type": "3DTILES", "uri": "https://x.example", "authentication": {"type": "New", "a": 1}}]
        }
        with ScriptedServer(answer(200, body)) as server, client(server) as platform:
            (found,) = platform.repositories.get_graphics("i-1", "r-1", "x-1")
        assert found.authentication is not None
        assert found.authentication.to_dict() == {"type": "New", "a": 1}


RESOURCES = [
    ("list_resources", "get-repository-resources"),
    ("get_resource", "get-repository-resource"),
    ("get_graphics", "get-resource-graphics"),
]
GROUPS = ["repositories", "global_repositories"]


def follow(group: str, name: str, uri: Any, **arguments: Any) -> Callable[[Any], Any]:
    def call(platform: Any) -> Any:
        result = getattr(getattr(platform, group), name)(uri=uri, **arguments)
        return result.to_list() if hasattr(result, "to_list") else result

    return call


def linked_answer(operation: str) -> bytes:
    body = example(f"itwins/{operation}")
    body.get("_links", {}).pop("next", None)
    return answer(200, body)


class TestLinks:
    @pytest.mark.parametrize("group", GROUPS)
    @pytest.mark.parametrize(("name", "operation"), RESOURCES)
    def test_a_link_leads_to_the_same_as_ids(self, engine: Engine, group: str, name: str, operation: str) -> None:
        with ScriptedServer(linked_answer(operation)) as server:
            found = engine(follow(group, name, f"{server.url}/other/place?sig=a%2Fb"), api_url=server.url)
            relative = engine(follow(group, name, "/other/place?sig=a%2Fb"), api_url=server.url)
        assert found == relative
        assert found
        assert {each.path for each in server.received} == {"/other/place?sig=a%2Fb"}
        assert {each.headers["authorization"] for each in server.received} == {"Bearer token"}
        assert {each.headers["accept"] for each in server.received} == {
            "application/vnd.bentley.itwin-platform.v1+json"
        }

    def test_the_link_of_a_repository_can_be_handed_on(self, engine: Engine) -> None:
        def links(request: Received) -> bytes:
            base = f"http://{request.headers['host']}"
            if request.path.endswith("/repositories/r-1"):
                return there(capabilities={"resources": {"uri": f"{base}/curated/list"}})
            return linked_answer("get-repository-resources")

        def call(platform: Any) -> Any:
            if engine.kind is ITwinPlatform:
                repository = platform.repositories.get("i-1", "r-1")
                return platform.repositories.list_resources(uri=repository.capabilities.resources.uri).to_list()

            async def run() -> Any:
                repository = await platform.repositories.get("i-1", "r-1")
                pages = platform.repositories.list_resources(uri=repository.capabilities.resources.uri)
                return await pages.to_list()

            return run()

        with ScriptedServer(links) as server:
            assert engine(call, api_url=server.url)
        assert server.received[-1].path == "/curated/list"

    def test_arguments_go_along_in_place_of_what_the_link_says(self, engine: Engine) -> None:
        with ScriptedServer(linked_answer("get-repository-resources")) as server:
            call = follow(
                "repositories", "list_resources", "/r?%24top=3&sig=x", page_size=7, search="a b", detail="full"
            )
            engine(call, api_url=server.url)
        (received,) = server.received
        assert received.path == "/r?sig=x&$top=7&$search=a%20b"
        assert received.headers["prefer"] == "return=representation"

    def test_further_pages_are_those_of_the_link(self, engine: Engine) -> None:
        def pages(request: Received) -> bytes:
            resource = {"id": request.path, "displayName": "x"}
            links = {"next": {"href": "/r?page=2"}} if "page" not in request.path else {}
            return answer(200, {"resources": [resource], "_links": links})

        with ScriptedServer(pages) as server:
            found = engine(follow("repositories", "list_resources", "/r"), api_url=server.url)
        assert [each.id for each in found] == ["/r", "/r?page=2"]

    @pytest.mark.parametrize("group", GROUPS)
    @pytest.mark.parametrize("name", [name for name, _ in RESOURCES])
    @pytest.mark.parametrize(
        "uri",
        [
            "https://evil.example/r",
            "https://api.bentley.com.evil.example/r",
            "https://user@api.bentley.com/r",
            "http://api.bentley.com/r",
            "//api.bentley.com/r",
            "r",
            "",
            5,
        ],
    )
    def test_the_token_goes_nowhere_else(self, group: str, name: str, uri: Any) -> None:
        with ScriptedServer(answer(500)) as server, ITwinPlatform("secret-token", api_url=server.url) as platform:
            with pytest.raises(ValueError, match=r"uri must be|The token goes to"):
                follow(group, name, uri)(platform)
            assert server.connections == 0

    def test_an_error_names_the_path_of_the_link_and_no_signature(self) -> None:
        missing = answer(404, example("get-repository-resource", 404))
        with (
            ScriptedServer(missing) as server,
            client(server) as platform,
            pytest.raises(errors.NotFoundError) as caught,
        ):
            platform.repositories.get_resource(uri="/curated/x?sig=signature")
        assert (caught.value.operation, caught.value.path) == ("get-repository-resource", "/curated/x")
        assert "signature" not in str(caught.value)


SECRETS = ("the-password", "the-value", "uri-secret")
PARTS: list[dict[str, Any]] = [
    {"authentication": {"type": "Basic", "username": "u", "password": "the-password"}},
    {"authentication": {"type": "Header", "key": "k", "value": "the-value"}},
    {"authentication": {"type": "Unknown", "password": "the-password", "more": {"value": "the-value"}}},
    {"authentication": {"password": "the-password"}},
    {"authentication": {"type": 5, "password": "the-password"}},
    {"authentication": {"type": "Basic", "username": {"a"}, "password": "the-password"}},
    {"authentication": BasicAuthentication(RepositoryAuthenticationType.BASIC, {"a"}, "the-password")},  # type: ignore[arg-type]
    {"authentication": ApiKeyAuthentication(RepositoryAuthenticationType.HEADER, "k", "the-value")},
    {"options": {"queryParameters": {"key": "the-value"}}},
    {"options": {"queryParameters": {"key": "the-value"}, "minimumLevel": 99}},
    {"options": {"queryParameters": {"key": "the-value", "bad": {"a"}}}},
    {"uri": "https://maps.example.com/?key=uri-secret", "display_name": 5},
    {"uri": f"https://maps.example.com/?key=uri-secret{'x' * 2000}"},
    {"uri": "https://maps.example.com/?key=uri-secret"},
]


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("merge", [False, True])
def test_an_error_of_a_change_shows_no_secret(engine: Engine, parts: Any, merge: bool, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    _assert_silent(engine, update(**parts, merge=merge), caplog)


@pytest.mark.parametrize("parts", PARTS)
def test_an_error_of_a_creation_shows_no_secret(engine: Engine, parts: Any, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    given = {"class_": "Construction", "uri": "https://maps.example.com", **parts}
    _assert_silent(engine, lambda platform: platform.repositories.create("i-1", **given), caplog)


def _assert_silent(engine: Engine, call: Callable[[Any], Any], caplog: Any) -> None:
    refusal = answer(422, example("update-itwin-repository", 422))
    with (
        ScriptedServer(lambda each: there(authentication=BASIC) if each.method == "GET" else refusal) as server,
        pytest.raises((ValueError, errors.ITwinPlatformError)) as caught,
    ):
        engine(call, api_url=server.url, retry=RetryPolicy(attempts=1))
    shown = "\n".join((shown_by(caught.value), _generated_frames(caught.value), caplog.text))
    assert_none(shown, SECRETS)


def _generated_frames(error: BaseException) -> str:
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return "\n".join(repr(each.f_locals) for each in frames if "itwin_platform_api" in each.f_code.co_filename)
