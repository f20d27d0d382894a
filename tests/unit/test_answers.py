"""What answers mean: JSON and refusals, with inputs that nobody has thought of."""

from __future__ import annotations

import json
import math
import pickle
import re
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from itwin_platform import RetryPolicy, errors
from itwin_platform._policies.addresses import Target
from itwin_platform._policies.answers import Answer, NotJsonError, read_json
from itwin_platform._policies.attempts import Attempts
from itwin_platform._policies.calls import Call
from itwin_platform._policies.refusals import api_error
from itwin_platform._policies.success import read_body

CALL = Call(
    "get-itwin",
    "GET",
    "/itwins/{id}",
    Target("https://api.bentley.com", "/itwins/i-1"),
    math.inf,
    Attempts(RetryPolicy(), repeatable=True),
    path="/itwins/i-1",
)


def refused(status: int, body: object, **headers: str) -> errors.ApiError:
    """The error for an answer, whose headers are as the HTTP library has them."""
    named = httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return api_error(Answer(status, named, body if isinstance(body, bytes) else json.dumps(body).encode()), CALL)


# JSON

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(json_values)
def test_json_is_read(value: object) -> None:
    assert read_json(json.dumps(value).encode()) == value
    assert read_json(b"\xef\xbb\xbf" + json.dumps(value).encode()) == value


@given(st.binary(max_size=100))
@example(b"[" * 100_000)
@example(b"1" * 5000)
@example(b'{"a":1,"a":2}')
@example(b"NaN")
def test_what_is_not_json_is_one_kind_of_error(body: bytes) -> None:
    try:
        read_json(body)
    except NotJsonError as error:
        assert str(error)  # noqa: PT017 (some are JSON)


RECORD = {"id": "dc914a84-e0c9-40e2-9d14-faf5ed84147f", "displayName": "Road 7, north", "class": "Endeavor", "a": None}


