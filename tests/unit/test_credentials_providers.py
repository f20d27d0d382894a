"""What a client can be given as credentials, and what becomes of tokens that cannot be tokens."""

import asyncio
import copy
import functools
import logging
import pickle
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from itwin_platform import AsyncITwinPlatform, Environment, ITwinPlatform
from itwin_platform._settings import Settings, make_settings
from itwin_platform.credentials import (
    AuthorizationCode,
    CallableToken,
    ClientCredentials,
    CredentialsArgument,
    StaticToken,
    TokenProvider,
)
from itwin_platform.credentials._choice import provider_of
from itwin_platform.errors import ConfigurationError, CredentialsError, ITwinPlatformError
from tests.support import leaks

TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln"
BAD_TOKENS: dict[str, object] = {
    "empty": "",
    "line break at the end": TOKEN + "\n",
    "header injection": TOKEN + "\r\nX-Injected: 1",
    "with the word": "Bearer " + TOKEN,
    "not ASCII": TOKEN + "é",
    "inner space": TOKEN + " " + TOKEN,
    "quotes": f'"{TOKEN}"',
    "null": TOKEN + "\0",
    "surrogate": TOKEN + "\ud800",
    "bytes": TOKEN.encode(),
    "none": None,
    "number": 7,
    "list": [TOKEN],
}


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCESS_TOKEN", "SERVICE_CLIENT_ID", "SERVICE_CLIENT_SECRET", "API_URL", "ISSUER_URL"):
        monkeypatch.delenv(f"ITP_{name}", raising=False)


def settings() -> Settings:
    return make_settings(
        environment=None,
        api_url=None,
        issuer_url=None,
        timeout=None,
        deadline=1.0,
        retry=None,
        user_agent=None,
        max_body_bytes=1000,
        proxy=None,
        verify=None,
        http2=False,
    )


def token_from(credentials: CredentialsArgument) -> str:
    return provider_of(credentials, settings(), for_async=False).get_token()


def token_from_async(credentials: CredentialsArgument) -> str:
    return asyncio.run(provider_of(credentials, settings(), for_async=True).aget_token())


both = pytest.mark.parametrize("get", [token_from, token_from_async])
Get = Callable[[CredentialsArgument], str]


class Custom:
    """A provider that a user wrote."""

    def __init__(self, token: object) -> None:
        self.token = token
        self.invalidated: list[str] = []

    def get_token(self) -> str:
        if isinstance(self.token, Exception):
            raise self.token
        return self.token  # type: ignore[return-value]

    async def aget_token(self) -> str:
        return self.get_token()

    def invalidate(self, token: str) -> None:
        self.invalidated.append(token)
        if isinstance(self.token, Exception):
            raise self.token


class SyncCallable:
    def __call__(self) -> str:
        return TOKEN


class AsyncCallable:
    async def __call__(self) -> str:
        return TOKEN


async def an_async_function() -> str:
    await asyncio.sleep(0)
    return TOKEN


GOOD: list[CredentialsArgument] = [
    TOKEN,
    StaticToken(TOKEN),
    lambda: TOKEN,
    SyncCallable(),
    functools.partial(str, TOKEN),
    CallableToken(lambda: TOKEN),
    Custom(TOKEN),
]


@both
@pytest.mark.parametrize("credentials", GOOD, ids=lambda value: type(value).__name__)
def test_whatever_gives_a_token_serves(credentials: CredentialsArgument, get: Get) -> None:
    assert get(credentials) == TOKEN


@pytest.mark.parametrize("function", [an_async_function, AsyncCallable(), functools.partial(an_async_function)])
def test_async_callables_serve_the_async_client_alone(function: CredentialsArgument) -> None:
    assert token_from_async(function) == TOKEN
    with pytest.raises(ConfigurationError, match="AsyncITwinPlatform"):
        token_from(function)


def test_a_callable_that_turns_out_to_be_async_is_named_as_such() -> None:
    with pytest.raises(ConfigurationError, match="AsyncITwinPlatform"):
        token_from(lambda: an_async_function())  # noqa: PLW0108 (it looks like a plain function)


def test_a_callable_that_needs_arguments_is_refused_when_the_client_is_made() -> None:
    for credentials in (lambda _: TOKEN, CallableToken(lambda: TOKEN).invalidate, ["x"].index):
        with pytest.raises(ConfigurationError, match=r"^The credentials callable must take no arguments\.$"):
            ITwinPlatform(credentials)  # type: ignore[arg-type]


