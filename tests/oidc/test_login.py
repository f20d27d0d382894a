"""Service apps and people, at an identity service that is not ours."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from itwin_platform.credentials import AuthorizationCode, ClientCredentials, FileTokenStore
from itwin_platform.errors import CredentialsError
from tests.oidc.identity_service import SECRET, IdentityService, Robot

REDIRECT = "http://127.0.0.1:0/signin-callback"


def person(service: IdentityService, robot: Robot, **more: object) -> AuthorizationCode:
    arguments: dict[str, object] = {"redirect_uri": REDIRECT, "open_browser": robot, "login_timeout": 30}
    return AuthorizationCode("native-app", issuer_url=service.url, **{**arguments, **more})  # type: ignore[arg-type]


def end(credentials: AuthorizationCode) -> str:
    """Get a token and have it refused, as the platform does with one that it does not accept any more."""
    token = credentials.get_token()
    credentials.invalidate(token)
    return token


def test_a_service_app_gets_a_token_that_is_good(service: IdentityService) -> None:
    token = ClientCredentials("service-app", SECRET, issuer_url=service.url).get_token()
    assert service.is_active(token)


def test_an_async_service_app_gets_a_token_that_is_good(service: IdentityService) -> None:
    token = asyncio.run(ClientCredentials("service-app", SECRET, issuer_url=service.url).aget_token())
    assert service.is_active(token)


def test_a_wrong_secret_is_an_error_that_says_what_to_check(service: IdentityService) -> None:
    with pytest.raises(CredentialsError, match="Check the client id and secret") as caught:
        ClientCredentials("service-app", "wrong-secret", issuer_url=service.url).get_token()
    assert caught.value.code == "invalid_client"
    assert "wrong-secret" not in str(caught.value)


def test_a_person_logs_in(service: IdentityService) -> None:
    robot = Robot()
    token = person(service, robot).get_token()
    assert service.is_active(token)
    assert "You are logged in" in robot.page


def test_a_person_logs_in_to_a_web_app_with_a_secret(service: IdentityService) -> None:
    credentials = AuthorizationCode(
        "web-app", client_secret=SECRET, issuer_url=service.url, redirect_uri=REDIRECT, open_browser=Robot()
    )
    assert service.is_active(end(credentials))
    assert service.is_active(credentials.get_token())


def test_every_login_has_a_state_and_a_challenge_of_its_own(service: IdentityService) -> None:
    robot = Robot()
    for _ in range(2):
        person(service, robot).get_token()
    first, second = (parse_qs(urlsplit(address).query) for address in robot.addresses)
    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]
    assert first["code_challenge_method"] == ["S256"]
    assert first["scope"] == ["itwin-platform offline_access"]


def test_the_token_is_renewed_without_the_browser_as_often_as_needed(service: IdentityService) -> None:
    robot = Robot()
    credentials = person(service, robot)
    # The service takes each refresh token once, so the third works only if the second was kept.
    tokens = {end(credentials) for _ in range(4)}
    assert len(tokens) == 4
    assert all(service.is_active(token) for token in tokens)
    assert len(robot.addresses) == 1


def test_a_revoked_refresh_token_leads_to_a_new_login(service: IdentityService, tmp_path: Path) -> None:
    robot = Robot()
    credentials = person(service, robot, store=FileTokenStore(tmp_path / "store"))
    end(credentials)
    (stored,) = (path for path in (tmp_path / "store").iterdir() if path.suffix != ".lock")
    service.revoke(stored.read_text("ascii"))
    assert service.is_active(credentials.get_token())
    assert len(robot.addresses) == 2


def test_a_stored_refresh_token_spares_the_next_program_the_login(service: IdentityService, tmp_path: Path) -> None:
    robot = Robot()
    first = person(service, robot, store=FileTokenStore(tmp_path / "store")).get_token()
    # Each of the two renews with a token that the other has used up, unless both look into the store.
    later = [person(service, robot, store=FileTokenStore(tmp_path / "store")) for _ in range(2)]
    tokens = {end(credentials) for _ in range(3) for credentials in later}
    assert len(tokens) == 6
    assert first not in tokens
    assert all(service.is_active(token) for token in tokens)
    assert len(robot.addresses) == 1


def test_logging_out_revokes_the_refresh_token_and_deletes_it(service: IdentityService, tmp_path: Path) -> None:
    robot = Robot()
    credentials = person(service, robot, store=FileTokenStore(tmp_path / "store"))
    credentials.get_token()
    (stored,) = (path for path in (tmp_path / "store").iterdir() if path.suffix != ".lock")
    refresh_token = stored.read_text("ascii")
    assert service.is_active(refresh_token)
    credentials.log_out()
    assert not stored.exists()
    assert not service.is_active(refresh_token)
    assert service.is_active(credentials.get_token())
    assert len(robot.addresses) == 2


def test_a_person_who_does_not_agree_is_told_so_here_and_in_the_browser(service: IdentityService) -> None:
    robot = Robot(agrees=False)
    with pytest.raises(CredentialsError, match="access_denied") as caught:
        person(service, robot).get_token()
    assert caught.value.code == "access_denied"
    assert "The login failed" in robot.page


def test_an_unknown_app_or_redirect_ends_with_the_time_for_the_login(service: IdentityService) -> None:
    # The service must not send the browser back then, so nothing but the time can end it.
    robot = Robot()
    with pytest.raises(CredentialsError, match=r"Nobody logged in within 0\.5 seconds"):
        person(service, robot, redirect_uri="http://127.0.0.1:0/elsewhere", login_timeout=0.5).get_token()


def test_any_number_of_threads_and_event_loops_share_one_login(service: IdentityService) -> None:
    robot = Robot()
    credentials = person(service, robot)

    async def tasks() -> list[str]:
        return list(await asyncio.gather(*(credentials.aget_token() for _ in range(20))))

    barrier = threading.Barrier(22)

    def one() -> list[str]:
        barrier.wait()
        return [credentials.get_token()]

    def loop() -> list[str]:
        barrier.wait()
        return asyncio.run(tasks())

    with ThreadPoolExecutor(22) as pool:
        results = [pool.submit(one) for _ in range(20)] + [pool.submit(loop) for _ in range(2)]
        tokens = [token for result in results for token in result.result()]
    assert len(tokens) == 60
    assert len(set(tokens)) == 1
    assert len(robot.addresses) == 1


def test_an_event_loop_runs_on_while_a_person_types(service: IdentityService) -> None:
    typing = threading.Event()
    robot = Robot()

    def slow_person(url: str) -> None:
        assert typing.wait(30)
        robot(url)

    async def main() -> str:
        credentials = person(service, robot, open_browser=slow_person)
        login = asyncio.create_task(credentials.aget_token())
        async with httpx.AsyncClient() as client:
            for _ in range(5):
                assert (await client.get(f"{service.url}/.well-known/openid-configuration")).status_code == 200
        assert not login.done()
        typing.set()
        return await login

    assert service.is_active(asyncio.run(main()))
