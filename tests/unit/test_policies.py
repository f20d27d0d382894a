"""The pure rules of the pipeline, with inputs that nobody has thought of."""

from __future__ import annotations

import gzip
import math
import re
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib.metadata import version
from urllib.parse import unquote

import httpx
import pytest
import yarl
from hypothesis import example, given
from hypothesis import strategies as st

from itwin_platform import RetryPolicy
from itwin_platform._policies.addresses import Target, UntrustedError, trusted
from itwin_platform._policies.attempts import IDEMPOTENT, Attempts, Failure
from itwin_platform._policies.bodies import BodyReader
from itwin_platform._policies.redirects import redirect_target
from itwin_platform._policies.retries import PauseGate, RetryBudget, parse_retry_after
from itwin_platform_api.runtime import fill_path, path_segment

API = "https://api.bentley.com"
HOST = re.compile(r"([a-z0-9-]+-)?api\.bentley\.com")

# Path segments


@given(st.text(max_size=600))
@example("..")
@example(".")
@example("a/b")
@example("\ud800")
def test_an_id_is_one_segment_or_an_error(value: str) -> None:
    try:
        path = fill_path("/itwins/{iTwinId}/image", {"iTwinId": value})
    except ValueError as error:
        assert re.fullmatch("itwin_id .*", str(error))  # noqa: PT017 (most ids are no error)
        return
    # Whoever parses the URL finds the same segments, and the id in them.
    assert httpx.URL(API + path).raw_path == path.encode("ascii")
    assert yarl.URL(API + path, encoded=True).raw_path == path
    start, segment, end = path[1:].split("/")
    assert (start, end) == ("itwins", "image")
    assert unquote(segment) == value


@given(st.text(min_size=1, max_size=20), st.sampled_from("/\\?#%\r\n\0\u2028\u202e\ud800"), st.text(max_size=20))
def test_what_could_leave_the_segment_is_refused(before: str, character: str, after: str) -> None:
    """The header injection family: no line break or delimiter comes near a request."""
    with pytest.raises(ValueError, match="must not"):
        path_segment("id", before + character + after)


@pytest.mark.parametrize("value", ["@bentley/cracks-ortho", "a/b/c", "plain"])
def test_a_name_that_may_have_slashes_is_one_segment(value: str) -> None:
    path = fill_path("/detectors/{detectorName}/versions", {"detectorName": value}, slashes=("detectorName",))
    start, segment, end = path[1:].split("/")
    assert (start, end) == ("detectors", "versions")
    assert unquote(segment) == value


@pytest.mark.parametrize("value", ["/", "a/", "/a", "a//b", "../a", "a/..", "a/./b", "a/b?", "a/ /b", "x/" * 300 + "x"])
def test_what_slashes_must_not_lead_to(value: str) -> None:
    """A server that decodes the path must not find another place in it."""
    with pytest.raises(ValueError, match=r"^detector_name must not"):
        fill_path("/detectors/{detectorName}", {"detectorName": value}, slashes=("detectorName",))


def test_slashes_are_for_the_parameters_that_may_have_them() -> None:
    with pytest.raises(ValueError, match=r"^version_number must not contain '/'"):
        fill_path(
            "/{detectorName}/{versionNumber}", {"detectorName": "a/b", "versionNumber": "1/0"}, {}, ("detectorName",)
        )


@pytest.mark.parametrize("value", ["", " ", ".", "..", "x" * 513, None, 5, b"x"])
def test_what_is_no_id(value: object) -> None:
    with pytest.raises(ValueError, match=r"^id must"):
        path_segment("id", value)


# Trust

hosts = st.sampled_from(
    ["api.bentley.com", "fed-api.bentley.com", "evil.example", "api.bentley.com.evil.example", "bentley.com", "[::1]"]
)
pieces = st.sampled_from(
    [
        "https://",
        "http://",
        "//",
        "/",
        "\\",
        "@",
        ":",
        "443",
        ":443",
        ":8443",
        "?",
        "#",
        ".",
        "..",
        "%2f",
        "%2e",
        "user",
    ]
)
locations = st.lists(hosts | pieces | st.text(max_size=3), max_size=8).map("".join)


