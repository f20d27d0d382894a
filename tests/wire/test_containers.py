"""The container of reality data: what is asked for, what it knows, and what it does not show."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from itwin_platform.models import RealityDataContainer
from tests.support.engines import Engine
from tests.support.scripted import ScriptedServer, answer

URL = "https://account.blob.core.windows.net/r-1?sv=2020-08-04&se=2031-07-22T03%3A50%3A21Z&sr=c&sp=rl&sig=MARK"
ANSWER = {"type": "AzureBlobSasUrl", "access": "Read", "_links": {"containerUrl": {"href": URL}}}


def container(engine: Engine, **arguments: Any) -> tuple[Any, str]:
    """The container, and the path that was asked for it."""
    with ScriptedServer(answer(200, ANSWER)) as server:
        found = engine(lambda platform: platform.reality_data.container("r-1", **arguments), api_url=server.url)
    (received,) = server.received
    return found, received.path


@pytest.mark.parametrize("access", ["read", "write"])
def test_it_knows_whose_it_is_and_until_when(engine: Engine, access: Literal["read", "write"]) -> None:
    found, path = container(engine, access=access, itwin_id="i-1")
    assert path == f"/reality-management/reality-data/r-1/{access}access?iTwinId=i-1"
    ends = datetime(2031, 7, 22, 3, 50, 21, tzinfo=UTC)
    assert found == RealityDataContainer("r-1", access, URL, ends)
    assert hash(found) == hash(RealityDataContainer("r-1", access, URL, ends))
    assert found != RealityDataContainer("r-2", access, URL, ends)


def test_it_is_for_reading_unless_writing_is_asked_for(engine: Engine) -> None:
    found, path = container(engine)
    assert (found.access, path) == ("read", "/reality-management/reality-data/r-1/readaccess")


@pytest.mark.parametrize("access", ["Read", "readwrite", "", None, 5, ["read"]])
def test_another_access_is_a_value_error_before_anything_is_sent(engine: Engine, access: Any) -> None:
    with (
        ScriptedServer(answer(500)) as server,
        pytest.raises(ValueError, match='access must be "read" or "write"'),
    ):
        engine(lambda platform: platform.reality_data.container("r-1", access=access), api_url=server.url)
    assert server.connections == 0


def test_its_signature_is_not_shown_and_not_pickled(engine: Engine) -> None:
    found, _ = container(engine)
    plain = RealityDataContainer("r-1", "read", URL, None)
    # The client of the first one was given a token.
    for secret, remedy in (
        (found, "CredentialsAt"),
        (plain, r"get the container again in the other process: .*container\("),
    ):
        assert "reality_data_id='r-1', access='read', container_url='https://account.blob" in repr(secret)
        assert "MARK" not in f"{secret}{secret!r}{[secret]}"
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match=remedy) as caught:
                pickle.dumps(secret, protocol)
            assert "MARK" not in str(caught.value)
        assert copy.copy(secret) is copy.deepcopy(secret) is secret
    with pytest.raises(TypeError, match="Get another one"):
        dataclasses.replace(found, reality_data_id="r-2")
