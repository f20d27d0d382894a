"""The recipes: what their pages say of servers, proxies, errors and other clients is so.

Their Python snippets run with those of all pages, in test_snippets.py.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from itwin_platform import ITwinPlatform, errors
from itwin_platform._sync.pages import Pages
from itwin_platform.credentials import ClientCredentials
from itwin_platform.sandbox import Sandbox
from itwin_platform.storage import TransferBucket, TransferContainer
from tests.support.company import API, IDENTITY, PASSWORD, STORAGE, Company, company
from tests.support.examples import ROOT, operations
from tests.support.scripted import ScriptedServer, answer

RECIPES = ROOT / "docs" / "recipes"
ROOTS: dict[str, Any] = {
    "platform": ITwinPlatform("token"),
    "bucket": TransferBucket.__new__(TransferBucket),
    "container": TransferContainer.__new__(TransferContainer),
}


class Samples(dict[str, Any]):
    """A value for every name in the calls of a page."""

    def __missing__(self, name: str) -> Any:
        lists = {"labels", "tags", "types", "select"}
        special: dict[str, Any] = {"specifications": {"some": 1}, "uri": "/itwins/i-1", "options": {"some": 1}}
        return special.get(name, [f"{name}-1"] if name in lists else f"{name}-1")


def run(call: str, platform: ITwinPlatform) -> None:
    """Make a call of a page. The requests of a list are made when it is read."""
    made = eval(call, {}, Samples(platform=platform))
    if isinstance(made, Pages):
        made.first()


def page(name: str) -> str:
    return (RECIPES / f"{name}.md").read_text("utf-8")


def rows(text: str, last: str) -> list[list[str]]:
    """The rows of the tables whose last column has this head."""
    tables = re.findall(rf"^\|.* {last} \|\n\|[-|]*\|\n((?:\|.*\|\n)*)", text, re.M)
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in "".join(tables).splitlines()]


class TestMoving:
    @pytest.mark.parametrize("name", ["from-reality-capture", "from-itwins-client"])
    def test_every_call_can_be_made_like_that(self, name: str) -> None:
        for their, ours, remark in rows(page(name), "what differs"):
            calls = re.findall(r"`((?:platform|bucket|container)\..*?)`", f"{ours} {remark}")
            assert ours == f"`{calls[0]}`", their
            for call in calls:
                node = ast.parse(call, mode="eval").body
                assert isinstance(node, ast.Call), call
                root, *names = ast.unparse(node.func).split(".")
                method = reduce(getattr, names, ROOTS[root])
                named = {keyword.arg: None for keyword in node.keywords if keyword.arg is not None}
                inspect.signature(method).bind(*node.args, **named)

    @pytest.mark.parametrize("name", ["from-reality-capture", "from-itwins-client"])
    def test_no_call_is_refused_for_its_arguments(self, name: str) -> None:
        calls = {
            call for row in rows(page(name), "what differs") for call in re.findall(r"`(platform\..*?\))`", str(row))
        }
        # Not 500, which does not end a wait.
        with ScriptedServer(answer(404)) as server, ITwinPlatform("token", api_url=server.url, retry=None) as platform:
            for call in sorted(calls):
                with pytest.raises(errors.ITwinPlatformError):
                    run(call, platform)

    @pytest.mark.parametrize(("name", "count"), [("from-reality-capture", 36), ("from-itwins-client", 36 + 12)])
    def test_every_method_is_there_once(self, name: str, count: int) -> None:
        sections = [[their for their, *_ in rows(section, "what differs")] for section in page(name).split("\n## ")]
        assert all(len(section) == len(set(section)) for section in sections)
        assert sum(map(len, sections)) == count


class TestDebugging:
    @pytest.mark.parametrize("status", [401, 403, 404])
    def test_every_documented_code_has_its_reasons(self, status: int) -> None:
        section = page("debugging").partition(f"## Reasons for a {status}\n")[2].partition("\n## ")[0]
        told = {code for code, *_ in rows(section, "what helps") for code in re.findall(r"`(\w+)`", code)}
        documented = set()
        for answers in (each["answers"] for each in operations().values()):
            error = answers.get(status, {}).get("error", {})
            documented |= {each["code"] for each in (error, *error.get("details", [])) if each}
        assert told - {"Unknown"} == documented


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with Sandbox() as sandbox, company(sandbox, tmp_path_factory.mktemp("company")) as network:
        yield network


class TestBehindAProxy:
    def test_everything_goes_through_the_proxy(
        self, network: Company, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "photo.jpg").write_bytes(b"photo")
        for name, value in network.environment.items():
            monkeypatch.setenv(name, value)
        with ITwinPlatform() as platform:
            bucket = platform.reality_analysis.get_bucket(network.environment["ITP_ITWIN_ID"])
            assert len(bucket.upload(tmp_path).sent) == 1
        assert {head.split(" ")[1] for head in network.heads} == {f"{host}:443" for host in (API, IDENTITY, STORAGE)}
        secrets = (PASSWORD, "Bearer", "sig=", network.environment["ITP_SERVICE_CLIENT_SECRET"])
        assert not [head for head in network.heads if any(secret in head for secret in secrets)]

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ("authority", "has a certificate that cannot be trusted"),
            ("password", "through the proxy, which has answered 407"),
            ("host", "through the proxy, which has answered 502"),
            ("port", "cannot be reached"),
            ("file", "no certificate authorities can be read"),
        ],
    )
    @pytest.mark.parametrize("first", ["the identity service", "the platform"])
    def test_what_is_wrong_is_what_the_page_says(
        self, network: Company, wrong: str, told: str, first: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        assert f"| `{told}` |" in page("proxy")
        for name in (*network.environment, "SSL_CERT_DIR"):
            monkeypatch.delenv(name, raising=False)
        (tmp_path / "empty.pem").touch()
        proxy = network.proxy.replace(PASSWORD, "wrong") if wrong == "password" else network.proxy
        with (
            ITwinPlatform(
                ClientCredentials("id", "secret") if first == "the identity service" else "token",
                environment="qa" if wrong == "host" else "prod",
                proxy="http://127.0.0.1:1" if wrong == "port" else proxy,
                verify={"authority": None, "file": tmp_path / "empty.pem"}.get(wrong, network.authority),
                retry=None,
            ) as platform,
            pytest.raises(errors.ITwinPlatformError) as caught,
        ):
            platform.itwins.get("i")
        assert told in str(caught.value)
        assert str(caught.value).startswith("The identity service") == (
            first == "the identity service" and wrong != "file"
        )


@pytest.mark.skipif(sys.platform != "linux", reason="tried on Linux alone: Windows does not fork")
class TestServers:
    def test_processes_of_gunicorn_share_one_client(self, tmp_path: Path) -> None:
        (snippet,) = re.findall(r"^```python\n(.*?)^```$", page("servers"), re.M | re.S)
        (tmp_path / "app.py").write_text(snippet, "utf-8")
        # The client is used before the fork, and answers say which process they are of.
        (tmp_path / "used.py").write_text(
            "import os\n"
            "from app import application as inner, itwin_id, platform\n"
            "platform.itwins.get(itwin_id)\n"
            "def application(environ, start):\n"
            "    process = ('Process', str(os.getpid()))\n"
            "    return inner(environ, lambda status, headers: start(status, [*headers, process]))\n"
        )
        with Sandbox(latency=0.05) as sandbox, gunicorn(tmp_path, sandbox.environment) as url:
            answers: defaultdict[str, list[bytes]] = defaultdict(list)

            def ask() -> None:
                with urllib.request.urlopen(url, timeout=30) as answer:
                    answers[answer.headers["Process"]].append(answer.read())

            until = time.monotonic() + 30
            while len(answers) < 2 and time.monotonic() < until:
                at_once([ask] * 8)
        assert len(answers) == 2
        assert {name for names in answers.values() for name in names} == {b"White River"}


@contextmanager
def gunicorn(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The address of the application in `used.py`, served by two processes."""
    command = ["gunicorn", "--preload", "--workers", "2", "--threads", "2", "--bind", "127.0.0.1:0", "used:application"]
    server = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        lines: list[str] = []
        for line in server.stderr:
            lines.append(line)
            if found := re.search(r"Listening at: (http://\S+)", line):
                break
        else:
            raise AssertionError("".join(lines))
        threading.Thread(target=server.stderr.read, daemon=True).start()
        yield found[1]
    finally:
        server.terminate()
        server.wait(30)
        if server.stderr is not None:
            server.stderr.close()


def at_once(functions: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
