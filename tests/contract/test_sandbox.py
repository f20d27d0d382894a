"""Schemathesis, which knows nothing but the specifications, finds nothing wrong with the sandbox.

And it does find what is wrong with a sandbox that is spoilt on purpose; otherwise its silence would say nothing.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from itwin_platform.sandbox import Sandbox, _app
from itwin_platform.sandbox._catalogue import OPERATIONS, encode
from tests.contract import specs


def run_schemathesis(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    """Schemathesis' own report of a run against the sandbox."""
    ids = {
        "id": sandbox.itwin_id,
        "iTwinId": sandbox.itwin_id,
        "repositoryId": sandbox.repository_id,
        "resourceId": sandbox.resource_id,
    }
    document, report = folder / "openapi.json", folder / "report.json"
    document.write_text(json.dumps(specs.merged(ids=ids)), "utf-8")
    options: dict[str, object] = {
        "--url": sandbox.url,
        "--header": f"Authorization: Bearer {sandbox.token}",
        "--phases": "examples,coverage,fuzzing",
        "--max-examples": 50,
        "--report": "json",
        "--report-json-path": report,
    }
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        str(document),
        "--no-color",
        "--generation-deterministic",
    ]
    command += [str(part) for option in options.items() for part in option]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False
    )
    assert report.is_file(), done.stdout + done.stderr
    result: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return result


def test_the_sandbox_keeps_to_the_specifications(sandbox: Sandbox, tmp_path: Path) -> None:
    report = run_schemathesis(sandbox, tmp_path)
    assert report["failures"] == []
    assert report["errors"] == []
    assert report["exit_code"] == 0
    assert report["operations"]["tested"] == len(list(specs.merged()["paths"]))
    assert {name: phase["status"] for name, phase in report["phases"].items() if name != "stateful"} == {
        "examples": "success",
        "coverage": "success",
        "fuzzing": "success",
    }
    assert report["test_cases"]["generated"] > 100


def spoil_authorization(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_app, "_unauthorized", lambda *_: None)


def spoil_media_types(monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = tuple(replace(operation, media_type="application/json") for operation in OPERATIONS)
    monkeypatch.setattr(_app, "OPERATIONS", spoilt)


def spoil_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    body = encode(dict.fromkeys(("iTwin", "image", "repository", "resource", "bucket"), "not an object"))
    spoilt = tuple(replace(operation, answers={**operation.answers, 200: body}) for operation in OPERATIONS)
    monkeypatch.setattr(_app, "OPERATIONS", spoilt)


def spoil_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_app, "KNOWN_IDS", {})  # every lookup fails


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        (spoil_authorization, "ST401"),
        (spoil_media_types, "ST105"),
        (spoil_examples, "ST108"),
        (spoil_ids, "ST101"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_spoilt_sandbox_is_found_out(
    spoil: Callable[[pytest.MonkeyPatch], None], finding: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spoil(monkeypatch)
    with Sandbox() as sandbox:
        report = run_schemathesis(sandbox, tmp_path)
    assert report["exit_code"] == 1
    operations = {
        name for failure in report["failures"] if failure["code"] == finding for name in failure["operations"]
    }
    assert operations == {f"GET {path}" for path in specs.merged()["paths"]}
