"""Jobs that other processes wait for: what happens to the job, and what is said, when such a process ends early."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from itwin_platform import ITwinPlatform
from itwin_platform.sandbox import Sandbox

WAITING = """
import sys
from itwin_platform import ITwinPlatform
def tell(news):
    print(news.state, flush=True)
with ITwinPlatform() as platform:
    platform.reality_analysis.jobs.wait(sys.argv[1], intervals=[0.05], progress=tell)
"""


@pytest.fixture(scope="module")
def own_sandbox() -> Iterator[Sandbox]:
    """A sandbox whose time may be advanced."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def waiting(own_sandbox: Sandbox) -> Iterator[tuple[Sandbox, str, subprocess.Popen[str]]]:
    """A job of a sandbox, and another process that waits for it."""
    sandbox = own_sandbox
    with ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
        specifications = {"inputs": {"photos": "1"}, "outputs": ["objects2D"]}
        job = platform.reality_analysis.jobs.create(sandbox.itwin_id, specifications, type_="Objects2D")
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", WAITING, job.id],
            env={**os.environ, **sandbox.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == "Queued\n"
            yield sandbox, job.id, process
            process.kill()


def test_a_killed_process_loses_nothing(waiting: tuple[Sandbox, str, subprocess.Popen[str]], tmp_path: Path) -> None:
    sandbox, job_id, process = waiting
    process.kill()
    process.wait()
    sandbox.advance(3600)
    with ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
        jobs = platform.reality_analysis.jobs
        report = jobs.download(jobs.wait(job_id), tmp_path)
        (found,) = report.sent
        assert found.path.parent == tmp_path / "objects2D"
        assert json.loads(found.path.read_bytes())
        assert len(jobs.download(job_id, tmp_path).skipped) == 1


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT for one process alone")
def test_who_presses_ctrl_c_sees_how_to_go_on(waiting: tuple[Sandbox, str, subprocess.Popen[str]]) -> None:
    _, job_id, process = waiting
    process.send_signal(signal.SIGINT)
    _, seen = process.communicate(timeout=20)
    assert seen.rstrip().splitlines()[-2:] == [
        "KeyboardInterrupt",
        f"Job {job_id} continues; only the waiting has ended. "
        f"To wait again: platform.reality_analysis.jobs.wait('{job_id}')",
    ]
