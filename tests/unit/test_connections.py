"""Connections to the servers of repositories: what is sent, to whom, and what never shows."""

import base64
import traceback
from typing import Any

import httpx
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from itwin_platform import ITwinPlatform, errors
from itwin_platform.connections import OAuth2Parameters, RepositoryConnection
from itwin_platform.models import OtherAuthentication, OtherOptions, Repository
from tests.support.scripted import ScriptedServer, answer

HEADER = {"type": "Header", "key": "X-Api-Key", "value": "top-secret"}
PARAMETER = {"type": "QueryParameter", "key": "token", "value": "top-secret & more"}
BASIC = {"type": "Basic", "username": "user", "password": "top-secret"}
PKCE = {
    "type": "OAuth2AuthorizationCodePKCE",
    "clientId": "client",
    "scopes": "read write",
    "authorizationEndpoint": "https://login.example.com/authorize",
    "tokenEndpoint": "https://login.example.com/token",
    "redirectUri": "http://localhost:3000/callback",
}
TILES = "https://tiles.example.com/{z}/{x}/{y}.png"


def repository(uri: str = "https://maps.example.com/wms", **properties: Any) -> Repository:
    return Repository.from_dict(
        {"id": "r", "class": "GeographicInformationSystem", "displayName": "Maps", "uri": uri, **properties}
    )


def connect(uri: str = "https://maps.example.com/wms", **properties: Any) -> RepositoryConnection:
    return RepositoryConnection(repository(uri, **properties))


def test_it_hangs_on_the_platform_and_needs_no_network() -> None:
    with ITwinPlatform("token", api_url="http://127.0.0.1:9") as platform:
        request = platform.repositories.connection(repository()).request()
    assert (request.url, request.params, request.headers) == ("https://maps.example.com/wms", (), {})


def test_a_header() -> None:
    request = connect(authentication=HEADER).request()
    assert request.headers == {"X-Api-Key": "top-secret"}
    assert request.full_url == "https://maps.example.com/wms"


def test_a_query_parameter() -> None:
    request = connect("https://maps.example.com/wms?map=1&token=old", authentication=PARAMETER).request()
    assert request.params == (("map", "1"), ("token", "top-secret & more"))
    assert request.full_url == "https://maps.example.com/wms?map=1&token=top-secret+%26+more"
    assert request.headers == {}


def test_basic() -> None:
    request = connect(authentication=BASIC | {"password": "p\u00e4ss:word"}).request()
    scheme, _, value = request.headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(value).decode() == "user:p\u00e4ss:word"


def test_a_token_of_its_own() -> None:
    connection = connect(authentication=PKCE)
    assert connection.oauth2 == OAuth2Parameters(
        client_id="client",
        scopes=("read", "write"),
        authorization_endpoint="https://login.example.com/authorize",
        token_endpoint="https://login.example.com/token",
        redirect_uri="http://localhost:3000/callback",
    )
    with pytest.raises(errors.ConfigurationError, match=r"authorized\(token\)"):
        connection.request()
    assert connection.authorized("theirs").request().headers == {"Authorization": "Bearer theirs"}
    for bad in ("", "two words", "line\nbreak"):
        with pytest.raises(ValueError, match="access_token"):
            connection.authorized(bad)
    with pytest.raises(ValueError, match="does not use OAuth"):
        connect(authentication=BASIC).authorized("theirs")


def test_an_authentication_that_is_not_known() -> None:
    connection = connect(authentication={"type": "Kerberos", "realm": "top-secret"})
    assert connection.authentication == "Kerberos"
    with pytest.raises(errors.ConfigurationError, match="the repository's type of authentication, 'Kerberos'"):
        connection.request()
    with pytest.raises(errors.ConfigurationError):
        connection.auth()


