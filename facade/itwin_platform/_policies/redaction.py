"""Keeps secrets out of text: logs of the HTTP libraries, messages of servers, reprs."""

from __future__ import annotations

import logging
import re
from typing import Any

MASK = "***"
# A longer text is cut, because masking takes longer with its length, which a server may choose.
MAX_LOGGED = 20_000
MAX_MESSAGE = 500
_MAX_SEARCHED = 65_536

_NAMES = (
    r"sig|signature|token|access_token|refresh_token|id_token|code|code_verifier|client_secret|client_assertion"
    r"|password|passwd|pwd|secret|api[-_]?key|subscription-key|key|se|sp|sv|st|spr|sr|skoid|sktid|ske|sks|skv|skt"
    r"|x-amz-[a-z-]+|x-goog-[a-z-]+|awsaccesskeyid|policy"
)
_PATTERNS = (
    # name=value, in queries and forms
    (re.compile(rf"(?i)(?:(?<![\w-])|(?<=%26)|(?<=%3f))((?:{_NAMES})(?:=|%3d))[^&\s'\"#;,)\]}}]+"), rf"\1{MASK}"),
    # "name": "value", in JSON and reprs of mappings
    (re.compile(rf"(?i)((['\"])(?:{_NAMES})\2\s*:\s*)(['\"])(?:\\.|(?!\3).)*(?:\3|\Z)"), rf"\1\3{MASK}\3"),
    # Authorization schemes
    (re.compile(r"(?i)\b(bearer|basic)(\s+)[^\s'\"]{6,}"), rf"\1\2{MASK}"),
    # JSON web tokens anywhere
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*"), MASK),
    # What a server sent that is not HTTP, as the library quotes it
    (re.compile(r"(bytearray\(b?)(['\"])(?:\\.|(?!\2).)*(?:\2|\Z)"), rf"\1\2{MASK}\2"),
    # The reason in a status line, which the server chooses: (b'HTTP/1.1', 200, b'OK', ...
    (re.compile(r"(\(b'HTTP/[0-9.]+', \d{3}, b?)(['\"])(?:\\.|(?!\2).)*(?:\2|\Z)"), rf"\1\2{MASK}\2"),
    # user:password@ in URLs
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://)[^/\s@'\"]+@"), rf"\1{MASK}@"),
)

# Headers as HTTP libraries log them: (b'name', b'value'). Servers choose their content, so only values that cannot be
# secrets are shown.
_HEADER = re.compile(r"(\(b?(['\"])[\w-]+\2,\s*b?)(['\"])((?:\\.|(?!\3).)*)(?:\3|\Z)")
_HARMLESS = re.compile(r"[0-9]{0,12}|gzip|identity|chunked|keep-alive|close|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


def _masked_header(found: re.Match[str]) -> str:
    start, _, quote, value = found.groups()
    return f"{start}{quote}{value if _HARMLESS.fullmatch(value) else MASK}{quote}"


def redact(text: str) -> str:
    """The text with everything that looks like a secret masked."""
    if len(text) > MAX_LOGGED:
        text = text[:MAX_LOGGED] + "... (cut)"
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return _HEADER.sub(_masked_header, text)


def one_line(value: object, secret: str | None = None) -> str:
    """A server's text for an error message: printable, on one line, at most 500 characters, without secrets.

    Parameters:
        value: The text.
        secret: A secret that it may echo, for instance the token that was sent.
    """
    text = str(value)
    if secret:
        # Host names have it in lower case. A cut-off secret at the end would not be recognized, so the end is dropped.
        masked = re.sub(re.escape(secret), MASK, text[:_MAX_SEARCHED], flags=re.IGNORECASE)
        text = masked if len(text) <= _MAX_SEARCHED else masked[: -len(secret)]
    text = text[: 4 * MAX_MESSAGE]
    text = "".join(character if character.isprintable() else " " for character in text)
    return redact(" ".join(text.split()))[:MAX_MESSAGE]


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
