"""Schemathesis, which knows nothing but the specifications, finds nothing wrong with the sandbox.

And it does find what is wrong with a sandbox that is spoilt on purpose; otherwise its silence would say nothing.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from codegen.sandbox_data import with_limits

from itwin_platform.sandbox import Sandbox, _actions, _api, _server, _store
from itwin_platform.sandbox._asked import Asked
from itwin_platform.sandbox._catalogue import CATALOGUE, ServedOperation
from tests.contract import specs
from tests.support.examples import METHODS, ROOT, operations_in, resolved
from tests.support.sandbox import IDS, PATHS

# A change may be refused as read-only, or as already there, although the schema of the body has nothing against it.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "404", "409", "422"]

# Detectors word as a 400 what is there already, or cannot be done with a version as it is now.
[[operations]]
include-operation-id-regex = "^reality-analysis/detectors-(create|.*version.*)$"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "404", "409"]

# Ids that were found in answers are other ones in every run.
[phases.examples.extra-data-sources]
responses = false
[phases.coverage.extra-data-sources]
responses = false
[phases.fuzzing.extra-data-sources]
responses = false
"""


# Ids for operations that take away what they name: each can be deleted once, and what the others ask for has to stay.
SPARE: dict[str, tuple[str, dict[str, Any]]] = {
    "/itwins": ("displayName", {"class": "Thing", "subClass": "Asset"}),
    "/itwins/{}/repositories": ("displayName", {"class": "GeographicInformationSystem", "uri": "https://a.example"}),
    "/itwins/{}/repositories/{}/resources": ("displayName", {}),
    "/reality-analysis/detectors": ("name", {"type": "PhotoObjectDetector"}),
    "/reality-management/reality-data": ("displayName", {"type": "LAS", "iTwinId": Sandbox.itwin_id}),
}


STATEMENTS = {
    "jobs-get-all": [f"iTwinId eq {Sandbox.itwin_id}", "createdDateTime gt 2020-01-01T00:00:00Z", "state ne Success"],
    "detectors-get-all": ["labels in ('crack')", "not exports in ('Lines', 'Objects')"],
}
# The iTwin of a new resource is one that there is.
_ITWIN = {"type": "string", "enum": [Sandbox.itwin_id]}
BODIES: dict[str, dict[str, Any]] = {
    "reality-analysis/jobs-create": {"iTwinId": _ITWIN},
    "reality-modeling/jobs-create": {"iTwinId": _ITWIN},
    "reality-management/create-reality-data": {"iTwinId": _ITWIN},
    "reality-management/move-reality-data": {"iTwinId": _ITWIN},
}
# Collections whose ids a request chooses: what is not there now may be there later.
CHOSEN = {"/itwins/{}/repositories/{}/resources", "/reality-analysis/detectors"}


def spare_ids(sandbox: Sandbox, collection: str) -> list[str]:
    """The ids of resources that nothing else needs."""
    name, rest = SPARE[collection]
    known = CATALOGUE.collections[collection]
    address = collection
    for below in known.below:
        address = address.replace("{}", CATALOGUE.known_id(below), 1)
    own = {"id": "spare-{}"} if collection.endswith("resources") else {}
    given = [
        {**rest, **{key: each.format(n) for key, each in own.items()}, name: f"to be deleted {n}"} for n in range(100)
    ]
    return [str(each[known.id]) for each in sandbox.add(address, given)]


def document_for(sandbox: Sandbox, paths: str) -> specs.Json:
    """The specifications of some paths, with the limits that the sandbox knows and ids of resources that it has."""
    result = specs.merged(lambda name: with_limits(ROOT / "openapi" / f"{name}.yaml"))
    served_paths = {(each.path, each.method.lower()) for each in served_at(paths)}
    for path, item in result["paths"].items():
        result["paths"][path] = {
            key: node for key, node in item.items() if key not in METHODS or (path, key) in served_paths
        }
    found = {operation["operationId"]: operation for _, _, operation in operations_in(result)}
    spare = {collection: spare_ids(sandbox, collection) for collection in SPARE}
    for served in served_at(paths):
        operation = found[served.key]
        # A token is good only where it comes from a link.
        parameters = [dict(resolved(result, each)) for each in operation.get("parameters", [])]
        operation["parameters"] = [each for each in parameters if each["name"] != "continuationToken"]
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                parameter.update(ids_for(served, parameter["name"], spare))
            elif parameter["name"] == "$filter" and (known := STATEMENTS.get(served.key.rpartition("/")[2])):
                parameter.update({"schema": {"type": "string", "enum": known}, "example": known[0]})
        if served.body:
            prepare_body(result, operation, served)
        if served.does == "list" and served.collection is not None:
            # What it shows depends on `Prefer` and `$select`. The definition has the schema of the shortest form.
            read = CATALOGUE.reads.get(CATALOGUE.collections[served.collection].links_to or served.collection)
            if read is not None and read.key in found:
                items = member_of(result, operation, served)
                items["items"] = {"anyOf": [items["items"], member_of(result, found[read.key], read)]}
    return result


