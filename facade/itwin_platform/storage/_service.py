"""Requests to the blob service that obstore cannot make: blocks with chosen names, and names it does not accept."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from .._concurrency.synchronous import time_limit
from .._policies.attempts import IDEMPOTENT, NO_FAILURE, Attempts
from .._policies.calls import Headers
from .._policies.retries import RetryPolicy
from .._sync.transport import Transport, TransportFailure
from ._problems import RequestFailed, one_problem

if TYPE_CHECKING:
    from .._policies.addresses import Target
    from .._policies.answers import Answer
    from ._access import Access

_VERSION = b"2021-12-02"
# About as patient as obstore, which sends the other requests.
_POLICY = RetryPolicy(attempts=7, base=0.5, cap=20.0)
# On a slow network, what was sent may wait in buffers for a long time.
_READ_TIMEOUT, _WHOLE_TIMEOUT = 300.0, 900.0
_MAX_BODY = 32 * 1024 * 1024
_DONE = {"GET": 200, "PUT": 201, "DELETE": 202}
# A body is sent in pieces: after each one, progress is reported and the transfer can be stopped.
_PIECE = 512 * 1024
_ERROR_CODE = re.compile(rb"<Code>([A-Za-z]{1,60})</Code>")


def _ignore(_: int) -> None:
    """Ignore progress."""


class BlobService:
    """Sends requests with the current SAS, over connections that it keeps until it is closed."""

    def __init__(self, access: Access, pause: Callable[[float], None] = time.sleep) -> None:
        self._access = access
        self._pause = pause
        connect, each = access.options.timeout
        self._transport = Transport(
            replace(
                access.options,
                timeout=(connect, max(_READ_TIMEOUT, each)),
                max_body_bytes=max(_MAX_BODY, access.options.max_body_bytes),
            )
        )

    def close(self) -> None:
        """Close the connections. Other threads may be using them; their requests fail."""
        self._transport.close()

    def send(
        self,
        method: str,
        query: str,
        *,
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
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
        fields = [(key.encode("ascii"), value.encode("ascii")) for key, value in (headers or {}).items()]
        if method == "PUT":
            fields.append((b"Content-Length", b"%d" % len(content)))
        body = _Body(content, advance)
        attempts, renewed = Attempts(_POLICY, repeatable=method in IDEMPOTENT), False
        while True:
            attempts.begin()
            sas = self._access.sas()
            try:
                return self._attempt(method, self._access.target(query, name, sas), fields, body)
            except RequestFailed as caught:
                failed = caught
            if not renewed and one_problem(failed).is_of_sas and self._access.again(sas):
                renewed = True
                continue
            delay = attempts.delay(failed.status, failed.failure or NO_FAILURE, failed.retry_after)
            if delay is None:
                raise failed
            self._pause(delay)

    def _attempt(self, method: str, target: Target, fields: Headers, body: _Body) -> bytes:
        usual = [(b"Host", target.origin.partition("://")[2].encode("ascii")), (b"x-ms-version", _VERSION)]
        try:
            with time_limit(_WHOLE_TIMEOUT):
                answer = self._transport.send(method, target, usual + fields, body if method == "PUT" else None)
        except TransportFailure as caught:
            failed = RequestFailed(None, failure=caught.failure)
        except TimeoutError:
            failed = RequestFailed(None)
        else:
            if answer.status == _DONE[method] and answer.problem is None:
                return answer.body
            if answer.status < 300 and answer.problem is None:
                answer.problem = "does not confirm the request"
            failed = RequestFailed(answer.status, _code_of(answer), answer.problem, retry_after=answer.retry_after)
        raise failed


class _Body:
    """A body in pieces that can be sent more than once."""

    def __init__(self, content: bytes, advance: Callable[[int], None]) -> None:
        self._view = memoryview(content)
        self._advance = advance
        self._counted = 0

    def __iter__(self) -> Generator[bytes]:
        if self._counted:
            self._advance(-self._counted)
            self._counted = 0
        for start in range(0, len(self._view), _PIECE):
            piece = self._view[start : start + _PIECE]
            yield piece  # type: ignore[misc]  # httpx sends it like bytes
            self._counted += len(piece)
            self._advance(len(piece))


def read_xml(body: bytes, root: str, what: str) -> ElementTree.Element:
    """The XML of an answer.

    Raises:
        RequestFailed: It is not XML, or has another root. `what` names what was expected.
    """
    try:
        found = ElementTree.fromstring(body)  # noqa: S314 (the storage is trusted with the files themselves)
        if found.tag == root:
            return found
    except (ElementTree.ParseError, LookupError, ValueError):
        pass  # LookupError: it names an unknown encoding
    raise RequestFailed(200, problem=f"is not {what}")


def _code_of(answer: Answer) -> str:
    found = _ERROR_CODE.search(b"<Code>%s</Code>" % answer.headers.get("x-ms-error-code", "").encode("ascii", "ignore"))
    found = found or _ERROR_CODE.search(answer.body)
    return found[1].decode("ascii") if found else ""
