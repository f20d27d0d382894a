"""Keeps secrets out of text: logs of the HTTP libraries, messages of servers, reprs, variables in tracebacks."""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any

MASK = "***"
# A longer text is cut, because masking takes longer with its length, which a server may choose.
MAX_LOGGED = 20_000
MAX_MESSAGE = 500
_MAX_SEARCHED = 65_536
# A token with fewer characters protects nothing: it is a mistake, or made up for a test.
SHORTEST_SECRET = 8

_NAMES = (
    r"sig|signature|token|access_token|refresh_token|id_token|code|code_verifier|client_secret|client_assertion"
    r"|password|passwd|pwd|secret|api[-_]?key|subscription-key|key|se|sp|sv|st|spr|sr|skoid|sktid|ske|sks|skv|skt"
    r"|x-amz-[a-z-]+|x-goog-[a-z-]+|awsaccesskeyid|policy"
)


def _quoted(group: int) -> str:
    """A pattern for a quoted text, with or without its end. It never goes back, so its time is linear."""
    return rf"(['\"])(?:[^\\'\"]|\\.|(?!\{group})['\"])*(?:\{group}|\\?\Z)"


# `re` compiles these when they are first needed: together they take longer than importing a module.
_PATTERNS = (
    # name=value, in queries and forms
    (rf"(?i)(?:(?<![\w-])|(?<=%26)|(?<=%3f))((?:{_NAMES})(?:=|%3d))[^&\s'\"#;,)\]}}]+", rf"\1{MASK}"),
    # "name": "value", in JSON and reprs of mappings
    (rf"(?is)((['\"])(?:{_NAMES})\2\s*:\s*){_quoted(3)}", rf"\1\3{MASK}\3"),
    # Authorization schemes
    (r"(?i)\b(bearer|basic)(\s+)[^\s'\"]{6,}", rf"\1\2{MASK}"),
    # JSON web tokens anywhere
    (r"\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*", MASK),
    # What a server sent that is not HTTP, as the library quotes it
    (rf"(?s)(bytearray\(b?){_quoted(2)}", rf"\1\2{MASK}\2"),
    # The reason in a status line, which the server chooses: (b'HTTP/1.1', 200, b'OK', ...
    (rf"(?s)(\(b'HTTP/[0-9.]+', \d{{3}}, b?){_quoted(2)}", rf"\1\2{MASK}\2"),
    # user:password@ in URLs
    (r"(?i)(\b[a-z][a-z0-9+.-]{0,30}://)[^/\s@'\"]+@", rf"\1{MASK}@"),
)

# Headers as HTTP libraries log them: (b'name', b'value'). Servers choose both, so only well-known names are shown, and
# only values that cannot be secrets.
_HEADER = rf"(?s)(\(b?)(['\"])((?:[^\\'\"]|\\.|(?!\2)['\"])*)\2(,\s*b?){_quoted(5)}"
_HARMLESS = r"[0-9]{0,12}|gzip|identity|chunked|keep-alive|close|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
_WELL_KNOWN = frozenset(
    [
        "accept",
        "accept-encoding",
        "accept-language",
        "accept-ranges",
        "age",
        "allow",
        "alt-svc",
        "authorization",
        "cache-control",
        "connection",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-range",
        "content-security-policy",
        "content-type",
        "cookie",
        "date",
        "etag",
        "expires",
        "host",
        "if-match",
        "if-none-match",
        "keep-alive",
        "last-modified",
        "link",
        "location",
        "pragma",
        "proxy-authenticate",
        "proxy-authorization",
        "range",
        "referer",
        "request-context",
        "request-id",
        "retry-after",
        "server",
        "server-timing",
        "set-cookie",
        "strict-transport-security",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "vary",
        "via",
        "warning",
        "www-authenticate",
        "x-cache",
        "x-content-type-options",
        "x-correlation-id",
        "x-forwarded-for",
        "x-frame-options",
        "x-ms-request-id",
        "x-ms-version",
        "x-powered-by",
        "x-request-id",
    ]
)


