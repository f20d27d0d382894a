"""The client and Prism, which is driven by our specifications and by nothing else of ours, understand each other."""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, get_args, get_type_hints

import httpx
import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform
from itwin_platform.models import Bucket, DetectorVersionUpload, RealityDataContainer
from itwin_platform_api.runtime import Request
from tests.contract import specs
from tests.contract.prism import Prism
from tests.support.calls import FacadeCall, endpoints, facade_calls, snake_case
from tests.support.engines import KINDS
from tests.support.examples import example, operations

V1 = "application/vnd.bentley.itwin-platform.v1+json"
TOKEN = "a-token"  # Prism asks for one, whatever it is
ITWIN = "an-itwin"


def documented(call: FacadeCall) -> Any:
    """What the documented answer holds, without its envelope if it has one; None where there is no body."""
    body = example(call.key)
    names = [name for name in body or {} if not name.startswith("_")]
    return None if body is None else specs.as_read(body[names[0]] if len(names) == 1 else body)


def with_documented_values(call: FacadeCall) -> FacadeCall:
    """The call with everything that the example of its body has, and no more items than the example of its answer."""
    if call.sent_whole is not None:
        return call
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
    if isinstance(result, DetectorVersionUpload):
        return specs.as_read(result.version.to_dict())
    if isinstance(result, RealityDataContainer):
        links = {"containerUrl": {"href": result.container_url}}
        return {"type": "AzureBlobSasUrl", "access": result.access.capitalize(), "_links": links}
    if isinstance(result, list):
        return [plain(item) for item in result]
    return result if result is None or isinstance(result, str) else specs.as_read(result.to_dict())


CALLS = [with_documented_values(call) for call in facade_calls()]
WITHOUT_METHOD = {
    f"{package.replace('_', '-')}/{module.OPERATION.id}": module
    for (package, _), module in endpoints().items()
    if module not in [call.module for call in CALLS]
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


def typed_request(key: str) -> Request[Any]:
    """A request of an endpoint module, with the documented body and made-up ids."""
    module: ModuleType = WITHOUT_METHOD[key]
    kinds = get_type_hints(module.request)
    arguments: dict[str, Any] = {}
    for parameter in inspect.signature(module.request).parameters.values():
        if parameter.name == "body":
            is_image = kinds["body"] is bytes
            arguments["body"] = b"an image" if is_image else kinds["body"].from_dict(bodies()[key])
        elif parameter.name == "content_type":
            arguments["content_type"] = get_args(kinds["content_type"])[0]
        elif parameter.default is inspect.Parameter.empty:
            arguments[parameter.name] = f"{parameter.name}-1"
    request: Request[Any] = module.request(**arguments)
    return request


@pytest.mark.parametrize("key", WITHOUT_METHOD)
def test_what_has_no_method_is_called_with_a_typed_request(key: str, prism: Prism) -> None:
    with ITwinPlatform(TOKEN, api_url=prism.url, retry=None) as platform:
        result = platform.call(typed_request(key))
    assert plain(result) == specs.as_read(example(key))


def test_a_bucket_is_its_url_and_when_it_ends(prism: Prism) -> None:
    with ITwinPlatform(TOKEN, api_url=prism.url, retry=None) as platform:
        bucket = platform.reality_analysis.get_bucket(ITWIN)
    assert bucket.container_url == example("reality-analysis/buckets-get")["_links"]["containerUrl"]["href"]
    assert bucket.expires_at == datetime(2025, 5, 30, 11, 37, 13, tzinfo=UTC)


@each_client
@pytest.mark.parametrize(("call", "status"), REFUSALS, ids=str)
def test_a_documented_refusal_is_its_typed_error(
    call: FacadeCall, status: int, send: Callable[[FacadeCall, str], Any], prism: Prism
) -> None:
    with prism.answering(status) as url, pytest.raises(KINDS[status]) as caught:
        send(call, url)
    body = example(call.key, status)["error"]
    error = caught.value
    assert (error.status, error.code, error.message) == (status, body["code"], body["message"])
    assert [detail.code for detail in error.details] == [detail["code"] for detail in body.get("details", [])]
    assert [detail.target for detail in error.details] == [
        detail.get("target") or None for detail in body.get("details", [])
    ]
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
