"""Where the two sides of a comparison come from: files, the working tree, a git revision, a downloaded definition."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import io
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codegen.documents import Json
from codegen.overlays import OverlayError, apply_overlays, overlays_of, without_titles
from codegen.portal import as_stored, edition_of

from .documents import DriftError, read_document
from .marks import OPEN_UNION, SDK_REQUIRED

ROOT = Path(__file__).resolve().parent.parent.parent.parent
SPECS = "openapi"
FACADE = "facade/itwin_platform"


@dataclasses.dataclass
class Spec:
    """A definition as documented, and as the generator gets it."""

    name: str
    document: Json
    prepared: Json
    problems: list[str]  # overlay actions that could not be applied
    file: str = ""  # what messages call it; two files that are compared have one name

    @property
    def package(self) -> str:
        """The name of its generated package."""
        name = re.sub(r"\W", "_", Path(self.name).stem, flags=re.ASCII).lower()
        return name if name.isidentifier() else f"api_{name}"


@dataclasses.dataclass
class Side:
    """One side of a comparison: definitions by file name, and the source of the facade."""

    label: str
    specs: dict[str, Spec]
    facade: dict[str, str] = dataclasses.field(default_factory=dict[str, str])


def load_spec(path: Path, name: str, overlays: list[Path]) -> Spec:
    """The definition in a file, with overlays applied."""
    return overlaid(read_document(path), path.name, name, overlays)


def overlaid(document: Json, file: str, name: str, overlays: list[Path]) -> Spec:
    """A definition with overlays applied. The document remembers what they make the SDK take or insist on."""
    problems: list[str] = []
    try:
        prepared = apply_overlays(without_titles(document), overlays, problems)
    except (OverlayError, KeyError, TypeError, AttributeError) as error:
        raise DriftError(f"{file}: its overlays cannot be read: {error}") from None
    if overlays:
        document = copy.deepcopy(document)  # the document of the caller stays without marks
        _mark_overlaid(document, prepared)
    return Spec(name, document, prepared, problems, file)


def _mark_overlaid(document: Json, prepared: Json) -> None:
    """Mark unions that an overlay made take anything, and properties that only an overlay makes required."""
    stack: list[tuple[Any, Any]] = [(document, prepared)]
    while stack:
        node, other = stack.pop()
        if isinstance(node, dict) and isinstance(other, dict):
            if any(
                len(other.get(key) or []) > len(node.get(key) or [])
                for key in ("oneOf", "anyOf")
                if isinstance(node.get(key), list)
            ):
                node[OPEN_UNION] = True
            if isinstance(node.get("properties"), dict) and isinstance(other.get("required"), list):
                node[SDK_REQUIRED] = other["required"]
            stack.extend((node[key], other[key]) for key in node.keys() & other.keys())
        elif isinstance(node, list) and isinstance(other, list):
            stack.extend(zip(node, other, strict=False))


def tree_side(root: Path, label: str) -> Side:
    """The side that a checked-out tree makes."""
    folder = root / SPECS
    specs = {
        path.name: load_spec(path, path.name, overlays_of(path, folder / "overlays"))
        for path in sorted(folder.glob("*.yaml"))
    }
    facade = root / FACADE
    sources = {
        path.relative_to(facade.parent).as_posix(): path.read_text("utf-8") for path in sorted(facade.rglob("*.py"))
    }
    return Side(label, specs, sources)


def worktree_side(root: Path = ROOT) -> Side:
    """The working tree."""
    return tree_side(root, "working tree")


def revision_side(revision: str, root: Path = ROOT) -> Side:
    """A git revision."""
    commit = _git(
        root,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{revision}^{{commit}}",
        problem=f"unknown revision {revision!r}",
    )
    name = commit.decode().strip()
    folders = [
        path
        for path in (SPECS, FACADE)
        if _git(root, "ls-tree", "--name-only", name, path, problem=f"{revision}: cannot be listed")
    ]
    if SPECS not in folders:
        return Side(revision, {})
    archive = _git(root, "archive", "--format=tar", name, *folders, problem=f"{revision}: cannot be read")
    with tempfile.TemporaryDirectory() as temporary, tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files:
            content = files.extractfile(member) if member.isfile() else None
            if content is not None:
                target = Path(temporary, member.name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
        return tree_side(Path(temporary), f"{revision} ({name[:9]})")


def _git(root: Path, *arguments: str, problem: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)  # noqa: S607 (the one that the user has)
    except OSError:
        raise DriftError("git is not installed") from None
    if done.returncode:
        raise DriftError(problem)
    return done.stdout


def file_sides(old: Path, new: Path, root: Path = ROOT) -> tuple[Side, Side]:
    """Two files. If one of them is a stored definition, its overlays apply to both; otherwise none do."""
    stored = next((path for path in (old, new) if path.resolve().parent == (root / SPECS).resolve()), None)
    overlays = overlays_of(stored, stored.parent / "overlays") if stored else []
    name = (stored or old).name
    facade = worktree_facade(root)
    return (
        Side(str(old), {name: load_spec(old, name, overlays)}, facade),
        Side(str(new), {name: load_spec(new, name, overlays)}, facade),
    )


def upstream_sides(
    upstream: Path, stored: Path, root: Path = ROOT, *, document: Json | None = None
) -> tuple[Side, Side]:
    """A stored definition and one that was downloaded, both with the overlays of the stored one.

    The downloaded one is compared as it would be stored: in our form, with our words, and with what the stored one has
    from other sources. `document` is that form, where it is known already.
    """
    overlays = overlays_of(stored, stored.parent / "overlays")
    facade = worktree_facade(root)
    known = read_document(stored)
    ours = overlaid(known, stored.name, stored.name, overlays)
    if document is None:
        edition, _ = edition_of(read_document(upstream), stored)
        document, _ = as_stored(edition, known, stored.stem)
    theirs = overlaid(document, upstream.name, stored.name, overlays)
    return (
        Side(f"stored {stored.name}", {stored.name: ours}, facade),
        Side(f"downloaded {upstream.name}", {stored.name: theirs}, facade),
    )


def worktree_facade(root: Path = ROOT) -> dict[str, str]:
    """The source of the facade in the working tree."""
    facade = root / FACADE
    return {
        path.relative_to(facade.parent).as_posix(): path.read_text("utf-8") for path in sorted(facade.rglob("*.py"))
    }


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for generated packages."""
    with tempfile.TemporaryDirectory(prefix="drift-") as name:
        yield Path(name)
