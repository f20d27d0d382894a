"""Requests to the storage that obstore has no words for: blocks under names of our own, names that it cannot take."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Self
from xml.etree import ElementTree

from .._policies.retries import RetryPolicy
from .._sync.transport import Outgoing, Transport, TransportFailure
from ._problems import RequestFailed, one_problem

if TYPE_CHECKING:
    from types import TracebackType

    from .._policies.answers import Answer
    from ._access import Access

_VERSION = b"2021-12-02"
# About as patient as obstore, which sends the rest.
_POLICY = RetryPolicy(attempts=7, base=0.5, cap=20.0)
_ERROR_CODE = re.compile(rb"<Code>([A-Za-z]{1,60})</Code>")


class Requests:
    """Sends requests with the SAS that is in force. To be used as a context, which keeps the connections."""

    def __init__(self, access: Access, pause: Callable[[float], None] = time.sleep) -> None:
        self._access = access
        self._pause = pause
        self._transport = Transport(access.options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._transport.close()

    def send(
        self,
        method: str,
        query: str,
        *,
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
        size: int = 0,
        body: Callable[[], Iterable[bytes]] | None = None,
    ) -> bytes:
        """Send a request and return the body of its answer. What may pass with time is tried again.

        Parameters:
            method: The HTTP method.
            query: What goes into the URL beside the SAS.
            name: The blob; None for the container.
            headers: Headers beside the usual ones.
            size: Bytes of the body.
            body: Gives the body in pieces, anew for each attempt.

        Raises:
            RequestFailed: The storage refuses it, or cannot be reached.
            ITwinPlatformError: The SAS has ended and cannot be renewed.
        """
        fields = [(key.encode("ascii"), value.encode("ascii")) for key, value in (headers or {}).items()]
        if method == "PUT":
            fields.append((b"Content-Length", b"%d" % size))
        sas = ""

        def make() -> Outgoing:
            nonlocal sas
            sas = self._access.sas()
            target = self._access.target(query, name, sas)
            usual = [(b"Host", target.origin.partition("://")[2].encode("ascii")), (b"x-ms-version", _VERSION)]
            return Outgoing(method, target, usual + fields, body() if body is not None else None)

        answer = self._exchange(make)
        failed = _failure(answer)
        if failed is not None and one_problem(failed).is_of_sas and self._access.again(sas):
            failed = _failure(answer := self._exchange(make))
        if failed is not None:
            raise failed
        return answer.body

    def _exchange(self, make: Callable[[], Outgoing]) -> Answer:
        try:
            return self._transport.send_repeatedly(_POLICY, make, self._wait)
        except TransportFailure:
            pass
        raise RequestFailed(None)

    def _wait(self, _attempt: int, _status: int | None, delay: float) -> None:
        self._pause(delay)


def _failure(answer: Answer) -> RequestFailed | None:
    if answer.status < 300 and answer.problem is None:
        return None
    return RequestFailed(answer.status, _code_of(answer), answer.problem)


def read_xml(body: bytes, what: str) -> ElementTree.Element:
    """The XML of an answer.

    Raises:
        RequestFailed: It is none; `what` should have come.
    """
    try:
        return ElementTree.fromstring(body)  # noqa: S314 (who holds the files is trusted with more than this)
    except ElementTree.ParseError:
        pass
    raise RequestFailed(200, problem=f"is not {what}")


def _code_of(answer: Answer) -> str:
    found = _ERROR_CODE.search(b"<Code>%s</Code>" % answer.headers.get("x-ms-error-code", "").encode("ascii", "ignore"))
    found = found or _ERROR_CODE.search(answer.body)
    return found[1].decode("ascii") if found else ""
