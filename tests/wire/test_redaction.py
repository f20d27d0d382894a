"""Secrets stay secret: every way to fail, searched for what was marked.

Searched are log records of all libraries at DEBUG, `str` and `repr` of errors, their pickles, the exceptions that they
lead to, and tracebacks with the local variables of this package's own frames; where a call is interrupted from outside,
of all frames but those of callers, which hold what callers put there.
"""

from __future__ import annotations

import asyncio
import copy
import gzip
import logging
import pickle
import socket
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio.lowlevel
import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors
from itwin_platform.credentials import ClientCredentials
from tests.support import interrupts
from tests.support.clock import VirtualClock
from tests.support.engines import ENGINES, Engine, get_bucket, get_itwin
from tests.support.examples import example
from tests.support.interrupts import interrupted_at
from tests.support.proxies import RecordingProxy
from tests.support.scripted import ByHand, Received, ScriptedServer, answer
from tests.wire.conftest import Authority

TOKEN = "MARKtoken-abc.def~ghi+jkl/mno="
SECRET = "MARKsecret/with+all=kinds&of%chars"
SIGNATURE = "MARKsig%2Bnature%3D"
PASSWORD = "MARKpassword"
COOKIE = "MARKcookie"
SAS = f"https://store.example/container?sv=2024-08-04&sp=rw&sig={SIGNATURE}"
PACKAGE = str(Path(errors.__file__).parent)


def echo(status: int, **headers: str) -> Callable[[Received], bytes]:
    """A server that repeats what it was sent, and adds secrets of its own."""

    def script(request: Received) -> bytes:
        token = request.headers.get("authorization", "").partition(" ")[2]
        text = f"Bearer {token} and {token} and {SAS} and password={PASSWORD}"
        details = [{"code": token, "message": text, "target": SAS}]
        body = {"error": {"code": token, "message": text, "target": token, "details": details}, token: SAS}
        named = {name: value.replace("TOKEN", token) for name, value in headers.items()}
        return answer(status, body, x_correlation_id=token, set_cookie=f"a={COOKIE}", **named)

    return script


def bucket_at(url: str) -> bytes:
    body = {"bucket": {"iTwinId": "i"}, "_links": {"containerUrl": {"href": url}}}
    return answer(200, body, media_type="application/vnd.bentley.itwin-platform.v2+json")


def in_the_body(request: Received) -> bytes:
    token = request.headers["authorization"].partition(" ")[2]
    return answer(200, {"iTwin": {**example("get-itwin")["iTwin"], "displayName": [token]}}, media_type=token)


