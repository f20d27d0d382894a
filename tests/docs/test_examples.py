"""What the examples say when something is missing: a line that says what to do, not a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from itwin_platform import ITwinPlatform
from itwin_platform.sandbox import Sandbox
from tests.support.examples import ROOT

QUICKSTART = str(ROOT / "examples" / "quickstart.py")
ARGUMENTS = {"quickstart.py": [], "bucket_transfer.py": ["photos", "copy"], "azure_storage_blob.py": ["report.json"]}


def run(*command: str, answers: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ITP_")}
    return subprocess.run(
        [sys.executable, *command],
        env={**kept, **variables, "PYTHONIOENCODING": "utf-8"},
        input=answers,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_every_example_is_looked_at() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == set(ARGUMENTS)


@pytest.mark.parametrize("name", [name for name, arguments in ARGUMENTS.items() if arguments])
def test_without_an_itwin(name: str) -> None:
    done = run(str(ROOT / "examples" / name), *ARGUMENTS[name])
    assert done.returncode == 2
    assert done.stderr == "Set ITP_ITWIN_ID to the id of an iTwin that you are a member of.\n"


@pytest.mark.parametrize("name", ARGUMENTS)
def test_without_credentials(name: str) -> None:
    done = run(str(ROOT / "examples" / name), *ARGUMENTS[name], ITP_ITWIN_ID="dc914a84-e0c9-40e2-9d14-faf5ed84147f")
    assert done.returncode == 1
    assert "ITP_ACCESS_TOKEN" in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_azures_library() -> None:
    code = "import runpy, sys; sys.modules['azure.storage.blob'] = None; runpy.run_path(sys.argv[1])"
    done = run("-c", code, str(ROOT / "examples" / "azure_storage_blob.py"))
    assert done.returncode == 1
    assert done.stderr == "This example needs Azure's library: pip install azure-storage-blob\n"


class TestQuickstart:
    def test_it_ends_with_results_and_leaves_nothing_behind(self) -> None:
        with Sandbox(speed=60) as sandbox, ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
            before = platform.itwins.list().to_list()
            done = run(QUICKSTART, **sandbox.environment, ITP_DEMO_YES="1")
            assert done.returncode == 0, done.stderr
            assert "12 files" in done.stdout
            assert "objects2D/objects2D.json" in done.stdout
            assert platform.itwins.list().to_list() == before

    @pytest.mark.parametrize("answers", ["n\n", "y\ny\nno\n", ""], ids=["at once", "later", "nobody"])
    def test_it_asks_before_it_creates_something(self, answers: str) -> None:
        with Sandbox() as sandbox, ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
            before = platform.itwins.list().to_list()
            done = run(QUICKSTART, **sandbox.environment, answers=answers)
            assert done.returncode == 1, done.stderr
            assert done.stdout.count("Run this?") == max(1, answers.count("\n"))
            assert platform.itwins.list().to_list() == before