def test_an_error_names_no_line_of_the_package() -> None:
    with pytest.raises(CredentialsError, match=r"^The credentials callable raised StopIteration\.$"):
        token_from(functools.partial(next, iter(())))


def test_a_class_is_named_as_one() -> None:
    with pytest.raises(ConfigurationError, match=r"or a credentials object, not the class ClientCredentials\.$"):
        ITwinPlatform(ClientCredentials)  # type: ignore[arg-type]


@pytest.mark.parametrize("credentials", [7, b"token", ["token"], {}, object(), StaticToken, ClientCredentials])
def test_anything_else_is_refused(credentials: object) -> None:
    with pytest.raises(ConfigurationError, match="credentials must be"):
        token_from(credentials)  # type: ignore[arg-type]


@both
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for name, token in BAD_TOKENS.items()
        for kind in ("itself", "function", "provider")
        if kind != "itself" or isinstance(token, str)
    ],
)
def test_what_cannot_be_a_token_is_refused_and_not_shown(name: str, kind: str, get: Get) -> None:
    token = BAD_TOKENS[name]
    kinds: dict[str, object] = {"itself": token, "function": lambda: token, "provider": Custom(token)}
    with pytest.raises(CredentialsError, match="access token from") as caught:
        get(kinds[kind])  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    leaks.assert_none(leaks.shown_by(caught.value), [TOKEN])


@given(st.text())
@example("abc")
def test_a_token_is_taken_as_it_is_or_refused(text: str) -> None:
    token: str | None = None
    with suppress(CredentialsError):
        token = StaticToken(text).get_token()
    if token is None:
        return
    assert token == text
    # One word of visible ASCII: whatever is put before or after it in a header stays what it is.
    assert token.isascii()
    assert token.isprintable()
    assert token.split() == [token]


@both
@pytest.mark.parametrize("kind", ["function", "provider"])
def test_what_a_callable_raises_is_a_credentials_error_that_names_kind_and_place(kind: str, get: Get) -> None:
    def fail() -> str:
        raise ZeroDivisionError(TOKEN)

    credentials: CredentialsArgument = fail if kind == "function" else Custom(ZeroDivisionError(TOKEN))
    with pytest.raises(CredentialsError, match=r"raised ZeroDivisionError at test_credentials_providers\.py") as caught:
        get(credentials)
    leaks.assert_none(leaks.shown_by(caught.value), [TOKEN])


@both
def test_our_own_errors_come_through_a_callable(get: Get) -> None:
    def fail() -> str:
        raise CredentialsError("Check the client id.", code="invalid_client")

    with pytest.raises(CredentialsError, match=r"^Check the client id\.$") as caught:
        get(fail)
    assert caught.value.code == "invalid_client"


def test_a_callable_that_blocks_does_not_block_the_event_loop() -> None:
    ready = threading.Event()

    def slow() -> str:
        assert ready.wait(10)
        return TOKEN

    async def main() -> str:
        waiting = asyncio.create_task(provider_of(slow, settings(), for_async=True).aget_token())
        await asyncio.sleep(0.01)
        ready.set()
        return await waiting

    assert asyncio.run(main()) == TOKEN


def test_a_provider_hears_of_refused_tokens() -> None:
    custom = Custom(TOKEN)
    provider_of(custom, settings(), for_async=False).invalidate(TOKEN)
    assert custom.invalidated == [TOKEN]
    with pytest.raises(CredentialsError, match="ZeroDivisionError"):
        provider_of(Custom(ZeroDivisionError(TOKEN)), settings(), for_async=False).invalidate(TOKEN)


# --- the environment


@pytest.mark.parametrize("client", [ITwinPlatform, AsyncITwinPlatform])
def test_without_anything_the_error_names_what_to_set(client: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError, match=r"ITP_ACCESS_TOKEN.*ITP_SERVICE_CLIENT_ID.*ITP_SERVICE_CLIENT_SECRET"):
        client()


def test_the_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITP_ACCESS_TOKEN", TOKEN)
    monkeypatch.setenv("ITP_SERVICE_CLIENT_ID", "app")
    assert token_from(None) == TOKEN
    assert token_from("argument") == "argument"
    monkeypatch.setenv("ITP_ACCESS_TOKEN", TOKEN + "\n")
    with pytest.raises(CredentialsError, match="from ITP_ACCESS_TOKEN begins or ends with white space") as caught:
        token_from(None)
    leaks.assert_none(leaks.shown_by(caught.value), [TOKEN])


