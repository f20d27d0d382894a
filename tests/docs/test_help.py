"""`make help` shows every verb, once, in lines that fit a terminal."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support.examples import ROOT


def test_every_verb_is_shown_once_in_a_short_line() -> None:
    makefile = ROOT / "Makefile"
    command = [sys.executable, str(ROOT / "scripts" / "help.py"), str(makefile)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    verbs = " ".join(re.findall(r"^\.PHONY: (.+)$", makefile.read_text("utf-8"), re.M)).split()
    assert sorted(re.findall(r"^  make (\S+)  +\S", shown, re.M)) == sorted(verbs)
    assert max(map(len, shown.splitlines())) <= 100
