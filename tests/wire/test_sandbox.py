"""The sandbox over a real socket: what every operation answers, as its definition says."""

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itwin_platform.sandbox import Sandbox
from itwin_platform.sandbox._catalogue import CATALOGUE
from tests.support.sandbox import OPERATIONS, SERVED, body_of, client_of, request_of, running, succeed

V1 = "application/vnd.bentley.itwin-platform.v1+json"
V2 = "application/vnd.bentley.itwin-platform.v2+json"
PATHS = sorted({documented["path"] for documented in OPERATIONS.values()})

each_operation = pytest.mark.parametrize("operation", OPERATIONS)


@pytest.fixture(scope="module")
def anonymous(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(base_url=sandbox.url, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def member(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client with the sandbox's token, for requests that change nothing."""
    with client_of(sandbox) as client:
        yield client


@pytest.fixture
def fresh() -> Iterator[httpx.Client]:
    """A client of a sandbox of its own."""
    with running() as (_, client):
        yield client


def code_of(response: httpx.Response) -> str:
    code: str = response.json()["error"]["code"]
    return code


class TestOperations:
    @each_operation
    def test_the_success_is_the_documented_one(self, operation: str, fresh: httpx.Client) -> None:
        documented = OPERATIONS[operation]
        expected = documented["answers"][documented["success"]]
        response = succeed(operation, fresh)
        assert response.status_code == documented["success"], response.text
        if expected is None:
            assert (response.content, "content-type" in response.headers) == (b"", False)
            return
        assert response.headers["content-type"] == documented["media_type"]
        answer = response.json()
        assert answer.keys() - {"_links"} == expected.keys() - {"_links"}
        body = body_of(operation) or {}
        for name, value in expected.items():
            if name == "_links" and "links" not in operation:
                continue
            check_like(operation, answer[name], value, body)

    @pytest.mark.parametrize(
        ("operation", "parameter"),
        [(operation, name) for operation, each in OPERATIONS.items() for name in re.findall(r"{(\w+)}", each["path"])],
    )
    @pytest.mark.parametrize("value", ["00000000-0000-0000-0000-000000000000", "x", "a%2Fb", "%C3%A9", "%FF"])
    def test_an_unknown_id_is_refused(self, operation: str, parameter: str, value: str, member: httpx.Client) -> None:
        """With the 404 of what is missing, or where ids are GUIDs with the error that the operation documents."""
        response = member.send(request_of(operation, member, **{parameter: value}))
        (named,) = (each for each in SERVED[operation].in_path if each.name == parameter)
        if operation == "itwins/get-resource-graphics" and parameter != "iTwinId":
            assert (response.status_code, response.json()) == (200, {"graphics": []})
        elif named.is_guid and value[0] != "0":
            assert response.status_code == SERVED[operation].invalid
            (detail,) = response.json()["error"]["details"]
            assert detail["target"] == parameter
        else:
            own = OPERATIONS[operation]["answers"][404]
            read = CATALOGUE.reads.get(named.collection or "")
            assert response.status_code == 404
            assert response.headers["content-type"] == OPERATIONS[operation]["media_type"]
            assert response.json() == (own if named.own_404 or read is None else read.answers[404])

    @pytest.mark.parametrize(
        "operation", [name for name, each in OPERATIONS.items() if each["path"].startswith("/itwins/{iTwinId}/")]
    )
    def test_an_unknown_itwin_comes_before_anything_below_it(self, operation: str, member: httpx.Client) -> None:
        nobody = "00000000-0000-0000-0000-000000000000"
        names = dict.fromkeys(re.findall(r"{(\w+)}", OPERATIONS[operation]["path"]), nobody)
        response = member.send(request_of(operation, member, **names))
        assert (response.status_code, code_of(response)) == (404, "iTwinNotFound")

    @pytest.mark.parametrize("path", ["/", "/itwins//", "/itwins/x/nothing", "/v1/itwins/x"])
    def test_a_path_without_an_operation_is_not_found(self, path: str, member: httpx.Client) -> None:
        response = member.get(path)
        assert response.status_code == 404
        assert code_of(response) == "ResourceNotFound"
        assert response.json()["error"]["details"][0]["code"] == "OperationNotFound"

    def test_a_slash_at_the_end_makes_no_difference(self, member: httpx.Client, sandbox: Sandbox) -> None:
        for path in ("/itwins/", f"/itwins/{sandbox.itwin_id}/"):
            with_slash, without = member.get(path), member.get(path.rstrip("/"))
            assert with_slash.status_code == without.status_code == 200
            assert {**with_slash.json(), "_links": None} == {**without.json(), "_links": None}

    @pytest.mark.parametrize("path", PATHS)
    def test_another_method_is_not_allowed(self, path: str, member: httpx.Client) -> None:
        allowed = {each["method"] for each in OPERATIONS.values() if each["path"] == path}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed:
            response = member.request(method, re.sub("{.*?}", "x", path))
            assert response.status_code == 405
            assert allowed <= set(response.headers["allow"].split(", "))
            assert code_of(response) == "MethodNotAllowed"

    @pytest.mark.parametrize("operation", [name for name, each in OPERATIONS.items() if each["method"] == "GET"])
    def test_head_tells_what_get_would(self, operation: str, member: httpx.Client) -> None:
        request = request_of(operation, member)
        response = member.head(request.url)
        assert response.status_code == 200
        assert response.headers["content-type"] == OPERATIONS[operation]["media_type"]
        assert response.content == b""

    @each_operation
    def test_a_wrong_accept_header_matches_no_operation(self, operation: str, member: httpx.Client) -> None:
        request = request_of(operation, member)
        request.headers["accept"] = "application/vnd.bentley.itwin-platform.v9+json"
        response = member.send(request)
        assert response.status_code == 404
        assert code_of(response) == "ResourceNotFound"

    @each_operation
    def test_a_rate_limit_is_the_documented_refusal(self, operation: str) -> None:
        with running() as (sandbox, client):
            sandbox.rate_limit(times=1, retry_after=7)
            response = client.send(request_of(operation, client))
            assert (response.status_code, response.headers["retry-after"]) == (429, "7")
            assert response.json() == OPERATIONS[operation]["answers"][429]
            assert succeed(operation, client).status_code == OPERATIONS[operation]["success"]


class TestAccept:
    @pytest.mark.parametrize(
        "accept",
        [
            V1,
            V1.upper(),
            f"text/html, {V1};q=0.5",
            "*/*",
            "application/*",
            "text/html,*/*;q=0.8",
            f"{V1} ; charset=utf-8",
            "*/*;q=0, " + V1,
        ],
    )
    def test_a_header_that_takes_the_media_type_is_served(
        self, accept: str, sandbox: Sandbox, member: httpx.Client
    ) -> None:
        assert member.get(f"/itwins/{sandbox.itwin_id}", headers={"accept": accept}).status_code == 200

    @pytest.mark.parametrize(
        "accept", [V2, "application/json", "text/html", f"{V1};q=0", f"{V1};q=0.0, */*", "nonsense", ";,;", "text/*"]
    )
    def test_any_other_header_matches_no_operation(self, accept: str, sandbox: Sandbox, member: httpx.Client) -> None:
        response = member.get(f"/itwins/{sandbox.itwin_id}", headers={"accept": accept})
        assert response.status_code == 404
        assert code_of(response) == "ResourceNotFound"
        assert response.json()["error"]["details"][0]["code"] == "OperationNotFound"

    def test_a_missing_header_is_served(self, sandbox: Sandbox, member: httpx.Client) -> None:
        request = member.build_request("GET", f"/itwins/{sandbox.itwin_id}")
        del request.headers["accept"]
        assert member.send(request).status_code == 200

    def test_the_version_is_that_of_the_operation(self, sandbox: Sandbox, member: httpx.Client) -> None:
        path = f"/reality-analysis/itwins/{sandbox.itwin_id}/bucket"
        assert member.get(path, headers={"accept": V2}).status_code == 200
        assert member.get(path, headers={"accept": V1}).status_code == 404


class TestAuthorization:
    @pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer unknown", "bearer \t"])
    @each_operation
    def test_without_a_good_token_the_documented_refusal_is_served(
        self, authorization: str | None, operation: str, sandbox: Sandbox, anonymous: httpx.Client
    ) -> None:
        # With the standard library, because httpx does not send a header that ends in a blank.
        request = request_of(operation, anonymous)
        lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1", "Host: localhost", "Connection: close"]
        if authorization is not None:
            lines.append(f"Authorization: {authorization}")
        status, headers, body = raw(sandbox, "\r\n".join(lines) + "\r\n\r\n")
        assert status == 401
        assert headers["content-type"] == OPERATIONS[operation]["media_type"]
        assert headers["www-authenticate"].startswith("Bearer")
        assert json.loads(body) == OPERATIONS[operation]["answers"][401]

    def test_another_scheme_is_named_in_the_refusal(self, sandbox: Sandbox, anonymous: httpx.Client) -> None:
        response = anonymous.get(f"/itwins/{sandbox.itwin_id}", auth=("user", "password"))
        assert response.status_code == 401
        assert response.json()["error"] == {
            "code": "InvalidAuthorizationScheme",
            "message": "Authorization scheme 'Basic' is not valid.",
        }

    def test_a_token_without_a_scheme_is_not_sent_back(self, sandbox: Sandbox, anonymous: httpx.Client) -> None:
        response = anonymous.get(f"/itwins/{sandbox.itwin_id}", headers={"authorization": sandbox.token})
        assert response.status_code == 401
        assert code_of(response) == "InvalidAuthorizationScheme"
        assert sandbox.token not in response.text

    def test_the_scheme_may_be_in_any_case(self, sandbox: Sandbox, anonymous: httpx.Client) -> None:
        headers = {"authorization": f"bEARER {sandbox.token}"}
        assert anonymous.get(f"/itwins/{sandbox.itwin_id}", headers=headers).status_code == 200

    def test_a_token_of_another_sandbox_is_refused(self, anonymous: httpx.Client, sandbox: Sandbox) -> None:
        headers = {"authorization": f"Bearer {Sandbox().token}"}
        assert anonymous.get(f"/itwins/{sandbox.itwin_id}", headers=headers).status_code == 401

    @settings(max_examples=60, deadline=None)
    @given(
        name=st.sampled_from(["authorization", "accept"]),
        value=st.text(st.characters(min_codepoint=33, max_codepoint=255)),
    )
    def test_no_header_makes_the_sandbox_fail(
        self, name: str, value: str, sandbox: Sandbox, anonymous: httpx.Client
    ) -> None:
        response = anonymous.get(f"/itwins/{sandbox.itwin_id}", headers=[(name.encode(), value.encode("latin-1"))])
        assert response.status_code in {401, 404}
        assert code_of(response)


class TestRateLimit:
    def test_as_many_requests_as_asked_for_are_refused(self) -> None:
        with Sandbox() as sandbox, httpx.Client(base_url=sandbox.url, trust_env=False) as client:
            headers = {"authorization": f"Bearer {sandbox.token}"}
            sandbox.rate_limit(times=2, retry_after=7)
            assert client.get(f"/itwins/{sandbox.itwin_id}").status_code == 401
            answers = [client.get(f"/itwins/{sandbox.itwin_id}", headers=headers) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [429, 429, 200]
            assert answers[0].headers["retry-after"] == "7"
            assert code_of(answers[0]) == "RateLimitExceeded"

    def test_it_can_be_asked_for_from_another_process(self) -> None:
        with Sandbox() as sandbox, httpx.Client(base_url=sandbox.url, trust_env=False) as client:
            client.headers["authorization"] = f"Bearer {sandbox.token}"
            control = {"authorization": f"Bearer {sandbox.control_token}"}
            asked = client.post("/sandbox/rate-limit", params={"times": 1, "retry_after": 3}, headers=control)
            assert asked.json() == {"times": 1, "retry_after": 3}
            first = client.get(f"/reality-analysis/itwins/{sandbox.itwin_id}/bucket")
            second = client.get(f"/reality-analysis/itwins/{sandbox.itwin_id}/bucket")
            assert (first.status_code, first.headers["retry-after"]) == (429, "3")
            assert second.status_code == 200

    def test_it_can_be_taken_back(self) -> None:
        with Sandbox() as sandbox, httpx.Client(base_url=sandbox.url, trust_env=False) as client:
            sandbox.rate_limit(times=5)
            sandbox.rate_limit(times=0)
            headers = {"authorization": f"Bearer {sandbox.token}"}
            assert client.get(f"/itwins/{sandbox.itwin_id}", headers=headers).status_code == 200

    @pytest.mark.parametrize("token", ["token", "client_secret", None])
    def test_it_takes_a_token_of_its_own(self, token: str | None, sandbox: Sandbox, anonymous: httpx.Client) -> None:
        headers = {"authorization": f"Bearer {getattr(sandbox, token)}"} if token else {}
        refused = anonymous.post("/sandbox/rate-limit?times=1", headers=headers)
        assert (refused.status_code, code_of(refused)) == (401, "InvalidToken")
        headers = {"authorization": f"Bearer {sandbox.token}"}
        assert anonymous.get(f"/itwins/{sandbox.itwin_id}", headers=headers).status_code == 200
        control = {"authorization": f"Bearer {sandbox.control_token}"}
        assert anonymous.get(f"/itwins/{sandbox.itwin_id}", headers=control).status_code == 401

    @pytest.mark.parametrize(
        "query", ["times=-1", "times=many", "retry_after=-1", "retry_after=1.5", "times=" + "9" * 4000]
    )
    def test_what_makes_no_sense_is_refused(self, query: str, sandbox: Sandbox, anonymous: httpx.Client) -> None:
        control = {"authorization": f"Bearer {sandbox.control_token}"}
        response = anonymous.post(f"/sandbox/rate-limit?{query}", headers=control)
        assert response.status_code == 400
        assert code_of(response) == "InvalidRequest"
        with pytest.raises(ValueError, match="times must be a whole number from 0"):
            sandbox.rate_limit(times=-1)


def check_like(operation: str, answer: Any, expected: Any, body: dict[str, Any]) -> None:
    """The answer has the form of the documented one, and what it repeats is what was sent."""
    served = SERVED[operation]
    if served.does == "list":
        # What the documentation shows alone, too, is there in that form.
        alone = {str(each["id"]) for each in CATALOGUE.collections[served.collection or ""].documented if "id" in each}
        assert all(any(like(each, other) for other in answer) for each in expected if each.get("id") not in alone)
        assert alone <= {each.get("id") for each in answer}
    elif isinstance(expected, dict):
        assert answer.keys() >= expected.keys()
        assert set(answer) - set(expected) <= set(served.shown)
        # A job answers with ids for the outputs that it was asked for.
        assert all(answer[name] == value for name, value in body.items() if name in answer and name != "specifications")
    else:
        assert type(answer) is type(expected)


def like(expected: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether a resource has the documented values, but for links, which lead to the sandbox."""
    return {**expected, "capabilities": None}.items() <= {**found, "capabilities": None}.items()


def raw(sandbox: Sandbox, request: str) -> tuple[int, dict[str, str], str]:
    """Send bytes as they are; the answer's status, headers and body."""
    url = httpx.URL(sandbox.url)
    with socket.create_connection((url.host, url.port or 0), timeout=10) as connection:
        connection.sendall(request.encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split(" ")[1]), headers, body
