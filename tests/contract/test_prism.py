"""The client and Prism, which is driven by our specifications and by nothing else of ours, understand each other."""

import asyncio
import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors
from itwin_platform.models import Bucket
from tests.contract import specs
from tests.contract.prism import Prism
from tests.support.calls import FacadeCall, facade_calls, snake_case
from tests.support.examples import example, operations

V1 = "application/vnd.bentley.itwin-platform.v1+json"
TOKEN = "a-token"  # Prism asks for one, whatever it is
ITWIN = "an-itwin"


def as_read(node: Any) -> Any:
    """JSON as a model gives it back: times are as precise as Python's, and null is the same as absent."""
    if isinstance(node, dict):
        return {key: as_read(value) for key, value in node.items() if value is not None}
    if isinstance(node, list):
        return [as_read(value) for value in node]
    return re.sub(r"(T[\d:]+\.\d{6})\d+Z$", r"\1Z", node) if isinstance(node, str) else node


def documented(call: FacadeCall) -> Any:
    """What the documented answer holds, without its envelope; None where there is no body."""
    body = example(call.key)
    return None if body is None else as_read(next(value for name, value in body.items() if not name.startswith("_")))


def with_documented_values(call: FacadeCall) -> FacadeCall:
    """The call with everything that the example of its body has, and no more items than the example of its answer."""
    parameters = inspect.signature(call.method_of(ITwinPlatform(TOKEN))).parameters
    body = {snake_case(name).removesuffix("_"): value for name, value in (bodies()[call.key] or {}).items()}
    given = {name: body[name.removesuffix("_")] for name in parameters if name.removesuffix("_") in body}
    if "limit" in parameters:
        given["limit"] = len(documented(call))
    return replace(call, arguments={**call.arguments, **given})


def bodies() -> dict[str, Any]:
    return {name: known["body"] for name, known in operations().items()}


def plain(result: Any) -> Any:
    """A result as JSON."""
    if isinstance(result, Bucket):
        return {"iTwinId": result.itwin_id}
    if isinstance(result, list):
        return [plain(item) for item in result]
    return None if result is None else result.to_dict()


CALLS = [with_documented_values(call) for call in facade_calls()]
ERRORS = {
    400: errors.InvalidRequestError,
    401: errors.UnauthorizedError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.InvalidRequestError,
    429: errors.RateLimitError,
}
REFUSALS = [
    (call, answer.status)
    for call in CALLS
    for answer in specs.answers()
    if answer.key == call.key and not answer.is_success
]


def send_sync(call: FacadeCall, url: str) -> Any:
    with ITwinPlatform(TOKEN, api_url=url, retry=None) as platform:
        return call(platform)


def send_async(call: FacadeCall, url: str) -> Any:
    async def send() -> Any:
        async with AsyncITwinPlatform(TOKEN, api_url=url, retry=None) as platform:
            return await call(platform)

    return asyncio.run(send())


each_client = pytest.mark.parametrize("send", [send_sync, send_async])


@each_client
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_result_is_the_documented_example(
    call: FacadeCall, send: Callable[[FacadeCall, str], Any], prism: Prism
) -> None:
    assert plain(send(call, prism.url)) == documented(call)


@each_client
def test_everything_that_a_list_can_be_asked_for_is_documented(send: Callable[..., Any], prism: Prism) -> None:
    (call,) = (each for each in CALLS if each.key == "itwins/get-my-itwins")
    asked = {
        "search": "a b",
        "sub_class": ["Asset", "Project"],
        "status": "Active",
        "type_": "Bridge",
        "parent_id": "a-parent",
        "itwin_account_id": "an-account",
        "order_by": "displayName DESC",
        "query_scope": "MemberOfiTwin",
        "detail": "full",
        "skip": 1,
        "page_size": 2,
    }
    assert plain(send(replace(call, arguments={**call.arguments, **asked}), prism.url)) == documented(call)


def test_a_bucket_is_its_url_and_when_it_ends(prism: Prism) -> None:
    with ITwinPlatform(TOKEN, api_url=prism.url, retry=None) as platform:
        bucket = platform.reality_analysis.get_bucket(ITWIN)
    assert bucket.container_url == example("buckets-get")["_links"]["containerUrl"]["href"]
    assert bucket.expires_at == datetime(2025, 5, 30, 11, 37, 13, tzinfo=UTC)


@each_client
@pytest.mark.parametrize(("call", "status"), REFUSALS, ids=str)
def test_a_documented_refusal_is_its_typed_error(
    call: FacadeCall, status: int, send: Callable[[FacadeCall, str], Any], prism: Prism
) -> None:
    with prism.answering(status) as url, pytest.raises(ERRORS[status]) as caught:
        send(call, url)
    body = example(call.key, status)["error"]
    error = caught.value
    assert (error.status, error.code, error.message) == (status, body["code"], body["message"])
    assert [detail.code for detail in error.details] == [detail["code"] for detail in body.get("details", [])]
    assert [detail.target for detail in error.details] == [detail.get("target") for detail in body.get("details", [])]
    assert error.retry_after == (specs.RETRY_AFTER if status == 429 else None)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/itwins/", {"displayName": "A", "class": "Thing"}),
        ("POST", "/itwins/", {"displayName": "A", "class": "Thing", "subClass": "Bridge"}),
        ("PATCH", f"/itwins/{ITWIN}", {"displayName": None}),
        ("PATCH", f"/itwins/{ITWIN}", {"createdBy": "me"}),
        ("GET", "/itwins/?$top=many", None),
    ],
)
def test_prism_refuses_values_that_are_not_documented(
    method: str, path: str, body: dict[str, Any] | None, prism: Prism
) -> None:
    headers = {"accept": V1, "authorization": f"Bearer {TOKEN}"}
    response = httpx.request(method, prism.url + path, headers=headers, json=body, trust_env=False)
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"accept": "application/vnd.bentley.itwin-platform.v2+json", "authorization": f"Bearer {TOKEN}"}, 406),
        ({"accept": "application/json", "authorization": f"Bearer {TOKEN}"}, 406),
        ({"authorization": f"Basic {TOKEN}"}, 401),
    ],
)
def test_prism_refuses_what_the_specifications_do_not_allow(headers: dict[str, str], status: int, prism: Prism) -> None:
    """Without this, an answer to the client would not say that it has asked in the documented way."""
    assert httpx.get(f"{prism.url}/itwins/{ITWIN}", headers=headers, trust_env=False).status_code == status
