"""The examples: what they say when something is missing, and that clusters lose nothing when a worker dies."""

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
CLUSTERS = ["dask_itwins.py", "ray_itwins.py"]


def run(*command: str, answers: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ITP_")}
    return subprocess.run(
        [sys.executable, *command],
        env={**kept, **variables, "PYTHONIOENCODING": "utf-8"},
        input=answers,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


def test_every_example_is_looked_at() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == {*ARGUMENTS, *CLUSTERS}


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
            assert "objects2D/ContextScene.json" in done.stdout
            assert platform.itwins.list().to_list() == before

    @pytest.mark.parametrize("answers", ["n\n", "y\ny\nno\n", ""], ids=["at once", "later", "nobody"])
    def test_it_asks_before_it_creates_something(self, answers: str) -> None:
        with Sandbox() as sandbox, ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
            before = platform.itwins.list().to_list()
            done = run(QUICKSTART, **sandbox.environment, answers=answers)
            assert done.returncode == 1, done.stderr
            assert done.stdout.count("Run this?") == max(1, answers.count("\n"))
            assert platform.itwins.list().to_list() == before


@pytest.mark.parametrize(("name", "engine"), [("dask_itwins.py", "distributed"), ("ray_itwins.py", "ray")])
def test_without_the_engine_of_a_cluster(name: str, engine: str) -> None:
    code = f"import runpy, sys; sys.modules['{engine}'] = None; runpy.run_path(sys.argv[1])"
    done = run("-c", code, str(ROOT / "examples" / name))
    assert done.returncode == 1
    assert done.stderr.endswith(f"pip install {engine}\n")
    assert done.stderr.count("\n") == 1


# Ray is too large to be installed for everybody: `make ray-test` installs it.
@pytest.mark.parametrize("name", ["dask_itwins.py", pytest.param("ray_itwins.py", marks=pytest.mark.slow)])
def test_a_cluster_loses_nothing_when_a_worker_dies(name: str) -> None:
    if name == "ray_itwins.py":
        pytest.importorskip("ray")
    with Sandbox() as sandbox:
        with ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
            names = (f"Bridge {number}" for number in range(198))
            made = platform.map(
                lambda name: platform.itwins.create(
                    class_="Endeavor", sub_class="Project", display_name=name, number=name
                ),
                names,
            )
            assert len(list(made)) == 198
        # Without this setting Ray writes a token of its own into the home folder.
        variables = {**sandbox.environment, "RAY_AUTH_MODE": "disabled"}
        done = run(str(ROOT / "examples" / name), "--kill-a-worker", **variables)
    # Ray reports the dead worker on the same stream.
    assert done.stdout.endswith("200 of 200 iTwins\n"), done.stderr
    assert done.returncode == 0
    for secret in (sandbox.token, sandbox.client_secret):
        assert secret not in done.stderr
        assert secret not in done.stdout
