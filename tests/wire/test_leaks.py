"""What is left of a client after thousands of faults: no descriptor, no thread, no task, no object."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import MethodType
from typing import Any

from itwin_platform import ITwinPlatform, errors
from tests.support.engines import Engine
from tests.support.scripted import ByHand, Script, ScriptedServer, answer

WHOLE = answer(200, {"iTwin": {"id": "i-1", "displayName": "name"}})


def cut_off(count: int) -> ByHand:
    return ByHand(lambda connection: connection.sendall(WHOLE[:count]))


# What comes in place of an answer. After those that are cut off, the connection is closed.
FAULTS: list[Script] = [
    WHOLE,
    WHOLE + WHOLE,
    cut_off(0),
    cut_off(7),
    cut_off(len(WHOLE) // 2),
    cut_off(len(WHOLE) - 1),
    answer(200, b"{"),
    answer(200, b"x", content_encoding="gzip"),
    answer(204),
    answer(302, location="https://elsewhere.example/"),
    answer(404, {"error": {"code": "iTwinNotFound", "message": "none"}}),
    answer(429),
    answer(500, b"<html>"),
    b"\0\xff nothing that is HTTP\r\n\r\n",
]
HALF = 1000


def mixed() -> Iterator[Script]:
    chance = random.Random(11)
    return (chance.choice(FAULTS) for _ in range(2 * HALF))


def opened() -> int:
    """How many threads and descriptors there are, the latter where the system has a folder of them."""
    folder = Path("/dev/fd")
    return threading.active_count() + (len(list(folder.iterdir())) if folder.is_dir() else 0)


def held() -> int:
    """How many objects are alive, but for methods, of which measuring coverage keeps one for every thread."""
    gc.collect()
    return sum(not isinstance(found, MethodType) for found in gc.get_objects())


class Forgetful(ScriptedServer):
    """Can forget the requests, because objects are counted."""

    def forget(self) -> None:
        self.received.clear()


def sync_faults(server: Forgetful, arguments: dict[str, Any]) -> list[int]:
    alive: list[int] = []
    with ITwinPlatform("token", **arguments) as platform:
        for _ in range(2):
            for _ in range(HALF):
                with contextlib.suppress(errors.ITwinPlatformError):
                    platform.itwins.get("i-1")
            server.forget()
            alive.append(held())
    return alive


async def async_faults(server: Forgetful, engine: Engine, arguments: dict[str, Any]) -> list[int]:
    alive: list[int] = []
    chance = random.Random(5)
    async with engine.client(**arguments) as platform:
        for _ in range(2):
            for number in range(HALF):
                # Every tenth call is given up, at some point of its life.
                patience = chance.random() * 0.003 if number % 10 == 0 else 10
                with contextlib.suppress(errors.ITwinPlatformError, TimeoutError):
                    await asyncio.wait_for(platform.itwins.get("i-1"), patience)
            server.forget()
            alive.append(held())
    await asyncio.sleep(0.1)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return alive


def growth(engine: Engine) -> int:
    """How many objects more there are after the second half of the faults than after the first."""
    with Forgetful(*mixed(), WHOLE) as server:
        arguments = {"api_url": server.url, "retry": None}
        if engine.kind is ITwinPlatform:
            first, second = sync_faults(server, arguments)
        else:
            first, second = asyncio.run(async_faults(server, engine, arguments))
    return second - first


def test_nothing_is_left_of_mixed_faults(engine: Engine) -> None:
    # What is made once and kept belongs to nobody: a first call makes it.
    with ScriptedServer(WHOLE) as server:
        engine(lambda platform: platform.itwins.get("i-1"), api_url=server.url)
    before = opened()
    # What a client keeps grows every time; what other tests have left behind in this process grows once.
    assert any(growth(engine) < HALF / 4 for _ in range(3))
    # The threads of the server take a moment to end.
    for _ in range(100):
        if opened() <= before:
            break
        time.sleep(0.05)
    assert opened() <= before
