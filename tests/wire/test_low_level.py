"""The low-level client of the generated packages, without the facade, over real sockets."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import attrs
import httpx
import pytest

from itwin_platform_api.client import AsyncClient, Client, UnexpectedAnswer
from itwin_platform_api.itwins.api.itwins import create_itwin, delete_itwin, get_itwin, get_my_itwins
from itwin_platform_api.itwins.models import ITwinClass, ITwinCreate, ITwinSubClass, PreferHeader
from itwin_platform_api.runtime import Request
from tests.support.examples import example
from tests.support.scripted import ScriptedServer, answer

Send = Callable[[Request[Any], str], Any]


def sync_send(request: Request[Any], url: str) -> Any:
    with Client("the-token", url, trust_env=False) as client:
        return client.send(request)


def async_send(request: Request[Any], url: str) -> Any:
    async def run() -> Any:
        async with AsyncClient("the-token", url, trust_env=False) as client:
            return await client.send(request)

    return asyncio.run(run())


each_client = pytest.mark.parametrize("send", [sync_send, async_send])
GET = get_itwin.request(itwin_id="i-1")


@each_client
def test_a_request_returns_the_model_of_its_answer(send: Send) -> None:
    with ScriptedServer(answer(200, example("get-itwin"))) as server:
        assert send(GET, server.url).itwin.display_name == "White River"
    (received,) = server.received
    assert (received.method, received.path) == ("GET", "/itwins/i-1")
    assert received.headers["accept"] == get_itwin.OPERATION.accept
    assert received.headers["authorization"] == "Bearer the-token"


@each_client
def test_query_headers_and_body_are_sent(send: Send) -> None:
    body = ITwinCreate(display_name="x", class_=ITwinClass.THING, sub_class=ITwinSubClass.ASSET)
    scripts = answer(200, example("get-my-itwins")), answer(201, example("create-itwin", 201))
    with ScriptedServer(*scripts) as server:
        listed = send(get_my_itwins.request(search="a b", page_size=2, prefer=PreferHeader.RETURN_MINIMAL), server.url)
        assert [itwin.display_name for itwin in listed.itwins] == ["White River", "Battle Creek 3"]
        assert send(create_itwin.request(body=body), server.url).itwin.image is None
    first, second = server.received
    assert first.path == "/itwins/?$search=a%20b&$top=2"
    assert first.headers["prefer"] == "return=minimal"
    assert second.json == {"displayName": "x", "class": "Thing", "subClass": "Asset"}
    assert second.headers["content-type"] == "application/json"


@each_client
def test_an_answer_without_a_body_is_none(send: Send) -> None:
    with ScriptedServer(answer(204, media_type=None)) as server:
        assert send(delete_itwin.request(itwin_id="i-1"), server.url) is None


@each_client
def test_a_request_that_is_not_signed_carries_no_token(send: Send) -> None:
    with ScriptedServer(answer(200, example("get-itwin"))) as server:
        send(attrs.evolve(GET, signed=False), server.url)
    assert "authorization" not in server.received[0].headers


@each_client
@pytest.mark.parametrize(
    ("script", "message"),
    [
        (answer(404, example("get-itwin", 404)), "status 404"),
        (answer(302, location="/elsewhere"), "status 302"),
        (answer(204, media_type=None), "status 204"),
        (answer(200, b"<html>"), "is not JSON"),
        (answer(200, {"iTwin": {"id": "1"}}), r"iTwin\.displayName is missing"),
        (answer(200, {"iTwin": {"id": None, "displayName": "x"}}), r"iTwin\.id is null, not a string"),
        (answer(200, []), "is a list, not an object"),
    ],
    ids=["404", "redirect", "another success", "html", "missing", "null", "list"],
)
def test_anything_else_is_an_error(send: Send, script: bytes, message: str) -> None:
    with ScriptedServer(script) as server, pytest.raises(UnexpectedAnswer, match=message) as caught:
        send(GET, server.url)
    assert len(server.received) == 1
    assert caught.value.operation == "get-itwin"
    assert "the-token" not in str(caught.value)


@each_client
def test_failures_below_are_those_of_httpx(send: Send) -> None:
    with pytest.raises(httpx.ConnectError):
        send(GET, "http://127.0.0.1:9")


def test_it_needs_nothing_of_the_facade() -> None:
    code = "import sys, itwin_platform_api.client, itwin_platform_api.itwins.models; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not [name for name in done.stdout.split() if name.split(".")[0] == "itwin_platform"]


def test_a_token_is_not_in_a_repr() -> None:
    with Client("the-token") as client:
        assert "the-token" not in f"{client!r} {vars(client)!r}"