@given(locations)
@example("https://api.bentley.com@evil.example/")
@example("https://evil.example\\@api.bentley.com/")
@example("https://api.bentley.com:443@evil.example/")
@example("https://xn--es-api.bentley.com/")
@example("/a?u=https://evil.example")
def test_the_host_that_is_trusted_is_the_host_that_is_reached(location: str) -> None:
    """CVE-2021-41945 and parsers that disagree: every parser on the way sees the same trusted host."""
    try:
        target = redirect_target("GET", Target(API, "/itwins/i-1"), [location], API)
    except UntrustedError as refusal:
        assert len(str(refusal)) < 400  # noqa: PT017 (some are followed)
        return
    for url in (httpx.URL(target.url), yarl.URL(target.url, encoded=True)):
        assert url.scheme == "https"
        assert HOST.fullmatch(str(url.host))
        assert url.port in (None, 443)
        assert f"https://{url.host}" == target.origin
    assert httpx.URL(target.url).userinfo == b""
    assert httpx.URL(location).host in ("", httpx.URL(target.url).host)


@given(st.from_regex(r"\A[a-z0-9.-]{0,30}bentley\.com[a-z0-9.:@/-]{0,10}\Z"))
def test_only_hosts_of_the_platform_are_trusted(rest: str) -> None:
    try:
        target = trusted(f"https://{rest}", API)
    except UntrustedError:
        return
    assert HOST.fullmatch(target.origin.removeprefix("https://"))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("location", [f"{API}/x", "/x"])
def test_a_request_that_changes_something_is_never_redirected(method: str, location: str) -> None:
    """CVE-2023-45803: neither the body nor the method of a request survives in another place."""
    with pytest.raises(UntrustedError, match=method):
        redirect_target(method, Target(API, "/x"), [location], API)


# Retries


@given(st.text(max_size=40) | st.integers().map(str) | st.from_regex(r"[0-9.eE+-]{1,12}"))
@example("9" * 5000)
@example("\u0665")
@example("Fri, 31 Dec 9999 23:59:59 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -9999")
@example("1e5")
@example("Fri, 31 Dec 9999 23:59:59 GMT")
def test_retry_after_is_seconds_or_nothing(value: str) -> None:
    """CVE-2020-10735: not even thousands of digits take time or raise."""
    seconds = parse_retry_after(value, time.time())
    assert seconds is None or 0 <= seconds <= 1e9  # time.sleep takes no more than some billions
    if value.isascii() and value.isdigit() and len(value) < 9:
        assert seconds == int(value)


@given(st.integers(0, 10**6))
def test_a_date_means_the_seconds_until_then(seconds: int) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    moment = now + timedelta(seconds=seconds)
    for form in (format_datetime(moment, usegmt=True), moment.strftime("%A, %d-%b-%y %H:%M:%S GMT"), moment.ctime()):
        assert parse_retry_after(form, now.timestamp()) == seconds


@given(
    st.integers(1, 10),
    st.sampled_from(["GET", "PUT", "DELETE", "POST", "PATCH"]),
    st.none() | st.sampled_from([200, 404, 408, 429, 500, 503]),
    st.booleans(),
    st.booleans(),
    st.none() | st.floats(0, 1000),
)
def test_a_delay_keeps_its_promises(
    attempt: int, method: str, status: int | None, unsent: bool, dropped: bool, retry_after: float | None
) -> None:
    policy = RetryPolicy()
    attempts = Attempts(policy, repeatable=method in IDEMPOTENT, count=attempt)
    delay = attempts.delay(status, Failure("send", "", unsent=unsent, dropped=dropped), retry_after)
    if delay is None:
        return
    assert attempt < policy.attempts
    assert status is None or status in policy.statuses
    assert method in {"GET", "PUT", "DELETE"} or unsent or status == 429
    if retry_after is None or (dropped and attempt == 1):
        assert 0 <= delay <= policy.cap
    else:
        assert retry_after <= delay <= min(retry_after * 1.1 + 0.25, retry_after + 2)
        assert retry_after <= policy.max_retry_after


