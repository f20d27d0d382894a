"""`platform.request`: any method, address, query, body and header, with the same care as every call."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from itwin_platform import ITwinPlatform, RetryPolicy, errors
from itwin_platform.models import ITwinUpdate
from itwin_platform_api.itwins.api.itwins import get_itwin
from tests.support.engines import Engine
from tests.support.leaks import assert_none, shown_by
from tests.support.scripted import ByHand, ScriptedServer, answer

GARBAGE = b"not http at all\r\n\r\n"


def test_everything_is_sent_as_it_is_given(engine: Engine) -> None:
    with ScriptedServer(answer(201, {"a": [1, None]})) as server:
        found = engine(
            lambda platform: platform.request(
                "post",
                "/reality-management/reality-data?x=1",
                params={"$top": 5, "flag": True, "types": ["a", "b"], "none": None, "day": date(2026, 1, 2)},
                json={"when": datetime(2026, 1, 2, tzinfo=UTC), "model": ITwinUpdate(latitude=None), "list": (1, 2.5)},
                headers={"Prefer": "return=minimal", "X-Number": 5},
                api_version="v2",
            ),
            api_url=server.url,
        )
    assert found == {"a": [1, None]}
    (received,) = server.received
    assert received.method == "POST"
    assert parse_qsl(urlsplit(received.path).query) == [
        ("x", "1"),
        ("$top", "5"),
        ("flag", "true"),
        ("types", "a"),
        ("types", "b"),
        ("day", "2026-01-02"),
    ]
    assert received.json == {"when": "2026-01-02T00:00:00Z", "model": {"latitude": None}, "list": [1, 2.5]}
    assert received.headers["accept"] == "application/vnd.bentley.itwin-platform.v2+json"
    assert (received.headers["prefer"], received.headers["x-number"]) == ("return=minimal", "5")
    assert received.headers["authorization"] == "Bearer token"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_an_answer_without_a_body_is_none(engine: Engine, method: str) -> None:
    with ScriptedServer(answer(204, media_type=None)) as server:
        assert engine(lambda platform: platform.request(method, "/itwins/favorites/i-1"), api_url=server.url) is None
    assert server.received[0].method == method


def test_accept_among_the_headers_wins(engine: Engine) -> None:
    with ScriptedServer(answer(200, {})) as server:
        engine(lambda platform: platform.request("GET", "/x", headers={"accept": "text/csv"}), api_url=server.url)
    assert server.received[0].headers["accept"] == "text/csv"
    assert server.received[0].head.lower().count(b"accept:") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"method": "TRACE"},
        {"method": "CONNECT"},
        {"method": "GET / HTTP/1.1\r\nX: "},
        {"method": None},
        {"url_or_path": "//example.com/"},
        {"url_or_path": "https://example.com/itwins"},
        {"url_or_path": "/itwins/\r\nX-Header: 1"},
        {"url_or_path": 5},
        {"params": {"a": ...}},
        {"params": [("a", "secret")]},
        {"params": {1: "b"}},
        {"headers": "X-A: secret"},
        {"headers": [("X-A", "secret")]},
        {"params": {"a": "\ud800"}},
        {"params": {"a": float("inf")}},
        {"json": {"a": {1, 2}}},
        {"json": {"a": float("nan")}},
        {"json": "\ud800"},
        {"headers": {"Authorization": "Bearer other"}},
        {"headers": {"host": "example.com"}},
        {"headers": {"Content-Length": "5"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"headers": {"Cookie": "secret"}},
        {"headers": {"Proxy-Authorization": "secret"}},
        {"headers": {"X-A": "secret\r\nX-B: 1"}},
        {"headers": {"X A": "1"}},
        {"headers": {"X-A\r\nX-B": "1"}},
        {"headers": {"": "1"}},
        {"headers": {"X-A": "\u00fc"}},
        {"headers": {"Accept": "a\r\nb"}},
        {"api_version": "1"},
    ],
    ids=str,
)
def test_what_cannot_be_sent_never_reaches_the_wire(engine: Engine, arguments: dict[str, Any]) -> None:
    given = {"method": "POST", "url_or_path": "/itwins", **arguments}
    method, address = given.pop("method"), given.pop("url_or_path")
    with ScriptedServer(answer(200, {})) as server:
        with pytest.raises(ValueError, match=r".") as caught:
            engine(lambda platform: platform.request(method, address, **given), api_url=server.url)
        assert server.connections == 0
    assert "secret" not in str(caught.value)


def test_what_is_no_request_of_a_package_is_refused(engine: Engine) -> None:
    for wrong in (get_itwin, get_itwin.request, "GET /itwins"):
        with pytest.raises(ValueError, match=r"request must be the result of request\("):
            engine(lambda platform: platform.call(wrong))  # noqa: B023


def test_writes_are_not_repeated_and_reads_are(engine: Engine) -> None:
    policy = RetryPolicy(base=0.0, attempts=3)
    for method, requests in (("POST", 1), ("PATCH", 1), ("GET", 3), ("PUT", 3), ("DELETE", 3)):
        with ScriptedServer(answer(503)) as server:
            with pytest.raises(errors.ServerError):
                engine(lambda platform: platform.request(method, "/x"), api_url=server.url, retry=policy)  # noqa: B023
            assert len(server.received) == requests


def test_an_error_names_method_and_path_and_not_the_query(engine: Engine) -> None:
    body = {"error": {"code": "A", "message": "b"}}
    with ScriptedServer(answer(404, body)) as server, pytest.raises(errors.NotFoundError, match="/nothing") as caught:
        engine(lambda platform: platform.request("GET", "/itwins/nothing?token=secret"), api_url=server.url)
    assert caught.value.operation == "GET /itwins/nothing"
    assert "secret" not in f"{caught.value} {vars(caught.value)}"


def test_headers_of_the_users_own_do_not_follow_a_redirect() -> None:
    headers = {"X-Api-Key": "secret", "Prefer": "return=minimal"}
    with ScriptedServer(answer(302, location="/there"), answer(200, {})) as server:
        with ITwinPlatform("token", api_url=server.url) as platform:
            platform.request("GET", "/here", headers=headers)
        first, second = server.received
    assert first.headers["x-api-key"] == "secret"
    assert "x-api-key" not in second.headers
    assert second.headers["prefer"] == "return=minimal"


@pytest.mark.parametrize("script", [answer(422, {}), answer(302, location="/x"), ByHand(lambda _: None), GARBAGE])
def test_a_body_is_shown_by_no_error(engine: Engine, script: Any) -> None:
    body = {"password": "secret-password"}
    with ScriptedServer(script) as server, pytest.raises(errors.ITwinPlatformError) as caught:
        engine(lambda platform: platform.request("POST", "/x", json=body), api_url=server.url, retry=None)
    assert_none(shown_by(caught.value), ["secret-password"])


def test_neither_is_one_that_cannot_be_sent(engine: Engine) -> None:
    body, headers = {"password": "secret-password", "set": {1}}, {"X": "secret-header"}
    with pytest.raises(ValueError, match="set: JSON cannot hold a set") as caught:
        engine(lambda platform: platform.request("POST", "/x", json=body, headers=headers))
    assert_none(shown_by(caught.value), ["secret-password", "secret-header"])
