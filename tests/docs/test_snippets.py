"""Every Python snippet of the README and the docs runs, as it stands, against the sandbox.

A comment on the line above says what is different: `<!-- no-run -->` needs more than the sandbox has, and the rest of
the page begins with `<!-- setup -->`. A snippet with tests in it runs under pytest.
"""

from __future__ import annotations

import inspect
import io
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from itwin_platform import ITwinPlatform
from itwin_platform.sandbox import Sandbox
from itwin_platform.storage import TransferBucket
from tests.support.company import company
from tests.support.examples import ROOT
from tests.support.sandbox import png

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


def snippets(*, runnable: bool) -> list[tuple[str, str]]:
    """Every snippet with where it stands, after the page's setup; those that do not run too, unless `runnable`."""
    found: list[tuple[str, str]] = []
    for page in PAGES:
        text, setup = page.read_text("utf-8"), ""
        for match in _FENCE.finditer(text):
            if match[2] != "python" or (runnable and match[1] == "no-run"):
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
        job = platform.reality_analysis.jobs.create(sandbox.itwin_id, "Objects2D", specifications, name="Signs")
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
def behind_a_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What snippets read in the network of a company."""
    with Sandbox() as sandbox, company(sandbox, tmp_path_factory.mktemp("company")) as network:
        yield {**network.environment, "COMPANY_PROXY": network.proxy, "COMPANY_CA": str(network.authority)}


@pytest.mark.parametrize(
    ("place", "code"), snippets(runnable=True), ids=lambda value: value if "\n" not in value else ""
)
def test_a_snippet_runs(place: str, code: str, request: pytest.FixtureRequest, workbook: bytes, tmp_path: Path) -> None:
    behind_a_proxy = place.startswith("docs/recipes/proxy.md")
    environment: dict[str, str] = request.getfixturevalue("behind_a_proxy" if behind_a_proxy else "environment")
    for name, content in {**FILES, "sites.xlsx": workbook}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    if place.startswith("docs/files.md"):
        # The page says so: threads of pyarrow and DuckDB that are in Python at its end abort the process.
        code += "\nimport os, sys\nsys.stdout.flush()\nos._exit(0)\n"
    run = ["-W", "error", "-W", "ignore:Technical preview", "-c", code]
    if "def test_" in code:
        (tmp_path / "test_snippet.py").write_text(code, "utf-8")
        run = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "-W", "ignore:Technical preview", "."]
    done = subprocess.run(
        [sys.executable, *run],
        env={**os.environ, **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"{place}\n{done.stdout}{done.stderr}"


def test_every_snippet_is_right_under_strict_typing(tmp_path: Path) -> None:
    for place, code in snippets(runnable=False):
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


def test_there_are_snippets_to_run() -> None:
    assert len(snippets(runnable=True)) >= 20
    assert len(snippets(runnable=False)) > len(snippets(runnable=True))


def test_an_unknown_remark_on_a_snippet_is_a_mistake() -> None:
    for page in PAGES:
        remarks = {match[1] for match in _FENCE.finditer(page.read_text("utf-8"))}
        assert remarks <= {None, "no-run", "setup", "adoption"}, page.name


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
