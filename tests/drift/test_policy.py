"""Overrides and waivers: what a person decided, and that decisions do not outlive their purpose."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from apidrift.changes import Axis, Change, Level
from apidrift.policy import Policy, read_policy
from apidrift.sources.documents import DriftError

TODAY = datetime.date(2026, 5, 1)
CHANGE = Change(
    Axis.WIRE, Level.BREAKING, "response-property-became-optional", "schemas.A > b", "b may be missing", "e"
)
OTHER = Change(Axis.WIRE, Level.ADDITIVE, "endpoint-added", "GET /a", "operation added", "e")


def policy(text: str, folder: Path) -> Policy:
    path = folder / "drift.toml"
    path.write_text(text, "utf-8")
    return read_policy(path)


def waiver(id_: str, until: str = "2026-05-01") -> str:
    return f'[[waivers]]\nid = "{id_}"\nreason = "agreed"\nuntil = {until}\n'


def test_no_file_decides_nothing(tmp_path: Path) -> None:
    assert read_policy(tmp_path / "none.toml").apply([CHANGE], today=TODAY, all_waivers_used=True) == [CHANGE]


def test_a_waiver_holds_to_the_end_of_its_day(tmp_path: Path) -> None:
    found = policy(waiver(CHANGE.id), tmp_path).apply([CHANGE, OTHER], today=TODAY, all_waivers_used=True)
    assert {change.id: change.waived for change in found} == {CHANGE.id: "agreed", OTHER.id: ""}
    with pytest.raises(DriftError, match=f"expired waivers: {CHANGE.id}"):
        policy(waiver(CHANGE.id, "2026-04-30"), tmp_path).apply([CHANGE], today=TODAY, all_waivers_used=True)


def test_a_waiver_that_waives_nothing(tmp_path: Path) -> None:
    decided = policy(waiver(CHANGE.id) + waiver("000000000000"), tmp_path)
    with pytest.raises(DriftError, match="waive nothing: 000000000000"):
        decided.apply([CHANGE], today=TODAY, all_waivers_used=True)
    assert decided.apply([CHANGE], today=TODAY, all_waivers_used=False)[0].waived == "agreed"


def test_an_override_changes_the_class(tmp_path: Path) -> None:
    decided = policy(f'[classes]\n"{CHANGE.code}" = "docs-only"\n', tmp_path)
    found = decided.apply([CHANGE, OTHER], today=TODAY, all_waivers_used=True)
    assert [(change.code, change.level) for change in found] == [
        (OTHER.code, Level.ADDITIVE),
        (CHANGE.code, Level.DOCS),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "drift.toml"),
        ("[other]\n", "unknown key 'other'"),
        ("classes = 1\n", "`classes` is a table"),
        ('[classes]\n"server-added" = "harmless"\n', "'harmless' is none of breaking"),
        ('[classes]\n"server-added" = "none"\n', "'none' is none of"),
        ('[[waivers]]\nid = "a"\n', "an id, a reason and an until"),
        ('[[waivers]]\nid = "a"\nreason = "r"\nuntil = "2026-01-01"\n', "without quotes"),
        ('[[waivers]]\nid = "a"\nreason = " "\nuntil = 2026-01-01\n', "not empty"),
        (waiver("a") + waiver("a"), "two waivers have one id"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DriftError, match=r"^drift\.toml: ") as caught:
        policy(text, tmp_path)
    assert message in str(caught.value)
