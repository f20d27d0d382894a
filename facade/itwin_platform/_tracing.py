"""OpenTelemetry spans for requests, if opentelemetry-api is installed.

Each request on the wire, including retries and redirects, is a CLIENT span with the attributes of the semantic
conventions for HTTP clients. Queries are left out of URLs, because they may hold the SAS of a storage container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ._http import is_installed
from ._policies.redaction import MASK, Secret, without
from ._version import __version__

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from opentelemetry.trace import Tracer

    from ._policies.addresses import Target
    from ._policies.answers import Answer


class NoSpan:
    """Takes the place of a span without tracing."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Do nothing."""

    def answered(self, answer: Answer) -> None:
        """Record the answer."""

    def failed(self, reason: str) -> None:
        """Record why there is no answer."""


_NO_SPAN = NoSpan()


class RequestSpan(NoSpan):
    """The span of one request. It is the current span while the request runs."""

    __slots__ = ("_reason", "_span", "_token")

    def __init__(self, tracer: Tracer, name: str, attributes: dict[str, Any]) -> None:
        from opentelemetry.trace import SpanKind

        self._span = tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
        self._reason: str | None = None

    def __enter__(self) -> Self:
        from opentelemetry import context, trace

        self._token = context.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        from opentelemetry import context

        context.detach(self._token)
        if self._reason is None and kind is not None:
            self.failed(kind.__qualname__)
        self._span.end()

    def answered(self, answer: Answer) -> None:
        self._span.set_attribute("http.response.status_code", answer.status)
        if request_id := answer.request_id:
            self._span.set_attribute("itwin_platform.request_id", request_id)
        if answer.status >= 400:
            self.failed(str(answer.status))

    def failed(self, reason: str) -> None:
        from opentelemetry.trace import StatusCode

        self._reason = reason
        self._span.set_attribute("error.type", reason)
        self._span.set_status(StatusCode.ERROR)


class Tracing:
    """Creates the spans of a client, if opentelemetry-api is installed."""

    def __init__(self) -> None:
        self._tracer: Tracer | None = None
        if is_installed("opentelemetry.trace"):
            from opentelemetry import trace

            self._trace = trace
            self._tracer = trace.get_tracer("itwin_platform", __version__, schema_url=_SCHEMA)

    def request(
        self, operation: str, method: str, target: Target, template: str | None, resent: int, token: Secret | None
    ) -> NoSpan:
        """The span of one request, a context manager.

        Parameters:
            operation: Id of the operation.
            method: The HTTP method.
            target: Where the request goes.
            template: The path with placeholders for ids, if known.
            resent: How many requests of the same call were sent before.
            token: The access token, in case the server has put it into the address.
        """
        if self._tracer is None or self._leads_nowhere():
            return _NO_SPAN
        scheme, _, authority = target.origin.partition("://")
        host, _, port = authority.rpartition(":") if authority[-1:].isdigit() else (authority, "", "")
        attributes: dict[str, Any] = {
            "http.request.method": method,
            "server.address": (host or authority).strip("[]"),
            "server.port": int(port) if port.isdigit() else {"http": 80, "https": 443}[scheme],
            "url.full": target.origin + _shown(target.path.partition("?")[0], token),
            "itwin_platform.operation": operation,
        }
        if template is not None:
            attributes["url.template"] = template
        if resent:
            attributes["http.request.resend_count"] = resent
        return RequestSpan(self._tracer, f"{method} {template}" if template else method, attributes)

    def _leads_nowhere(self) -> bool:
        """Whether nobody collects spans yet, because there is opentelemetry-api and no SDK."""
        trace = self._trace
        return isinstance(self._tracer, trace.ProxyTracer) and isinstance(
            trace.get_tracer_provider(), trace.ProxyTracerProvider
        )


def _shown(path: str, token: Secret | None) -> str:
    """A path without an echoed token, plain or percent-encoded."""
    if token is None or without(token.reveal(), plain := unquote(path)) == plain:
        return path
    return f"/{MASK}"


_SCHEMA = "https://opentelemetry.io/schemas/1.29.0"