def test_the_service_app_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITP_SERVICE_CLIENT_ID", "app")
    with pytest.raises(ConfigurationError, match="ITP_SERVICE_CLIENT_SECRET is not set"):
        provider_of(None, settings(), for_async=False)
    monkeypatch.setenv("ITP_SERVICE_CLIENT_SECRET", "secret")
    assert repr(provider_of(None, settings(), for_async=False)) == (
        "ClientCredentials('app', '***', scope='itwin-platform')"
    )
    monkeypatch.delenv("ITP_SERVICE_CLIENT_ID")
    with pytest.raises(ConfigurationError, match="ITP_SERVICE_CLIENT_ID is not set") as caught:
        provider_of(None, settings(), for_async=False)
    leaks.assert_none(leaks.shown_by(caught.value), ["'secret'"])


# --- the objects


SECRET = "s3cret-of-the-app"
OBJECTS: list[TokenProvider] = [
    StaticToken(TOKEN),
    ClientCredentials("app", SECRET),
    AuthorizationCode("app", client_secret=SECRET),
]
objects = pytest.mark.parametrize("credentials", OBJECTS, ids=lambda value: type(value).__name__)


@objects
def test_credentials_show_no_secret(credentials: TokenProvider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("a program").warning("%s %r", credentials, vars(credentials))
    try:
        raise RuntimeError
    except RuntimeError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    leaks.assert_none(caplog.text + shown, [TOKEN, SECRET])


@objects
@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_credentials_are_not_pickled_or_copied(credentials: TokenProvider, take: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        take(credentials)


BAD_SECRETS = [
    "",
    " ",
    "secret\n",
    " secret",
    "sec\nret",
    "sec\0ret",
    "sec\ud800ret",
    "sec\u202eret",
    None,
    7,
    b"secret",
]


@pytest.mark.parametrize("secret", BAD_SECRETS)
def test_a_secret_that_cannot_be_one_is_named_and_not_shown(secret: str) -> None:
    for make in (
        lambda: ClientCredentials("app", secret),
        lambda: ClientCredentials(secret, "other"),
        lambda: AuthorizationCode(secret),
    ):
        with pytest.raises(ConfigurationError, match=r"client_(id|secret)") as caught:
            make()
        assert "\n" not in str(caught.value)
    with pytest.raises(ConfigurationError) as caught:
        ClientCredentials("app", f"{SECRET}\n")
    leaks.assert_none(leaks.shown_by(caught.value), [SECRET])


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost:3000/signin-callback",
        "http://example.org:3000/signin-callback",
        "http://localhost.example.org:3000/",
        "http://0.0.0.0:3000/signin-callback",
        "http://127.0.0.2:3000/signin-callback",
        "http://user@localhost:3000/signin-callback",
        "http://localhost:3000/signin-callback?a=1",
        "http://localhost:3000/signin-callback?",
        "http://localhost:3000/signin-callback#",
        "http://localhost:3000/a b",
        "http://localhost:3000/\r\nX: 1",
        "http://localhost:99999/",
        "http://[::1/",
        "localhost:3000",
        "",
        None,
        7,
    ],
)
def test_a_redirect_that_leads_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="redirect_uri must be"):
        AuthorizationCode("app", redirect_uri=url)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), True, "5", None])
def test_a_login_needs_a_time(timeout: float) -> None:
    with pytest.raises(ConfigurationError, match="login_timeout"):
        AuthorizationCode("app", login_timeout=timeout)


def test_a_store_has_to_be_one() -> None:
    with pytest.raises(ConfigurationError, match="store"):
        AuthorizationCode("app", store="~/tokens")  # type: ignore[arg-type]


def test_credentials_belong_to_one_environment() -> None:
    credentials = AuthorizationCode("app")
    ITwinPlatform(credentials, environment=Environment.QA).close()
    ITwinPlatform(credentials, environment="dev").close()  # it has the identity service of qa
    with pytest.raises(ConfigurationError, match=r"in use with https://qa-ims\.bentley\.com"):
        ITwinPlatform(credentials, environment="prod")


def test_an_error_survives_pickling_with_its_code() -> None:
    error: ITwinPlatformError = CredentialsError("It says no.", code="invalid_grant")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.code) == ("It says no.", "invalid_grant")
