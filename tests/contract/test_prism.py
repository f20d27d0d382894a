"""The client and Prism, which is driven by our specifications and by nothing else of ours, understand each other."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, errors
from tests.contract import specs
from tests.contract.prism import Prism
from tests.support.examples import example

V1 = "application/vnd.bentley.itwin-platform.v1+json"
TOKEN = "a-token"  # Prism asks for one, whatever it is
ITWIN, REPOSITORY, RESOURCE = "an-itwin", "a-repository", "a-resource"


@dataclass(frozen=True)
class Call:
    """One call of the client and what the documented example makes of it."""

    operation_id: str
    send: Callable[[Any], Any]  # of either client: the async one gives something to await
    read: Callable[[Any], Any]
    expected: Any

    def __str__(self) -> str:
        return self.operation_id


def as_read(node: Any) -> Any:
    """JSON as a model gives it back: times are as precise as Python's, and null is the same as absent."""
    if isinstance(node, dict):
        return {key: as_read(value) for key, value in node.items() if value is not None}
    return re.sub(r"(T[\d:]+\.\d{6})\d+Z$", r"\1Z", node) if isinstance(node, str) else node


CALLS = [
    Call(
        "get-my-itwins",
        # With all that can be sent at once, for Prism to check. Its example has a next page, at the real platform.
        lambda platform: platform.itwins.list(
            search="a b",
            sub_class=["Asset", "Project"],
            status="Active",
            type_="Bridge",
            parent_id="a-parent",
            itwin_account_id="an-account",
            order_by="displayName DESC",
            query_scope="MemberOfiTwin",
            detail="full",
            skip=1,
            page_size=2,
            limit=2,
        ).to_list(),
        lambda itwins: [itwin.to_dict() for itwin in itwins],
        example("get-my-itwins")["iTwins"],
    ),
    Call(
        "create-itwin",
        lambda platform: platform.itwins.create(
            "A bridge",
            class_="Thing",
            sub_class="Asset",
            type_="Bridge",
            number="b-1",
            status="Trial",
            parent_id="a-parent",
            geographic_location="Exton, PA",
            latitude=40.028,
            longitude=-75,
            iana_time_zone="America/New_York",
            data_center_location="North Europe",
        ),
        lambda itwin: itwin.to_dict(),
        as_read(example("create-itwin"))["iTwin"],
    ),
    Call(
        "update-itwin",
        lambda platform: platform.itwins.update(ITWIN, display_name="Another", latitude=None, longitude=1.5),
        lambda itwin: itwin.to_dict(),
        as_read(example("update-itwin"))["iTwin"],
    ),
    Call("delete-itwin", lambda platform: platform.itwins.delete(ITWIN), lambda nothing: nothing, None),
    Call(
        "get-itwin",
        lambda platform: platform.itwins.get(ITWIN),
        lambda itwin: itwin.to_dict(),
        as_read(example("get-itwin"))["iTwin"],
    ),
    Call(
        "get-itwin-image",
        lambda platform: platform.itwins.get_image(ITWIN),
        lambda image: image.to_dict(),
        example("get-itwin-image")["image"],
    ),
    Call(
        "get-repository",
        lambda platform: platform.repositories.get(ITWIN, REPOSITORY),
        lambda repository: repository.to_dict(),
        example("get-repository")["repository"],
    ),
    Call(
        "get-repository-resource",
        lambda platform: platform.repositories.get_resource(ITWIN, REPOSITORY, RESOURCE),
        lambda resource: resource.to_dict(),
        example("get-repository-resource")["resource"],
    ),
    Call(
        "buckets-get",
        lambda platform: platform.reality_analysis.get_bucket(ITWIN),
        lambda bucket: (bucket.itwin_id, bucket.container_url, bucket.expires_at),
        (
            example("buckets-get")["bucket"]["iTwinId"],
            example("buckets-get")["_links"]["containerUrl"]["href"],
            datetime(2025, 5, 30, 11, 37, 13, tzinfo=UTC),
        ),
    ),
]
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
    if answer.operation_id == call.operation_id and not answer.is_success
]


def send_sync(call: Call, url: str) -> Any:
    with ITwinPlatform(TOKEN, api_url=url, retry=None) as platform:
        return call.send(platform)


def send_async(call: Call, url: str) -> Any:
    async def send() -> Any:
        async with AsyncITwinPlatform(TOKEN, api_url=url, retry=None) as platform:
            return await call.send(platform)

    return asyncio.run(send())


each_client = pytest.mark.parametrize("send", [send_sync, send_async])


def test_every_documented_operation_is_called() -> None:
    assert {call.operation_id for call in CALLS} == {answer.operation_id for answer in specs.answers()}


@each_client
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_result_is_the_documented_example(call: Call, send: Callable[[Call, str], Any], prism: Prism) -> None:
    assert call.read(send(call, prism.url)) == call.expected


@each_client
@pytest.mark.parametrize(("call", "status"), REFUSALS, ids=str)
def test_a_documented_refusal_is_its_typed_error(
    call: Call, status: int, send: Callable[[Call, str], Any], prism: Prism
) -> None:
    with prism.answering(status) as url, pytest.raises(ERRORS[status]) as caught:
        send(call, url)
    documented = example(call.operation_id, status)["error"]
    error = caught.value
    assert (error.status, error.code, error.message) == (status, documented["code"], documented["message"])
    assert [detail.code for detail in error.details] == [detail["code"] for detail in documented.get("details", [])]
    assert [detail.target for detail in error.details] == [
        detail.get("target") for detail in documented.get("details", [])
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
