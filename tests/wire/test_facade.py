"""The client over real sockets, sync and async: results, errors, headers, connections."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, RetryPolicy, errors
from itwin_platform.credentials import ClientCredentials
from itwin_platform.sandbox import Sandbox
from tests.support.calls import FacadeCall, facade_calls
from tests.support.engines import get_bucket, get_itwin
from tests.support.examples import example, operations
from tests.support.scripted import Received, ScriptedServer, answer

Platform = ITwinPlatform | AsyncITwinPlatform
each_call = pytest.mark.parametrize("call", facade_calls(), ids=str)


def documented_answer(call: FacadeCall) -> bytes:
    """The documented answer, as the last page where it is a list."""
    if not call.operation.has_body(call.success):
        return answer(call.success, media_type=None)
    body = example(call.operation.id, call.success)
    if "next" in body.get("_links", {}):
        del body["_links"]["next"]
    return answer(call.success, body, media_type=call.operation.accept)


class Caller:
    """Runs the same call on the sync or the async client."""

    def __init__(self, kind: type[Platform]) -> None:
        self.kind = kind

    def __call__(self, call: Callable[[Any], Any], credentials: Any = "token", **arguments: Any) -> Any:
        if self.kind is ITwinPlatform:
            with ITwinPlatform(credentials, **arguments) as platform:
                return call(platform)

        async def run() -> Any:
            async with AsyncITwinPlatform(credentials, **arguments) as platform:
                result = call(platform)
                return await result if inspect.isawaitable(result) else result

        return asyncio.run(run())


@pytest.fixture(params=[ITwinPlatform, AsyncITwinPlatform], ids=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param)


def test_every_operation_has_a_method() -> None:
    assert {call.operation.id for call in facade_calls()} == set(operations())


@each_call
def test_a_documented_answer_comes_back_unwrapped(run: Caller, call: FacadeCall) -> None:
    with ScriptedServer(documented_answer(call)) as server:
        result = run(call, api_url=server.url)
    assert result == call.result_of(example(call.operation.id, call.success) if result is not None else None)
    assert (result is None) == (not call.operation.has_body(call.success))


def test_a_bucket_is_a_plain_url_with_its_expiry(run: Caller) -> None:
    with ScriptedServer(answer(200, example("buckets-get"))) as server:
        bucket = run(get_bucket, api_url=server.url)
    assert bucket.itwin_id == "8b7c5927-6d1c-40eb-8ea8-3fa5952c0ed5"
    assert bucket.container_url == example("buckets-get")["_links"]["containerUrl"]["href"]
    assert type(bucket.container_url) is str
    assert bucket.expires_at.isoformat() == "2025-05-30T11:37:13+00:00"
    assert "removed" not in repr(bucket)
    assert "cccsprodeusbsa01.blob.core.windows.net" in repr(bucket)


@pytest.mark.parametrize("href", ["https://h/c?se=soon&sig=x", "https://h/c", "", "https://["])
def test_a_bucket_whose_url_says_nothing_of_its_expiry(run: Caller, href: str) -> None:
    body = {"bucket": {"iTwinId": "i"}, "_links": {"containerUrl": {"href": href}}}
    with ScriptedServer(answer(200, body)) as server:
        bucket = run(get_bucket, api_url=server.url)
    assert bucket.expires_at is None
    assert "sig=x" not in repr(bucket)


@each_call
def test_the_request_is_what_the_documentation_asks_for(run: Caller, call: FacadeCall) -> None:
    documented = operations()[call.operation.id]
    with ScriptedServer(documented_answer(call)) as server:
        run(call, "the-token", api_url=server.url, user_agent="my-app/1.0")
    (received,) = server.received
    assert received.path == call.sent_path
    assert received.method == documented["method"]
    assert received.headers["accept"] == documented["media_type"]
    assert received.headers["authorization"] == "Bearer the-token"
    assert re.fullmatch(r"itwin-platform/\S+ python/\S+ httpx/\S+ my-app/1\.0", received.headers["user-agent"])
    usual = {"host", "accept", "accept-encoding", "user-agent", "authorization"}
    with_body = {"content-length"} if received.method != "GET" else set()
    with_body |= {"content-type"} if received.body else set()
    assert set(received.headers) - {"prefer", "x-max-return"} == usual | with_body
    if received.body:
        assert received.headers["content-type"] == "application/json"
        # What was given arrives, and nothing that was not.
        assert sorted(received.json.values()) == sorted(
            value for name, value in call.arguments.items() if not name.endswith("_id")
        )


def test_a_base_path_of_a_gateway_is_kept(run: Caller) -> None:
    with ScriptedServer(answer(200, example("get-itwin"))) as server:
        run(get_itwin, api_url=f"{server.url}/gateway/itwin/")
    assert server.received[0].path == "/gateway/itwin/itwins/i-1"


def test_ids_are_encoded_as_one_segment(run: Caller) -> None:
    with ScriptedServer(answer(200, example("get-repository-resource"))) as server:
        run(lambda platform: platform.repositories.get_resource("i 1", "é", "a@b:c;d=e&f+g"), api_url=server.url)
    path = "/itwins/i%201/repositories/%C3%A9/resources/a%40b%3Ac%3Bd%3De%26f%2Bg"
    assert server.received[0].path == path


@pytest.mark.parametrize(
    "bad", ["", " ", ".", "..", "a/b", "a\\b", "a?b", "a#b", "%2e", "a\nb", "a\u202eb", "x" * 513, None, 5]
)
def test_an_id_that_cannot_be_in_a_path_never_reaches_the_wire(run: Caller, bad: Any) -> None:
    with ScriptedServer(answer(200, {})) as server:
        for number in range(3):
            ids = ["i-1", "r-2", "x-3"]
            ids[number] = bad
            with pytest.raises(ValueError, match=("itwin_id", "repository_id", "resource_id")[number]):
                run(lambda platform: platform.repositories.get_resource(*ids), api_url=server.url)  # noqa: B023
    assert server.connections == 0


DOCUMENTED_ERRORS = [
    pytest.param(call, status, body["error"]["code"], id=f"{call}-{status}")
    for call in facade_calls()
    for status, body in operations()[call.operation.id]["answers"].items()
    if status >= 400
]
KINDS: dict[int, type[errors.ApiError]] = {
    400: errors.InvalidRequestError,
    401: errors.UnauthorizedError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.InvalidRequestError,
    429: errors.RateLimitError,
    500: errors.ServerError,
    503: errors.ServerError,
    599: errors.ServerError,
    402: errors.ApiError,
    300: errors.ApiError,
    304: errors.ApiError,
    999: errors.ApiError,
}


@pytest.mark.parametrize(("call", "status", "code"), DOCUMENTED_ERRORS)
def test_a_documented_error_is_typed_and_tells_everything(
    run: Caller, call: FacadeCall, status: int, code: str
) -> None:
    operation = call.operation.id
    script = answer(status, example(operation, status), retry_after="300", x_correlation_id="c-1")
    with ScriptedServer(script) as server, pytest.raises(errors.ApiError) as caught:
        run(call, api_url=server.url)
    error = caught.value
    assert type(error) is KINDS[status]
    documented = example(operation, status)["error"]
    assert (error.status, error.code, error.message) == (status, code, documented["message"])
    assert [detail.code for detail in error.details] == [detail["code"] for detail in documented.get("details", [])]
    assert (error.operation, error.request_id, error.retry_after) == (operation, "c-1", 300.0)
    assert len(str(error).splitlines()) == 1
    assert code in str(error)


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
    run: Caller, status: int, body: bytes, media_type: str | None
) -> None:
    if status == 304:
        body, media_type = b"", None
    with (
        ScriptedServer(answer(status, body, media_type=media_type)) as server,
        pytest.raises(errors.ApiError) as caught,
    ):
        run(get_itwin, api_url=server.url, retry=None)
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
def test_a_success_that_is_none_names_the_place_and_not_the_value(run: Caller, body: bytes, problem: str) -> None:
    with ScriptedServer(answer(200, body)) as server, pytest.raises(errors.ResponseError) as caught:
        run(get_itwin, api_url=server.url)
    assert problem in str(caught.value)
    assert "secret-text" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert (caught.value.status, caught.value.operation, caught.value.size) == (200, "get-itwin", len(body))


def test_json_is_read_whatever_its_label(run: Caller) -> None:
    body = b"\xef\xbb\xbf" + __import__("json").dumps(example("get-itwin")).encode()
    for media_type in ("text/plain", None, "application/json; charset=bogus"):
        with ScriptedServer(answer(200, body, media_type=media_type)) as server:
            assert run(get_itwin, api_url=server.url).display_name == "White River"


class TestCredentials:
    def test_a_callable_is_asked_for_every_attempt(self, run: Caller) -> None:
        tokens = iter(("first", "second", "third"))
        with ScriptedServer(answer(503), answer(200, example("get-itwin"))) as server:
            run(get_itwin, lambda: next(tokens), api_url=server.url, retry=RetryPolicy(base=0, cap=0))
        assert [request.headers["authorization"] for request in server.received] == ["Bearer first", "Bearer second"]

    def test_an_async_callable_serves_the_async_client(self) -> None:
        async def token() -> str:
            await asyncio.sleep(0)
            return "async-token"

        with ScriptedServer(answer(200, example("get-itwin"))) as server:
            Caller(AsyncITwinPlatform)(get_itwin, token, api_url=server.url)
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
    def test_what_a_callable_returns_is_checked(self, run: Caller, result: Any) -> None:
        with ScriptedServer(answer(200, {})) as server, pytest.raises(errors.CredentialsError, match="callable"):
            run(get_itwin, lambda: result, api_url=server.url)
        assert server.connections == 0

    def test_what_a_callable_raises_is_named_without_its_text(self, run: Caller) -> None:
        def token() -> str:
            raise KeyError("secret-text")

        with pytest.raises(errors.CredentialsError, match=r"KeyError at test_facade\.py:\d+") as caught:
            run(get_itwin, token, api_url="http://127.0.0.1:9")
        assert "secret-text" not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_a_refused_token_is_renewed_once(self, run: Caller) -> None:
        tokens = iter(("old", "new", "new", "newer"))
        unauthorized = answer(401, example("get-itwin", 401))
        with ScriptedServer(unauthorized, answer(200, example("get-itwin"))) as server:
            run(get_itwin, lambda: next(tokens), api_url=server.url)
        assert [request.headers["authorization"] for request in server.received] == ["Bearer old", "Bearer new"]

    def test_a_refused_token_that_cannot_be_renewed_is_not_sent_again(self, run: Caller) -> None:
        with (
            ScriptedServer(answer(401, example("get-itwin", 401))) as server,
            pytest.raises(errors.UnauthorizedError, match="HeaderNotFound"),
        ):
            run(get_itwin, "token", api_url=server.url)
        assert len(server.received) == 1

    def test_a_service_app_gets_its_token_from_the_sandbox(self, run: Caller, sandbox: Sandbox) -> None:
        credentials = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        itwin = run(
            lambda platform: platform.itwins.get(sandbox.itwin_id),
            credentials,
            api_url=sandbox.url,
            issuer_url=sandbox.url,
        )
        assert itwin.display_name == "White River"

    def test_a_service_app_with_a_wrong_secret_says_what_to_check(self, run: Caller, sandbox: Sandbox) -> None:
        credentials = ClientCredentials(sandbox.client_id, "wrong-secret")
        with pytest.raises(errors.CredentialsError, match=r"401 \(invalid_client\).*Check the client id") as caught:
            run(get_itwin, credentials, api_url=sandbox.url, issuer_url=sandbox.url)
        assert "wrong-secret" not in str(caught.value)


class TestTheSandbox:
    def test_a_typo_in_an_id_is_a_not_found_that_says_what_to_do(self, run: Caller, sandbox: Sandbox) -> None:
        with pytest.raises(errors.NotFoundError, match=r"iTwinNotFound.*Check the id"):
            run(lambda platform: platform.itwins.get("typo"), sandbox.token, api_url=sandbox.url)

    def test_a_rate_limit_is_waited_out(self, run: Caller, sandbox: Sandbox) -> None:
        sandbox.rate_limit(times=1, retry_after=0)
        itwin = run(lambda platform: platform.itwins.get(sandbox.itwin_id), sandbox.token, api_url=sandbox.url)
        assert itwin.display_name == "White River"

    def test_a_rate_limit_is_raised_where_there_are_no_retries(self, run: Caller, sandbox: Sandbox) -> None:
        sandbox.rate_limit(times=1, retry_after=7)
        with pytest.raises(errors.RateLimitError, match="Wait 7 seconds") as caught:
            run(lambda platform: platform.itwins.get(sandbox.itwin_id), sandbox.token, api_url=sandbox.url, retry=None)
        assert caught.value.retry_after == 7


class TestConnections:
    def test_one_connection_serves_many_calls(self, run: Caller) -> None:
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
            run(five, api_url=server.url)
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

    def test_a_closed_client_says_so(self) -> None:
        with ScriptedServer(answer(200, example("get-itwin"))) as server:
            platform = ITwinPlatform("token", api_url=server.url)
            get_itwin(platform)
            platform.close()
            platform.close()
            with pytest.raises(errors.ConfigurationError, match="closed"):
                get_itwin(platform)

    def test_nothing_listening_is_a_transport_error_that_says_what_to_check(self, run: Caller) -> None:
        with socket.socket() as taken:  # bound, so that nobody else gets the port, and not listening
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            with pytest.raises(errors.TransportError, match=r"cannot be reached.*Check the network") as caught:
                run(get_itwin, api_url=url, retry=None)
        assert caught.value.phase == "connect"
        assert not isinstance(caught.value, errors.DeadlineExceeded)


class TestRedirects:
    def test_a_redirect_within_the_configured_origin_is_followed_with_the_token(self, run: Caller) -> None:
        found = answer(302, location="/elsewhere/i-1?x=1")
        with ScriptedServer(found, answer(200, example("get-itwin"))) as server:
            assert run(get_itwin, api_url=server.url).display_name == "White River"
        assert [request.path for request in server.received] == ["/itwins/i-1", "/elsewhere/i-1?x=1"]
        assert server.received[1].headers["authorization"] == "Bearer token"

    def test_a_redirect_elsewhere_is_refused_and_nobody_is_contacted(self, run: Caller) -> None:
        with ScriptedServer(answer(200, example("get-itwin"))) as stranger:
            for location in (stranger.url, f"{stranger.url}/itwins/i-1", f"//127.0.0.1:{stranger.url[17:]}/x"):
                with (
                    ScriptedServer(answer(302, location=location)) as server,
                    pytest.raises(errors.RedirectError, match="not followed"),
                ):
                    run(get_itwin, api_url=server.url)
        assert stranger.connections == 0

    def test_a_loop_ends(self, run: Caller) -> None:
        with ScriptedServer(answer(302, location="/again")) as server, pytest.raises(errors.RedirectError, match="5"):
            run(get_itwin, api_url=server.url)
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


def test_no_secret_is_logged_at_any_level(run: Caller) -> None:
    script = answer(
        302, location="/next?sig=secret-signature", set_cookie="session=secret-cookie", x_api_key="secret-key"
    )
    with ScriptedServer(script, answer(200, example("get-itwin"))) as server, everything_logged() as texts:
        run(get_itwin, "secret-token", api_url=server.url)
    assert [text for text in texts if "get-itwin" in text]
    for secret in ("secret-token", "secret-signature", "secret-cookie", "secret-key"):
        assert not [text for text in texts if secret in text], secret


def test_a_server_that_echoes_the_token_does_not_get_it_into_the_error(run: Caller) -> None:
    body = {"error": {"code": "Odd", "message": "Token secret-token-42 is odd\n\x1b[31m", "target": "secret-token-42"}}
    with ScriptedServer(answer(401, body)) as server, pytest.raises(errors.UnauthorizedError) as caught:
        run(get_itwin, "secret-token-42", api_url=server.url)
    assert "secret-token-42" not in f"{caught.value} {vars(caught.value)}"
    assert "\x1b" not in str(caught.value)


@each_call
def test_both_clients_have_the_same_methods(call: FacadeCall) -> None:
    ours, theirs = call.method_of(ITwinPlatform("token")), call.method_of(AsyncITwinPlatform("token"))
    signatures = [str(inspect.signature(each)) for each in (ours, theirs)]
    assert signatures[0] == signatures[1].replace("Async", "")
    assert not inspect.iscoroutinefunction(ours)
    # A list is iterated over, so that there is nothing to await yet.
    assert inspect.iscoroutinefunction(theirs) != ("Pages" in signatures[0])


PARTICULAR = {400, 403, 404, 409, 413, 422}


@each_call
def test_a_docstring_says_what_is_particular_to_its_operation(call: FacadeCall) -> None:
    """Method and path, page, and the errors that its definition names, without those that every call can raise."""
    text = inspect.getdoc(call.method_of(ITwinPlatform("token"))) or ""
    assert f"`{call.operation.method} {call.operation.path}`" in text
    page = f"https://developer.bentley.com/apis/{call.api}/operations/{call.operation.id}/"
    assert page in text
    documented = {
        KINDS.get(status, errors.ApiError).__name__
        for status, body in operations()[call.operation.id]["answers"].items()
        # The gateway's answer to a path that no operation has.
        if status in PARTICULAR and body["error"]["code"] != "ResourceNotFound"
    }
    listed = set(re.findall(r"^    (\w+): ", text.partition("Raises:")[2], re.M))
    assert {each for each in listed if issubclass(getattr(errors, each, object), errors.ApiError)} == documented
    if call.arguments:
        assert "Parameters:" in text
    if call.operation.has_body(call.success):
        assert "Returns:" in text


def test_what_every_call_can_raise_is_listed_once() -> None:
    for kind in (ITwinPlatform, AsyncITwinPlatform):
        text = inspect.getdoc(kind) or ""
        for error in ("UnauthorizedError", "RateLimitError", "ResponseError", "CredentialsError", "TransportError"):
            assert f"- {error}: " in text
            assert not [
                call for call in facade_calls() if f"{error}: " in (inspect.getdoc(call.method_of(_CLIENT)) or "")
            ]


_CLIENT = ITwinPlatform("token")