@pytest.mark.parametrize(
    "body",
    [
        b"[" + piece * (8_000_000 // len(piece)) + b"1]"
        for piece in (b"[],", b"{},", b'{"a":1},', b"1,", b'"",', b"[[]],")
    ],
    ids=lambda body: body[1:9].decode(),
)
def test_a_flood_of_values_is_refused_before_it_takes_memory(body: bytes) -> None:
    """Each takes many times the memory of its text, and its text compresses to almost nothing."""
    tracemalloc.start()
    with pytest.raises(NotJsonError, match="too many values"):
        read_json(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("between", [",", "},{"], ids=["in one object", "in many"])
@pytest.mark.parametrize("name", ["n%d", r"%d\"n", r"n\"%d", r"n\u0041%d\\"])
def test_a_flood_of_names_is_refused_before_it_is_read(name: str, between: str) -> None:
    """They take ten times the memory and the time of names that records have in common."""
    pairs = between.join(f'"{name}":1' % number for number in range(510_000))
    # The rest of it is not even JSON.
    body = f"[{{{pairs}}}],".encode()
    with pytest.raises(NotJsonError, match="too many values"):
        read_json(body)


def test_a_large_map_is_read() -> None:
    body = json.dumps({f"dc914a84-e0c9-40e2-9d14-{number:012}": RECORD for number in range(200_000)}).encode()
    assert len(read_json(body)) == 200_000


def test_a_large_export_is_read() -> None:
    body = json.dumps([RECORD] * 300_000).encode()
    assert len(body) > 32_000_000
    assert len(read_json(body)) == 300_000


@given(st.integers(1, 100), st.lists(st.sampled_from("[{"), min_size=200, max_size=200))
def test_what_is_nested_up_to_a_hundred_levels_is_read(depth: int, kinds: list[str]) -> None:
    def nested(levels: int) -> bytes:
        opened = [("[", "]") if kind == "[" else ('{"a":', "}") for kind in kinds[:levels]]
        return ("".join(start for start, _ in opened) + "1" + "".join(end for _, end in opened[::-1])).encode()

    # What was read can be written, shown and copied with Python's own functions.
    assert json.loads(json.dumps(read_json(nested(depth)))) == json.loads(nested(depth))
    with pytest.raises(NotJsonError, match="nested too deeply"):
        read_json(nested(100 + depth))


def depth_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


@given(st.lists(st.sampled_from([0, "a", None, {}, [], {"a": 1}, {"a": {}}]), max_size=4), st.integers(90, 110))
def test_what_is_nested_too_deeply_is_found_among_much_that_is_not(beside: list[Any], levels: int) -> None:
    value: Any = 1
    for level in range(levels):
        value = (
            {**{f"k{index}": item for index, item in enumerate(beside)}, "a": value} if level % 2 else [*beside, value]
        )
    body = json.dumps([{"a": 1}] * 50 + [value] + [{"a": 1}] * 50).encode()
    if depth_of(json.loads(body)) <= 100:
        assert read_json(body) == json.loads(body)
    else:
        with pytest.raises(NotJsonError, match="nested too deeply"):
            read_json(body)


@given(json_values, st.text(), st.integers(0, 20))
def test_a_property_that_is_named_twice_is_found_wherever_it_is(value: object, name: str, index: int) -> None:
    twice = f'{{"x": 1, {json.dumps(name)}:{json.dumps(value)}, "y": ":", {json.dumps(name)}: 2}}'
    items = [json.dumps(RECORD)] * 20
    assert read_json(f"[{','.join(items)}]".encode()) == [RECORD] * 20
    items.insert(index, twice)
    with pytest.raises(NotJsonError, match="names a property twice"):
        read_json(f"[{','.join(items)}]".encode())


@pytest.mark.parametrize("number", ["9" * 401, "1." + "9" * 400, "1e400", "-" + "9" * 401])
def test_a_number_without_bounds_is_refused(number: str) -> None:
    with pytest.raises(NotJsonError, match="number too large"):
        read_json(f"[{number}]".encode())


@given(
    st.lists(st.sampled_from(["\\\\", "\\ud83d", "\\ude00", "\\uDBFF", "\\n", "ud800", "x", "\\u0041"]), max_size=12)
)
def test_half_a_surrogate_pair_becomes_the_replacement_mark(parts: list[str]) -> None:
    text = "".join(parts)
    expected = re.sub("[\\ud800-\\udfff]", "\ufffd", json.loads(f'"{text}"'))
    read = read_json(f'["{text}"]'.encode())[0]
    assert read == expected
    assert read.encode().decode() == read  # it can be printed, stored and sent


@pytest.mark.parametrize("repeatable", [True, False])
def test_reading_counts_for_the_deadline(repeatable: bool) -> None:
    """What blocks while it decodes cannot be interrupted, but it must not pass for a call that came in time."""
    late = replace(CALL, ends=time.monotonic() - 1, attempts=Attempts(RetryPolicy(), repeatable=repeatable))
    with pytest.raises(errors.DeadlineExceeded, match="get-itwin, GET /itwins/i-1") as caught:
        read_body(Answer(200, {}, b"{}"), late, lambda body: body)
    assert caught.value.path == "/itwins/i-1"
    assert caught.value.may_have_happened is not repeatable
    assert read_body(Answer(200, {}, b"{}"), CALL, lambda body: body) == {}


# Refusals


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        # The platform, Azure API Management, RFC 9457, RFC 6749, Apigee, and what else stands in front of APIs.
        (404, {"error": {"code": "iTwinNotFound", "message": "Not there."}}, "iTwinNotFound", "Not there."),
        (401, {"statusCode": 401, "message": "Invalid JWT."}, "Unknown", "Invalid JWT."),
        (400, {"title": "Not valid.", "status": 400, "detail": "No GUID."}, "Unknown", "Not valid: No GUID."),
        (403, {"type": "https://a.example/out-of-credit", "title": "No."}, "out-of-credit", "No."),
        (403, {"type": "urn:problem:quota_over", "detail": "No."}, "quota_over", "No."),
        (400, {"type": "https://tools.ietf.org/html/rfc9110#section-15.5.1", "title": "Bad"}, "Unknown", "Bad"),
        (404, {"type": "about:blank", "title": "Not Found"}, "Unknown", "Not Found"),
        (401, {"error": "invalid_token", "error_description": "It expired."}, "invalid_token", "It expired."),
        (401, {"error": "token expired"}, "Unknown", "token expired"),
        (
            401,
            {"fault": {"faultstring": "Invalid token", "detail": {"errorcode": "keymanagement.service.invalid"}}},
            "keymanagement.service.invalid",
            "Invalid token",
        ),
        (400, [{"errorCode": "NOT_VALID", "message": "No."}], "NOT_VALID", "No."),
        (502, "upstream is down", "Unknown", "upstream is down"),
        (500, {"Message": "An error has occurred."}, "Unknown", "An error has occurred."),
    ],
)
def test_the_words_of_a_gateway_are_kept(status: int, body: object, code: str, message: str) -> None:
    error = refused(status, body, content_type="application/json")
    assert (error.code, error.message) == (code, message)
    assert message in str(error)


