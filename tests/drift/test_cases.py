"""The labelled changes: the class on each axis, and that neither direction is ever silent."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from apidrift.changes import Axis, Level
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from .cases import Case, all_cases
from .conftest import Outcome

CASES = all_cases()
HARMFUL = (Level.BREAKING, Level.POTENTIAL)
# A change whose point is that the definition leads out of itself.
NOT_SELF_CONTAINED = {"external-reference"}


def test_there_are_enough_cases_and_every_class_is_among_them() -> None:
    assert len(CASES) >= 120
    for axis in ("wire", "python"):
        assert {getattr(case, axis) for case in CASES} == set(Level)
    assert all(case.reason for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_class_on_each_axis(case: Case, outcomes: Mapping[str, Outcome]) -> None:
    report = outcomes[case.name].report
    found = {axis: report.verdict(axis) for axis in Axis}
    assert found == {Axis.WIRE: case.wire, Axis.PYTHON: case.python}, report.changes


@pytest.mark.parametrize("case", [case for case in CASES if case.wire != Level.NONE], ids=lambda case: case.name)
def test_no_direction_is_silent(case: Case, outcomes: Mapping[str, Outcome]) -> None:
    assert [change for change in outcomes[case.name].report.changes if change.axis is Axis.WIRE]
    assert outcomes[case.name].swapped.changes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_finding_says_what_it_does(case: Case, outcomes: Mapping[str, Outcome]) -> None:
    changes = outcomes[case.name].report.changes
    assert all(change.where and change.detail and change.effect for change in changes)
    assert len({change.id for change in changes}) == len(changes)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name not in NOT_SELF_CONTAINED], ids=lambda case: case.name
)
def test_cases_are_valid_definitions(case: Case) -> None:
    document = case.new
    validator = OpenAPIV30SpecValidator if document["openapi"].startswith("3.0") else OpenAPIV31SpecValidator
    assert [error.message for error in validator(document).iter_errors()] == []


@pytest.mark.parametrize("axis", list(Axis))
def test_harm_is_found_and_harmless_changes_are_not_called_breaking(
    axis: Axis, outcomes: Mapping[str, Outcome]
) -> None:
    labels = {case.name: getattr(case, axis) for case in CASES}
    found = {name: outcome.report.verdict(axis) for name, outcome in outcomes.items()}
    harmful = [name for name, label in labels.items() if label in HARMFUL]
    harmless = [name for name, label in labels.items() if label not in HARMFUL]
    assert sum(found[name] in HARMFUL for name in harmful) >= 0.95 * len(harmful)
    assert sum(found[name] is Level.BREAKING for name in harmless) <= 0.05 * len(harmless)
