"""Every Python snippet of the README and the docs runs, as it stands, against the sandbox.

The rest of the page begins with a snippet that has `<!-- setup -->` above it. A snippet with tests in it runs under
pytest, and one that starts processes runs from a file. What a sandbox does not have is around it where a snippet needs
it: the network of a company, a person who logs in, the server of a repository.
"""

from __future__ import annotations

import inspect
import io
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from itwin_platform import ITwinPlatform
from itwin_platform.sandbox import Sandbox
from itwin_platform.storage import TransferBucket
from tests.support import browser
from tests.support.company import company
from tests.support.examples import ROOT
from tests.support.logins import Welcome
from tests.support.sandbox import png
from tests.support.token_server import Request, respond, serving

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
ITWINS = """\
number,display_name,class,sub_class,status,latitude,longitude
B-001,North Bridge,Endeavor,Project,Active,40.028,-75.621
B-002,South Bridge,Endeavor,Project,Active,,
"""
REPOSITORIES = """\
itwin,display_name,class,sub_class,uri
B-001,Parcels,GeographicInformationSystem,WebMapService,https://maps.example.com/wms
B-001,Streets,GeographicInformationSystem,WebMapService,https://maps.example.com/streets
"""
# The files that snippets find in their folder.
FILES = {
    "itwins.csv": ITWINS.encode("utf-8-sig"),
    "repositories.csv": REPOSITORIES.encode("utf-8-sig"),
    "photos/left.jpg": b"left",
    "photos/right.jpg": b"right",
    "mesh/root.3mx": b"mesh",
    "my-cracks.zip": b"a detector",
    "bridge.png": png(),
}
_FENCE = re.compile(r"(?:^<!-- (\S+) -->\n)?^```([^\n]*)\n(.*?)^```$", re.M | re.S)
# The dashboard of Dask has one port.
_WARNINGS = ["-W", "error", "-W", "ignore:Technical preview", "-W", "ignore:Port 8787 is already in use"]
_CLUSTERS = {
    # Before Python 3.11.9, Dask's profiler can hang workers that start threads (python/cpython#106883).
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    # Otherwise Ray writes a token of its own into the home folder.
    "RAY_AUTH_MODE": "disabled",
}
_BROWSER = Path(browser.__file__).as_posix()
_KEY = "key-of-the-maps"


def snippets() -> list[tuple[str, str]]:
    """Every snippet with where it stands, after the page's setup."""
    found: list[tuple[str, str]] = []
    for page in PAGES:
        text, setup = page.read_text("utf-8"), ""
        for match in _FENCE.finditer(text):
            if match[2] != "python":
                continue
            line = text.count("\n", 0, match.start(2)) + 1
            found.append((f"{page.relative_to(ROOT).as_posix()}:{line}", setup + match[3]))
            if match[1] == "setup":
                setup += match[3]
    return found


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """What snippets read: variables that lead to a sandbox, where a job and an export have ended."""
    # Fast, so that exports are waited for in seconds.
    with Sandbox(speed=20) as sandbox, ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
        specifications = {"inputs": {"photos": "..."}, "outputs": ["objects2D"]}
        job = platform.reality_analysis.jobs.create(sandbox.itwin_id, specifications, type_="Objects2D", name="Signs")
        export = platform.exports.create(output_format="CsvGZip")
        sandbox.advance(3600)
        yield {**sandbox.environment, "ITP_JOB_ID": job.id, "ITP_EXPORT_ID": export.id}


@pytest.fixture(scope="module")
def workbook() -> bytes:
    """The same iTwins and repositories as sheets of a workbook."""
    import pandas

    file = io.BytesIO()
    with pandas.ExcelWriter(file, engine="openpyxl") as writer:
        for name, text in {"iTwins": ITWINS, "Repositories": REPOSITORIES}.items():
            pandas.read_csv(io.StringIO(text), dtype=str).to_excel(writer, sheet_name=name, index=False)
    return file.getvalue()


@pytest.fixture(scope="module")
def with_maps() -> Iterator[dict[str, str]]:
    """What snippets read whose repository has a server that answers, but only requests with the repository's key."""

    def answer(request: Request) -> bytes:
        if request.headers.get("x-api-key") != _KEY:
            raise ConnectionAbortedError
        return respond({})

    with Sandbox() as sandbox, serving(answer) as server:
        repository = {
            "class": "GeographicInformationSystem",
            "subClass": "WebMapService",
            "displayName": "Maps",
            "uri": server.url,
            "authentication": {"type": "Header", "key": "X-Api-Key", "value": _KEY},
        }
        [made] = sandbox.add(f"/itwins/{sandbox.itwin_id}/repositories", [repository])
        yield {**sandbox.environment, "ITP_REPOSITORY_ID": made["id"]}


