"""Every operation through the facade, compared with its definition: request, result, errors, docstring."""

from __future__ import annotations

import inspect
import re
from urllib.parse import parse_qsl

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors
from tests.support.calls import FacadeCall, facade_calls, leaves
from tests.support.engines import KINDS, Engine
from tests.support.examples import example, operations, specification
from tests.support.scripted import ScriptedServer, answer

each_call = pytest.mark.parametrize("call", facade_calls(), ids=str)


def documented_answer(call: FacadeCall) -> bytes:
    """The documented answer, as the last page where it is a list."""
    if not call.operation.has_body(call.success):
        return answer(call.success, media_type=None)
    body = example(call.key, call.success)
    if "next" in body.get("_links", {}):
        del body["_links"]["next"]
    return answer(call.success, body, media_type=call.operation.accept)


def test_every_method_is_a_documented_operation() -> None:
    assert {call.key for call in facade_calls()} <= operations().keys()


@each_call
def test_a_documented_answer_comes_back_unwrapped(engine: Engine, call: FacadeCall) -> None:
    with ScriptedServer(documented_answer(call)) as server:
        result = engine(call, api_url=server.url)
    assert result == call.result_of(example(call.key, call.success) if result is not None else None)
    assert (result is None) == (not call.operation.has_body(call.success))


@each_call
def test_the_request_is_what_the_documentation_asks_for(engine: Engine, call: FacadeCall) -> None:
    documented = operations()[call.key]
    with ScriptedServer(documented_answer(call)) as server:
        engine(call, "the-token", api_url=server.url, user_agent="my-app/1.0")
    (received,) = server.received
    path, _, query = received.path.partition("?")
    assert path == call.sent_path
    assert received.method == documented["method"]
    assert received.headers["accept"] == documented["media_type"]
    assert received.headers["authorization"] == "Bearer the-token"
    assert re.fullmatch(r"itwin-platform/\S+ python/\S+ my-app/1\.0", received.headers["user-agent"])
    usual = {"host", "accept", "accept-encoding", "user-agent", "authorization"}
    with_body = {"content-length"} if received.method != "GET" else set()
    with_body |= {"content-type"} if received.body else set()
    assert set(received.headers) - {"prefer", "x-max-return"} == usual | with_body
    if isinstance(call.sent_whole, bytes):
        assert (received.headers["content-type"], received.body) == ("image/png", call.sent_whole)
        return
    if received.body:
        assert received.headers["content-type"] == "application/json"
    if call.sent_whole is not None:
        assert received.json == call.sent_whole
    # What was given arrives, and nothing that was not.
    if query:
        assert (
            sorted(value for _, values in parse_qsl(query) for value in values.split(" eq ")[-1:]) == call.sent_besides
        )
    else:
        assert leaves(received.json if received.body else []) == call.sent_besides


DOCUMENTED_ERRORS = [
    pytest.param(call, status, body["error"]["code"], id=f"{call}-{status}")
    for call in facade_calls()
    for status, body in operations()[call.key]["answers"].items()
    if status >= 400
]


@pytest.mark.parametrize(("call", "status", "code"), DOCUMENTED_ERRORS)
def test_a_documented_error_is_typed_and_tells_everything(
    engine: Engine, call: FacadeCall, status: int, code: str
) -> None:
    script = answer(status, example(call.key, status), retry_after="300", x_correlation_id="c-1")
    with ScriptedServer(script) as server, pytest.raises(errors.ApiError) as caught:
        engine(call, api_url=server.url)
    error = caught.value
    assert type(error) is KINDS[status]
    documented = example(call.key, status)["error"]
    assert (error.status, error.code, error.message) == (status, code, documented["message"])
    assert [detail.code for detail in error.details] == [detail["code"] for detail in documented.get("details", [])]
    assert (error.operation, error.request_id, error.retry_after) == (call.operation.id, "c-1", 300.0)
    assert len(str(error).splitlines()) == 1
    assert code in str(error)


@each_call
def test_both_clients_have_the_same_methods(call: FacadeCall) -> None:
    ours, theirs = call.method_of(ITwinPlatform("token")), call.method_of(AsyncITwinPlatform("token"))
    signatures = [str(inspect.signature(each)) for each in (ours, theirs)]
    assert signatures[0] == signatures[1].replace("Async", "")
    assert not inspect.iscoroutinefunction(ours)
    # A list is iterated over, so that there is nothing to await yet.
    assert inspect.iscoroutinefunction(theirs) != ("Pages" in signatures[0])


PARTICULAR = {400, 403, 404, 409, 413, 422}


@each_call
def test_a_docstring_says_what_is_particular_to_its_operation(call: FacadeCall) -> None:
    """Method and path, page, and the errors that its definition names, without those that every call can raise."""
    text = inspect.getdoc(call.method_of(ITwinPlatform("token"))) or ""
    assert f"`{call.operation.method} {call.operation.path}`" in text
    operation = operations()[call.key]
    assert operation["page"] in text
    documented = {
        KINDS.get(status, errors.ApiError).__name__
        for status, body in operation["answers"].items()
        # The gateway's answer to a path that no operation has.
        if status in PARTICULAR and body["error"]["code"] != "ResourceNotFound"
    }
    listed = set(re.findall(r"^    (\w+): ", text.partition("Raises:")[2], re.M))
    assert {each for each in listed if issubclass(getattr(errors, each, object), errors.ApiError)} == documented
    assert ("The operation is a technical preview: for trying out, not for production." in text) == operation["preview"]
    # Whoever relies on an operation that no page describes in full should know.
    assert ("The operation is not fully documented: " in text) == operation["unsure"]
    if call.arguments:
        assert "Parameters:" in text
    if call.operation.has_body(call.success):
        assert "Returns:" in text


PREVIEW = "The operation is a technical preview: for trying out, not for production."
UNSURE = "The operation is not fully documented: parameters and errors may differ from what is said here."


@pytest.mark.parametrize("call", [call for call in facade_calls() if call.api == "itwins"], ids=str)
def test_a_docstring_says_how_far_an_operation_can_be_relied_on(call: FacadeCall) -> None:
    text = " ".join((inspect.getdoc(call.method_of(_CLIENT)) or "").split())
    documented = specification(call.api)["paths"][call.operation.path][call.operation.method.lower()]
    assert (PREVIEW in text) == (documented["x-maturity"] == "technical-preview")
    assert (UNSURE in text) == (documented.get("x-confidence") in {"low", "medium"})


def test_what_every_call_can_raise_is_listed_once() -> None:
    for kind in (ITwinPlatform, AsyncITwinPlatform):
        text = inspect.getdoc(kind) or ""
        for error in ("UnauthorizedError", "RateLimitError", "ResponseError", "CredentialsError", "TransportError"):
            assert f"- {error}: " in text
            assert not [
                call for call in facade_calls() if f"{error}: " in (inspect.getdoc(call.method_of(_CLIENT)) or "")
            ]


_CLIENT = ITwinPlatform("token")
