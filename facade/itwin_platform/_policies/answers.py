"""One HTTP answer: what its headers say, and strict JSON."""

from __future__ import annotations

import gc
import json
import math
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from .redaction import one_line
from .retries import parse_date, parse_retry_after

# ITwinPlatform-RateLimited-API, and in earlier answers iTwinPlatform-RateLimit-RemainingCalls and iTwinPlatform-Tier.
_LIMIT = re.compile(r"itwinplatform-(?:ratelimit(?:ed)?-)?(tier|api|operation|application|remainingcalls)")
_REQUEST_IDS = ("x-correlation-id", "x-request-id", "x-ms-request-id", "request-id")
# What one body may hold. 32 MiB of records stay below it; millions of empty objects, which take 50 times the memory of
# their text, do not. An object weighs as much as two other values, since it takes more.
_MAX_VALUES = 2_500_000
_WEIGHTS = ((b",", 1), (b"[", 1), (b"{", 2))
# Records have the names of their properties in common. One that occurs once takes as much as several values.
_MAX_NAMES = 500_000
_NAME = re.compile(rb'"([^"]{0,99})"\s*:')
_PIECE = 1024 * 1024
# Python's own functions take several frames for each level, of which they have a thousand.
_MAX_DEPTH = 100
_MAX_DIGITS = 400
# Halves of a surrogate pair can only be written as escapes; UTF-8 has none.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


@dataclass(slots=True)
class Answer:
    """One HTTP answer, read to its end.

    `problem` says what is wrong with a body that could not be read. `secret` is what was sent, in case it is echoed.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    locations: list[str] = field(default_factory=list[str], repr=False)
    problem: str | None = None
    secret: str | None = field(default=None, repr=False)

    @property
    def content_type(self) -> str | None:
        """The media type, without parameters and made fit for a message."""
        value = self.headers.get("content-type")
        return one_line(value.partition(";")[0], self.secret)[:100] if value else None

    @property
    def request_id(self) -> str | None:
        """The platform's id of the request."""
        value = next((self.headers[name] for name in _REQUEST_IDS if name in self.headers), None)
        return one_line(value, self.secret)[:128] if value else None

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, if the answer says so."""
        value = self.headers.get("retry-after") or self.headers.get("itwinplatform-ratelimit-retry-after-seconds")
        # A date is read against the clock that it was made with, which may differ from the one here.
        return parse_retry_after(value, parse_date(self.headers.get("date")) or time.time())

    @property
    def limits(self) -> dict[str, str]:
        """What the platform says about the limit that was exceeded, or about what is left of it."""
        found = (_LIMIT.fullmatch(name) for name in self.headers)
        return {name[1]: one_line(self.headers[name[0]], self.secret)[:100] for name in found if name}


class NotJsonError(ValueError):
    """A body is not the JSON that RFC 8259 allows and every reader agrees about. The text says what is wrong."""


def where_and_what(error: ValueError, secret: str | None) -> tuple[str, str]:
    """Path and problem out of the error that a generated model raises for a body it cannot read.

    The path may have names in it that the server chose.
    """
    where, problem = getattr(error, "where", ""), getattr(error, "problem", "cannot be read")
    return one_line(where, secret)[:200], one_line(problem, secret)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise NotJsonError("names a property twice")
    return result


def _no_constant(name: str) -> Any:
    raise NotJsonError(f"holds {name}, which is not JSON")


def _finite(text: str) -> float:
    value = float(text) if len(text) <= _MAX_DIGITS else math.inf
    if math.isinf(value):
        raise NotJsonError("holds a number too large to read")
    return value


def _bounded(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise NotJsonError("holds a number too large to read")
    return int(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite, parse_int=_bounded
)


def read_json(body: bytes) -> Any:
    """The JSON value of a body. It is read as UTF-8 whatever the label says, as RFC 8259 has it.

    Raises:
        NotJsonError: It is empty, malformed, not UTF-8, nested too deeply, of too many values, or something that
            readers disagree about: duplicate properties, NaN, numbers without bounds.
    """
    if not body:
        raise NotJsonError("is empty")
    if len(body) > _MAX_VALUES and _is_flood(body):
        raise NotJsonError("holds too many values")
    try:
        value = _DECODER.decode(_without_halves(body.decode("utf-8-sig")))
    except NotJsonError as error:
        problem = str(error)
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    except RecursionError:
        problem = "is nested too deeply"
    except ValueError:
        problem = "is HTML, not JSON" if body.lstrip()[:1] == b"<" else "is not JSON"
    else:
        if _is_shallow(value):
            return value
        problem = "is nested too deeply"
    raise NotJsonError(problem)


def _is_flood(body: bytes) -> bool:
    """Whether a JSON text holds more than its size suggests; it may count too much, since it does not parse."""
    if sum(body.count(sign) * weight for sign, weight in _WEIGHTS) > _MAX_VALUES:
        return True
    if body.count(b":") <= _MAX_NAMES:
        return False
    text, names = body.replace(rb"\\", b"").replace(rb"\"", b""), set[bytes]()
    for start in range(0, len(text), _PIECE):
        names.update(_NAME.findall(text, start, start + _PIECE))
        if len(names) > _MAX_NAMES:
            return True
    return False


def _without_halves(text: str) -> str:
    """JSON whose strings can be printed, stored and sent: half a surrogate pair becomes U+FFFD, as in UTF-8."""
    if "\\u" not in text or not _SURROGATE.search(text):
        return text
    return _ESCAPE.sub(lambda found: "\\ufffd" if found[1] else found[0], text)


def _is_shallow(value: Any) -> bool:
    """Whether a JSON value is nested no more deeply than others can handle. It looks at one level after another."""
    level: list[Any] = [value]
    for _ in range(_MAX_DEPTH):
        level = [inner for outer in level for inner in _members(outer) if isinstance(inner, (dict, list))]
        if not level:
            return True
    return False


def _members(value: Any) -> Iterable[Any]:
    # What the garbage collector does not track holds no object and no list. In CPython up to 3.13 that spares a look at
    # every value of a long list; where everything is tracked, it spares nothing.
    if not gc.is_tracked(value):
        return ()
    return cast(dict[str, Any], value).values() if isinstance(value, dict) else cast(list[Any], value)
