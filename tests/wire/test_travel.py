"""Clients, groups and containers in another process: what travels, what stays, and that no pickle holds a secret."""

from __future__ import annotations

import asyncio
import copy
import logging
import multiprocessing
import pickle
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from traceback import TracebackException
from typing import Any

import pytest
from dask.base import compute
from dask.delayed import delayed
from distributed.protocol.pickle import dumps, loads

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, RetryPolicy, errors
from itwin_platform._policies.redaction import RedactingFilter
from itwin_platform.credentials import AuthorizationCode, ClientCredentials, CredentialsAt, StaticToken
from itwin_platform.credentials._choice import provider_of
from itwin_platform.sandbox import Sandbox
from tests.storage.platform import BucketServer
from tests.support.engines import Engine
from tests.unit.test_credentials_providers import settings

ITWIN = Sandbox.itwin_id
TOKEN = "a-token-that-nobody-may-see"
SAS = "https://account.blob.core.windows.net/c?sv=2020-08-04&se=2041-07-22T03%3A50%3A21Z&sr=c&sp=rl&sig=MARK{}"
APP = ClientCredentials("app", "secret-of-the-app")


def token_of_module() -> str:
    return TOKEN


@pytest.fixture
def environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The sandbox, as its users find it."""
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    yield
    for name in ("ITP_ACCESS_TOKEN", "ITP_SERVICE_CLIENT_ID", "ITP_SERVICE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)


def through_a_pickle(thing: Any) -> Any:
    """What another process makes of it; both are told apart by nothing but the pickle."""
    data = [pickle.dumps(thing, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for secret in (TOKEN, "secret-of-the-app", "MARK", "sig="):
        assert all(secret.encode() not in each for each in data)
    return pickle.loads(data[-1])


class TestWhatTravels:
    @pytest.mark.usefixtures("environment")
    def test_a_client_becomes_one_client_that_lasts(self, engine: Engine) -> None:
        with_place = [None, CredentialsAt("env"), CredentialsAt("env:ITP_ACCESS_TOKEN")]
        for credentials in with_place:
            original = engine.client(credentials, deadline=30, user_agent="travelling/1.0")
            arrived = through_a_pickle(original)
            assert arrived is through_a_pickle(original) is through_a_pickle(arrived)
            assert arrived is not original
            assert copy.deepcopy({"client": original})["client"] is copy.copy(original) is original
            # Closing it would take it from the others who share it.
            for _ in range(2):
                name = asyncio.run(used(arrived)) if isinstance(arrived, AsyncITwinPlatform) else used_sync(arrived)
                assert name == "White River"

    @pytest.mark.usefixtures("environment")
    def test_settings_tell_clients_apart(self) -> None:
        clients = [
            ITwinPlatform(**arguments)
            for arguments in ({}, {"deadline": 5}, {"max_in_flight": 3}, {"retry": None}, {"timeout": (1, 2)})
        ]
        arrived = [through_a_pickle(client) for client in clients]
        assert len({id(each) for each in arrived}) == len(arrived)
        policy = RetryPolicy(statuses={429})  # type: ignore[arg-type]
        assert through_a_pickle(ITwinPlatform(retry=policy)) is through_a_pickle(ITwinPlatform(retry=policy))

    @pytest.mark.usefixtures("environment")
    def test_a_method_travels(self) -> None:
        with ITwinPlatform() as platform:
            for method, expected in ((platform.itwins.get, "White River"), (platform.get, None)):
                answer = through_a_pickle(method)(ITWIN if expected else f"/itwins/{ITWIN}")
                assert (answer.display_name == expected) if expected else answer["iTwin"]["id"] == ITWIN

    @pytest.mark.usefixtures("environment")
    def test_it_travels_to_a_process_of_its_own(self) -> None:
        with multiprocessing.get_context("spawn").Pool(1) as pool, ITwinPlatform() as platform:
            found = pool.map(platform.itwins.get, [ITWIN] * 3)
            assert pool.apply(logs_are_masked)
            bucket = platform.reality_analysis.get_bucket(ITWIN)
            address = pool.apply(address_of, (bucket,))
        assert {each.display_name for each in found} == {"White River"}
        assert address == address_of(bucket)

    def test_a_function_of_a_module_and_an_object_of_one_are_places(self) -> None:
        for credentials in (
            token_of_module,
            CredentialsAt(f"{__name__}:token_of_module"),
            CredentialsAt(f"{__name__}:APP"),
        ):
            with ITwinPlatform(credentials) as client:
                assert isinstance(through_a_pickle(client), ITwinPlatform)

    def test_a_process_that_does_not_use_it_needs_no_credentials(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MY_TOKEN", TOKEN)
        with ITwinPlatform(CredentialsAt("env:MY_TOKEN"), api_url="http://localhost:1", retry=None) as client:
            monkeypatch.delenv("MY_TOKEN")
            again = through_a_pickle(through_a_pickle(client))
        with pytest.raises(errors.ConfigurationError, match=r"MY_TOKEN is not set in the environment of this process"):
            again.itwins.get(ITWIN)
        # It looks again: the process may have been given them in the meantime.
        monkeypatch.setenv("MY_TOKEN", TOKEN)
        with pytest.raises(errors.TransportError):
            again.itwins.get(ITWIN)

    def test_a_token_in_the_environment_may_be_replaced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MY_TOKEN", "first")
        provider = provider_of(CredentialsAt("env:MY_TOKEN"), settings(), for_async=False)
        monkeypatch.setenv("MY_TOKEN", "second")
        assert provider.get_token() == "second"
        monkeypatch.setenv("MY_TOKEN", "third\n")
        with pytest.raises(errors.CredentialsError, match="from MY_TOKEN begins or ends with white space"):
            provider.get_token()


async def used(client: AsyncITwinPlatform) -> str:
    async with client:
        return (await client.itwins.get(ITWIN)).display_name or ""


def used_sync(client: ITwinPlatform) -> str:
    with client:
        return client.itwins.get(ITWIN).display_name or ""


def logs_are_masked() -> bool:
    return any(isinstance(each, RedactingFilter) for each in logging.getLogger("httpx").filters)


def address_of(bucket: Any) -> str:
    return str(bucket.container_url).partition("?")[0]


class TestContainers:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[BucketServer]:
        monkeypatch.setenv("ITP_ACCESS_TOKEN", TOKEN)
        asked = iter(range(100))
        with BucketServer(lambda: SAS.format(next(asked))) as server:
            monkeypatch.setenv("ITP_API_URL", server.url)
            yield server

    @pytest.mark.parametrize(
        "get",
        [
            lambda platform: platform.reality_analysis.get_bucket("i-1"),
            lambda platform: platform.reality_modeling.get_bucket("i-1"),
            lambda platform: platform.reality_data.container("r-1", access="write"),
        ],
        ids=["analysis", "modeling", "data"],
    )
    def test_a_container_asks_for_its_own_url_once(self, server: BucketServer, get: Callable[[Any], Any]) -> None:
        with ITwinPlatform() as platform:
            original = get(platform)
        arrived = through_a_pickle(original)
        assert arrived is through_a_pickle(original) is through_a_pickle(arrived)
        assert hash(arrived) == hash(original)
        assert "MARK" not in repr(arrived)
        assert server.asked == 1
        with ThreadPoolExecutor(4) as pool:
            urls = set(pool.map(lambda _: arrived.container_url, range(4)))
        assert urls == {SAS.format(1)} != {original.container_url}
        assert server.paths == server.paths[:1] * 2
        assert arrived.expires_at == original.expires_at
        with pytest.raises(AttributeError, match="no attribute 'containerurl'"):
            arrived.containerurl  # noqa: B018

    def test_the_graph_of_a_cluster_has_no_secret(self, server: BucketServer, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        with ITwinPlatform() as platform:
            bucket = platform.reality_analysis.get_bucket("i-1")
            graph = delayed(address_of)(bucket), delayed(platform.itwins.get)("i-1")
        sent = dumps(graph)
        for secret in (TOKEN, "MARK", "sig="):
            assert secret.encode() not in sent
            assert secret not in repr(graph) + caplog.text
        assert compute(loads(sent)[0], scheduler="sync") == (address_of(bucket),)
        assert server.asked == 2

    def test_of_the_async_client(self, server: BucketServer) -> None:
        async def both() -> Any:
            async with AsyncITwinPlatform() as platform:
                arrived = through_a_pickle(await platform.reality_analysis.get_bucket("i-1"))
                with pytest.raises(AttributeError, match="without its SAS URL"):
                    arrived.container_url  # noqa: B018
                # The SAS URL permits reading and listing, as the arrived bucket has found out.
                with pytest.raises(errors.StoragePermissionError):
                    await arrived.delete("name")
                return arrived

        assert "MARK" not in repr(asyncio.run(both()))
        assert server.asked == 2


class Client(ITwinPlatform):
    """A client of a user, who may add attributes."""

    project: str


class TestWhatStays:
    @pytest.mark.parametrize(
        "credentials",
        [TOKEN, StaticToken(TOKEN), APP, AuthorizationCode("app", client_secret="secret-of-the-app"), lambda: TOKEN],
        ids=["token", "static", "app", "login", "lambda"],
    )
    def test_what_credentials_are(self, credentials: Any) -> None:
        with ITwinPlatform(credentials) as client:
            for thing in (client, client.itwins.get, client.reality_analysis.jobs):
                with pytest.raises(TypeError, match=r"CredentialsAt\(\"env:MY_TOKEN\"\)") as caught:
                    pickle.dumps(thing)
                assert TOKEN not in str(caught.value)

    @pytest.mark.usefixtures("environment")
    def test_lists_whose_items_travel(self) -> None:
        with ITwinPlatform() as client:
            lists: list[Any] = [client.itwins.list(limit=1), AsyncITwinPlatform().repositories.list(ITWIN)]
            begun = iter(lists[0])
            for thing in (*lists, lists[0].pages(), begun, lists[1].__aiter__()):
                with pytest.raises(TypeError, match=r"Pickle (its|the) items, to_list\(\)"):
                    pickle.dumps(thing)
            assert all(copy.copy(each) is copy.deepcopy(each) is each for each in lists)
            with pytest.raises(TypeError, match="Pickle the items"):
                copy.copy(begun)
            assert through_a_pickle(lists[0].to_list()) == [next(begun)]

    @pytest.mark.usefixtures("environment")
    def test_attributes_of_a_subclass(self) -> None:
        plain = Client()
        assert plain.itwins is not None
        assert isinstance(through_a_pickle(plain), Client)
        plain.project = "p-1"
        with pytest.raises(TypeError, match=r"attributes of its own \(project\)"):
            pickle.dumps(plain)

    @pytest.mark.parametrize(
        ("arguments", "remedy"),
        [
            ({"verify": ssl.create_default_context()}, "Pass verify the path of a file"),
            ({"proxy": "http://user:MARK@localhost:1"}, "Set HTTPS_PROXY in the environment of every process"),
        ],
        ids=["context", "proxy"],
    )
    @pytest.mark.usefixtures("environment")
    def test_settings_that_other_processes_cannot_have(self, arguments: Any, remedy: str) -> None:
        with ITwinPlatform(**arguments) as client, pytest.raises(TypeError, match=remedy) as caught:
            pickle.dumps(client)
        assert "MARK" not in str(caught.value)

    @pytest.mark.parametrize(
        "place", ["", TOKEN, "env:", "env:A-B", "env: X", "module", "module:", ":name", "a:b:c", 5]
    )
    def test_what_is_no_place(self, place: Any) -> None:
        with pytest.raises(errors.ConfigurationError, match="CredentialsAt takes the place") as caught:
            CredentialsAt(place)
        raised_in = TracebackException.from_exception(caught.value, capture_locals=True).stack[-1]
        assert TOKEN not in str(raised_in.locals)

    @pytest.mark.parametrize(
        ("place", "problem"),
        [
            ("no_such_module:x", "there is no module 'no_such_module'"),
            (f"{__name__}:nothing.there", "module .* has no 'nothing.there'"),
            (f"{__name__}:NOWHERE", "NOWHERE is None"),
            (f"{__name__}:ELSEWHERE", "ELSEWHERE is a CredentialsAt itself"),
            (f"{__name__}:TestWhatStays", "credentials at .* must be a token.*, not the class TestWhatStays"),
            (f"{__name__}:UNUSABLE", "from credentials at .* has characters that are not allowed"),
            ("env:NOT_SET_ANYWHERE", "NOT_SET_ANYWHERE is not set"),
        ],
    )
    def test_a_place_with_nothing_there(self, place: str, problem: str) -> None:
        with pytest.raises((errors.ConfigurationError, errors.CredentialsError), match=problem):
            ITwinPlatform(CredentialsAt(place))

    def test_a_module_that_ends_the_program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        tmp_path.joinpath("script_of_a_user.py").write_text("import sys; sys.exit('a script')")
        monkeypatch.syspath_prepend(tmp_path)
        with pytest.raises(errors.ConfigurationError, match=r"raised SystemExit at script_of_a_user\.py:1"):
            ITwinPlatform(CredentialsAt("script_of_a_user:token"))


NOWHERE = None
UNUSABLE = "no token"
ELSEWHERE = CredentialsAt("env")
