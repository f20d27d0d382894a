"""What is built and what an import costs in modules."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
import typing
import zipfile
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import grimp
import pytest

import itwin_platform
from itwin_platform import AsyncITwinPlatform, ITwinPlatform
from tests.support.calls import groups
from tests.support.examples import ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    packages = {"itwin_platform", "itwin_platform_api", "itwin_platform_pytest"}
    assert {top for top in tops if not top.endswith(".dist-info")} == packages
    for expected in (
        "itwin_platform/py.typed",
        "itwin_platform_api/py.typed",
        "itwin_platform/_sync/client.py",
        "itwin_platform/sandbox/operations.json",
        "itwin_platform_api/itwins/models/repository.py",
    ):
        assert expected in names
    assert not [name for name in names if name.endswith((".pyc", ".jinja", ".yaml"))]


def test_the_wheel_needs_no_more_than_it_says(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith("METADATA"))
    lines = archive.read(metadata).decode().splitlines()
    needed = {
        line.split()[1].split(">")[0].split("<")[0]
        for line in lines
        if line.startswith("Requires-Dist") and "extra" not in line
    }
    assert needed == {"attrs", "httpcore", "httpx", "python-dateutil", "sniffio"}
    assert "License-Expression: MIT" in lines


@pytest.mark.parametrize("page", ["README.md", "docs/install.md"])
def test_the_pages_name_every_extra_and_what_is_needed_without_one(page: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    text = (ROOT / page).read_text("utf-8")
    table = text.partition("| extra |")[2].partition("\n\n")[0]
    first_column = " ".join(line.split("|")[1] for line in table.splitlines()[2:])
    assert sorted(re.findall("`([a-z0-9]+)`", first_column)) == sorted(project["optional-dependencies"])
    said = text.partition("| extra |")[0]
    for needed in project["dependencies"]:
        assert re.split("[<>=]", needed)[0] in said


def test_caps_are_exclusive() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    assert not [line for line in [*project["dependencies"], *extras] if "<=" in line or "==" in line]


def test_the_import_loads_nothing_that_is_not_needed_yet() -> None:
    unwanted = {"itwin_platform_api", "starlette", "uvicorn", "dateutil", "opentelemetry", "obstore"}
    unwanted |= {"aiohttp", "httpcore", "httpx"}
    code = "import sys, itwin_platform; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert unwanted.isdisjoint(done.stdout.split())


MODULES = (
    "",
    "connections",
    "credentials",
    "environments",
    "errors",
    "frames",
    "models",
    "models.itwins",
    "sandbox",
    "storage",
    "testing",
)


@pytest.mark.parametrize("name", MODULES)
def test_the_types_of_everything_public_can_be_looked_up(name: str) -> None:
    """Frameworks for dependency injection, validation and documentation do that."""
    module = importlib.import_module(f"itwin_platform.{name}".rstrip("."))
    for public in module.__all__ if hasattr(module, "__all__") else dir(module):
        value = getattr(module, public)
        if inspect.isclass(value):
            typing.get_type_hints(value)
            for _, function in inspect.getmembers(value, inspect.isfunction):
                typing.get_type_hints(function)


def test_modules_show_what_is_public_and_nothing_else() -> None:
    """What `dir` returns is what shells and notebooks complete."""
    found = {each.name for each in pkgutil.iter_modules(itwin_platform.__path__) if not each.name.startswith("_")}
    modules = found - {"cli", "files", "sandbox"}  # a command, and what cannot be imported without an extra
    assert set(dir(itwin_platform)) == {*itwin_platform.__all__, *modules}
    for name in sorted(modules):
        module = getattr(itwin_platform, name)
        assert {each for each in dir(module) if not each.startswith("_")} == set(module.__all__), name


@pytest.mark.parametrize("kind", [ITwinPlatform, AsyncITwinPlatform])
def test_a_stand_in_for_a_client_knows_its_groups_and_their_methods(kind: Any) -> None:
    for platform in (create_autospec(kind)("token"), create_autospec(kind, instance=True)):
        for path, real_group in groups(kind("token")):
            group = functools.reduce(getattr, path, platform)
            real = type(real_group)
            for method, function in inspect.getmembers(real, inspect.isfunction):
                if not method.startswith("_"):
                    assert callable(getattr(group, method))
                    typing.get_type_hints(function)
        with pytest.raises(AttributeError):
            _ = platform.itwins.no_such_method
        with pytest.raises(TypeError, match="itwin_id"):
            platform.itwins.get()


def test_no_module_is_part_of_an_import_cycle() -> None:
    """Imports inside functions count too; those for type checkers alone do not."""
    graph = grimp.build_graph(
        "itwin_platform", "itwin_platform_api", exclude_type_checking_imports=True, cache_dir=None
    )
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    cycles: list[str] = []
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        cycles = error.args[1]
    assert cycles == []


def test_without_fsspec_the_files_say_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("itwin_platform.files")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "itwin-platform\[fsspec\]"'):
        importlib.import_module("itwin_platform.files")
