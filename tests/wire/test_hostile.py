"""Answers that no sound server sends: the right result or a typed error, whatever comes, on every engine."""

from __future__ import annotations

import gzip
import json
import pickle
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from itwin_platform import errors
from itwin_platform.models import ITwin
from tests.support.engines import Engine, get_bucket, get_itwin
from tests.support.examples import example
from tests.support.scripted import ByHand, Script, ScriptedServer, answer

BODY: dict[str, Any] = example("get-itwin")
TEXT = json.dumps(BODY).encode()
MARK = "MARK-ed-value"


def raw(head: str, body: bytes = b"") -> bytes:
    return head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body


def changed(**properties: Any) -> bytes:
    return answer(200, {"iTwin": {**BODY["iTwin"], **properties}})


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def cut(data: bytes, ending: Callable[[socket.socket], object] = lambda connection: None) -> ByHand:
    """Send something, then close or reset the connection."""

    def act(connection: socket.socket) -> None:
        connection.sendall(data)
        ending(connection)

    return ByHand(act)


@dataclass(frozen=True)
class Row:
    name: str
    script: Script
    # What may come of it: a result, or one of these errors.
    errors: tuple[type[Exception], ...] = ()
    result: bool = False


def good(name: str, script: Script, *or_else: type[Exception]) -> Row:
    return Row(name, script, or_else, result=True)


def bad(name: str, script: Script, *kinds: type[Exception]) -> Row:
    return Row(name, script, kinds)


