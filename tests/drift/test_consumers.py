"""mypy on code that was written against the old package and meets the new one: the Python axis, by another judge."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from apidrift.changes import Level
from apidrift.python.packages import generated

from .cases import Case, all_cases
from .consumers import consumer
from .packages import spec, write

CASES = [case for case in all_cases() if case.python != Level.NONE]

pytestmark = pytest.mark.slow


def prepare(task: tuple[Case, Path]) -> None:
    """Write the new package of a case and the code that was written against the old one."""
    case, folder = task
    name = identifier(case)
    write(case.new, folder / name)
    (folder / f"use_{name}.py").write_text(consumer(generated(spec(case.old)).api, name), "utf-8")


def identifier(case: Case) -> str:
    return f"case_{case.name.replace('-', '_').replace('.', '_')}"


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What mypy says about the consumer of every case."""
    folder = tmp_path_factory.mktemp("consumers")
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(prepare, [(case, folder) for case in CASES], chunksize=8))
    files = [f"use_{identifier(case)}.py" for case in CASES]
    options = [
        "--strict",
        "--no-error-summary",
        "--hide-error-context",
        "--follow-imports=silent",
        f"--cache-dir={folder / 'cache'}",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *files], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode < 2, done.stdout + done.stderr
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        path, _, message = line.partition(":")
        found.setdefault(path.removeprefix("use_").removesuffix(".py"), []).append(message)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_type_checkers_agree(case: Case, complaints: dict[str, list[str]]) -> None:
    """Breaking code is refused and harmless code is not, unless the case says why it is otherwise."""
    found = complaints.get(identifier(case), [])
    expected = case.consumer or ("fails" if case.python in (Level.BREAKING, Level.POTENTIAL) else "fine")
    assert bool(found) == (expected == "fails"), found