def served_at(paths: str) -> list[ServedOperation]:
    """The operations at the paths that a pattern takes."""
    return [each for each in CATALOGUE.operations if re.fullmatch(paths, each.path)]


def ids_for(served: ServedOperation, name: str, spare: dict[str, list[str]]) -> specs.Json:
    """The values that a parameter of a path may have."""
    (known,) = (each for each in served.in_path if each.name == name)
    ids = [(IDS[served.key] | PATHS.get(served.key, {}))[name]]
    is_last = known is served.in_path[-1]
    if is_last and served.does == "delete":
        ids = spare.get(served.collection or "", ids)
    elif name not in PATHS.get(served.key, {}) and known.collection is None:
        return {"schema": {"type": "string", "minLength": 1}, "example": "any"}
    if known.collection in CHOSEN:
        return {"schema": {"type": "string", "minLength": 1}, "example": ids[0]}
    return {"schema": {"type": "string", "enum": ids}, "example": ids[0]}


def prepare_body(document: specs.Json, operation: specs.Json, served: ServedOperation) -> None:
    """Say of a body what the sandbox asks of it."""
    operation["requestBody"]["required"] = True
    if served.invalid is None:
        # No error is documented for a body that cannot be used. The sandbox answers as the other operations do.
        operation["responses"]["422"] = {"description": "The body cannot be used."}
    for name, schema in BODIES.get(served.key, {}).items():
        content = operation["requestBody"]["content"]["application/json"]
        resolved(document, content["schema"])["properties"][name] = schema
        content.pop("example", None)
        content.pop("examples", None)


def member_of(document: specs.Json, operation: specs.Json, served: ServedOperation) -> specs.Json:
    """The schema of what a success holds."""
    content = operation["responses"][str(served.success)]["content"]
    schema = resolved(document, content[served.media_type]["schema"])
    member: specs.Json = schema["properties"][served.member]
    return member


def run_schemathesis(
    sandbox: Sandbox, folder: Path, paths: str = ".*", examples: int = 10, *, phases: str = "examples,coverage,fuzzing"
) -> dict[str, Any]:
    """Schemathesis' own report of a run against the sandbox, over the operations at some paths."""
    document, report, config = folder / "openapi.json", folder / "report.json", folder / "schemathesis.toml"
    document.write_text(json.dumps(document_for(sandbox, paths)), "utf-8")
    config.write_text(CONFIG, "utf-8")
    options: dict[str, object] = {
        "--url": sandbox.url,
        "--header": f"Authorization: Bearer {sandbox.token}",
        "--phases": phases,
        "--max-examples": examples,
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
        report = run_schemathesis(sandbox, tmp_path, phases="examples,coverage,fuzzing,stateful")
    assert report["failures"] == []
    assert report["errors"] == []
    assert report["exit_code"] == 0
    assert report["operations"]["tested"] == len(CATALOGUE.operations)
    assert {name: phase["status"] for name, phase in report["phases"].items()} == {
        "examples": "success",
        "coverage": "success",
        "fuzzing": "success",
        "stateful": "success",
    }
    assert report["test_cases"]["generated"] > 100


# What is spoilt is spoilt everywhere. These operations read, list, create, change and delete.
SOME = r"/itwins/(\{id\})?|/itwins/\{iTwinId\}/repositories(/\{repositoryId\})?"


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
    def unchecked(_: object, asked: Asked, *_others: object) -> specs.Json:
        try:
            body = json.loads(asked.body)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    monkeypatch.setattr(_actions, "body_of", unchecked)
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
        report = run_schemathesis(sandbox, tmp_path, SOME, 15)
    assert report["exit_code"] == 1
    found = {name for failure in report["failures"] if failure["code"] == finding for name in failure["operations"]}
    assert found == {f"{operation.method} {operation.path}" for operation in served_at(SOME) if where(operation)}
