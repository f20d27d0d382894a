"""Every case is compared once, on both axes and in both directions, by as many processes as there are cores."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import pickle
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor

import pytest
from apidrift.changes import Axis
from apidrift.compare import Report, compare_sides
from apidrift.sources.sides import ROOT, Side
from codegen.documents import Json

from .cases import FOLDER, Case, all_cases
from .packages import spec


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What the tool says about a case, and about the same case with its sides swapped."""

    report: Report
    swapped: Report


def side(document: Json, label: str = "side") -> Side:
    """A side of one definition without overlays."""
    return Side(label, {"api.yaml": spec(document)})


def outcome(case: Case) -> tuple[str, Outcome]:
    """Compare a case in both directions."""
    old, new = side(case.old, "old"), side(case.new, "new")
    return case.name, Outcome(compare_sides(old, new), compare_sides(new, old, [Axis.WIRE]))


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest) -> Mapping[str, Outcome]:
    """The outcome of every case. Kept until the tool, the templates, a pinned version or a case changes."""
    kept = request.config.cache.mkdir("drift") / f"{fingerprint()}.pickle"
    if kept.is_file():
        found: dict[str, Outcome] = pickle.loads(kept.read_bytes())
        return found
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        found = dict(pool.map(outcome, all_cases(), chunksize=8))
    for stale in kept.parent.glob("*.pickle"):
        stale.unlink()
    kept.write_bytes(pickle.dumps(found))
    return found


def fingerprint() -> str:
    """Everything that outcomes depend on."""
    files = [ROOT / "requirements" / "dev.txt"]
    for folder in (ROOT / "scripts", FOLDER / "bases", FOLDER / "cases"):
        files += sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    digest = hashlib.sha256(sys.version.encode())
    for path in files:
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