@pytest.mark.parametrize(
    "arguments",
    [{"attempts": 0}, {"base": -1}, {"base": 5, "cap": 1}, {"cap": math.inf}, {"max_retry_after": -1}],
)
def test_a_policy_that_makes_no_sense(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        RetryPolicy(**arguments)  # type: ignore[arg-type]


def test_the_budget_lets_few_retries_through_and_recovers() -> None:
    budget = RetryBudget()
    spent = sum(budget.spend(503) for _ in range(1000))
    assert spent == 35
    for _ in range(14):
        budget.earn()
    assert budget.spend(None)
    assert not budget.spend(None)
    # A storm of 100 callers with 50 calls each: 1 % more requests than calls.
    assert (5000 + spent) / 5000 < 1.1


def test_refusals_cost_less() -> None:
    budget = RetryBudget()
    assert sum(budget.spend(429) for _ in range(1000)) == 100


def test_the_gate_is_for_one_host() -> None:
    gate = PauseGate()
    gate.close("a", 100)
    gate.close("a", 1)
    assert 99 < gate.wait("a") < 101
    assert gate.wait("b") == 0


# Bodies


@given(st.binary(max_size=2000), st.integers(1, 50), st.booleans(), st.integers(1, 3000))
def test_a_body_is_read_whole_or_not_at_all(data: bytes, size: int, squeezed: bool, limit: int) -> None:
    wire = gzip.compress(data) if squeezed else data
    reader = BodyReader("gzip" if squeezed else "", limit)
    for start in range(0, len(wire), size):
        if not reader.feed(wire[start : start + size]):
            break
    assert reader.finish() == (data if len(data) <= limit else b"")
    assert (reader.problem is not None) == (len(data) > limit)


@given(st.binary(max_size=300))
def test_what_is_not_gzip_is_told(data: bytes) -> None:
    reader = BodyReader("gzip", 1000)
    reader.feed(data)
    assert reader.finish() == b"" or data[:2] == b"\x1f\x8b"


def test_many_small_pieces_take_no_more_memory_than_a_large_one() -> None:
    reader = BodyReader("", 10_000_000)
    tracemalloc.start()
    for _ in range(100_000):
        reader.feed(b"[]")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_slice_that_ends_with_the_data_is_no_end() -> None:
    """Decoded data can be left over inside the decoder when a slice is exactly full."""
    for extra in (-1, 0, 1):
        data = b"x" * (3 * 1024 * 1024 + extra)
        reader = BodyReader("gzip", len(data))
        reader.feed(gzip.compress(data))
        assert reader.finish() == data


# Versions


@pytest.mark.parametrize(
    ("package", "least"),
    [
        ("httpx", "0.28.1"),
        ("httpcore", "1.0.9"),
        ("h11", "0.16"),
        ("idna", "3.7"),
        ("certifi", "2024.7.4"),
        ("h2", "4.4.1"),
        ("aiohttp", "3.13.4"),
    ],
)
def test_libraries_with_known_holes_are_not_allowed(package: str, least: str) -> None:
    """CVE-2025-43859 (h11), CVE-2026-71554 (h2), CVE-2024-3651 (idna), CVE-2026-34518 (aiohttp)."""
    from packaging.requirements import Requirement
    from packaging.version import Version

    from tests.support.examples import ROOT

    project = (ROOT / "pyproject.toml").read_text("utf-8")
    for found in re.findall(rf'"({package}[><=][^"]*)"', project):
        floors = [Version(one.version) for one in Requirement(found).specifier if one.operator == ">="]
        assert floors
        assert min(floors) >= Version(least)
    (locked,) = re.findall(rf"^{package}==(\S+)", (ROOT / "requirements/dev.txt").read_text("utf-8"), re.M)
    assert Version(locked) >= Version(least)
    assert Version(version(package)) >= Version(least)
