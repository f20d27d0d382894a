"""The client over real sockets, sync and async: results, errors, headers, connections."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, RetryPolicy, errors
from itwin_platform.credentials import ClientCredentials
from itwin_platform.sandbox import Sandbox
from tests.support.engines import ENGINES, KINDS, Engine, get_bucket, get_itwin
from tests.support.examples import example
from tests.support.scripted import Received, ScriptedServer, answer


def test_a_bucket_is_a_plain_url_with_its_expiry(engine: Engine) -> None:
    with ScriptedServer(answer(200, example("reality-analysis/buckets-get"))) as server:
        bucket = engine(get_bucket, api_url=server.url)
    assert bucket.itwin_id == "8b7c5927-6d1c-40eb-8ea8-3fa5952c0ed5"
    assert bucket.container_url == example("reality-analysis/buckets-get")["_links"]["containerUrl"]["href"]
    assert type(bucket.container_url) is str
    assert bucket.expires_at.isoformat() == "2025-05-30T11:37:13+00:00"
    assert "removed" not in repr(bucket)
    assert "cccsprodeusbsa01.blob.core.windows.net" in repr(bucket)


@pytest.mark.parametrize("href", ["https://h/c?se=soon&sig=x", "https://h/c", "", "https://["])
def test_a_bucket_whose_url_says_nothing_of_its_expiry(engine: Engine, href: str) -> None:
    body = {"bucket": {"iTwinId": "i"}, "_links": {"containerUrl": {"href": href}}}
    with ScriptedServer(answer(200, body)) as server:
        bucket = engine(get_bucket, api_url=server.url)
    assert bucket.expires_at is None
    assert "sig=x" not in repr(bucket)


def test_a_base_path_of_a_gateway_is_kept(engine: Engine) -> None:
    with ScriptedServer(answer(200, example("get-itwin"))) as server:
        engine(get_itwin, api_url=f"{server.url}/gateway/itwin/")
    assert server.received[0].path == "/gateway/itwin/itwins/i-1"


def test_ids_are_encoded_as_one_segment(engine: Engine) -> None:
    with ScriptedServer(answer(200, example("get-repository-resource"))) as server:
        engine(lambda platform: platform.repositories.get_resource("i 1", "é", "a@b:c;d=e&f+g"), api_url=server.url)
    path = "/itwins/i%201/repositories/%C3%A9/resources/a%40b%3Ac%3Bd%3De%26f%2Bg"
    assert server.received[0].path == path


@pytest.mark.parametrize(
    "bad", ["", " ", ".", "..", "a/b", "a\\b", "a?b", "a#b", "%2e", "a\nb", "a\u202eb", "x" * 513, None, 5]
)
def test_an_id_that_cannot_be_in_a_path_never_reaches_the_wire(engine: Engine, bad: Any) -> None:
    with ScriptedServer(answer(200, {})) as server:
        for number in range(3):
            ids = ["i-1", "r-2", "x-3"]
            ids[number] = bad
            with pytest.raises(ValueError, match=("itwin_id", "repository_id", "resource_id")[number]):
                engine(lambda platform: platform.repositories.get_resource(*ids), api_url=server.url)  # noqa: B023
    assert server.connections == 0


@pytest.mark.parametrize("status", KINDS)
@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"<html><body>Bad gateway</body></html>", "text/html"),
        (b"", None),
        (b"{not json", "application/json"),
        (b"null", "application/json"),
        (b'{"error": "text"}', "application/json"),
        (b'{"error": {"code": 5, "message": null, "details": "x", "target": []}}', "application/json"),
        (b"\xff\xfe", "application/json"),
    ],
    ids=["html", "empty", "malformed", "null", "no object", "wrong types", "not utf-8"],
)
def test_an_error_without_the_documented_body_is_typed_by_its_status(
    engine: Engine, status: int, body: bytes, media_type: str | None
) -> None:
    if status == 304:
        body, media_type = b"", None
    with (
        ScriptedServer(answer(status, body, media_type=media_type)) as server,
        pytest.raises(errors.ApiError) as caught,
    ):
        engine(get_itwin, api_url=server.url, retry=None)
    assert type(caught.value) is KINDS[status]
    assert caught.value.code == "Unknown"
    assert len(server.received) == 1
    assert "html" not in str(caught.value) or media_type == "text/html"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "is empty"),
        (b"<html></html>", "is HTML"),
        (b"{not json", "is not JSON"),
        (b"[]", "is a list, not an object"),
        (b"null", "is null, not an object"),
        (b'"secret-text"', "is a string"),
        (b"{}", "iTwin is missing"),
        (b'{"error": {"code": "a", "message": "secret-text"}}', "iTwin is missing"),
        (b'{"iTwin": null}', "iTwin is null"),
        (b'{"iTwin": {"displayName": "secret-text"}}', "iTwin.id is missing"),
        (b'{"iTwin": {"id": "1", "displayName": ["secret-text"]}}', "iTwin.displayName is a list"),
        (
            b'{"iTwin": {"id": "1", "displayName": "x", "createdDateTime": "secret-text"}}',
            "iTwin.createdDateTime is not",
        ),
        (b'{"iTwin": {"id": "1", "id": "2"}}', "twice"),
        (b'{"iTwin": {"id": "1", "displayName": "x", "latitude": NaN}}', "NaN"),
        (b'{"iTwin": {"id": "1", "displayName": "x", "latitude": 1e999}}', "too large"),
        (b'{"iTwin": ' + b"9" * 5000 + b"}", "too large"),
        (b'{"a":' * 100_000, "nested too deeply"),
        ('{"iTwin": {}}'.encode("utf-16"), "is not UTF-8"),
        (b"\xff", "is not UTF-8"),
    ],
)
def test_a_success_that_is_none_names_the_place_and_not_the_value(engine: Engine, body: bytes, problem: str) -> None:
    with ScriptedServer(answer(200, body)) as server, pytest.raises(errors.ResponseError) as caught:
        engine(get_itwin, api_url=server.url)
    assert problem in str(caught.value)
    assert "secret-text" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert (caught.value.status, caught.value.operation, caught.value.size) == (200, "get-itwin", len(body))


def test_json_is_read_whatever_its_label(engine: Engine) -> None:
    body = b"\xef\xbb\xbf" + __import__("json").dumps(example("get-itwin")).encode()
    for media_type in ("text/plain", None, "application/json; charset=bogus"):
        with ScriptedServer(answer(200, body, media_type=media_type)) as server:
            assert engine(get_itwin, api_url=server.url).display_name == "White River"


class TestCredentials:
    def test_a_callable_is_asked_for_every_attempt(self, engine: Engine) -> None:
        tokens = iter(("first", "second", "third"))
        with ScriptedServer(answer(503), answer(200, example("get-itwin"))) as server:
            engine(get_itwin, lambda: next(tokens), api_url=server.url, retry=RetryPolicy(base=0, cap=0))
        assert [request.headers["authorization"] for request in server.received] == ["Bearer first", "Bearer second"]

    @pytest.mark.parametrize("engine", ENGINES[1:], ids=lambda engine: engine.name)
    def test_an_async_callable_serves_the_async_client(self, engine: Engine) -> None:
        async def token() -> str:
            await asyncio.sleep(0)
            return "async-token"

        with ScriptedServer(answer(200, example("get-itwin"))) as server:
            engine(get_itwin, token, api_url=server.url)
        assert server.received[0].headers["authorization"] == "Bearer async-token"

    def test_a_callable_that_blocks_does_not_hold_up_the_event_loop(self) -> None:
        asked, go_on = threading.Event(), threading.Event()

        def token() -> str:
            asked.set()
            go_on.wait(10)
            return "slow"

        async def main(url: str) -> None:
            async with AsyncITwinPlatform(token, api_url=url) as platform:
                call = asyncio.ensure_future(platform.itwins.get("i-1"))
                await asyncio.to_thread(asked.wait, 10)
                # The loop runs although the callable blocks; else this would never be reached.
                go_on.set()
                await call

        with ScriptedServer(answer(200, example("get-itwin"))) as server:
            asyncio.run(main(server.url))

    @pytest.mark.parametrize("result", [None, 5, "two words", "line\n", "", b"bytes"])
    def test_what_a_callable_returns_is_checked(self, engine: Engine, result: Any) -> None:
        with ScriptedServer(answer(200, {})) as server, pytest.raises(errors.CredentialsError, match="callable"):
            engine(get_itwin, lambda: result, api_url=server.url)
        assert server.connections == 0

    def test_what_a_callable_raises_is_named_without_its_text(self, engine: Engine) -> None:
        def token() -> str:
            raise KeyError("secret-text")

        with pytest.raises(errors.CredentialsError, match=r"KeyError at test_facade\.py:\d+") as caught:
            engine(get_itwin, token, api_url="http://127.0.0.1:9")
        assert "secret-text" not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_a_refused_token_is_renewed_once(self, engine: Engine) -> None:
        tokens = iter(("old", "new", "new", "newer"))
        unauthorized = answer(401, example("get-itwin", 401))
        with ScriptedServer(unauthorized, answer(200, example("get-itwin"))) as server:
            engine(get_itwin, lambda: next(tokens), api_url=server.url)
        assert [request.headers["authorization"] for request in server.received] == ["Bearer old", "Bearer new"]

    def test_a_refused_token_that_cannot_be_renewed_is_not_sent_again(self, engine: Engine) -> None:
        with (
            ScriptedServer(answer(401, example("get-itwin", 401))) as server,
            pytest.raises(errors.UnauthorizedError, match="HeaderNotFound"),
        ):
            engine(get_itwin, "token", api_url=server.url)
        assert len(server.received) == 1

    def test_a_service_app_gets_its_token_from_the_sandbox(self, engine: Engine, sandbox: Sandbox) -> None:
        credentials = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        itwin = engine(
            lambda platform: platform.itwins.get(sandbox.itwin_id),
            credentials,
            api_url=sandbox.url,
            issuer_url=sandbox.url,
        )
        assert itwin.display_name == "White River"

    def test_a_service_app_with_a_wrong_secret_says_what_to_check(self, engine: Engine, sandbox: Sandbox) -> None:
        credentials = ClientCredentials(sandbox.client_id, "wrong-secret")
        with pytest.raises(errors.CredentialsError, match=r"401 \(invalid_client\).*Check the client id") as caught:
            engine(get_itwin, credentials, api_url=sandbox.url, issuer_url=sandbox.url)
        assert "wrong-secret" not in str(caught.value)


class TestTheSandbox:
    def test_a_typo_in_an_id_is_a_not_found_that_says_what_to_do(self, engine: Engine, sandbox: Sandbox) -> None:
        with pytest.raises(errors.NotFoundError, match=r"iTwinNotFound.*Check the id"):
            engine(lambda platform: platform.itwins.get("typo"), sandbox.token, api_url=sandbox.url)

    def test_a_rate_limit_is_waited_out(self, engine: Engine, sandbox: Sandbox) -> None:
        sandbox.rate_limit(times=1, retry_after=0)
        itwin = engine(lambda platform: platform.itwins.get(sandbox.itwin_id), sandbox.token, api_url=sandbox.url)
        assert itwin.display_name == "White River"

    def test_a_rate_limit_is_raised_where_there_are_no_retries(self, engine: Engine, sandbox: Sandbox) -> None:
        sandbox.rate_limit(times=1, retry_after=7)
        with pytest.raises(errors.RateLimitError, match="Wait 7 seconds") as caught:
            engine(
                lambda platform: platform.itwins.get(sandbox.itwin_id), sandbox.token, api_url=sandbox.url, retry=None
            )
        assert caught.value.retry_after == 7


class TestConnections:
    def test_one_connection_serves_many_calls(self, engine: Engine) -> None:
        async def twice(platform: AsyncITwinPlatform) -> None:
            for _ in range(5):
                await platform.itwins.get("i-1")

        def five(platform: Any) -> Any:
            if isinstance(platform, AsyncITwinPlatform):
                return twice(platform)
            for _ in range(5):
                platform.itwins.get("i-1")
            return None

        with ScriptedServer(answer(200, example("get-itwin"))) as server:
            engine(five, api_url=server.url)
        assert len(server.received) == 5
        assert server.connections == 1

    def test_threads_share_a_client(self) -> None:
        def own_name(request: Received) -> bytes:
            return answer(200, {"iTwin": {"id": "x", "displayName": request.path.rpartition("/")[2]}})

        with ScriptedServer(own_name) as server, ITwinPlatform("token", api_url=server.url) as platform:
            with ThreadPoolExecutor(16) as threads:
                names = list(threads.map(lambda n: platform.itwins.get(f"n-{n}").display_name, range(200)))
            assert server.connections <= 16
        assert names == [f"n-{number}" for number in range(200)]

    def test_tasks_share_a_client(self) -> None:
        def own_name(request: Received) -> bytes:
            return answer(200, {"iTwin": {"id": "x", "displayName": request.path.rpartition("/")[2]}})

        async def many(url: str) -> list[str]:
            async with AsyncITwinPlatform("token", api_url=url) as platform:
                itwins = await asyncio.gather(*(platform.itwins.get(f"n-{number}") for number in range(100)))
            return [itwin.display_name for itwin in itwins]

        with ScriptedServer(own_name) as server:
            assert asyncio.run(many(server.url)) == [f"n-{number}" for number in range(100)]

    def test_groups_show_where_they_lead(self) -> None:
        from tests.support.calls import groups

        platform = ITwinPlatform("secret-token", api_url="https://qa-api.bentley.com")
        for _, group in groups(platform):
            assert repr(group) == f"<{type(group).__name__} of https://qa-api.bentley.com>"

    def test_a_closed_client_says_so(self) -> None:
        with ScriptedServer(answer(200, example("get-itwin"))) as server:
            platform = ITwinPlatform("token", api_url=server.url)
            get_itwin(platform)
            platform.close()
            platform.close()
            with pytest.raises(errors.ConfigurationError, match="closed"):
                get_itwin(platform)
            with pytest.raises(errors.ConfigurationError, match="The client is closed"), platform:
                pytest.fail("it was entered")

    def test_nothing_listening_is_a_transport_error_that_says_what_to_check(self, engine: Engine) -> None:
        with socket.socket() as taken:  # bound, so that nobody else gets the port, and not listening
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            with pytest.raises(errors.TransportError, match=r"cannot be reached.*Check the network") as caught:
                engine(get_itwin, api_url=url, retry=None)
        assert caught.value.phase == "connect"
        assert not isinstance(caught.value, errors.DeadlineExceeded)


class TestRedirects:
    def test_a_redirect_within_the_configured_origin_is_followed_with_the_token(self, engine: Engine) -> None:
        found = answer(302, location="/elsewhere/i-1?x=1")
        with ScriptedServer(found, answer(200, example("get-itwin"))) as server:
            assert engine(get_itwin, api_url=server.url).display_name == "White River"
        assert [request.path for request in server.received] == ["/itwins/i-1", "/elsewhere/i-1?x=1"]
        assert server.received[1].headers["authorization"] == "Bearer token"

    def test_a_redirect_elsewhere_is_refused_and_nobody_is_contacted(self, engine: Engine) -> None:
        with ScriptedServer(answer(200, example("get-itwin"))) as stranger:
            for location in (stranger.url, f"{stranger.url}/itwins/i-1", f"//127.0.0.1:{stranger.url[17:]}/x"):
                with (
                    ScriptedServer(answer(302, location=location)) as server,
                    pytest.raises(errors.RedirectError, match="not followed"),
                ):
                    engine(get_itwin, api_url=server.url)
        assert stranger.connections == 0

    def test_a_loop_ends(self, engine: Engine) -> None:
        with ScriptedServer(answer(302, location="/again")) as server, pytest.raises(errors.RedirectError, match="5"):
            engine(get_itwin, api_url=server.url)
        assert len(server.received) == 6


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """Collect the texts of all log records at all levels."""
    texts: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            texts.append(record.getMessage() + repr(record.__dict__))

    handler = Collect(logging.NOTSET)
    names = ("", "httpx", "httpcore", "itwin_platform")
    levels = {name: logging.getLogger(name).level for name in names}
    logging.getLogger().addHandler(handler)
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield texts
    finally:
        logging.getLogger().removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def test_no_secret_is_logged_at_any_level(engine: Engine) -> None:
    script = answer(
        302, location="/next?sig=secret-signature", set_cookie="session=secret-cookie", x_api_key="secret-key"
    )
    with ScriptedServer(script, answer(200, example("get-itwin"))) as server, everything_logged() as texts:
        engine(get_itwin, "secret-token", api_url=server.url)
    assert [text for text in texts if "get-itwin" in text]
    for secret in ("secret-token", "secret-signature", "secret-cookie", "secret-key"):
        assert not [text for text in texts if secret in text], secret


def test_a_server_that_echoes_the_token_does_not_get_it_into_the_error(engine: Engine) -> None:
    body = {"error": {"code": "Odd", "message": "Token secret-token-42 is odd\n\x1b[31m", "target": "secret-token-42"}}
    with ScriptedServer(answer(401, body)) as server, pytest.raises(errors.UnauthorizedError) as caught:
        engine(get_itwin, "secret-token-42", api_url=server.url)
    assert "secret-token-42" not in f"{caught.value} {vars(caught.value)}"
    assert "\x1b" not in str(caught.value)
