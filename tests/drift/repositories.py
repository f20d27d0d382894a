"""A copy of the project as a repository of its own, in which definitions are changed, compared and adopted."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from apidrift.sources.sides import ROOT
from ruamel.yaml import YAML

ADOPTION = ROOT / "examples" / "adoption"


def new_repository(folder: Path) -> Path:
    """A copy with one commit."""
    skip = shutil.ignore_patterns(
        ".git", ".venv", "__pycache__", ".*_cache", "node_modules", "site", ".hypothesis", "tests"
    )
    shutil.copytree(ROOT, folder, ignore=skip)
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        git(folder, *command)
    return folder


def git(folder: Path, *command: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def drift(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / "scripts" / "drift.py"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def loaded(path: Path) -> Any:
    """A definition as it is stored."""
    return YAML(typ="safe", pure=True).load(path)


def redefine(path: Path, change: Callable[[Any], object]) -> None:
    """Change a stored definition. JSON is YAML, too."""
    document = loaded(path)
    change(document)
    path.write_text(json.dumps(document, indent=1), "utf-8")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
