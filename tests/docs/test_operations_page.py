"""The page of operations is what the definitions say, and what it says of the tests is so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from codegen.overlays import prepared

from itwin_platform.sandbox._catalogue import CATALOGUE
from tests.contract import test_prism as contract
from tests.support.calls import facade_calls
from tests.support.examples import ROOT, SPECIFICATIONS, operations, specification

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")


@dataclass(frozen=True)
class Line:
    """An operation on the page."""

    key: str
    request: str
    call: str
    media_type: str
    maturity: str
    source: str
    tests: tuple[str, ...]


def lines() -> list[Line]:
    found: list[Line] = []
    for section in PAGE.split("\n## ")[1:]:
        (api,) = re.findall(r"^From `openapi/([\w-]+)\.yaml`", section, re.M)
        for row in re.findall(r"^\| \[?[\w-]+(?:\]\(.*|) \| `.*$", section, re.M):
            name, request, call, media_type, maturity, source, tests = (cell.strip() for cell in row[1:-1].split("|"))
            name = re.sub(r"\[(.+)\]\(.+\)", r"\1", name)
            rest = media_type, maturity, source, tuple(tests.split(", "))
            found.append(Line(f"{api}/{name}", request.strip("`"), call.strip("`"), *rest))
    return found


LINES = lines()


def test_every_operation_has_one_line_in_the_order_of_its_definition() -> None:
    documented = [(key, f"{each['method']} {each['path']}") for key, each in operations().items()]
    assert [(line.key, line.request) for line in LINES] == documented


def documented(key: str) -> dict[str, Any]:
    """An operation as its definition has it."""
    api, _, name = key.partition("/")
    items = specification(api)["paths"].values()
    nodes = [node for item in items for node in item.values() if isinstance(node, dict)]
    (found,) = (node for node in nodes if node.get("operationId") == name)
    return found


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.key)
def test_type_maturity_and_source_are_those_of_the_definition(line: Line) -> None:
    node = documented(line.key)
    spelled = re.sub(r"^(v\d)$", r"application/vnd.bentley.itwin-platform.\1+json", line.media_type)
    assert spelled == operations()[line.key]["media_type"]
    assert (line.maturity == "preview") == (node.get("x-maturity") == "technical-preview")
    if "x-source" in node:
        assert line.source.endswith(f" ({node['x-confidence']})")
        assert line.source.startswith(("pages", "itwins-client", "reality-capture"))
    else:
        assert line.source == "portal"


def test_the_calls_are_methods_of_the_client() -> None:
    methods = {call.key: call.name for call in facade_calls()}
    assert {line.key: line.call for line in LINES if line.call != "platform.call"} == methods


@pytest.mark.parametrize(
    ("label", "tested"),
    [
        ("facade", {call.key for call in facade_calls()}),
        ("call", set(contract.WITHOUT_METHOD)),
        ("Prism", {call.key for call in contract.CALLS} | set(contract.WITHOUT_METHOD)),
        ("sandbox", {operation.key for operation in CATALOGUE.operations}),
    ],
)
def test_the_named_tests_call_the_operation(label: str, tested: set[str]) -> None:
    assert {line.key for line in LINES if label in line.tests} == tested


def test_no_operation_is_without_tests() -> None:
    for line in LINES:
        assert set(line.tests) <= {"facade", "call", "Prism", "sandbox"}
        assert {"Prism"} < set(line.tests), line


def test_an_api_with_a_facade_has_a_method_for_every_operation() -> None:
    with_facade = {api for api in SPECIFICATIONS if prepared(ROOT / "openapi" / f"{api}.yaml").get("x-facade") is True}
    expected = {key for key in operations() if key.partition("/")[0] in with_facade}
    assert expected - {call.key for call in facade_calls()} == set()
