"""One call of a user with all its attempts: the requests and the outcome."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .._error_lines import named_request
from ..errors import ITwinPlatformError
from .addresses import Target
from .answers import Answer
from .attempts import NO_FAILURE, Attempts, Failure
from .pacing import Sent
from .redaction import Secret

Headers = list[tuple[bytes, bytes]]

# What may go along where a redirect leads: nothing that a user has added could be a secret there.
_FORWARDED = frozenset({"accept", "accept-language", "prefer", "x-correlation-id"})


class HeaderList(Headers):
    """Headers with the token among them."""

    def __repr__(self) -> str:
        return f"<{len(self)} headers>"


@dataclass(slots=True)
class Call:
    """One call. `sent` counts its requests.

    Attributes:
        operation: What it is called in errors and records: an operationId, or method and path.
        method: The HTTP method.
        template: The path with the names of its parameters; empty if it is not known.
        target: Where the first request goes.
        ends: When its time is over, on the monotonic clock.
        attempts: Counts its attempts and decides about the next.
        accept: The media type to ask for; None where whatever comes is taken.
        headers: Headers of the operation.
        documented: Whether the definition names these headers, so that they may follow redirects.
        body: The body, or None.
        content_type: Its media type.
        signed: Whether the access token goes along. Redirects are followed only then.
        deletes: Whether success means that something is gone, with nothing to return.
        path: The path that the user asked for, to be named in errors and records; empty where it was not the user who
            chose it. Later pages of a list have the same: links are the server's text.
        paced: The request that is on its way, as the pace of the client counts it.
    """

    operation: str
    method: str
    template: str
    target: Target
    ends: float
    attempts: Attempts
    accept: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    documented: bool = True
    body: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    signed: bool = True
    deletes: bool = False
    path: str = ""
    sent: int = 0
    paced: Sent | None = None

    @property
    def named(self) -> str:
        """What to call it in a line: `get-itwin, GET /itwins/123`."""
        return named_request(self.operation, self.method, self.path)

    @property
    def may_have_happened(self) -> bool:
        """Whether something may have been changed although no answer says so, in a way that repeating would double."""
        return self.attempts.unsure and not self.attempts.repeatable

    def in_time(self, seconds: float) -> bool:
        """Whether so many seconds are left."""
        return time.monotonic() + seconds <= self.ends

    def headers_for(self, host: str, user_agent: bytes, token: Secret | None, *, redirected: bool) -> Headers:
        """The headers of one request.

        Parameters:
            host: Where it goes.
            user_agent: The User-Agent header.
            token: The access token, or None.
            redirected: Whether a redirect has led there.
        """
        headers = HeaderList(((b"Host", host.encode("ascii")), (b"User-Agent", user_agent)))
        if self.accept is not None:
            headers += ((b"Accept", self.accept.encode("ascii")), (b"Accept-Encoding", b"gzip"))
        if token is not None:
            headers.append((b"Authorization", b"Bearer " + token.reveal().encode("ascii")))
        for name, value in self.headers:
            if not redirected or self.documented or name.lower() in _FORWARDED:
                headers.append((name.encode("ascii"), value.encode("ascii")))
        if self.body is not None:
            headers.append((b"Content-Type", (self.content_type or "application/octet-stream").encode("ascii")))
        if self.body is not None or self.method in {"POST", "PUT", "PATCH", "DELETE"}:
            headers.append((b"Content-Length", b"%d" % len(self.body or b"")))
        return headers


@dataclass(slots=True)
class Outcome:
    """The outcome of an attempt: an answer, an error unless it was successful, and what is known about the cause."""

    target: Target
    token: Secret | None
    answer: Answer | None = None
    error: ITwinPlatformError | None = None
    status: int | None = None
    retry_after: float | None = None
    failure: Failure = NO_FAILURE