PATHS: dict[str, Any] = {
    **{f"status {status}": echo(status) for status in (400, 401, 403, 404, 409, 418, 422, 429, 500, 503)},
    "429 for long": echo(429, retry_after="9999"),
    "no object": echo(200),
    "value in the body": in_the_body,
    "not json": lambda request: answer(200, request.head),
    "bad gzip": lambda request: answer(200, gzip.compress(request.head)[:-9], content_encoding="gzip"),
    "unknown encoding": echo(200, content_encoding="TOKEN"),
    "content type": echo(500, content_type="TOKEN"),
    "redirect": echo(302, location=f"https://evil.example/?token=TOKEN&u={SAS}"),
    "redirect to a host": echo(302, location="https://TOKEN.evil.example/"),
    "redirect with a user": echo(302, location=f"https://user:{PASSWORD}@evil.example/{SAS}"),
    "redirect in a circle": echo(302, location="/again?sig=" + SIGNATURE),
    "broken redirect": echo(302, location="https://[TOKEN"),
    "no answer": ByHand(lambda connection: None),
    "garbage": lambda request: b"HTTQ " + request.head,
    "garbage in a header": lambda request: b"HTTP/1.1 200 OK\r\nX: " + request.head[-80:] + b"\0\r\n\r\n",
    "half an answer": ByHand(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")),
    "silence": ByHand(lambda connection: connection.recv(1)),
}


def chain(error: BaseException) -> list[BaseException]:
    """The error and all exceptions that it leads to."""
    found: list[BaseException] = []
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop()
        if one is not None and one not in found:
            found.append(one)
            left += [one.__cause__, one.__context__]
    return found


def our_frames(error: BaseException) -> str:
    """The traceback with local variables, of the frames of this package."""
    return frames_of(error, lambda file: file.startswith(PACKAGE))


def frames_of(error: BaseException, includes: Callable[[str], bool]) -> str:
    """The traceback with local variables, of the frames of some files."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in shown.stack if includes(frame.filename)]
    return "".join(f"{frame.name}: {frame.locals}\n" for frame in frames)


def assert_clean(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    seen = {
        "message": str(error),
        "repr": repr(error),
        "attributes": repr(vars(error)),
        "traceback": "".join(traceback.format_exception(error)).replace(SAS, ""),
        "frames": our_frames(error),
        "logs": "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records),
    }
    if isinstance(error, errors.ITwinPlatformError):
        assert chain(error) == [error]
        seen["pickle"] = repr(pickle.dumps(error))
        seen["copy"] = repr(vars(pickle.loads(pickle.dumps(copy.copy(error)))))
    for where, text in seen.items():
        for mark in ("MARK", "mark"):
            assert mark not in text, f"{where}: {text[max(0, text.find(mark) - 200) : text.find(mark) + 100]}"


@pytest.mark.parametrize("name", PATHS)
def test_a_call_that_fails_shows_no_secret(
    engine: Engine, clock: VirtualClock, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(PATHS[name]) as server:
        (error,) = engine.many(get_itwin, 1, TOKEN, api_url=server.url, timeout=0.2, deadline=5)
    assert isinstance(error, errors.ITwinPlatformError)
    assert server.received[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert_clean(error, caplog)


def test_a_success_shows_no_secret(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """The bucket's URL is a plain value for storage libraries, and shows in no other way."""
    caplog.set_level(logging.DEBUG)
    body = example("reality-analysis/buckets-get")
    body["_links"]["containerUrl"]["href"] = SAS
    first = answer(302, location=f"/again?sig={SIGNATURE}", set_cookie=f"a={COOKIE}")
    with ScriptedServer(first, answer(200, body, set_cookie=f"a={COOKIE}")) as server:
        bucket = engine(get_bucket, TOKEN, api_url=server.url)
    assert bucket.container_url == SAS
    assert "MARK" not in repr(bucket)
    assert "MARK" not in str([bucket])
    assert "MARK" not in "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)


def test_connections_that_fail_show_no_secret(
    engine: Engine, clock: VirtualClock, caplog: pytest.LogCaptureFixture, authority: Authority
) -> None:
    caplog.set_level(logging.DEBUG)
    with ExitStack() as stack:
        refusing = stack.enter_context(RecordingProxy()).url.replace("//", f"//user:{PASSWORD}@")
        encrypted = stack.enter_context(ScriptedServer(b"", tls=authority.server("evil.example")))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            closed = listener.getsockname()[1]
        for arguments in (
            {"proxy": refusing},
            {"proxy": f"http://user:{PASSWORD}@127.0.0.1:{closed}"},
            {"api_url": f"http://127.0.0.1:{closed}"},
            {"api_url": encrypted.url},
            {"api_url": encrypted.url, "verify": authority.file},
        ):
            (error,) = engine.many(get_itwin, 1, TOKEN, **arguments)
            assert isinstance(error, errors.TransportError)
            assert_clean(error, caplog)


def test_a_deadline_shows_no_secret(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(ByHand(lambda connection: connection.recv(1))) as server:
        (error,) = engine.many(get_itwin, 1, TOKEN, api_url=server.url, deadline=0.2)
    assert isinstance(error, errors.DeadlineExceeded)
    assert_clean(error, caplog)


@pytest.mark.parametrize(
    "arguments",
    [
        {"proxy": f"ftp://user:{PASSWORD}@host"},
        {"api_url": f"https://user:{PASSWORD}@api.bentley.com"},
        {"api_url": f"https://api.bentley.com/?sig={SIGNATURE}"},
        {"issuer_url": f"http://example.com/{PASSWORD}"},
        {"credentials": f"{TOKEN}\n"},
        {"credentials": f"Bearer {TOKEN}"},
        {"timeout": -1},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_a_client_that_cannot_be_made_shows_no_secret(
    engine: Engine, caplog: pytest.LogCaptureFixture, arguments: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    caught = None
    try:
        engine.kind(**{"credentials": TOKEN, **arguments})
    except errors.ITwinPlatformError as error:
        caught = error
    assert caught is not None
    # This test's own frames hold the arguments; frames of the package do not.
    caught.__traceback__ = caught.__traceback__.tb_next if caught.__traceback__ else None
    assert_clean(caught, caplog)


@pytest.mark.parametrize(
    "script",
    [echo(400), echo(200), echo(500), echo(302, location=SAS), ByHand(lambda connection: None)],
    ids=["400", "200", "500", "302", "no answer"],
)
def test_credentials_that_fail_show_no_secret(
    engine: Engine, clock: VirtualClock, caplog: pytest.LogCaptureFixture, script: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(script) as issuer:
        credentials = ClientCredentials("app", SECRET)
        (error,) = engine.many(get_itwin, 1, credentials, api_url="http://127.0.0.1:1", issuer_url=issuer.url)
    assert isinstance(error, errors.CredentialsError)
    assert "MARK" not in repr(credentials)
    assert_clean(error, caplog)


def test_a_callable_that_fails_shows_no_secret(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    def token() -> str:
        raise ValueError(f"cannot use {TOKEN}")

    (error,) = engine.many(get_itwin, 1, token, api_url="http://127.0.0.1:1")
    assert isinstance(error, errors.CredentialsError)
    assert_clean(error, caplog)


def assert_no_frame_shows_a_secret(error: BaseException) -> None:
    """Debuggers and services that collect errors show the variables of all frames, not only of this package's."""
    for each in chain(error):
        assert "MARK" not in frames_of(each, lambda file: file not in {__file__, interrupts.__file__})


@pytest.mark.parametrize("engine", ENGINES[1:], ids=lambda engine: engine.name, indirect=True)
def test_a_call_that_is_cancelled_at_any_point_shows_no_secret(engine: Engine) -> None:
    async def cancelled(platform: Any, steps: int) -> BaseException | None:
        task = asyncio.create_task(platform.itwins.get("i-1"))
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            return error
        return None

    async def main(url: str) -> list[BaseException | None]:
        found: list[BaseException | None] = []
        for steps in range(1, 25):
            async with engine.client(TOKEN, api_url=url) as platform:
                # On a new connection, and on one that an earlier call has opened.
                found += [await cancelled(platform, 40), await cancelled(platform, steps)]
        return found

    with ScriptedServer(ByHand(lambda connection: connection.recv(1))) as server:
        caught = asyncio.run(main(server.url))
    for error in caught:
        assert error is not None
        assert_no_frame_shows_a_secret(error)


# A socket whose opening is interrupted in httpcore is closed by the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_at_any_line_shows_no_secret() -> None:
    """While the token is on its way, a SAS URL arrives, is looked at, and is used."""

    def platform_and_storage(request: Received) -> bytes:
        if request.path.startswith("/container"):
            return answer(200, b"<EnumerationResults><Blobs/></EnumerationResults>", media_type="application/xml")
        return bucket_at(f"{server.url}/container?sp=rl&sig={SIGNATURE}")

    def interrupted(point: int) -> BaseException | None:
        caught: list[BaseException] = []

        def work() -> None:
            try:
                platform.reality_analysis.get_bucket("i").list()
            except KeyboardInterrupt as error:
                caught.append(error)
                raise

        if not interrupted_at(point, work, ("itwin_platform", "httpcore", "h11", "urllib")):
            return None
        return caught[0] if caught else KeyboardInterrupt()

    with ScriptedServer(platform_and_storage) as server, ITwinPlatform(TOKEN, api_url=server.url) as platform:
        platform.reality_analysis.get_bucket("i").list()
        point = 1
        while (error := interrupted(point)) is not None:
            assert_no_frame_shows_a_secret(error)
            point += 13
    assert point > 2000


@pytest.mark.parametrize("kind", [ITwinPlatform, AsyncITwinPlatform])
def test_clients_show_no_secret(kind: Any) -> None:
    proxy = f"http://user:{PASSWORD}@127.0.0.1:1"
    for credentials in (TOKEN, ClientCredentials("app", SECRET)):
        platform = kind(credentials, proxy=proxy)
        for value in (platform, *vars(platform).values(), *vars(platform._pipeline).values(), credentials):
            assert "MARK" not in repr(value) or value is TOKEN


@pytest.mark.parametrize("engine", ENGINES[:2], ids=lambda engine: engine.name)
def test_a_container_whose_sas_is_refused_and_not_renewed_shows_none(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = 0

    def platform_and_storage(request: Received) -> bytes:
        nonlocal asked
        if request.path.startswith("/container"):
            return answer(403, b"<Error/>", media_type="application/xml")
        asked += 1
        if asked > 1:
            return answer(500, {"error": {"code": "Down", "message": TOKEN}})
        return bucket_at(f"{server.url}/container?sig={SIGNATURE}")

    def found(platform: Any) -> Any:
        if isinstance(platform, ITwinPlatform):
            return list(platform.reality_analysis.get_bucket("i").list())

        async def names() -> Any:
            return list(await (await platform.reality_analysis.get_bucket("i")).list())

        return names()

    with ScriptedServer(platform_and_storage) as server, pytest.raises(errors.ServerError) as caught:
        engine(found, TOKEN, api_url=server.url, retry=None)
    assert asked == 2
    assert_clean(caught.value, caplog)
