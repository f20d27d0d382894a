"""Requests to the blob service, with the current SAS and one rule for all retries."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from .. import _http
from .._concurrency.synchronous import time_limit
from .._http import pools
from .._http.failures import NoAnswer
from .._policies.attempts import IDEMPOTENT, NO_FAILURE, Attempts
from .._policies.bodies import BodyReader
from .._policies.redaction import interrupts_show_nothing
from .._policies.retries import RetryPolicy, parse_retry_after
from ._problems import RequestFailed, one_problem
from ._ranges import Reading, Remote, remote_of
from ._wire import Wire, wants_login

if TYPE_CHECKING:
    from .._policies.addresses import Target
    from ._access import Access

T = TypeVar("T")

_VERSION = b"2021-12-02"
_POLICY = RetryPolicy(attempts=7, base=0.5, cap=20.0)
# On a slow network, what was sent may wait in buffers for a long time.
_READ_TIMEOUT, _WHOLE_TIMEOUT = 300.0, 900.0
_MAX_BODY, _MAX_ERROR = 32 * 1024 * 1024, 64 * 1024
_DONE = {"GET": 200, "HEAD": 200, "PUT": 201, "DELETE": 202}
_PROXY_LOGIN = 407
# Seconds between looking whether a copy is complete.
_COPY_PAUSE = 1.0
# A body is sent in pieces: after each one, progress is reported and the transfer can be stopped.
_PIECE = 1024 * 1024
_ERROR_CODE = re.compile(rb"<Code>([A-Za-z]{1,60})</Code>")


def _ignore(_: int) -> None:
    """Ignore progress."""


class BlobService:
    """Sends requests with the current SAS, over connections that it keeps until it is closed."""

    def __init__(self, access: Access, pause: Callable[[float], None] = time.sleep) -> None:
        self._access = access
        self._pause = pause
        connect, each = access.options.timeout
        self._wire = Wire(replace(access.options, timeout=(connect, max(_READ_TIMEOUT, each))))

    def close(self) -> None:
        """Close the connections. Other threads may be using them; their requests fail."""
        self._wire.close()

    def send(
        self,
        method: str,
        query: str,
        *,
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | memoryview = b"",
        advance: Callable[[int], None] = _ignore,
    ) -> bytes:
        """Send a request and return the body of its answer. Temporary failures are retried.

        Parameters:
            method: The HTTP method.
            query: The query without the SAS.
            name: The blob; None for the container.
            headers: Additional headers.
            content: The body.
            advance: Called with the number of bytes sent; a negative one before they are sent again. It may raise.

        Raises:
            RequestFailed: The storage refused the request or cannot be reached.
            ITwinPlatformError: The SAS has expired and cannot be renewed.
        """
        fields = dict(headers or {})
        if method == "PUT":
            fields["Content-Length"] = str(len(content))
        body = _Body(content, advance) if method == "PUT" else None
        call = _Call(method, query, name, lambda: fields, body)

        def take(response: pools.Response) -> bytes:
            if response.status != _DONE[method]:
                raise RequestFailed(response.status, problem="does not confirm the request")
            return self._body_of(response, _MAX_BODY)

        return self._patiently(call, take, Attempts(_POLICY, method in IDEMPOTENT))

    def look(self, name: str) -> Remote:
        """The current state of a blob.

        Raises:
            RequestFailed: There is none, the storage refused the request or cannot be reached.
            ITwinPlatformError: The SAS has expired and cannot be renewed.
        """

        def take(response: pools.Response) -> Remote:
            if response.status != _DONE["HEAD"]:
                raise RequestFailed(response.status, problem="does not describe the file")
            return remote_of(response.headers)

        return self._patiently(_Call("HEAD", "", name), take, Attempts(_POLICY, repeatable=True))

    def copy(self, name: str, source: Callable[[], str], etag: str) -> None:
        """Make a blob a copy of another one, with its metadata, without reading it.

        Parameters:
            name: The blob.
            source: The URL of the other one with its SAS, asked for before each attempt.
            etag: The version of the other one.

        Raises:
            RequestFailed: The storage refused the request or cannot be reached; or the other blob has changed.
            ITwinPlatformError: A SAS has expired and cannot be renewed.
        """

        def headers() -> dict[str, str]:
            return {"x-ms-copy-source": source(), "x-ms-source-if-match": etag, "Content-Length": "0"}

        def take(response: pools.Response) -> str:
            return str(response.headers.get("x-ms-copy-status", ""))

        state = self._patiently(_Call("PUT", "", name, headers), take, Attempts(_POLICY, repeatable=True))
        while state == "pending":  # the storage copies from another account in the background
            self._pause(_COPY_PAUSE)
            state = self._patiently(_Call("HEAD", "", name), take, Attempts(_POLICY, repeatable=True))
        if state != "success":
            raise RequestFailed(200, problem="does not confirm the copy")

    def read(self, name: str, reading: Reading) -> Remote:
        """Read a blob or a part of it, going on where the connection broke.

        Returns:
            The blob.

        Raises:
            RequestFailed: The storage refused a request, cannot be reached, or sends something else.
            ITwinPlatformError: The SAS has expired and cannot be renewed.
        """
        attempts = Attempts(_POLICY, repeatable=True)

        def take(response: pools.Response) -> Remote:
            remote = reading.begin(response.status, response.headers)
            # A transfer that gets on is not given up, however often its connection breaks.
            for chunk in self._wire.chunks_of(response):
                reading.feed(chunk)
                attempts.count = 1
            if not reading.is_over:
                raise NoAnswer(_http.Failure("body", "sends less than it announces"))
            return remote

        if reading.remote is not None and reading.is_over:
            return reading.remote
        return self._patiently(_Call("GET", "", name, reading.headers), take, attempts)

    def _patiently(self, call: _Call, take: Callable[[pools.Response], T], attempts: Attempts) -> T:
        """Send a request until its answer can be taken."""
        with interrupts_show_nothing:
            return self._taken(call, take, attempts)

    def _taken(self, call: _Call, take: Callable[[pools.Response], T], attempts: Attempts) -> T:
        renewed = False
        while True:
            attempts.begin()
            sas = self._access.sas()
            try:
                return self._attempt(call, self._access.target(call.query, call.name, sas), take)
            except RequestFailed as caught:
                failed = caught
            if not renewed and one_problem(failed).is_of_sas and self._access.again(sas):
                renewed = True
                continue
            delay = attempts.delay(failed.status, failed.failure or NO_FAILURE, failed.retry_after)
            if delay is None or failed.problem is not None:
                raise failed
            self._pause(delay)

    def _attempt(self, call: _Call, target: Target, take: Callable[[pools.Response], T]) -> T:
        fields = [
            (b"Host", target.host.encode("ascii")),
            (b"x-ms-version", _VERSION),
            (b"Accept-Encoding", b"identity"),
            *((key.encode("ascii"), value.encode("ascii")) for key, value in call.headers().items()),
        ]
        try:
            with time_limit(_WHOLE_TIMEOUT), self._wire.exchange(call.method, target, fields, call.body) as response:
                if 200 <= response.status < 300:
                    return take(response)
                failed = self._refusal(response, target.origin)
        except NoAnswer as caught:
            failed = RequestFailed(None, failure=caught.failure)
        except TimeoutError:
            failed = RequestFailed(None, failure=_http.Failure("body", "did not answer in time"))
        raise failed

    def _refusal(self, response: pools.Response, origin: str) -> RequestFailed:
        status = response.status
        proxy = _http.proxy_for(origin, self._access.options) if status == _PROXY_LOGIN else None
        if proxy is not None:
            return RequestFailed(None, failure=wants_login(proxy))
        code = _ERROR_CODE.search(b"<Code>%s</Code>" % response.headers.get("x-ms-error-code", "").encode())
        if code is None and status >= 400:
            try:
                code = _ERROR_CODE.search(self._body_of(response, _MAX_ERROR))
            except (NoAnswer, RequestFailed):
                code = None
        wait = parse_retry_after(response.headers.get("retry-after"), time.time())
        return RequestFailed(status, code[1].decode("ascii") if code else "", retry_after=wait)

    def _body_of(self, response: pools.Response, limit: int) -> bytes:
        """The body of an answer.

        Raises:
            RequestFailed: It is too large, or cannot be decoded.
        """
        reader = BodyReader(response.headers.get("content-encoding", ""), limit)
        for chunk in self._wire.chunks_of(response) if reader.goes_on else ():
            if not reader.feed(chunk):
                break
        body = reader.finish()
        if reader.problem is not None:
            raise RequestFailed(response.status, problem=reader.problem)
        return body


@dataclass(frozen=True, slots=True)
class _Call:
    """A request, whose headers are asked for before each attempt."""

    method: str
    query: str
    name: str | None
    headers: Callable[[], Mapping[str, str]] = dict[str, str]
    body: _Body | None = None


class _Body:
    """A body in pieces that can be sent more than once."""

    def __init__(self, content: bytes | memoryview, advance: Callable[[int], None]) -> None:
        self._view = memoryview(content)
        self._advance = advance
        self._counted = 0

    def __iter__(self) -> Generator[bytes]:
        if self._counted:
            self._advance(-self._counted)
            self._counted = 0
        for start in range(0, len(self._view), _PIECE):
            piece = self._view[start : start + _PIECE]
            yield piece  # type: ignore[misc]  # sent like bytes
            self._counted += len(piece)
            self._advance(len(piece))
