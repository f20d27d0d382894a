"""Keeping secrets out of texts: logs of the HTTP libraries, messages of servers, reprs."""

from __future__ import annotations

import logging
import re

MASK = "***"
# Beyond this a text is cut: masking takes time that grows with the length, and servers choose what they send.
MAX_LOGGED = 20_000
MAX_MESSAGE = 500

_NAMES = (
    r"sig|signature|token|access_token|refresh_token|id_token|code|code_verifier|client_secret|client_assertion"
    r"|password|passwd|pwd|secret|api[-_]?key|subscription-key|key|se|sp|sv|st|spr|sr|skoid|sktid|ske|sks|skv|skt"
    r"|x-amz-[a-z-]+|x-goog-[a-z-]+|awsaccesskeyid|policy"
)
_PATTERNS = (
    # name=value, in queries and forms
    (re.compile(rf"(?i)(?<![\w-])((?:{_NAMES})=)[^&\s'\"#;,)\]}}]+"), rf"\1{MASK}"),
    # "name": "value", in JSON and reprs of mappings
    (re.compile(rf"(?i)((['\"])(?:{_NAMES})\2\s*:\s*)(['\"]).*?\3"), rf"\1\3{MASK}\3"),
    # Authorization schemes
    (re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{6,}"), rf"\1\2{MASK}"),
    # JSON web tokens wherever they stand
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*"), MASK),
    # Headers in the form that HTTP libraries log them: (b'name', b'value')
    (
        re.compile(
            r"(?i)(\(b?(['\"])(?:proxy-)?(?:authorization|cookie|set-cookie|x-api-key|api-key)\2,\s*b?)(['\"]).*?\3"
        ),
        rf"\1\3{MASK}\3",
    ),
    # user:password@ in URLs
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://)[^/\s@'\"]+@"), rf"\1{MASK}@"),
)


def redact(text: str) -> str:
    """A text with everything masked that looks like a secret."""
    if len(text) > MAX_LOGGED:
        text = text[:MAX_LOGGED] + "... (cut)"
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def one_line(value: object, secret: str | None = None) -> str:
    """A server's text made fit for an error message: printable, on one line, at most 500 characters, no secrets.

    Parameters:
        value: The text.
        secret: A secret that may be echoed in it, for instance the token that was sent.
    """
    text = str(value)[: 4 * MAX_MESSAGE]
    if secret:
        text = text.replace(secret, MASK)
    text = "".join(character if character.isprintable() else " " for character in text)
    return redact(" ".join(text.split()))[:MAX_MESSAGE]


class RedactingFilter(logging.Filter):
    """Masks secrets in log records: httpcore logs the headers of answers, which hold SAS URLs and cookies."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place and let it through."""
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
    """Mask secrets in what the HTTP libraries log. Calling it again changes nothing."""
    for name in _LIBRARIES:
        logging.getLogger(name).addFilter(_FILTER)
    # hpack logs header fields piece by piece, where no pattern can find them.
    hpack = logging.getLogger("hpack")
    if hpack.level == logging.NOTSET:
        hpack.setLevel(logging.WARNING)
