"""Everything that is generated: writing it, and comparing it with what is checked in."""

from __future__ import annotations

import shutil
from pathlib import Path

from .facade_calls import facade_calls
from .facade_models import write_facade_models
from .overlays import load_yaml
from .packages import ruff, write_packages
from .sandbox_data import write_sandbox_data
from .tables import write_tables
from .unasync import write_sync_twin

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT / "openapi"
FACADE = ROOT / "facade"
ASYNC_SOURCE = FACADE / "itwin_platform" / "_async"

# Every output: a folder or file that belongs to the generator alone and is replaced whole.
PACKAGES = Path("generated/itwin_platform_api")
SYNC_TWIN = Path("facade/itwin_platform/_sync")
FACADE_MODELS = Path("facade/itwin_platform/models")
PAGES = (
    Path("README.md"),
    Path("docs/operations.md"),
    Path("docs/reference/client.md"),
    Path("docs/reference/groups"),
    Path("docs/reference/models.md"),
)
SANDBOX_DATA = Path("facade/itwin_platform/sandbox/operations.json")
OUTPUTS = (PACKAGES, SYNC_TWIN, FACADE_MODELS, SANDBOX_DATA, *PAGES)


def write_all(root: Path) -> None:
    """Write every output below `root`."""
    specs = sorted(SPECS.glob("*.yaml"))
    models = write_packages(specs, root / PACKAGES)
    flat = write_facade_models(models, root / FACADE_MODELS)
    ruff(root / FACADE_MODELS)
    documents = {spec.stem: load_yaml(spec) for spec in specs}
    calls = facade_calls(
        {path.relative_to(FACADE).as_posix(): path.read_text("utf-8") for path in sorted(ASYNC_SOURCE.rglob("*.py"))}
    )
    write_sync_twin(ASYNC_SOURCE, root / SYNC_TWIN)
    ruff(root / SYNC_TWIN)
    write_sandbox_data(specs, root / SANDBOX_DATA)
    write_tables(ROOT, root, documents, calls, models, flat, sandbox=root / SANDBOX_DATA)


def differences(fresh: Path, checked_in: Path) -> list[str]:
    """How the outputs below two roots differ, one line per file."""
    found: list[str] = []
    for output in OUTPUTS:
        new, old = _files(fresh, output), _files(checked_in, output)
        found += [f"missing    {path}" for path in sorted(new.keys() - old.keys())]
        found += [f"unexpected {path}" for path in sorted(old.keys() - new.keys())]
        found += [f"different  {path}" for path in sorted(new.keys() & old.keys()) if new[path] != old[path]]
    return found


def _files(root: Path, output: Path) -> dict[str, bytes]:
    top = root / output
    paths = [top] if top.is_file() else [path for path in top.rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths if path.suffix != ".pyc"}


def replace(fresh: Path, root: Path) -> None:
    """Put the outputs below one root in the place of those below another."""
    for output in OUTPUTS:
        old = root / output
        if old.is_dir():
            shutil.rmtree(old)
        old.parent.mkdir(parents=True, exist_ok=True)
        old.unlink(missing_ok=True)
        shutil.move(fresh / output, old)
