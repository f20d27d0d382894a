"""The client and the sandbox together: what a newcomer does first."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, RetryPolicy, errors
from itwin_platform.credentials import ClientCredentials
from itwin_platform.sandbox import Sandbox


def five_calls(platform: Any, sandbox: Sandbox) -> list[Any]:
    """What the five operations give: results, or for the async client what gives them when awaited."""
    return [
        platform.itwins.get(sandbox.itwin_id),
        platform.itwins.get_image(sandbox.itwin_id),
        platform.repositories.get(sandbox.itwin_id, sandbox.repository_id),
        platform.repositories.get_resource(sandbox.itwin_id, sandbox.repository_id, sandbox.resource_id),
        platform.reality_analysis.get_bucket(sandbox.itwin_id),
    ]


def check(results: list[Any], sandbox: Sandbox) -> None:
    itwin, image, repository, resource, bucket = results
    assert (itwin.id, itwin.display_name) == (sandbox.itwin_id, "White River")
    assert image.small_image_name.startswith("small_")
    assert (repository.id, repository.class_) == (sandbox.repository_id, "GeographicInformationSystem")
    assert (resource.id, resource.display_name) == (sandbox.resource_id, "Sentinel-2")
    assert bucket.container_url.startswith("http://127.0.0.1:")


def test_one_set_of_ids_serves_all_operations(sandbox: Sandbox) -> None:
    with ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
        check(five_calls(platform, sandbox), sandbox)


def test_the_async_client_may_be_used_inside_the_block(sandbox: Sandbox) -> None:
    async def run() -> list[Any]:
        async with AsyncITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
            return await asyncio.gather(*five_calls(platform, sandbox))

    check(asyncio.run(run()), sandbox)


@pytest.fixture
def crowded() -> Iterator[Sandbox]:
    """A sandbox with 2,500 bridges."""
    with Sandbox() as running:
        bridge = {"class": "Thing", "subClass": "Asset"}
        running.add("/itwins", [bridge | {"displayName": f"Bridge {n:04}"} for n in range(2500)])
        yield running


def test_a_list_goes_through_all_pages(crowded: Sandbox) -> None:
    with ITwinPlatform(crowded.token, api_url=crowded.url) as platform:
        bridges = platform.itwins.list(search="bridge", sub_class="Asset", order_by="displayName DESC", page_size=1000)
        assert [len(page) for page in bridges.pages()] == [1000, 1000, 500]
        assert [itwin.display_name for itwin in bridges][::833] == [
            "Bridge 2499",
            "Bridge 1666",
            "Bridge 0833",
            "Bridge 0000",
        ]


def test_an_async_list_goes_through_all_pages(crowded: Sandbox) -> None:
    async def run() -> list[Any]:
        async with AsyncITwinPlatform(crowded.token, api_url=crowded.url) as platform:
            return [itwin.latitude async for itwin in platform.itwins.list(search="bridge", detail="full")]

    assert asyncio.run(run()) == [None] * 2500


def test_an_itwin_from_its_first_to_its_last_day() -> None:
    with Sandbox() as sandbox, ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
        made = platform.itwins.create("A bridge", class_="Thing", sub_class="Asset", latitude=1.5, number="b-1")
        assert platform.itwins.get(made.id) == made
        with pytest.raises(errors.ConflictError) as conflict:
            platform.itwins.create("Another", class_="Thing", sub_class="Asset", number="b-1")
        assert [detail.target for detail in conflict.value.details] == ["number"]
        changed = platform.itwins.update(made.id, latitude=None, type_="Bridge")
        assert (changed.latitude, changed.type_, changed.number) == (None, "Bridge", "b-1")
        with pytest.raises(errors.InvalidRequestError) as refused:
            platform.itwins.update(made.id, iana_time_zone="mars")
        assert [detail.target for detail in refused.value.details] == ["ianaTimeZone"]
        platform.itwins.delete(made.id)
        with pytest.raises(errors.NotFoundError):
            platform.itwins.get(made.id)


@pytest.mark.parametrize("without", ["ITP_ACCESS_TOKEN", "ITP_SERVICE_CLIENT_ID"])
def test_the_environment_is_all_it_takes(without: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(without)
    if without == "ITP_SERVICE_CLIENT_ID":
        monkeypatch.delenv("ITP_SERVICE_CLIENT_SECRET")
    with ITwinPlatform() as platform:
        assert platform.itwins.get(sandbox.itwin_id).id == sandbox.itwin_id


def test_client_credentials_with_a_wrong_secret_are_refused(sandbox: Sandbox) -> None:
    credentials = ClientCredentials(sandbox.client_id, "wrong")
    with (
        ITwinPlatform(credentials, api_url=sandbox.url, issuer_url=sandbox.url) as platform,
        pytest.raises(errors.CredentialsError),
    ):
        platform.itwins.get(sandbox.itwin_id)


def test_a_short_rate_limit_is_waited_out() -> None:
    with Sandbox() as sandbox, ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
        sandbox.rate_limit(times=1, retry_after=0)
        assert platform.itwins.get(sandbox.itwin_id).id == sandbox.itwin_id


def test_without_retries_a_rate_limit_is_told() -> None:
    with Sandbox() as sandbox, ITwinPlatform(sandbox.token, api_url=sandbox.url, retry=None) as platform:
        sandbox.rate_limit(times=1, retry_after=9)
        with pytest.raises(errors.RateLimitError) as caught:
            platform.itwins.get(sandbox.itwin_id)
        assert caught.value.retry_after == 9
        assert platform.itwins.get(sandbox.itwin_id).id == sandbox.itwin_id


def test_an_unknown_itwin_is_told(sandbox: Sandbox) -> None:
    policy = RetryPolicy(attempts=1)
    with ITwinPlatform(sandbox.token, api_url=sandbox.url, retry=policy) as platform:
        with pytest.raises(errors.NotFoundError) as caught:
            platform.itwins.get("another")
        assert caught.value.code == "iTwinNotFound"