def test_parameters_are_merged() -> None:
    connection = connect(
        "https://maps.example.com/wms?map=a&layers=base",
        options={"queryParameters": {"layers": "roads", "version": 1.3, "transparent": True, "style": ["a", "b"]}},
    )
    request = connection.request("sub/path with space", params={"version": "2", "map": None, "bbox": [1, 2]})
    assert request.url == "https://maps.example.com/wms/sub/path%20with%20space"
    assert request.params == (
        ("layers", "roads"), ("transparent", "true"), ("style", "a"), ("style", "b"),
        ("version", "2"), ("bbox", "1"), ("bbox", "2"),
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/absolute", "../up", "a/../../up", "a//b", "\\back", "."])
def test_paths_do_not_lead_away(path: str) -> None:
    with pytest.raises(ValueError, match="path must be relative"):
        connect().request(path)


def test_a_slash_at_the_end_stays() -> None:
    assert connect().request("layers/").url == "https://maps.example.com/wms/layers/"
    with pytest.raises(ValueError, match="path must be relative"):
        connect().request("layers//")
    with pytest.raises(ValueError, match="path must be a string"):
        connect().request(5)  # type: ignore[arg-type]


@given(st.text(max_size=40))
def test_no_path_leads_away(path: str) -> None:
    try:
        request = connect(authentication=HEADER).request(path)
    except ValueError:
        return
    assert request.url.startswith("https://maps.example.com/wms")
    assert httpx.URL(request.full_url).host == "maps.example.com"


def test_tiles() -> None:
    connection = connect(
        TILES + "?s={S}", options={"minimumLevel": 10, "maximumLevel": 20, "queryParameters": {"v": 1}}
    )
    request = connection.tile(12, 3, 4, s="a b")
    assert request.full_url == "https://tiles.example.com/12/3/4.png?s=a+b&v=1"
    for level, message in ((9, "at least 10"), (21, "at most 20")):
        with pytest.raises(ValueError, match=message):
            connection.tile(level, 0, 0, s="a")
    assert connection.tile(10, 0, 0, s="a").url.endswith("/10/0/0.png")
    assert connection.tile(20, 0, 0, s="a").url.endswith("/20/0/0.png")
    with pytest.raises(ValueError, match=r"needs a value for \{S\}"):
        connection.tile(12, 3, 4)
    for bad in (-1, 1.5, True, "1"):
        with pytest.raises(ValueError, match="x must be a whole number"):
            connection.tile(12, bad, 0, s="a")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is a template"):
        connection.request()
    with pytest.raises(ValueError, match="is not a template"):
        connect().tile(1, 1, 1)


def test_values_cannot_leave_their_place_in_a_template() -> None:
    request = connect("https://tiles.example.com/{s}/{z}/{x}/{y}").tile(1, 2, 3, s="../../evil?x=#")
    assert request.url == "https://tiles.example.com/..%2F..%2Fevil%3Fx%3D%23/1/2/3"


@pytest.mark.parametrize("value", ["", ".", "..", 5])
def test_values_that_would_be_another_place(value: object) -> None:
    with pytest.raises(ValueError, match=r"needs a value for \{s\}"):
        connect("https://tiles.example.com/a/{s}/{z}/{x}/{y}").tile(1, 2, 3, s=value)  # type: ignore[arg-type]


def test_numbers_are_not_replaced() -> None:
    connection = connect("https://tiles.example.com/{Z}/{X}/{Y}", options={"maximumLevel": 5})
    assert connection.tile(1, 2, 3, Z="99").url == "https://tiles.example.com/1/2/3"


@pytest.mark.parametrize("name", ["-y", "switch:a,b", "bbox-epsg-3857", ""])
def test_placeholders_of_other_kinds_need_a_value(name: str) -> None:
    connection = connect(f"https://tiles.example.com/{{z}}/{{x}}/{{{name}}}.png")
    with pytest.raises(ValueError, match="needs a value"):
        connection.tile(3, 4, 5)
    others: Any = {name: "2"}
    assert connection.tile(3, 4, 5, **others).url == "https://tiles.example.com/3/4/2.png"
    with pytest.raises(ValueError, match="is a template"):
        connection.request()


def test_braces_that_are_no_placeholder() -> None:
    with pytest.raises(ValueError, match="braces that do not form a placeholder"):
        connect("https://tiles.example.com/{{z}}/{x}/{y}").tile(3, 4, 5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queryParameters": ["a"]}, "queryParameters is not an object"),
        ({"queryParameters": "a=b"}, "queryParameters is not an object"),
        ({"queryParameters": {"a": {"b": 1}}}, "query parameter 'a' must be a string"),
        ({"minimumLevel": "10"}, "minimumLevel is not a whole number"),
        ({"maximumLevel": True}, "maximumLevel is not a whole number"),
    ],
)
def test_options_that_cannot_be_used(options: dict[str, Any], message: str) -> None:
    source = repository()
    # As an answer with options of a kind that is not known yet would have them.
    source.options = OtherOptions.from_dict(options)
    with pytest.raises(ValueError, match=message):
        RepositoryConnection(source)


def test_a_query_that_is_no_text() -> None:
    with pytest.raises(ValueError, match="not UTF-8"):
        connect("https://maps.example.com/wms?a=%E9").request()


@pytest.mark.parametrize(
    "uri", ["ftp://example.com/", "", "example.com", "https://user@example.com/", "https://", "https://exam ple.com/"]
)
def test_addresses_that_are_none(uri: str) -> None:
    with pytest.raises(ValueError, match="uri is not"):
        connect(uri)


