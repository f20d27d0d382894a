"""What the examples say when something is missing: a line that says what to do, not a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.examples import ROOT

ARGUMENTS = {"quickstart.py": [], "bucket_transfer.py": ["photos", "copy"], "azure_storage_blob.py": ["report.json"]}


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ITP_")}
    return subprocess.run(
        [sys.executable, *command], env={**kept, **variables}, capture_output=True, text=True, check=False, timeout=60
    )


def test_every_example_is_looked_at() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == {*ARGUMENTS}


@pytest.mark.parametrize("name", ARGUMENTS)
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
