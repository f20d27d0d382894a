"""What is shown of answers, requests and log records: no secret, with inputs that nobody has thought of."""

from __future__ import annotations

import logging
import pickle
import re
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from itwin_platform._policies.redaction import MASK, RedactingFilter, Secret, one_line, redact

secrets = st.from_regex(r"\A[A-Za-z0-9._~+/-]{24,60}={0,2}\Z")
noise = st.text(max_size=30)


@given(secrets, noise, noise, st.integers(0, 3000))
def test_a_secret_that_is_echoed_does_not_show(secret: str, before: str, after: str, padding: int) -> None:
    assume(secret.lower() not in (before + after).lower())
    for text in (before + secret + after, " " * padding + secret, "x" * padding + secret.lower(), secret * 40):
        shown = one_line(text, secret)
        assert secret.lower() not in shown.lower()
        assert secret[:12] not in shown
        assert len(shown) <= 500
        assert shown.isprintable()


@given(st.integers(60_000, 70_000), st.integers(1, 80))
def test_a_secret_at_the_edge_of_what_is_searched_does_not_show(padding: int, repeats: int) -> None:
    secret = "Abcdefghij" * 100
    assert "Abcdefghij" not in one_line(" " * padding + secret * repeats, secret)
    assert "Abcdefghij" not in one_line((secret + " ") * repeats, secret)


@pytest.mark.parametrize("token", ["t", "Not", "iTwin", "found", "a1"])
def test_a_token_of_a_few_letters_damages_no_words(token: str) -> None:
    for text in ("iTwinNotFound", "Requested iTwin is not found.", "at 10:11"):
        assert one_line(text, token) == text
    for text in (f"Bearer {token} is bad", f"the token '{token}' is bad", f'"{token}"', token):
        assert re.search(rf"\b{token}\b", one_line(text, token)) is None


values = st.from_regex(r"\A[A-Za-z0-9%+/_-]{8,40}\Z")
FORMS = (
    "https://a.example/c?sp=rw&sig={}&x=1",
    "u=https%3A%2F%2Fa.example%3Fsv%3D1%26sig%3D{}",
    "client_secret={}&grant_type=x",
    "{{'password': '{}'}}",
    '{{"access_token": "{}"}}',
    '{{"client_secret": "a\\"{}"}}',
    '{{"client_secret": "{}',
    "Authorization: Bearer {}",
    "Basic {}",
    "https://user:{}@host/",
    "[(b'Set-Cookie', b'a={}')]",
    "[(b'X-Anything', b'{}')]",
    "(b'location', b'https://a.example/{}')",
    "[(b'{}', b'x')]",
    "[(b'x-{}', b'close')]",
    "(b'HTTP/1.1', 200, b'{}', [",
    "x-amz-signature={}",
)


@given(values, st.sampled_from(FORMS), st.text(alphabet=" abc\n", max_size=10))
def test_known_forms_of_secrets_are_masked(value: str, form: str, before: str) -> None:
    assume(not re.fullmatch(r"[0-9]{1,12}|gzip|identity|chunked|keep-alive|close", value))
    assume(len(set(value)) > 4 and value not in form)
    assume("@host" not in form or "/" not in value)  # it would end the host
    masked = redact(f"{before} {form.format(value)}")
    assert value not in masked
    assert MASK in masked


def test_redacting_takes_no_time_that_matters() -> None:
    pieces = (
        "a=",
        '"key": "',
        "(b'a', b'",
        "(b'",
        "http://",
        "eyJ",
        "a.",
        "x-amz-",
        "bearer ",
        "'key' :",
        "%26key",
        "\\",
    )
    floods = [piece * 300_000 for piece in pieces]
    # Quoted texts without end, full of what has two meanings.
    backslashes = "\\" * 18_000
    floods += [f"{start}{backslashes}\n" for start in ('"token": "', "bytearray(b'", "(b'a', b'", "(b'")]
    for text in floods:
        began = time.process_time()
        assert len(redact(text)) < 100_000
        assert time.process_time() - began < 2


def test_log_records_are_masked_in_place() -> None:
    record = logging.LogRecord("httpx", logging.INFO, "", 0, "GET %s", ("https://a.example/?sig=abcdefgh",), None)
    assert RedactingFilter().filter(record)
    assert record.getMessage() == "GET https://a.example/?sig=***"
    broken = logging.LogRecord("httpx", logging.INFO, "", 0, "%d", ("x",), None)
    assert RedactingFilter().filter(broken)


def test_a_secret_shows_in_no_way() -> None:
    secret = Secret("MARK")
    assert "MARK" not in f"{secret!r}{secret}{[secret]}"
    assert secret.reveal() == "MARK"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