def _masked_header(found: re.Match[str]) -> str:
    start, quote, name, middle, value_quote = found.groups()
    value = found[0][found.end(5) - found.start() :].removesuffix(value_quote)
    known = name.lower() in _WELL_KNOWN or name.lower().startswith("itwinplatform-ratelimit")
    name, value = name if known else MASK, value if re.fullmatch(_HARMLESS, value) else MASK
    return f"{start}{quote}{name}{quote}{middle}{value_quote}{value}{value_quote}"


def redact(text: str) -> str:
    """The text with everything that looks like a secret masked."""
    if len(text) > MAX_LOGGED:
        text = text[:MAX_LOGGED] + "... (cut)"
    for pattern, replacement in _PATTERNS:
        text = re.sub(pattern, replacement, text)
    return re.sub(_HEADER, _masked_header, text)


def one_line(value: object, secret: str | None = None) -> str:
    """A server's text for an error message: printable, on one line, at most 500 characters, without secrets.

    Parameters:
        value: The text.
        secret: A secret that it may echo, for instance the token that was sent.
    """
    text = str(value)
    if secret:
        masked = without(secret, text[:_MAX_SEARCHED])
        # A cut-off secret at the end would not be recognized, so the end is dropped.
        text = masked if len(text) <= _MAX_SEARCHED else masked[: -len(secret)]
    text = text[: 4 * MAX_MESSAGE]
    text = "".join(character if character.isprintable() else " " for character in text)
    return redact(" ".join(text.split()))[:MAX_MESSAGE]


def without(secret: str, text: str) -> str:
    """The text with an echoed secret masked, in any case: host names have it in lower case.

    What is too short for a secret is a word like any other. It is masked where it stands as a token: alone, in quotes,
    behind the word Bearer, or as a word with digits or signs in it.
    """
    found = re.escape(secret)
    if len(secret) < SHORTEST_SECRET:
        if not secret.isalpha():
            found = rf"(?<![\w.~+/-]){found}(?![\w~+/-])"
        else:
            found = rf"(?<=['\"`]){found}(?=['\"`])|(?<=\bbearer ){found}\b|\A\s*{found}\s*\Z"
    return re.sub(found, MASK, text, flags=re.IGNORECASE)


class Secret:
    """A secret that shows only a mask, for instance in a traceback with local variables."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value of the secret."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __reduce__(self) -> Any:
        raise TypeError("secrets cannot be pickled, so that they do not end up in files by accident")


class RedactingFilter(logging.Filter):
    """Masks secrets in log records. httpcore logs the headers of answers, which may hold SAS URLs and cookies."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place, and keep it."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            return True
        masked = redact(text)
        if masked != text:
            record.msg, record.args = masked, None
        return True


_FILTER = RedactingFilter()
_LIBRARIES = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")


def protect_logs() -> None:
    """Mask secrets in the logs of the HTTP libraries. Calling it again changes nothing."""
    for name in _LIBRARIES:
        logging.getLogger(name).addFilter(_FILTER)
    # hpack logs header fields in pieces, in which no pattern can recognize a secret.
    hpack = logging.getLogger("hpack")
    if hpack.level == logging.NOTSET:
        hpack.setLevel(logging.WARNING)


class _InterruptsShowNothing:
    """Clears the variables of the functions that Ctrl-C or a cancellation ends in a context: they may hold secrets."""

    __slots__ = ()

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None and not isinstance(error, Exception):
            for each in chain_of(error):
                traceback.clear_frames(each.__traceback__)


# Debuggers and services that collect errors show the variables of all functions in a traceback.
interrupts_show_nothing = _InterruptsShowNothing()


def chain_of(error: BaseException) -> list[BaseException]:
    """An exception and those that it followed from."""
    chain = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(inner)
    return chain
