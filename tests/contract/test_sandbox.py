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
from codegen.sandbox_data import with_limits

from itwin_platform.sandbox import Sandbox, _actions, _api, _server, _store
from itwin_platform.sandbox._catalogue import CATALOGUE, ServedOperation
from tests.contract import specs
from tests.support.examples import METHODS, ROOT, resolved

# A change may be refused as read-only, or as already there, although the schema of the body has nothing against it.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "404", "409", "422"]

# Ids that were found in answers are other ones in every run.
[phases.examples.extra-data-sources]
responses = false
[phases.coverage.extra-data-sources]
responses = false
[phases.fuzzing.extra-data-sources]
responses = false
"""


def document_for(sandbox: Sandbox) -> specs.Json:
    """All specifications with the limits that the sandbox knows, and with ids of resources that it has."""
    result = specs.merged(lambda name: with_limits(ROOT / "openapi" / f"{name}.yaml"))
    served_paths = {(each.path, each.method.lower()) for each in CATALOGUE.operations}
    for path, item in result["paths"].items():
        result["paths"][path] = {
            key: node for key, node in item.items() if key not in METHODS or (path, key) in served_paths
        }
    found = {operation["operationId"]: operation for operation in specs.operations_of(result)}
    # Each of these can be deleted once. What the other operations ask for has to stay.
    spare = sandbox.add(
        "/itwins", [{"class": "Thing", "subClass": "Asset", "displayName": f"To be deleted {n}"} for n in range(100)]
    )
    for served in CATALOGUE.operations:
        operation = found[served.key]
        operation["parameters"] = [dict(resolved(result, each)) for each in operation.get("parameters", [])]
        for parameter in (each for each in operation["parameters"] if each["in"] == "path"):
            known = CATALOGUE.known_ids(served)[parameter["name"]]
            ids = [each["id"] for each in spare] if served.does == "delete" else [known]
            parameter |= {"schema": {"type": "string", "enum": ids}, "example": ids[0]}
        if served.does == "list":
            # What it shows depends on `Prefer` and `$select`. The definition has the schema of the shortest form.
            (read,) = (
                each for each in CATALOGUE.operations if (each.does, each.collection) == ("read", served.collection)
            )
            items = member_of(result, found[served.key], served)
            items["items"] = {"anyOf": [items["items"], member_of(result, found[read.key], read)]}
    return result


def member_of(document: specs.Json, operation: specs.Json, served: ServedOperation) -> specs.Json:
    """The schema of what a success holds."""
    content = operation["responses"][str(served.success)]["content"]
    schema = resolved(document, content[served.media_type]["schema"])
    member: specs.Json = schema["properties"][served.member]
    return member


def run_schemathesis(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    """Schemathesis' own report of a run against the sandbox."""
    document, report, config = folder / "openapi.json", folder / "report.json", folder / "schemathesis.toml"
    document.write_text(json.dumps(document_for(sandbox)), "utf-8")
    config.write_text(CONFIG, "utf-8")
    options: dict[str, object] = {
        "--url": sandbox.url,
        "--header": f"Authorization: Bearer {sandbox.token}",
        "--phases": "examples,coverage,fuzzing",
        "--max-examples": 50,
        "--report": "json",
        "--report-json-path": report,
    }
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", str(document)]
    command += ["--no-color", "--generation-deterministic"]
    command += [str(part) for option in options.items() for part in option]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False
    )
    print(done.stdout)
    assert report.is_file(), done.stdout + done.stderr
    result: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return result


def test_the_sandbox_keeps_to_the_specifications(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        report = run_schemathesis(sandbox, tmp_path)
    assert report["failures"] == []
    assert report["errors"] == []
    assert report["exit_code"] == 0
    assert report["operations"]["tested"] == len(CATALOGUE.operations)
    assert {name: phase["status"] for name, phase in report["phases"].items() if name != "stateful"} == {
        "examples": "success",
        "coverage": "success",
        "fuzzing": "success",
    }
    assert report["test_cases"]["generated"] > 100


def spoil_authorization(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_api, "unauthorized", lambda *_: None)


def spoil_media_types(monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = tuple(replace(operation, media_type="application/json") for operation in CATALOGUE.operations)
    monkeypatch.setattr(_server, "CATALOGUE", replace(CATALOGUE, operations=spoilt))


def spoil_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    members = {operation.member for operation in CATALOGUE.operations if operation.member} | {"error"}
    monkeypatch.setattr(_api, "encode", lambda _: json.dumps(dict.fromkeys(members, "not an object")).encode())


def spoil_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_actions.Actions, "answer", None)  # every request fails


def spoil_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_actions, "_body_of", lambda *arguments: json.loads(arguments[-1].body))
    monkeypatch.setattr(_store, "_check", lambda *_: None)


@pytest.mark.parametrize(
    ("spoil", "finding", "where"),
    [
        (spoil_authorization, "ST401", lambda _: True),
        (spoil_media_types, "ST105", lambda _: True),
        (spoil_bodies, "ST108", lambda _: True),
        (spoil_answers, "ST101", lambda _: True),
        (spoil_checks, "ST201", lambda operation: operation.body is not None),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_spoilt_sandbox_is_found_out(
    spoil: Callable[[pytest.MonkeyPatch], None],
    finding: str,
    where: Callable[[ServedOperation], bool],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    spoil(monkeypatch)
    with Sandbox() as sandbox:
        report = run_schemathesis(sandbox, tmp_path)
    assert report["exit_code"] == 1
    found = {name for failure in report["failures"] if failure["code"] == finding for name in failure["operations"]}
    assert found == {f"{operation.method} {operation.path}" for operation in CATALOGUE.operations if where(operation)}
