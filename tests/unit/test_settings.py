"""Making a client: what its arguments and the environment may be, checked before anything is sent."""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import Any

import pytest

from itwin_platform import AsyncITwinPlatform, Environment, ITwinPlatform, RetryPolicy, __version__, errors
from itwin_platform._settings import make_settings
from itwin_platform.credentials import ClientCredentials, StaticToken

VARIABLES = (
    "ITP_ACCESS_TOKEN",
    "ITP_SERVICE_CLIENT_ID",
    "ITP_SERVICE_CLIENT_SECRET",
    "ITP_API_URL",
    "ITP_ISSUER_URL",
)


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def api_url_of(platform: ITwinPlatform) -> str:
    return re.search(r"api_url='([^']+)'", repr(platform))[1]  # type: ignore[index]


@pytest.mark.parametrize(
    ("environment", "api", "issuer"),
    [
        ("prod", "https://api.bentley.com", "https://ims.bentley.com"),
        ("qa", "https://qa-api.bentley.com", "https://qa-ims.bentley.com"),
        ("dev", "https://dev-api.bentley.com", "https://qa-ims.bentley.com"),
        (Environment.QA, "https://qa-api.bentley.com", "https://qa-ims.bentley.com"),
    ],
)
def test_an_environment_chooses_both_hosts(environment: str, api: str, issuer: str) -> None:
    assert api_url_of(ITwinPlatform("t", environment=environment)) == api
    assert Environment(environment).issuer_url == issuer


def test_prod_is_the_default() -> None:
    assert api_url_of(ITwinPlatform("t")) == "https://api.bentley.com"


def test_variables_count_where_no_argument_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITP_API_URL", "http://127.0.0.1:8000/")
    assert api_url_of(ITwinPlatform("t")) == "http://127.0.0.1:8000"
    assert api_url_of(ITwinPlatform("t", environment="qa")) == "https://qa-api.bentley.com"
    assert api_url_of(ITwinPlatform("t", api_url="https://gateway.example")) == "https://gateway.example"


@pytest.mark.parametrize(
    "url",
    [
        "http://api.bentley.com",
        "http://10.0.0.1",
        "http://localhost.evil.example",
        "ftp://localhost",
        "https://",
        "https://user:pass-word@api.bentley.com",
        "https://api.bentley.com?x=1",
        "https://api.bentley.com#x",
        "https://api.bentley.com\\@evil.example",
        "https://api.bentley.com ",
        "https://api.bentley.com\n",
        "https://[::1",
        "https://api.bentley.com:port",
        "api.bentley.com",
        "https://\u0430pi.bentley.com",
    ],
)
def test_an_address_that_secrets_must_not_go_to_is_refused(url: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"^api_url") as caught:
        ITwinPlatform("t", api_url=url)
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1", "http://[::1]:9", "http://127.9.9.9:80"])
def test_plain_http_is_accepted_for_this_machine(url: str) -> None:
    ITwinPlatform("t", api_url=url).close()


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("environment", "production"),
        ("timeout", 0),
        ("timeout", (1, 2, 3)),
        ("timeout", (1, -2)),
        ("timeout", "10"),
        ("deadline", float("inf")),
        ("deadline", float("nan")),
        ("deadline", True),
        ("max_body_bytes", -1),
        ("retry", 3),
        ("user_agent", "two\nlines"),
        ("user_agent", ""),
        ("user_agent", "caf\u00e9"),
        ("verify", False),
        ("verify", 3),
        ("credentials", 3),
        ("credentials", StaticToken),
    ],
)
def test_an_argument_that_cannot_be_used_is_named(argument: str, value: Any) -> None:
    arguments: dict[str, Any] = {"credentials": "t", argument: value}
    with pytest.raises(errors.ConfigurationError, match=argument):
        ITwinPlatform(**arguments)


@pytest.mark.parametrize("change", [{"attempts": 0}, {"base": -1}, {"base": 30}, {"max_retry_after": -1}])
def test_a_retry_policy_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        RetryPolicy(**change)


