"""`make packages`: build wheel and sdist, check them, and try them in new environments.

Each Python that is here, from 3.11 on, gets an environment with nothing else, one for each extra, and one with all
extras; the first and the last also with the lowest versions that are allowed. In each, everything that the package
exports is imported, with warnings as errors. At the end, pyright says how much of the public interface has a type.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
# What has to import in every environment, and what with an extra as well.
PARTS = ("connections", "credentials", "errors", "filters", "frames", "models", "storage", "testing")
ALWAYS = ["itwin_platform", *(f"itwin_platform.{name}" for name in PARTS)]
WITH = {"cli": ("itwin_platform.cli._app",), "sandbox": ("itwin_platform.sandbox",)}
TRY = """
import importlib, sys
from importlib.metadata import version
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    for exported in getattr(module, "__all__", ()):
        getattr(module, exported)
import itwin_platform
with itwin_platform.ITwinPlatform("token") as platform:
    for group in [name for name in dir(type(platform)) if not name.startswith("_")]:
        getattr(platform, group)
    assert "token" not in repr(platform)
assert version("itwin-platform") == itwin_platform.__version__
"""


def run(*command: str | Path, quiet: bool = True) -> str:
    """Run a command; its output is shown if it fails."""
    # uv has variables of its own for what pip is told.
    told = {"UV_DEFAULT_INDEX": os.environ.get("PIP_INDEX_URL"), "UV_FIND_LINKS": os.environ.get("PIP_FIND_LINKS")}
    environment = {**{name: value for name, value in told.items() if value}, **os.environ}
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=environment, check=False, capture_output=quiet, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout or ''}{done.stderr or ''}")
    return done.stdout or ""


def built(folder: Path) -> Path:
    """Build both distributions, check them, and return the wheel."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder)
    run(sys.executable, "-m", "twine", "check", "--strict", *folder.iterdir())
    (wheel,) = folder.glob("*.whl")
    (source,) = folder.glob("*.tar.gz")
    with tarfile.open(source) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    for needed in ("README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "facade/itwin_platform/py.typed"):
        if needed not in names:
            sys.exit(f"{source.name} has no {needed}")
    # What is built from the source distribution is the same wheel.
    again = folder / "again"
    run(BIN / "uv", "build", "--quiet", "--wheel", "--out-dir", again, source)
    if _names(wheel) != _names(next(again.glob("*.whl"))):
        sys.exit("the wheel of the source distribution has other files than the wheel")
    return wheel


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as files:
        return set(files.namelist())


def pythons() -> Iterator[tuple[str, str]]:
    """The Pythons that are here: version and path of one of each."""
    found: dict[str, str] = {}
    for each in json.loads(run(BIN / "uv", "python", "list", "--only-installed", "--output-format", "json")):
        found.setdefault(".".join(each["version"].split(".")[:2]), each["path"])
    for version in VERSIONS:
        # Managers of Pythons keep those that are not chosen off the PATH, and put others that refuse to run on it.
        kept = sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python3")))
        paths = filter(None, [found.get(version), shutil.which(f"python{version}"), *kept])
        path = next((path for path in paths if re.search(rf"\b{re.escape(version)}\.", _version(path))), None)
        if path is None:
            print(f"Python {version}: not here")
        else:
            yield version, path


def _version(path: str) -> str:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def tried(folder: Path, python: str, wheel: Path, extras: list[str], resolution: str) -> Path:
    """Install the wheel with extras into a new environment, and import what it exports."""
    shutil.rmtree(folder, ignore_errors=True)
    run(BIN / "uv", "venv", "--quiet", "--python", python, folder)
    interpreter = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    what = f"{wheel}[{','.join(extras)}]" if extras else str(wheel)
    run(BIN / "uv", "pip", "install", "--quiet", "--python", interpreter, "--resolution", resolution, what)
    modules = [*ALWAYS, *(module for extra in extras for module in WITH.get(extra, ()))]
    run(interpreter, "-W", "error", "-c", TRY, *modules)
    return interpreter


def completeness(interpreter: Path) -> None:
    """Fail unless everything that users see has a type, but for the file systems: their base in fsspec has none."""
    search = f"{interpreter.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--verifytypes", "itwin_platform", "--ignoreexternal", "--outputjson"],
        cwd=interpreter.parent,
        env={**os.environ, "PATH": search, "VIRTUAL_ENV": str(interpreter.parent.parent)},
        check=False,
        capture_output=True,
        text=True,
    )
    symbols = json.loads(done.stdout)["typeCompleteness"]["symbols"]
    unknown = [each["name"] for each in symbols if each["isTypeAmbiguous"] or not each["isTypeKnown"]]
    untyped = sorted(name for name in unknown if not name.startswith("itwin_platform.files."))
    print(f"types: {len(symbols) - len(untyped)} of {len(symbols)} names have one")
    if untyped or not symbols:
        sys.exit("\n".join(["These have no type:", *untyped]))


def main() -> int:
    """Try everything; the first failure ends it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = sorted(settings["project"]["optional-dependencies"])
    with tempfile.TemporaryDirectory() as scratch:
        wheel = built(Path(scratch) / "dist")
        print(f"{wheel.name}: built and checked")
        here = list(pythons())
        for version, python in here:
            sets = [[], *([each] for each in extras), extras]
            for chosen in sets:
                tried(Path(scratch) / "environment", python, wheel, chosen, "highest")
            print(f"Python {version}: {len(sets)} sets of extras, newest versions")
        for version, python in (here[0], here[-1]):
            for chosen in ([], extras):
                tried(Path(scratch) / "environment", python, wheel, chosen, "lowest-direct")
            print(f"Python {version}: none and all extras, lowest versions")
        completeness(tried(Path(scratch) / "environment", here[0][1], wheel, extras, "highest"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
