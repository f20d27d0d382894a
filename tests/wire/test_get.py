"""`platform.get`: anything on the platform, with the same care as every call."""

import asyncio
from typing import Any

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, RetryPolicy, errors
from tests.support.scripted import ScriptedServer, answer

GRAPHICS = {"graphics": [{"type": "3DTILES", "uri": "https://example.com/tileset.json"}]}


def test_a_path_and_a_link_give_plain_json() -> None:
    with ScriptedServer(answer(200, GRAPHICS)) as api, ITwinPlatform("token", api_url=api.url) as platform:
        assert platform.get("/itwins/recents?$top=5") == GRAPHICS
        assert platform.get(f"{api.url}/itwins/i/repositories/r/resources/s/graphics", api_version="v2") == GRAPHICS
        first, second = api.received
        assert first.path == "/itwins/recents?$top=5"
        assert first.headers["accept"] == "application/vnd.bentley.itwin-platform.v1+json"
        assert first.headers["authorization"] == "Bearer token"
        assert second.path == "/itwins/i/repositories/r/resources/s/graphics"
        assert second.headers["accept"] == "application/vnd.bentley.itwin-platform.v2+json"


def test_from_async_code() -> None:
    async def main(url: str) -> Any:
        async with AsyncITwinPlatform("token", api_url=url) as platform:
            return await platform.get("/itwins/recents")

    with ScriptedServer(answer(200, GRAPHICS)) as api:
        assert asyncio.run(main(api.url)) == GRAPHICS


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/itwins",
        "https://api.bentley.com.example.com/",
        "https://api.bentley.com@example.com/",
        "http://api.bentley.com/itwins",
        "//example.com/itwins",
        "itwins/recents",
        "",
        "https://api.bentley.com:444/",
        "https://api.bentley.com/a b",
        "file:///etc/passwd",
        "/itwins/\r\nX-Header: 1",
        "/itwins/\u00fc",
        None,
        5,
    ],
)
def test_the_token_goes_nowhere_else(address: Any) -> None:
    with ScriptedServer(answer(200, {})) as api, ITwinPlatform("secret-token", api_url=api.url) as platform:
        with pytest.raises(ValueError, match=r"address|url_or_path|host"):
            platform.get(address)
        assert api.received == []


@pytest.mark.parametrize("version", [1, None, "1", "v", "v0", "v1+json", "", "v1\r\n"])
def test_versions_that_are_none(version: Any) -> None:
    with (
        ITwinPlatform("token", api_url="http://127.0.0.1:9") as platform,
        pytest.raises(ValueError, match="api_version"),
    ):
        platform.get("/itwins", api_version=version)


def test_errors_are_those_of_every_call() -> None:
    error = {"error": {"code": "iTwinNotFound", "message": "Requested iTwin is not available."}}
    scripts = answer(503), answer(404, error), answer(200, b"<html>", media_type="text/html")
    with (
        ScriptedServer(*scripts) as api,
        ITwinPlatform("token", api_url=api.url, retry=RetryPolicy(base=0.0)) as platform,
    ):
        with pytest.raises(errors.NotFoundError, match="iTwinNotFound"):
            platform.get("/itwins/i")
        assert len(api.received) == 2
        with pytest.raises(errors.ResponseError, match="HTML"):
            platform.get("/itwins/i")
