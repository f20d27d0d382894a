"""The table of rules: each named once, each with words, and nothing reported that is not in it."""

from __future__ import annotations

import ast

import pytest
from apidrift.changes import Axis, Level
from apidrift.cli import main
from apidrift.rules import RULES, UnknownRuleError, change, rule
from apidrift.rules.operations import OPERATIONS
from apidrift.rules.packages import PACKAGES
from apidrift.rules.schemas import SCHEMAS
from apidrift.sources.sides import ROOT
from apidrift.wire import compare_documents
from codegen.documents import Json


def test_every_rule_is_named_once_and_says_what_it_means_and_does() -> None:
    rows = [*OPERATIONS, *SCHEMAS, *PACKAGES]
    assert len({row.code for row in rows}) == len(rows) == len(RULES)
    assert all(row.meaning and row.effect and row.level is not Level.NONE for row in rows)


def test_a_finding_without_a_rule_is_an_error() -> None:
    with pytest.raises(UnknownRuleError, match="no-such-rule"):
        rule("no-such-rule")
    with pytest.raises(UnknownRuleError):
        change(Axis.WIRE, "no-such-rule", "here", "something")


def test_every_code_that_the_source_names_has_a_rule() -> None:
    """Codes that are put together from parts are found by running; those that stand in one piece are found here."""
    found: set[str] = set()
    for path in (ROOT / "scripts" / "apidrift").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "emit":
                found |= {
                    each.value
                    for each in node.args
                    if isinstance(each, ast.Constant) and isinstance(each.value, str) and "-" in each.value
                }
    assert len(found) > 30
    assert {code for code in found if code not in RULES and " " not in code} == set()


def test_the_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(RULES)
    assert lines[0].startswith("breaking")
    assert lines[-1].startswith("docs-only")


def test_the_milder_places_have_the_milder_class() -> None:
    """What breaks a reader of an answer does not break one of an error, a header or a webhook."""

    def document(kind: str, where: str) -> Json:
        content = {"content": {"application/json": {"schema": {"type": kind}}}}
        answers: Json = {"200": {"description": "x"}}
        if where == "answer":
            answers["200"] |= content
        elif where == "error":
            answers["400"] = {"description": "x", **content}
        elif where == "header":
            answers["200"]["headers"] = {"X-A": {"schema": {"type": kind}}}
        hook = {"post": {"responses": {}, **({"requestBody": content} if where == "webhook" else {})}}
        paths = {"/a": {"get": {"responses": answers}}}
        return {"openapi": "3.1.0", "info": {}, "paths": paths, "webhooks": {"w": hook}}

    for where in ("answer", "error", "header", "webhook"):
        found = compare_documents(document("string", where), document("integer", where), lambda _, label: label)
        assert [each.level for each in found] == [Level.BREAKING if where == "answer" else Level.POTENTIAL]