@pytest.fixture(scope="module")
def behind_a_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What snippets read in the network of a company."""
    with Sandbox() as sandbox, company(sandbox, tmp_path_factory.mktemp("company")) as network:
        yield {**network.environment, "COMPANY_PROXY": network.proxy, "COMPANY_CA": str(network.authority)}


@pytest.fixture(scope="module")
def with_a_person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What snippets read where a person logs in. The real names of the platform and its identity service lead here."""
    try:
        socket.create_server(("127.0.0.1", 3000)).close()
    except OSError:
        pytest.skip("another program listens on port 3000, to which a login leads back")
    folder, opens = tmp_path_factory.mktemp("company"), shlex.join([Path(sys.executable).as_posix(), _BROWSER, "%s"])
    with (
        Sandbox() as sandbox,
        serving(Welcome(sandbox.token)) as identity,
        company(sandbox, folder, identity.url) as network,
    ):
        yield {
            **network.environment,
            "ITP_ACCESS_TOKEN": sandbox.token,
            "MY_CLIENT_ID": "native-app",
            "BROWSER": opens,
        }


def _surroundings(place: str, code: str) -> str:
    """The fixture with the variables that a snippet reads."""
    if place.startswith("docs/recipes/proxy.md"):
        return "behind_a_proxy"
    if "AuthorizationCode(" in code:
        return "with_a_person"
    return "with_maps" if ".connection(" in code and ".tile(" not in code else "environment"


def _run(code: str, environment: dict[str, str], folder: Path) -> tuple[int | None, str]:
    """Run a snippet as its reader would. Returns the exit status, and what it has printed."""
    run = [*_WARNINGS, "-c", code]
    if "def test_" in code:
        (folder / "test_snippet.py").write_text(code, "utf-8")
        run = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *_WARNINGS, "."]
    elif "__main__" in code:
        (folder / "snippet.py").write_text(code, "utf-8")
        run = [*_WARNINGS, "snippet.py"]
    # Images and logins are kept in folders of the user.
    (folder / "home").mkdir()
    home = dict.fromkeys(("HOME", "LOCALAPPDATA", "XDG_CACHE_HOME", "XDG_STATE_HOME"), str(folder / "home"))
    environment = {**os.environ, **_CLUSTERS, **home, **environment}
    output, printed = "", "open_browser=False" in code
    with subprocess.Popen(
        [sys.executable, *run],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        end = threading.Timer(120, process.kill)
        end.start()
        assert process.stdout
        for line in process.stdout:
            output += line
            if printed and line.startswith("https://"):  # the person opens the address
                subprocess.run([sys.executable, _BROWSER, line.strip()], env=environment, check=True, timeout=60)
        end.cancel()
    return process.returncode, output


# Ray is too large to be installed for everybody: `make ray-test` installs it.
@pytest.mark.parametrize(
    ("place", "code"),
    [
        pytest.param(place, code, id=place, marks=[pytest.mark.slow] if "import ray" in code else [])
        for place, code in snippets()
    ],
)
def test_a_snippet_runs(place: str, code: str, request: pytest.FixtureRequest, workbook: bytes, tmp_path: Path) -> None:
    if "import ray" in code:
        pytest.importorskip("ray")
    environment: dict[str, str] = request.getfixturevalue(_surroundings(place, code))
    for name, content in {**FILES, "sites.xlsx": workbook}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    if place.startswith("docs/files.md"):
        # The page says so: threads of pyarrow and DuckDB that are in Python at its end abort the process.
        code += "\nimport os, sys\nsys.stdout.flush()\nos._exit(0)\n"
    status, output = _run(code, environment, tmp_path)
    assert status == 0, f"{place}\n{output}"


def test_every_snippet_is_right_under_strict_typing(tmp_path: Path) -> None:
    for place, code in snippets():
        (tmp_path / f"{re.sub(r'[^a-z0-9]+', '_', place.lower())}.py").write_text(code, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def test_every_block_of_python_is_a_snippet() -> None:
    blocks = sum(len(re.findall(r"(?:```|~~~)\s*py", page.read_text("utf-8"))) for page in PAGES)
    assert len(snippets()) == blocks >= 100


def test_an_unknown_remark_on_a_snippet_is_a_mistake() -> None:
    for page in PAGES:
        remarks = {match[1] for match in _FENCE.finditer(page.read_text("utf-8"))}
        assert remarks <= {None, "setup", "adoption"}, page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_source_distribution_has_what_the_readme_links_to() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    included = settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", (ROOT / "README.md").read_text("utf-8")):
        assert any(f"/{target}/".startswith(f"{path}/") for path in included), f"README.md links to {target}"


def test_the_verbs_that_the_pages_name_exist() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for page in PAGES:
        code = " ".join(re.findall(r"`[^`\n]+`|^\$ .*$", page.read_text("utf-8"), re.M))
        for verb in re.findall(r"\bmake ([a-z-]+)", code):
            assert verb in verbs, f"{page.name} names make {verb}"


_CALL = re.compile(r"`(?:bucket|container)\.(upload|download|list|delete|open)\(([\w, ]*)\)`")


def test_calls_of_a_bucket_in_tables_and_text_name_its_parameters() -> None:
    calls = [call for page in PAGES for call in _CALL.findall(page.read_text("utf-8"))]
    assert {method for method, _ in calls} == {"upload", "download", "list", "delete", "open"}
    for method, arguments in calls:
        names = list(inspect.signature(getattr(TransferBucket, method)).parameters)[1:]
        given = [each for each in arguments.split(", ") if each]
        assert given == names[: len(given)], f"{method}({arguments})"
