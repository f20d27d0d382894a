"""Failures below HTTP: what the exceptions of the engines mean, in the terms of this package."""

from __future__ import annotations

import re
import ssl

import httpcore

from .._policies.attempts import Failure
from .._policies.redaction import chain_of, one_line

# Callers catch every exception of an engine: those of the libraries below httpcore come through now and then.
_PHASES: tuple[tuple[type[Exception], Failure], ...] = (
    (httpcore.ConnectTimeout, Failure("connect", "did not answer in time", unsent=True)),
    (httpcore.ProxyError, Failure("connect", "cannot be reached through the proxy", unsent=True)),
    (httpcore.ConnectError, Failure("connect", "cannot be reached", unsent=True)),
    (httpcore.WriteTimeout, Failure("send", "did not take the request in time")),
    (httpcore.WriteError, Failure("send", "closed the connection while the request was sent", dropped=True)),
    (
        httpcore.LocalProtocolError,
        Failure("send", "cannot be sent a request that is not valid HTTP", unsent=True, final=True),
    ),
    (httpcore.ReadTimeout, Failure("headers", "did not answer in time")),
    (httpcore.ReadError, Failure("headers", "closed the connection before it answered", dropped=True)),
    (
        httpcore.RemoteProtocolError,
        Failure("headers", "closed the connection or sent something that is not HTTP", dropped=True),
    ),
)


class NoAnswer(Exception):  # noqa: N818 (an outcome, which callers turn into a public error)
    """No answer came, or not all of it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


def failure_of(error: BaseException) -> Failure:
    """The failure behind an exception of an engine."""
    # The innermost exception says most: aiohttp's own does not tell what is wrong with a certificate.
    for seen in reversed(chain_of(error)):
        if isinstance(seen, ssl.SSLCertVerificationError):
            reason = one_line(getattr(seen, "verify_message", None) or "verification failed")
            return Failure("tls", f"has a certificate that cannot be trusted ({reason})", unsent=True, final=True)
        if isinstance(seen, ssl.SSLError) and not isinstance(seen, (ssl.SSLWantReadError, ssl.SSLWantWriteError)):
            if isinstance(error, httpcore.ConnectError):
                return Failure("tls", "cannot agree with this machine on TLS", unsent=True)
            # After the handshake, so the request may have arrived.
            return Failure("headers", "broke the encryption of the connection")
    if isinstance(error, httpcore.ProxyError) and (status := re.match(r"[1-5]\d\d\b", str(error))):
        told = f"cannot be reached through the proxy, which has answered {status[0]}"
        return Failure("connect", told, unsent=True, final=status[0] == "407")
    for kind, failure in _PHASES:
        if isinstance(error, kind):
            return failure
    return Failure("headers", "sent an unreadable answer")