def test_plain_text_is_kept_and_a_page_is_not() -> None:
    assert refused(503, b"no healthy\nupstream", content_type="text/plain").message == "no healthy upstream"
    assert "no error object" in refused(503, b"<html>x</html>", content_type="text/html").message


def test_problems_of_properties_are_details() -> None:
    error = refused(400, {"title": "Not valid.", "errors": {"id": ["no GUID", "too long"], "name": "missing"}})
    assert [(detail.target, detail.message) for detail in error.details] == [
        ("id", "no GUID"),
        ("id", "too long"),
        ("name", "missing"),
    ]
    assert "no GUID [id]" in str(error)


def test_an_error_that_goes_on_for_ever_is_not_read() -> None:
    body = json.dumps({"error": {"code": "A", "message": "b", "details": [{}] * 200_000}}).encode()
    tracemalloc.start()
    assert refused(422, body).code == "Unknown"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("status", "message", "seconds"),
    [
        (429, "Rate limit is exceeded. Try again in 5 seconds.", 5),
        (429, "Retry after 1 second.", 1),
        (403, "Out of call volume quota. Quota will be replenished in 01:12:21.", 4341),
        (403, "Out of call volume quota. Quota will be replenished in 2.00:00:01.", 172_801),
        (429, "Try again later.", None),
        (429, "Try again in 9999999999 seconds.", None),
    ],
)
def test_a_wait_that_only_the_message_names(status: int, message: str, seconds: float | None) -> None:
    error = refused(status, {"statusCode": status, "message": message})
    assert error.retry_after == seconds
    assert ("Wait" in str(error)) == (seconds is not None or status == 429)
    assert "permission" not in str(error)
    assert refused(status, {"message": message}, retry_after="7").retry_after == 7


@given(st.integers(-(10**8), 10**8), st.integers(0, 10**5))
def test_a_date_is_read_by_the_clock_of_the_server(skew: int, seconds: int) -> None:
    """A wrong clock on either side changes nothing."""
    there = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=skew)
    now, then = (format_datetime(moment, usegmt=True) for moment in (there, there + timedelta(seconds=seconds)))
    assert refused(429, {}, date=now, retry_after=then).retry_after == seconds
    assert refused(429, {}, date="soon", retry_after="3").retry_after == 3


def test_the_limits_of_the_subscription_are_told() -> None:
    headers = {
        "ITwinPlatform_RateLimited_Tier": "Community",
        "ITwinPlatform_RateLimited_API": "iTwins",
        "iTwinPlatform_RateLimit_RemainingCalls": "0",
        "ITwinPlatform_Other": "x",
    }
    error = refused(429, {"error": {"code": "RateLimitExceeded", "message": "Too many."}}, **headers)
    assert isinstance(error, errors.RateLimitError)
    assert error.limits == {"tier": "Community", "api": "iTwins", "remainingcalls": "0"}
    assert pickle.loads(pickle.dumps(error)).limits == error.limits
    bare = refused(429, {})
    assert isinstance(bare, errors.RateLimitError)
    assert bare.limits == {}


def test_an_error_names_the_path_and_never_the_query() -> None:
    error = refused(404, {})
    assert (error.method, error.path) == ("GET", "/itwins/i-1")
    assert "(get-itwin, GET /itwins/i-1)" in str(error)


@given(json_values, st.integers(300, 999))
def test_every_error_body_gives_a_typed_error(value: object, status: int) -> None:
    for body in (
        value,
        {"error": value},
        {"error": {"code": value, "message": value, "details": [value, {"code": value}]}},
        {"error": {"error": value, "errors": value}, "title": value},
        {"title": value, "detail": value, "type": value, "errors": value, "error_description": value},
        {"fault": {"faultstring": value, "detail": {"errorcode": value}}},
        [value],
    ):
        error = api_error(Answer(status, {}, json.dumps(body).encode()), CALL)
        assert error.status == status
        assert "\n" not in str(error)
        assert isinstance(error, errors.ApiError)