def test_secrets_need_tls_and_a_certain_host() -> None:
    assert connect("http://maps.example.com/wms").request().url == "http://maps.example.com/wms"
    assert connect("http://127.0.0.1:8080/wms", authentication=HEADER).request().headers
    with pytest.raises(ValueError, match="allow_http=True"):
        connect("http://maps.example.com/wms", authentication=HEADER)
    opened = RepositoryConnection(repository("http://maps.example.com/wms", authentication=HEADER), allow_http=True)
    assert opened.request().headers == {"X-Api-Key": "top-secret"}
    with pytest.raises(ValueError, match="has a placeholder in its host"):
        connect("https://{s}.example.com/{z}/{x}/{y}", authentication=HEADER)


@pytest.mark.parametrize(
    "authentication",
    [
        HEADER | {"key": "Host"},
        HEADER | {"key": "a: b\r\nc"},
        HEADER | {"value": "a\r\nX: b"},
        HEADER | {"key": ""},
        PARAMETER | {"key": ""},
        BASIC | {"username": "a:b"},
        BASIC | {"username": None, "password": None},
        BASIC | {"password": "top-secret\ud800"},
        PARAMETER | {"value": "top-secret\ud800"},
        PARAMETER | {"value": {"top-secret": 1}},
    ],
)
def test_credentials_that_cannot_be_sent(authentication: dict[str, str]) -> None:
    source = repository()
    source.authentication = OtherAuthentication.from_dict(authentication)
    with pytest.raises(ValueError, match="the repository") as caught:
        RepositoryConnection(source)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in shown.stack if "itwin_platform" in frame.filename]
    assert frames
    assert "top-secret" not in f"{caught.value}{caught.value.__context__}{[frame.locals for frame in frames]}"


@pytest.mark.parametrize("authentication", [HEADER, PARAMETER, BASIC])
def test_secrets_do_not_show(authentication: dict[str, str]) -> None:
    connection = connect("https://maps.example.com/wms?key=top-secret", authentication=authentication)
    shown = "".join(map(repr, (connection, connection.request(), connection.auth())))
    encoded = base64.b64encode(b"user:top-secret").decode()
    assert "top-secret" not in shown
    assert encoded not in shown
    assert "maps.example.com" in shown


@pytest.mark.parametrize("authentication", [HEADER, PARAMETER, BASIC])
def test_as_auth_of_requests_it_does_not_follow_redirects_elsewhere(authentication: dict[str, str]) -> None:
    with ScriptedServer(answer(200, b"there")) as other:
        moved = answer(302, location=f"{other.url}/elsewhere")
        with ScriptedServer(answer(302, location="/here"), moved) as server:
            auth = connect(f"{server.url}/wms", authentication=authentication).auth()
            assert requests.get(f"{server.url}/wms", auth=auth, timeout=10).text == "there"
    heads = [request.head for request in server.received]
    assert len(heads) == 2
    assert b"secret" in heads[0] or b"Authorization" in heads[0]
    (elsewhere,) = other.received
    assert b"secret" not in elsewhere.head
    assert b"uthorization" not in elsewhere.head


@pytest.mark.parametrize(
    ("uri", "same"),
    [
        ("https://m\u00fcnchen.example/wms", "https://xn--mnchen-3ya.example/wms"),
        ("https://[0:0:0:0:0:0:0:1]/wms", "https://[::1]/wms"),
        ("https://MAPS.example.com:443/wms", "https://maps.example.com/wms"),
    ],
)
def test_a_host_has_several_spellings(uri: str, same: str) -> None:
    auth = connect(uri, authentication=HEADER).auth()
    for url in (uri, same):
        request = auth(httpx.Request("GET", url))
        assert request.headers["X-Api-Key"] == "top-secret"


def test_the_rest_of_a_query_stays_as_it_is() -> None:
    auth = connect(authentication=PARAMETER).auth()
    request = auth(httpx.Request("GET", "https://maps.example.com/wms?a=%E9&flag&token=old&b=1+2"))
    assert request.url.raw_path == b"/wms?a=%E9&flag&b=1+2&token=top-secret+%26+more"


@pytest.mark.parametrize("authentication", [HEADER, PARAMETER, BASIC])
def test_as_auth_of_httpx(authentication: dict[str, str]) -> None:
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    connection = connect(authentication=authentication)
    with httpx.Client(transport=httpx.MockTransport(serve), auth=connection.auth()) as client:
        client.get("https://maps.example.com/wms", params={"a": "b c"})
        client.get("https://maps.example.com:443/wms")
        client.get("https://other.example.com/wms")
        client.get("http://maps.example.com/wms")
    expected = connection.request(params={"a": "b c"})
    assert seen[0].url == httpx.URL(expected.full_url)
    assert expected.headers.items() <= {name.title(): value for name, value in seen[0].headers.items()}.items()
    assert "secret" in f"{seen[1].url}{seen[1].headers.raw}" or "authorization" in seen[1].headers
    for request in seen[2:]:
        assert "secret" not in f"{request.url}{request.headers.raw}"
        assert "authorization" not in request.headers
