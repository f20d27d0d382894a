"""The extras of pyproject.toml are the ones that README.md and the install page list."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.support.examples import ROOT


@pytest.mark.parametrize("page", ["README.md", "docs/install.md"])
def test_every_extra_is_listed_and_no_other(page: str) -> None:
    table = re.search(r"^\| extra \|.*\n((?:\|.*\n)+)", (ROOT / page).read_text("utf-8"), re.M)
    assert table
    listed = re.findall(r"`([a-z0-9]+)`", " ".join(row.split("|")[1] for row in table[1].splitlines()))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert sorted(listed) == sorted(extras)
