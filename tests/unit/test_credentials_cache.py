"""The keeper of a token: clocks that jump, refusals at awkward moments, threads that cannot be had."""

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itwin_platform.credentials._cache import Token, TokenCache
from itwin_platform.errors import CredentialsError


class Service:
    """Issues tokens as it is told, and counts."""

    def __init__(self, *values: str, lifetime: float = 3600.0) -> None:
        self.values = list(values)
        self.lifetime = lifetime
        self.asked: list[bool] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, ahead: bool) -> Token:
        self.asked.append(ahead)
        assert self.may_answer.wait(10)
        value = self.values.pop(0) if self.values else ""
        if not value:
            raise CredentialsError("The service says no.")
        return Token.lasting(value, self.lifetime)


class Clocks:
    """The two clocks of the system, which can be moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steady, self.wall = 0.0, 0.0
        real_steady, real_wall = time.monotonic, time.time
        monkeypatch.setattr(time, "monotonic", lambda: real_steady() + self.steady)
        monkeypatch.setattr(time, "time", lambda: real_wall() + self.wall)

    def pass_by(self, seconds: float) -> None:
        self.steady += seconds
        self.wall += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


def until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    pytest.fail("it did not come to that")


def test_a_token_is_fetched_once_and_used_until_shortly_before_its_end(clocks: Clocks) -> None:
    service = Service("a", "b", "c")
    cache = TokenCache(service)
    assert {cache.get() for _ in range(10)} == {"a"}
    clocks.pass_by(3600 - 301)
    assert cache.get() == "a"
    assert service.asked == [False]
    clocks.pass_by(301 - 11)  # long after the renewal ahead should have been
    assert cache.get() == "a"
    until(lambda: cache.get() == "b")
    assert service.asked == [False, True]


def test_a_token_that_is_about_to_end_is_not_used(clocks: Clocks) -> None:
    cache = TokenCache(Service("a", "b"))
    cache.get()
    clocks.pass_by(3600 - 9)
    assert cache.get() == "b"


def test_a_machine_that_slept_does_not_use_a_token_that_ended_meanwhile(clocks: Clocks) -> None:
    cache = TokenCache(Service("a", "b"))
    cache.get()
    clocks.wall += 4000  # the steady clock of many systems stands still in sleep
    assert cache.get() == "b"


def test_a_wall_clock_that_is_set_back_keeps_no_token_alive(clocks: Clocks) -> None:
    cache = TokenCache(Service("a", "b"))
    cache.get()
    clocks.wall -= 100_000
    clocks.steady += 3600
    assert cache.get() == "b"


@given(st.floats(min_value=0.01, max_value=86400))
def test_every_token_can_be_used_at_first_and_is_renewed_before_it_cannot(seconds: float) -> None:
    token = Token.lasting("a", seconds)
    assert token.usable
    assert token.margin < token.renew_with < seconds
    assert Token.lasting("a", seconds, renewable=False).renew_with == 0


def test_after_a_failed_renewal_the_next_waits_and_a_good_one_ends_that(clocks: Clocks) -> None:
    service = Service("a", "", "b", lifetime=3600)
    cache = TokenCache(service)
    cache.get()
    clocks.pass_by(3400)
    cache.get()
    until(lambda: cache._pending is None)
    for _ in range(10):
        assert cache.get() == "a"
    assert service.asked == [False, True]
    clocks.pass_by(31)
    cache.get()
    until(lambda: cache.get() == "b")


@pytest.mark.parametrize("_", range(50))
def test_threads_that_see_the_old_token_while_the_new_one_comes_do_not_renew_it_again(_: int, clocks: Clocks) -> None:
    service = Service("a", "b", "c")
    cache = TokenCache(service)
    cache.get()
    clocks.pass_by(3400)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            for _ in range(8):
                pool.submit(lambda: [cache.get() for _ in range(30)])
    finally:
        sys.setswitchinterval(before)
    until(lambda: cache._pending is None)
    assert cache.get() == "b"
    assert len(service.asked) == 2


def test_only_the_token_that_was_refused_is_dropped() -> None:
    service = Service("a", "b", "c")
    cache = TokenCache(service)
    assert cache.get() == "a"
    cache.invalidate("a")
    assert cache.get() == "b"
    for _ in range(5):
        cache.invalidate("a")  # late news
        assert cache.get() == "b"
    assert len(service.asked) == 2


def test_a_token_that_is_refused_while_the_service_sends_it_again_does_not_come_back(clocks: Clocks) -> None:
    # Some services repeat a token until it ends.
    service = Service("a", "a", "b")
    cache = TokenCache(service)
    assert cache.get() == "a"
    clocks.pass_by(3400)
    service.may_answer.clear()
    assert cache.get() == "a"  # begins to renew
    until(lambda: len(service.asked) == 2)
    cache.invalidate("a")
    service.may_answer.set()
    assert cache.get() == "b"
    assert len(service.asked) == 3


def test_a_service_that_has_no_other_token_is_believed() -> None:
    service = Service("a", "a", "a")
    cache = TokenCache(service)
    for count in (1, 2, 3):
        assert cache.get() == "a"
        cache.invalidate("a")
        assert len(service.asked) == count


def test_what_is_cleared_while_it_is_fetched_is_not_kept() -> None:
    service = Service("a", "b")
    cache = TokenCache(service)
    service.may_answer.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cache.get)
        until(lambda: len(service.asked) == 1)
        cache.clear()
        service.may_answer.set()
        assert waiting.result() == "a"  # who waited for it has it
    assert cache.get() == "b"


def test_who_needs_a_token_does_not_hear_of_a_renewal_that_failed_ahead_of_time(clocks: Clocks) -> None:
    service = Service("a", "", "b")
    cache = TokenCache(service)
    cache.get()
    clocks.pass_by(3400)
    service.may_answer.clear()
    cache.get()
    until(lambda: len(service.asked) == 2)
    cache.invalidate("a")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cache.get)
        service.may_answer.set()
        assert waiting.result(10) == "b"
    assert service.asked == [False, True, False]


def test_what_else_a_fetch_raises_is_a_credentials_error_without_its_text() -> None:
    def fetch(_: bool) -> Token:
        raise ZeroDivisionError("s3cret")

    with pytest.raises(CredentialsError, match="ZeroDivisionError") as caught:
        TokenCache(fetch).get()
    assert "s3cret" not in str(caught.value)
    assert caught.value.__context__ is None
    with pytest.raises(CredentialsError, match="ZeroDivisionError"):
        asyncio.run(TokenCache(fetch).aget())


def test_no_thread_to_be_had_is_an_error_once_and_nobody_waits_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    cache = TokenCache(Service("a"))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(CredentialsError, match="no thread can be started"):
            cache.get()
    assert cache.get() == "a"


def test_failures_keep_no_frames_of_callers_alive() -> None:
    class Witness:
        pass

    cache = TokenCache(Service())

    def caller() -> None:
        witness = Witness()  # noqa: F841 (it lives as long as this frame)
        with pytest.raises(CredentialsError):
            cache.get()

    for _ in range(20):
        caller()
    gc.collect()
    assert not [found for found in gc.get_objects() if isinstance(found, Witness)]


def test_the_time_limit_of_the_first_caller_is_not_that_of_the_fetch() -> None:
    from itwin_platform._concurrency import synchronous

    limits: list[float | None] = []

    def fetch(_: bool) -> Token:
        limits.append(synchronous.time_left())
        return Token.lasting("a", 3600)

    with synchronous.time_limit(5):
        assert TokenCache(fetch).get() == "a"
    assert limits == [None]