RESPONSE, TRANSPORT = errors.ResponseError, errors.TransportError
OK = "HTTP/1.1 200 OK\nContent-Type: application/json\n"
ROWS = (
    # bodies of a success
    bad("malformed", answer(200, b"{ not json"), RESPONSE),
    bad("empty", answer(200, b""), RESPONSE),
    bad("html", answer(200, b"<html>hello</html>", media_type="text/html"), RESPONSE),
    good("labelled text", answer(200, TEXT, media_type="text/plain")),
    good("no label", answer(200, TEXT, media_type=None)),
    good("bogus charset", answer(200, TEXT, media_type="application/json; charset=klingon")),
    good("byte order mark", answer(200, b"\xef\xbb\xbf" + TEXT)),
    bad("utf-16", answer(200, TEXT.decode().encode("utf-16")), RESPONSE),
    bad("invalid utf-8", answer(200, TEXT.replace(b"i", b"\xff", 1)), RESPONSE),
    bad("error in a success", answer(200, {"error": {"code": "x", "message": "y"}}), RESPONSE),
    bad("null", answer(200, b"null"), RESPONSE),
    bad("list", answer(200, b"[]"), RESPONSE),
    bad("number", answer(200, b"1"), RESPONSE),
    bad("string", answer(200, b'"x"'), RESPONSE),
    bad("missing field", answer(200, {}), RESPONSE),
    bad("wrong type", changed(displayName={"secret": MARK}), RESPONSE),
    good("unknown enum value", changed(status="Hibernating")),
    good("unknown property", changed(somethingNew={"a": [1, None]})),
    bad("5000 digits", answer(200, TEXT[:-1] + b',"n":' + b"1" * 5000 + b"}"), RESPONSE),
    bad("NaN", answer(200, TEXT[:-1] + b',"n":NaN}'), RESPONSE),
    bad("Infinity", answer(200, TEXT[:-1] + b',"n":-Infinity}'), RESPONSE),
    bad("1e999", answer(200, TEXT[:-1] + b',"n":1e999}'), RESPONSE),
    bad("duplicate property", answer(200, TEXT[:-1] + b"," + TEXT[1:]), RESPONSE),
    good("lone surrogate", changed(displayName="\ud800")),
    bad("deep nesting", answer(200, b"[" * 100_000 + b"]" * 100_000), RESPONSE),
    # encodings
    good("gzip", answer(200, gzip.compress(TEXT), content_encoding="gzip")),
    bad("broken gzip", answer(200, b"\x1f\x8b" + b"x" * 50, content_encoding="gzip"), RESPONSE),
    bad("cut gzip", answer(200, gzip.compress(TEXT)[:-12], content_encoding="gzip"), RESPONSE),
    bad("gzip and more", answer(200, gzip.compress(TEXT) + b"x" * 100_000, content_encoding="gzip"), RESPONSE),
    bad("double gzip", answer(200, gzip.compress(gzip.compress(TEXT)), content_encoding="gzip, gzip"), RESPONSE),
    bad("deflate", answer(200, zlib.compress(TEXT), content_encoding="deflate"), RESPONSE),
    bad("unknown encoding", answer(200, TEXT, content_encoding="klingon"), RESPONSE),
    # lengths and chunks
    bad("short of its length", cut(raw(OK + "Content-Length: 9999", TEXT)), TRANSPORT),
    bad("chunks cut off", cut(raw(OK + "Transfer-Encoding: chunked", b'5\r\n{"iTw')), TRANSPORT),
    bad("closed between chunks", cut(raw(OK + "Transfer-Encoding: chunked", b'5\r\n{"iTw\r\n')), TRANSPORT),
    bad("chunk garbage", cut(raw(OK + "Transfer-Encoding: chunked", b"zz\r\n{}\r\n0\r\n\r\n")), TRANSPORT),
    good("chunked", raw(OK + "Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(TEXT), TEXT))),
    good("until the connection closes", cut(raw(OK + "Connection: close", TEXT))),
    good(
        "length and chunks",
        raw(OK + "Content-Length: 3\nTransfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(TEXT), TEXT)),
        TRANSPORT,
    ),
    bad("two lengths", raw(OK + f"Content-Length: {len(TEXT)}\nContent-Length: 3", TEXT), TRANSPORT),
    bad("negative length", raw(OK + "Content-Length: -5", TEXT), TRANSPORT),
    bad("length of words", raw(OK + "Content-Length: many", TEXT), TRANSPORT),
    # heads
    bad("bad status line", raw("HTTQ/9 two hundred"), TRANSPORT),
    bad("status 099", raw("HTTP/1.1 099 Low\nContent-Length: 0"), TRANSPORT),
    bad("status 999", raw("HTTP/1.1 999 High\nContent-Length: 0"), errors.ApiError, TRANSPORT),
    bad("NUL in a header", raw(OK + f"X-Y: a\0b\nContent-Length: {len(TEXT)}", TEXT), TRANSPORT),
    bad("header of 1 MB", raw(OK + f"X-Y: {'a' * 1_000_000}\nContent-Length: {len(TEXT)}", TEXT), TRANSPORT),
    good("10,000 headers", raw(OK + "A: b\n" * 10_000 + f"Content-Length: {len(TEXT)}", TEXT), TRANSPORT),
    bad("101", raw("HTTP/1.1 101 Switching\nUpgrade: x\nConnection: upgrade"), TRANSPORT),
    good("100 before it", raw("HTTP/1.1 100 Continue") + answer(200, TEXT)),
    good("103 before it", raw("HTTP/1.1 103 Early Hints\nLink: </a>") + answer(200, TEXT)),
    # successes without what is needed
    bad("204", raw("HTTP/1.1 204 No Content"), RESPONSE),
    bad("205", raw("HTTP/1.1 205 Reset\nContent-Length: 0"), RESPONSE),
    bad("304", raw("HTTP/1.1 304 Not Modified"), errors.ApiError),
    bad("300", answer(300, TEXT, location="https://evil.example/"), errors.ApiError),
    # broken connections
    bad("closed before the head", cut(b""), TRANSPORT),
    bad("reset before the head", cut(b"", reset), TRANSPORT),
    bad("closed in the head", cut(b"HTTP/1.1 200 OK\r\nContent-Ty"), TRANSPORT),
    bad("reset in the head", cut(b"HTTP/1.1 200 OK\r\nContent-Ty", reset), TRANSPORT),
    bad("reset in the body", cut(raw(OK + "Content-Length: 9999", TEXT), reset), TRANSPORT),
    # errors
    bad("html 502", answer(502, b"<html>bad gateway</html>", media_type="text/html"), errors.ServerError),
    bad("html 401", answer(401, b"<html>log in</html>", media_type="text/html"), errors.UnauthorizedError),
    bad("error as a list", answer(404, {"error": [1]}), errors.NotFoundError),
    bad("error of wrong types", answer(404, {"error": {"code": 1, "message": [], "details": 5}}), errors.NotFoundError),
    bad("error null", answer(500, b"null"), errors.ServerError),
    bad("error as a string", answer(403, {"error": "no"}), errors.PermissionDeniedError),
    bad("error without end", cut(raw("HTTP/1.1 500 Oops\nContent-Length: 99999", b'{"error":')), errors.ServerError),
    bad("error encoded", answer(500, TEXT, content_encoding="br"), errors.ServerError),
    bad("429 with nothing", answer(429), errors.RateLimitError),
    bad("429 with garbage", answer(429, retry_after="soon"), errors.RateLimitError),
    bad("418", answer(418), errors.ApiError),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_hostile_answer_gives_the_right_result_or_a_typed_error(engine: Engine, row: Row) -> None:
    with ScriptedServer(row.script) as server:
        (outcome,) = engine.many(get_itwin, 1, api_url=server.url, retry=None, deadline=20)
    if isinstance(outcome, Exception):
        assert isinstance(outcome, row.errors)
        text = f"{outcome}{outcome!r}{pickle.dumps(outcome)!r}"
        assert MARK not in text
        assert "\n" not in str(outcome)
        assert len(str(outcome)) < 2000
    else:
        assert row.result
        assert isinstance(outcome, ITwin)
        assert outcome.id == BODY["iTwin"]["id"]


def test_there_are_at_least_as_many_rows_as_were_found_in_the_wild() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) >= 62


def test_an_error_in_the_body_names_the_place_and_not_the_value(engine: Engine) -> None:
    with ScriptedServer(changed(displayName={"secret": MARK})) as server:
        (error,) = engine.many(get_itwin, 1, api_url=server.url)
    assert isinstance(error, errors.ResponseError)
    assert error.place == "iTwin.displayName"
    assert error.status == 200
    assert error.content_type == "application/json"
    assert error.size > 0
    assert MARK not in str(error)


def test_garbage_in_retry_after_is_no_number(engine: Engine) -> None:
    with ScriptedServer(answer(429, retry_after="soon")) as server:
        (error,) = engine.many(get_itwin, 1, api_url=server.url, retry=None)
    assert isinstance(error, errors.RateLimitError)
    assert error.retry_after is None


def test_a_bucket_without_its_url_is_no_success(engine: Engine) -> None:
    body = example("reality-analysis/buckets-get")
    values: list[Any] = [None, 5, {}]
    for broken in values:
        with ScriptedServer(answer(200, {**body, "_links": {"containerUrl": {"href": broken}}})) as server:
            (error,) = engine.many(get_bucket, 1, api_url=server.url)
        assert isinstance(error, errors.ResponseError), broken


POISON = answer(200, {"iTwin": {**BODY["iTwin"], "id": "poisoned"}})


@pytest.mark.parametrize(
    "first",
    [
        raw("HTTP/1.1 204 No Content\nContent-Length: 2", b"{}"),
        raw("HTTP/1.1 204 No Content", b"{}"),
        raw("HTTP/1.1 204 No Content\nTransfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n"),
        raw("HTTP/1.1 204 No Content", POISON),
        raw(f"HTTP/1.1 205 Reset\nContent-Length: {len(POISON)}", POISON),
        raw(f"HTTP/1.1 304 Not Modified\nContent-Length: {len(POISON)}", POISON),
        raw("HTTP/1.1 304 Not Modified", POISON),
        raw("HTTP/1.1 404 Not Found\nContent-Length: 0", POISON),
        raw(f"HTTP/1.1 200 OK\nContent-Length: {len(TEXT)}", TEXT + POISON),
        raw("HTTP/1.1 302 Found\nLocation: /again\nContent-Length: 0", POISON),
    ],
    ids=["204", "204 no length", "204 chunked", "204 answer", "205", "304", "304 no length", "404", "200", "302"],
)
def test_what_follows_an_answer_is_not_taken_for_the_next(engine: Engine, first: bytes) -> None:
    """The request after a 204 with a body (encode/httpx #1474) and its kin gets its own answer."""
    with ScriptedServer(first, answer(200, TEXT)) as server:
        outcomes = engine.many(get_itwin, 2, api_url=server.url, retry=None)
    assert isinstance(outcomes[1], ITwin), outcomes
    assert outcomes[1].id == BODY["iTwin"]["id"]
    assert not isinstance(outcomes[0], ITwin) or outcomes[0].id == BODY["iTwin"]["id"]
