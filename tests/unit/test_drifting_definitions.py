"""What a type checker says of the facade when a definition changes: every mistake that the change makes of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from codegen.naming import package_name
from codegen.overlays import prepared

from tests.support.examples import ROOT
from tests.support.generated import write_packages

Document = dict[str, Any]
GROUPS = "itwin_platform/_async/groups"


def rename_a_path_parameter(itwins: Document) -> None:
    path = itwins["paths"].pop("/itwins/{iTwinId}/repositories/{repositoryId}")
    for operation in path.values():
        operation["parameters"][1] = {"name": "repoId", "in": "path", "required": True, "schema": {"type": "string"}}
    itwins["paths"]["/itwins/{iTwinId}/repositories/{repoId}"] = path


def remove_a_query_parameter(itwins: Document) -> None:
    parameters = itwins["paths"]["/itwins/"]["get"]["parameters"]
    parameters[:] = [each for each in parameters if each["name"] != "$search"]


def require_a_new_parameter(itwins: Document) -> None:
    new = {"name": "reason", "in": "query", "required": True, "schema": {"type": "string"}}
    itwins["paths"]["/itwins/{id}"]["delete"]["parameters"].append(new)


def make_an_answer_optional(itwins: Document) -> None:
    itwins["components"]["schemas"]["image-response"]["required"] = []


def remove_a_property_of_a_body(itwins: Document) -> None:
    del itwins["components"]["schemas"]["iTwin-update"]["properties"]["number"]


def require_a_property_of_a_body(itwins: Document) -> None:
    schema = itwins["components"]["schemas"]["iTwin-create"]
    schema["properties"]["owner"] = {"type": "string"}
    schema["required"].append("owner")


def change_the_type_of_a_parameter(itwins: Document) -> None:
    path = itwins["paths"]["/itwins/{iTwinId}/repositories/{repositoryId}/resources/{resourceId}"]
    (parameter,) = (each for each in path["get"]["parameters"] if each.get("name") == "resourceId")
    parameter["schema"] = {"type": "integer"}


# Each change, the method that it breaks, and the word that the error has to have.
CHANGES: list[tuple[Callable[[Document], None], str, str, str]] = [
    (rename_a_path_parameter, "repositories", "get", '"repository_id"'),
    (remove_a_query_parameter, "itwins", "list", '"search"'),
    (require_a_new_parameter, "itwins", "delete", '"reason"'),
    (make_an_answer_optional, "itwin_images", "get_image", '"ITwinImage | None"'),
    (remove_a_property_of_a_body, "itwins", "update", '"number"'),
    (require_a_property_of_a_body, "itwins", "create", '"owner"'),
    (change_the_type_of_a_parameter, "repository_resources", "get_resource", '"resource_id"'),
]


def checked(folder: Path, *changes: Callable[[Document], None]) -> str:
    """What mypy says of the API groups where the definition of the iTwins API has changed."""
    documents = {package_name(spec): prepared(spec) for spec in sorted((ROOT / "openapi").glob("*.yaml"))}
    for change in changes:
        change(documents["itwins"])
    write_packages(documents, folder / "itwin_platform_api")
    shutil.copytree(ROOT / "facade" / "itwin_platform", folder / "itwin_platform")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", "cache", "--no-error-summary", GROUPS]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def method_at(group: str, line: int) -> str:
    """The method that a line of a group is in."""
    lines = (ROOT / "facade" / GROUPS / f"{group}.py").read_text("utf-8").splitlines()[:line]
    return next(found[1] for text in reversed(lines) if (found := re.match(r"    (?:async )?def (\w+)", text)))


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str]]:
    """Group, method and message of every error where all of these changes are made."""
    report = checked(tmp_path_factory.mktemp("changed"), *(change for change, *_ in CHANGES))
    found = re.findall(rf"^{GROUPS}/(\w+)\.py:(\d+): error: (.*)$", report, re.M)
    return [(group, method_at(group, int(line)), message) for group, line, message in found]


@pytest.mark.parametrize(
    ("change", "group", "method", "word"), CHANGES, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_change_of_a_definition_shows_where_it_breaks_the_facade(
    change: Any, group: str, method: str, word: str, errors: list[tuple[str, str, str]]
) -> None:
    del change
    assert [message for at, name, message in errors if (at, name) == (group, method) and word in message]


def test_the_facade_fits_the_definitions_as_they_are(tmp_path: Path) -> None:
    """Without this, an error would not say that the change is its cause."""
    assert checked(tmp_path) == ""
