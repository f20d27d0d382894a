"""The sandbox as a server: how it starts and stops, its token endpoint, and its command line."""

import base64
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itwin_platform.sandbox import Sandbox

FORM = {"grant_type": "client_credentials", "scope": "itwin-platform"}


@pytest.fixture(scope="module")
def anonymous(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(base_url=sandbox.url, trust_env=False) as client:
        yield client


class TestGuard:
    PATHS = (
        ("GET", f"/itwins/{Sandbox.itwin_id}"),
        ("POST", "/connect/token"),
        ("POST", "/sandbox/rate-limit"),
        ("GET", "/.well-known/openid-configuration"),
        ("GET", "/nowhere"),
    )

    @pytest.mark.parametrize(("method", "path"), PATHS)
    @pytest.mark.parametrize(
        "headers",
        [
            {"host": "evil.example"},
            {"host": "127.0.0.1.evil.example"},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": "http://127.0.0.1:1"},
        ],
        ids=str,
    )
    def test_a_web_page_from_elsewhere_reaches_nothing(
        self, method: str, path: str, headers: dict[str, str], sandbox: Sandbox, anonymous: httpx.Client
    ) -> None:
        for token in (sandbox.token, sandbox.control_token):
            refused = anonymous.request(method, path, headers={"authorization": f"Bearer {token}", **headers})
            assert refused.status_code == 403
            assert refused.json()["error"]["code"] == "ForeignRequest"

    def test_this_machine_may_be_called_by_both_names(self, sandbox: Sandbox, anonymous: httpx.Client) -> None:
        port = httpx.URL(sandbox.url).port
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", "LOCALHOST", "localhost:8080"):
            found = anonymous.get("/.well-known/openid-configuration", headers={"host": host})
            assert found.status_code == 200
        own = {"origin": sandbox.url}
        assert anonymous.get("/.well-known/openid-configuration", headers=own).status_code == 200

    @pytest.mark.parametrize(("method", "path"), [("POST", "/connect/token"), ("PATCH", PATHS[0][1])])
    @pytest.mark.parametrize("chunked", [False, True])
    def test_a_body_without_end_is_cut_off(self, method: str, path: str, chunked: bool, sandbox: Sandbox) -> None:
        url = httpx.URL(sandbox.url)
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {10**12}"
        head = f"{method} {path} HTTP/1.1\r\nHost: {url.netloc.decode()}\r\nAuthorization: Bearer {sandbox.token}\r\n"
        piece = b"10000\r\n" + b"a" * 65536 + b"\r\n" if chunked else b"a" * 65536
        with socket.create_connection((url.host, url.port or 0), timeout=10) as connection:
            connection.sendall(f"{head}{length}\r\n\r\n".encode())
            with pytest.raises(ConnectionError):
                connection.sendall(piece * 1000)


class TestTokenEndpoint:
    def test_the_discovery_document_leads_to_it(self, sandbox: Sandbox, anonymous: httpx.Client) -> None:
        document = anonymous.get("/.well-known/openid-configuration").json()
        assert document["issuer"] == sandbox.url
        assert document["token_endpoint"] == f"{sandbox.url}/connect/token"
        assert document["grant_types_supported"] == ["client_credentials"]

    @pytest.mark.parametrize("way", ["form", "basic", "basic, encoded"])
    def test_its_tokens_are_good_for_the_api(self, way: str, sandbox: Sandbox, anonymous: httpx.Client) -> None:
        client = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
        if way == "form":
            response = anonymous.post("/connect/token", data=FORM | client)
        else:
            halves = [quote(half, safe="") if way == "basic" else percent(half) for half in client.values()]
            header = "Basic " + base64.b64encode(":".join(halves).encode()).decode()
            response = anonymous.post("/connect/token", data=FORM, headers={"authorization": header})
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        answer = response.json()
        assert (answer["token_type"], answer["scope"], answer["expires_in"]) == ("Bearer", "itwin-platform", 3600)
        headers = {"authorization": f"{answer['token_type']} {answer['access_token']}"}
        assert anonymous.get(f"/itwins/{sandbox.itwin_id}", headers=headers).status_code == 200

    def test_its_tokens_expire(self) -> None:
        with Sandbox(token_lifetime=1) as sandbox, httpx.Client(base_url=sandbox.url, trust_env=False) as client:
            answer = client.post("/connect/token", data=FORM, auth=(sandbox.client_id, sandbox.client_secret)).json()
            assert answer["expires_in"] == 1
            headers = {"authorization": f"Bearer {answer['access_token']}"}
            deadline = time.monotonic() + 10
            while (status := client.get(f"/itwins/{sandbox.itwin_id}", headers=headers).status_code) == 200:
                assert time.monotonic() < deadline
            assert status == 401
            headers = {"authorization": f"Bearer {sandbox.token}"}
            assert client.get(f"/itwins/{sandbox.itwin_id}", headers=headers).status_code == 200

    @pytest.mark.parametrize(
        ("form", "status", "error"),
        [
            ({"client_secret": "wrong"}, 401, "invalid_client"),
            ({"client_id": "wrong"}, 401, "invalid_client"),
            ({"client_secret": ""}, 401, "invalid_client"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"grant_type": ["client_credentials", "client_credentials"]}, 400, "invalid_request"),
            ({"scope": "itwin-platform offline_access"}, 400, "invalid_scope"),
        ],
    )
    def test_a_bad_form_is_refused(
        self, form: dict[str, Any], status: int, error: str, sandbox: Sandbox, anonymous: httpx.Client
    ) -> None:
        good = FORM | {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
        response = anonymous.post("/connect/token", data=good | form)
        assert response.status_code == status
        assert response.json()["error"] == error
        assert response.headers["cache-control"] == "no-store"
        assert ("www-authenticate" in response.headers) == (status == 401)

    @pytest.mark.parametrize(
        "authorization", ["Basic", "Basic !", "Basic YQ==", "Basic 4pyT", "Bearer x", "Basic " + "ÿ" * 4]
    )
    def test_a_bad_authorization_is_refused(self, authorization: str, anonymous: httpx.Client) -> None:
        headers = [(b"authorization", authorization.encode("latin-1"))]
        response = anonymous.post("/connect/token", data=FORM, headers=headers)
        assert response.status_code == 401
        assert response.json()["error"] == "invalid_client"

    def test_two_ways_of_authentication_at_once_are_refused(self, sandbox: Sandbox, anonymous: httpx.Client) -> None:
        client = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
        response = anonymous.post("/connect/token", data=FORM | client, auth=(sandbox.client_id, sandbox.client_secret))
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")

    def test_it_is_posted_to(self, anonymous: httpx.Client) -> None:
        response = anonymous.get("/connect/token")
        assert response.status_code == 405
        assert response.headers["allow"] == "POST"

    def test_only_a_form_is_taken(self, anonymous: httpx.Client) -> None:
        response = anonymous.post("/connect/token", json=FORM)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")

    @settings(max_examples=60, deadline=None)
    @given(body=st.binary(max_size=60))
    def test_no_body_makes_it_fail(self, body: bytes, anonymous: httpx.Client) -> None:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        response = anonymous.post("/connect/token", content=body, headers=headers)
        assert response.status_code in {400, 401}
        assert response.json()["error"]


class TestLife:
    def test_it_listens_on_loopback_only_while_the_block_lasts(self) -> None:
        with Sandbox() as sandbox:
            url = httpx.URL(sandbox.url)
            assert url.host == "127.0.0.1"
            socket.create_connection((url.host, url.port or 0)).close()
        with pytest.raises(ConnectionError):
            socket.create_connection((url.host, url.port or 0))

    def test_it_stops_while_clients_are_connected(self, caplog: pytest.LogCaptureFixture) -> None:
        sandbox = Sandbox()
        sandbox.start()
        address = (httpx.URL(sandbox.url).host, httpx.URL(sandbox.url).port or 0)
        with contextlib.ExitStack() as stack:
            silent, half, waiting = (stack.enter_context(socket.create_connection(address)) for _ in range(3))
            half.sendall(b"GET /itwins/x HTTP/1.1\r\nHost: ")
            head = f"POST /itwins/ HTTP/1.1\r\nHost: {address[0]}\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
            waiting.sendall(head.encode())
            assert waiting.recv(100).startswith(b"HTTP/1.1 100")  # it waits for the body
            sandbox.stop()
            silent.settimeout(10)
            assert silent.recv(1) == b""
        assert not sandbox.is_running
        assert not [record for record in caplog.records if record.exc_info]

    def test_it_can_be_started_again_on_the_same_port(self) -> None:
        with Sandbox() as first:
            port = httpx.URL(first.url).port or 0
            httpx.get(first.url, trust_env=False)
        again = Sandbox(port=port)
        for _ in range(2):
            with again:
                assert again.url == f"http://127.0.0.1:{port}"
                assert httpx.get(again.url, trust_env=False).status_code == 404

    def test_misuse_is_told(self) -> None:
        sandbox = Sandbox()
        with pytest.raises(RuntimeError, match="not running"):
            _ = sandbox.url
        sandbox.stop()
        with sandbox, pytest.raises(RuntimeError, match="already"):
            sandbox.start()
        with pytest.raises(ValueError, match="port"):
            Sandbox(port=70000)
        with pytest.raises(ValueError, match="token_lifetime"):
            Sandbox(token_lifetime=0)
        for name in ("port", "token_lifetime", "data", "speed", "latency", "storage_limit", "bucket_permissions"):
            with pytest.raises(ValueError, match=f"^{name} must be"):
                Sandbox(**{name: {5}})  # type: ignore[arg-type]

    def test_a_port_in_use_is_told_and_the_other_sandbox_lives(self, sandbox: Sandbox) -> None:
        other = Sandbox(port=httpx.URL(sandbox.url).port or 0)
        with pytest.raises(OSError, match=r".*"):
            other.start()
        assert not other.is_running
        assert httpx.get(sandbox.url, trust_env=False).status_code == 404

    def test_its_repr_shows_no_secret(self, sandbox: Sandbox) -> None:
        assert sandbox.url in repr(sandbox)
        assert sandbox.token not in repr(sandbox)
        assert sandbox.client_secret not in repr(sandbox)

    def test_the_environment_points_at_it(self, sandbox: Sandbox) -> None:
        assert sandbox.environment == {
            "ITP_API_URL": sandbox.url,
            "ITP_ISSUER_URL": sandbox.url,
            "ITP_ACCESS_TOKEN": sandbox.token,
            "ITP_SERVICE_CLIENT_ID": sandbox.client_id,
            "ITP_SERVICE_CLIENT_SECRET": sandbox.client_secret,
            "ITP_ITWIN_ID": sandbox.itwin_id,
            "ITP_REPOSITORY_ID": sandbox.repository_id,
            "ITP_RESOURCE_ID": sandbox.resource_id,
        }


class TestCommandLine:
    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
    def test_it_serves_until_it_is_told_to_stop(self, name: str) -> None:
        with command_line("--port", "0") as process:
            assert process.stdout is not None
            printed = {}
            for line in iter(process.stdout.readline, ""):
                if found := re.match(r'(?:export |\$env:)(ITP_\w+)(?:=| = ")([^"\s]+)', line):
                    printed[found[1]] = found[2]
                if line.startswith("curl"):
                    break
            itwin = f"{printed['ITP_API_URL']}/itwins/{printed['ITP_ITWIN_ID']}"
            headers = {"authorization": f"Bearer {printed['ITP_ACCESS_TOKEN']}"}
            assert httpx.get(itwin, headers=headers, trust_env=False).status_code == 200
            client = (printed["ITP_SERVICE_CLIENT_ID"], printed["ITP_SERVICE_CLIENT_SECRET"])
            token_url = f"{printed['ITP_ISSUER_URL']}/connect/token"
            assert httpx.post(token_url, data=FORM, auth=client, trust_env=False).status_code == 200

            interrupt(process, name)
            _, errors = process.communicate(timeout=20)
            assert errors == ""
            assert process.returncode == 0

    def test_a_port_in_use_is_one_line(self, sandbox: Sandbox) -> None:
        port = httpx.URL(sandbox.url).port
        with command_line("--port", str(port)) as process:
            output, errors = process.communicate(timeout=20)
        assert process.returncode == 2
        assert output == ""
        assert len(errors.splitlines()) == 1
        assert str(port) in errors

    def test_it_takes_data_speed_and_latency(self, tmp_path: Path) -> None:
        data = tmp_path / "data.json"
        bridge = {"id": "b-1", "class": "Thing", "subClass": "Asset", "displayName": "A bridge"}
        data.write_text(json.dumps({"/itwins": [bridge]}), "utf-8")
        with command_line("--data", str(data), "--speed", "100000", "--latency", "0.1") as process:
            assert process.stdout is not None
            url, token = "", ""
            for line in iter(process.stdout.readline, ""):
                url = url or (line.split()[-1] if "running at" in line else "")
                if "access token" in line:
                    token = line.split()[-1]
                if line.startswith("curl"):
                    break
            with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, trust_env=False) as client:
                answer = client.get("/itwins/b-1")
                assert (answer.status_code, answer.elapsed.total_seconds() >= 0.1) == (200, True)
                id_ = client.post("/itwins/exports", json={"outputFormat": "Csv"}).json()["export"]["id"]
                assert client.get(f"/itwins/exports/{id_}").json()["export"]["status"] == "Completed"
            process.terminate()
            process.communicate(timeout=20)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--data", "nowhere.json"], "nowhere.json cannot be read"),
            (["--speed", "0"], "speed must be a number more than 0"),
            (["--latency", "-1"], "latency must be a number from"),
        ],
    )
    def test_what_cannot_be_used_is_one_line(self, arguments: list[str], message: str) -> None:
        with command_line(*arguments) as process:
            output, refused = process.communicate(timeout=20)
        assert (process.returncode, output) == (2, "")
        assert len(refused.splitlines()) == 1
        assert message in refused

    @pytest.mark.parametrize("port", ["-1", "65536", "x"])
    def test_a_port_that_is_none_is_refused(self, port: str) -> None:
        with command_line(f"--port={port}") as process:
            _, errors = process.communicate(timeout=20)
        assert process.returncode == 2
        assert "Traceback" not in errors
        assert "--port" in errors

    def test_a_missing_extra_is_one_line(self) -> None:
        program = (
            "import sys; sys.modules['starlette'] = None\n"
            "from itwin_platform.sandbox.__main__ import main\n"
            "sys.exit(main([]))"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert "itwin-platform[sandbox]" in done.stderr


def test_the_package_does_not_import_it() -> None:
    program = "import sys, itwin_platform; sys.exit(any('sandbox' in m or m == 'starlette' for m in sys.modules))"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)


def percent(text: str) -> str:
    """Every character encoded, as a form allows."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def command_line(*arguments: str) -> "subprocess.Popen[str]":
    # On Windows only a process group of its own can be sent Ctrl-Break.
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    return subprocess.Popen(
        [sys.executable, "-m", "itwin_platform.sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        creationflags=flags,
    )


def interrupt(process: "subprocess.Popen[str]", name: str) -> None:
    process.send_signal(getattr(signal, "CTRL_BREAK_EVENT" if os.name == "nt" else name))
