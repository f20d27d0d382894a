"""What a call leaves behind: log records with fields, and OpenTelemetry spans."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from itwin_platform import errors
from tests.support.clock import VirtualClock
from tests.support.engines import Engine, get_itwin
from tests.support.examples import example
from tests.support.scripted import ByHand, ScriptedServer, answer

GOOD = answer(200, example("get-itwin"), x_correlation_id="id-1")


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What is collected of the spans of this test."""
    collected = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(collected))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield collected
    provider.shutdown()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_request_is_a_client_span(engine: Engine, exporter: InMemorySpanExporter) -> None:
    with ScriptedServer(GOOD) as server:
        engine(get_itwin, api_url=server.url)
        port = server.port
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /itwins/{id}"
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "itwin_platform.operation": "get-itwin",
        "itwin_platform.request_id": "id-1",
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.full": f"http://127.0.0.1:{port}/itwins/i-1",
        "url.template": "/itwins/{id}",
    }


def test_retries_and_redirects_are_spans_of_their_own(
    engine: Engine, exporter: InMemorySpanExporter, clock: VirtualClock
) -> None:
    with ScriptedServer(answer(503), answer(302, location="/other?sig=MARK"), GOOD) as server:
        engine(get_itwin, api_url=server.url)
    first, second, third = exporter.get_finished_spans()
    assert first.status.status_code is StatusCode.ERROR
    assert attributes(first)["error.type"] == "503"
    assert attributes(second)["http.request.resend_count"] == 1
    assert attributes(third)["http.request.resend_count"] == 2
    assert third.name == "GET"
    assert str(attributes(third)["url.full"]).endswith("/other")
    assert "MARK" not in "".join(span.to_json() for span in (first, second, third))


@pytest.mark.parametrize(
    ("script", "reason"),
    [(answer(404), "404"), (ByHand(lambda connection: None), "headers"), (answer(200, b"{"), None)],
    ids=["404", "no answer", "not json"],
)
def test_a_failed_request_is_an_error(
    engine: Engine, exporter: InMemorySpanExporter, script: Any, reason: str | None
) -> None:
    with ScriptedServer(script) as server:
        (error,) = engine.many(get_itwin, 1, "MARKtoken", api_url=server.url, retry=None)
    assert isinstance(error, errors.ITwinPlatformError)
    (span,) = exporter.get_finished_spans()
    assert attributes(span).get("error.type") == reason
    assert (span.status.status_code is StatusCode.ERROR) == (reason is not None)
    assert "MARK" not in span.to_json()
    assert not span.events


def test_a_request_that_is_cut_off_ends_its_span(engine: Engine, exporter: InMemorySpanExporter) -> None:
    with ScriptedServer(ByHand(lambda connection: connection.recv(1))) as server:
        (error,) = engine.many(get_itwin, 1, api_url=server.url, deadline=0.2)
    assert isinstance(error, errors.DeadlineExceeded)
    (span,) = exporter.get_finished_spans()
    assert attributes(span)["error.type"] in {"TimeoutError", "CancelledError"}


def test_spans_hang_on_that_of_the_caller(engine: Engine, exporter: InMemorySpanExporter) -> None:
    with ScriptedServer(GOOD) as server, trace.get_tracer("caller").start_as_current_span("outer") as outer:
        engine(get_itwin, api_url=server.url)
        assert trace.get_current_span() is outer
    inner, _ = exporter.get_finished_spans()
    assert inner.parent is not None
    assert inner.parent.span_id == outer.get_span_context().span_id


def test_a_provider_that_is_set_after_the_client_was_made_gets_spans() -> None:
    """Until then, nobody collects them."""
    code = """
import sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from itwin_platform import ITwinPlatform

collected = InMemorySpanExporter()
with ITwinPlatform("token", api_url=sys.argv[1]) as platform:
    platform.itwins.get("before")
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(collected))
    trace.set_tracer_provider(provider)
    platform.itwins.get("after")
print(*(span.attributes["url.full"].rpartition("/")[2] for span in collected.get_finished_spans()))
"""
    with ScriptedServer(GOOD) as server:
        command = [sys.executable, "-c", code, server.url]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.stdout == "after\n", done.stderr


def test_nothing_about_the_trace_is_sent(engine: Engine, exporter: InMemorySpanExporter) -> None:
    with ScriptedServer(GOOD) as server:
        engine(get_itwin, api_url=server.url)
    assert not {"traceparent", "tracestate", "baggage"} & server.received[0].headers.keys()


def test_without_opentelemetry_nothing_is_missed() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from itwin_platform import ITwinPlatform, errors\n"
        "try: ITwinPlatform('token', api_url='http://127.0.0.1:9', retry=None).itwins.get('i-1')\n"
        "except errors.TransportError: print('told')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stdout == "told\n", done.stderr


def test_each_answer_is_a_record_with_fields(
    engine: Engine, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "itwin_platform")
    with ScriptedServer(ByHand(lambda connection: None), answer(503), GOOD) as server:
        engine(get_itwin, api_url=server.url)
    records: list[Any] = [record for record in caplog.records if record.levelno == logging.DEBUG]
    assert [(record.operation, record.status, record.attempt, record.request_id) for record in records] == [
        ("get-itwin", None, 1, None),
        ("get-itwin", 503, 2, None),
        ("get-itwin", 200, 3, "id-1"),
    ]
    for record in records:
        assert (record.method, record.path) == ("GET", "/itwins/i-1")
        assert "get-itwin, GET /itwins/i-1: " in record.getMessage()
        assert record.host == server.received[0].headers["host"]
        assert 0 <= record.duration < 10
        assert "get-itwin" in record.getMessage()


def test_a_record_of_a_refusal_tells_the_limits(
    engine: Engine, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "itwin_platform")
    refusal = answer(429, itwinplatform_ratelimited_tier="Community", retry_after="1")
    with ScriptedServer(refusal, GOOD) as server:
        engine(get_itwin, api_url=server.url)
    first, retry, second = caplog.records
    assert vars(first)["limits"] == {"tier": "Community"}
    assert vars(retry)["path"] == "/itwins/i-1"
    assert vars(second)["limits"] == {}


@pytest.mark.parametrize("path", ["/{}", "/a/{}/b?x=1", "/A{}", "/%4D{}"])
def test_a_token_in_the_path_of_a_redirect_shows_in_no_span(
    engine: Engine, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    caplog.set_level(logging.DEBUG)
    token = "MARKtoken-1234"
    location = path.format(token[1:] if "%4D" in path else token)
    with ScriptedServer(answer(302, location=location), answer(404)) as server:
        (error,) = engine.many(get_itwin, 1, token, api_url=server.url)
    assert isinstance(error, errors.NotFoundError)
    assert error.path == "/itwins/i-1"
    seen = [str(error), *(f"{record.getMessage()} {vars(record)}" for record in caplog.records)]
    seen += [span.to_json() for span in exporter.get_finished_spans()]
    assert token[1:] not in "".join(seen)