def test_the_user_agent_identifies_versions() -> None:
    settings = make_settings(
        environment=None,
        api_url=None,
        issuer_url=None,
        timeout=None,
        deadline=1,
        retry=None,
        user_agent="my-app/1.0",
        max_body_bytes=1,
        proxy=None,
        verify=ssl.create_default_context(),
        http2=False,
    )
    assert re.fullmatch(rf"itwin-platform/{re.escape(__version__)} python/3\.\S+ my-app/1\.0", settings.user_agent)


class TestCredentialsFromTheEnvironment:
    def test_nothing_configured_says_what_to_set(self) -> None:
        with pytest.raises(errors.ConfigurationError, match=r"ITP_ACCESS_TOKEN.*ITP_SERVICE_CLIENT_ID"):
            ITwinPlatform()
        with pytest.raises(errors.ConfigurationError, match="ITP_ACCESS_TOKEN"):
            AsyncITwinPlatform()

    def test_empty_variables_are_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ITP_ACCESS_TOKEN", "")
        with pytest.raises(errors.ConfigurationError, match="ITP_ACCESS_TOKEN"):
            ITwinPlatform()

    @pytest.mark.parametrize("given", ["ITP_SERVICE_CLIENT_ID", "ITP_SERVICE_CLIENT_SECRET"])
    def test_half_a_service_app_names_the_other_half(self, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
        monkeypatch.setenv(given, "pass-word")
        (missing,) = {"ITP_SERVICE_CLIENT_ID", "ITP_SERVICE_CLIENT_SECRET"} - {given}
        with pytest.raises(errors.ConfigurationError, match=f"^{missing} is not set") as caught:
            ITwinPlatform()
        assert "pass-word" not in str(caught.value)

    def test_a_token_or_a_service_app_suffices(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ITP_SERVICE_CLIENT_ID", "service")
        monkeypatch.setenv("ITP_SERVICE_CLIENT_SECRET", "pass-word")
        ITwinPlatform().close()
        monkeypatch.setenv("ITP_ACCESS_TOKEN", "token")
        ITwinPlatform().close()


class TestTokens:
    @pytest.mark.parametrize(
        "token",
        [
            "secret-token\n",
            " secret-token",
            "",
            "Bearer secret-token",
            "secret token",
            "secret\u00e9",
            "secret\x00",
            "a,b",
        ],
    )
    def test_what_cannot_be_a_token_is_refused_without_being_shown(self, token: str) -> None:
        with pytest.raises(errors.CredentialsError) as caught:
            ITwinPlatform(token)
        assert not token.strip() or token.strip() not in str(caught.value)

    def test_an_async_callable_needs_the_async_client(self) -> None:
        async def token() -> str:
            return "t"

        with pytest.raises(errors.ConfigurationError, match="AsyncITwinPlatform"):
            ITwinPlatform(token)
        asyncio.run(AsyncITwinPlatform(token).aclose())

    def test_credentials_show_no_secret_and_cannot_be_pickled(self) -> None:
        import pickle

        for credentials in (StaticToken("secret-token"), ClientCredentials("id", "secret-token")):
            assert "secret-token" not in repr(credentials)
            assert "secret-token" not in str(vars(credentials).keys())
            with pytest.raises(TypeError, match="pickled"):
                pickle.dumps(credentials)

    def test_credentials_of_one_environment_do_not_serve_another(self) -> None:
        credentials = ClientCredentials("id", "secret")
        ITwinPlatform(credentials, environment="prod").close()
        ITwinPlatform(credentials, environment="prod").close()
        with pytest.raises(errors.ConfigurationError, match="another object"):
            ITwinPlatform(credentials, environment="qa")

    @pytest.mark.parametrize("arguments", [("", "s"), ("i", ""), ("i\n", "s"), ("i", "s\n")])
    def test_a_service_app_needs_both_and_no_stray_line_break(self, arguments: tuple[str, str]) -> None:
        with pytest.raises(errors.ConfigurationError, match=r"^client_(id|secret)"):
            ClientCredentials(*arguments)
