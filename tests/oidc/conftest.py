"""Fixtures of the tests against an independent identity service."""

from collections.abc import Iterator

import pytest

from tests.oidc import identity_service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[identity_service.IdentityService]:
    """A running identity service."""
    with identity_service.running(tmp_path_factory.mktemp("oidc")) as running:
        yield running
