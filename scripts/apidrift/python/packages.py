"""Generate the package of a definition into a temporary folder and read its API, with everything that went wrong.

Both sides of a comparison are generated here and now, with one generator, one set of templates and one ruff, so that
nothing but the definitions can make a difference.
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

from ..sources.documents import DriftError
from ..sources.sides import Spec, temporary_folder
from .snapshot import Snapshot, snapshot


class NotGeneratedError(DriftError):
    """No client can be generated of a definition, so that only the wire axis can be compared."""


@dataclasses.dataclass
class Package:
    """The API of a generated package, and findings of the generator and about its output: code, place, text."""

    api: Snapshot
    findings: frozenset[tuple[str, str, str]] = frozenset()


def generated(spec: Spec) -> Package:
    """Generate the package of a definition and read it, unless that has been done before."""
    key = json.dumps([spec.name, spec.prepared], default=str)
    if key not in _done:
        if len(_done) >= _KEPT:
            del _done[next(iter(_done))]
        _done[key] = _generated(spec)
    return _done[key]


_KEPT = 4
_done: dict[str, Package] = {}


def _generated(spec: Spec) -> Package:
    with temporary_folder() as folder:
        findings = write_package(spec, folder)
        sources = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.py")}
    api, invalid = snapshot(sources)
    findings |= {("generated-code-invalid", path, "the generated code is not valid Python") for path in invalid}
    findings |= _broken_imports(api, spec.package, invalid)
    findings |= {
        ("name-collision", f"{module.name}.{kind.name}", f"{name} is defined twice, one of the two is lost")
        for module in api.values()
        for kind in module.classes.values()
        for name in kind.twice
    }
    return Package(api, frozenset(findings))


def write_package(spec: Spec, folder: Path) -> set[tuple[str, str, str]]:
    """Generate and format the package of a definition; what the generator drops is returned."""
    # Imported here: the wire axis does without the generator, and this takes most of a second.
    from codegen.errors import GenerationError
    from codegen.generator import generate_package
    from codegen.packages import ruff

    warnings: list[str] = []
    try:
        generate_package(spec.prepared, folder / spec.package, warnings)
    except GenerationError as error:
        raise NotGeneratedError(f"{spec.file or spec.name}: no client can be generated: {_one_line(error)}") from None
    except RecursionError:
        raise NotGeneratedError(
            f"{spec.file or spec.name}: no client can be generated: the schemas are nested too deeply"
        ) from None
    except Exception as error:  # noqa: BLE001 (code of others, on the text of a stranger)
        raise NotGeneratedError(
            f"{spec.file or spec.name}: no client can be generated: {type(error).__name__}: {_one_line(error)}"
        ) from None
    findings = {("generator-warning", spec.name, _one_line(warning)) for warning in warnings}
    try:
        ruff(folder)
    except GenerationError:
        findings.add(("generated-code-invalid", spec.name, "ruff cannot read the generated code"))
    return findings


def _one_line(text: Any) -> str:
    """A message without what differs from run to run: addresses of objects."""
    line = " ".join(re.sub(r"<openapi_python_client\S* object at 0x[0-9a-f]+>|\bat 0x[0-9a-f]+", "", str(text)).split())
    return line[:300]


def _broken_imports(api: Snapshot, package: str, invalid: list[str]) -> set[tuple[str, str, str]]:
    """Imports of modules that were dropped: they fail when the importing code first runs."""
    present = api.keys() | {path.removesuffix(".py").replace("/", ".") for path in invalid}
    found: set[tuple[str, str, str]] = set()
    for module in api.values():
        for target, name in module.imports:
            if target.split(".")[0] == package and target not in present:
                found.add(("broken-import", module.name, f"imports {name} from {target}, which was not generated"))
    return found
