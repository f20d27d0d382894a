"""Definitions that nobody here has seen: what is refused and how, and what stays within bounds."""

from __future__ import annotations

import ast
import importlib
import shutil
import subprocess
import sys
import typing
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from codegen import outputs
from codegen.errors import GenerationError
from codegen.generator import generate_package
from codegen.naming import MAX_LENGTH
from codegen.packages import write_packages
from ruamel.yaml import YAML

from tests.support import called
from tests.support.examples import ROOT
from tests.support.small_definitions import answering, definition

Json = dict[str, Any]


A = "#/components/schemas/A"
B = "#/components/schemas/B"
DEEP_ALL_OF: Json = {
    f"S{n}": {"type": "object", "allOf": [{"$ref": f"#/components/schemas/S{(n + 1) % 5000}"}]} for n in range(5000)
}

# ruff: noqa: E501 (definitions are easier to compare where each is a line)
# Each with the place and the cause that the error has to name.
REFUSED: dict[str, tuple[Json, str, str]] = {
    "another file": (definition({"A": {"$ref": "other.yaml#/B"}}), A, "refers to another document, 'other.yaml#/B'"),
    "nowhere": (definition(a=answering({"$ref": A})), "GET /a (#/paths/~1a/get/responses/200/", "which is not there"),
    "itself": (definition({"A": {"$ref": A}}), A, "leads back to itself"),
    "each other": (definition({"A": {"$ref": B}, "B": {"$ref": A}}), A, "leads back to itself"),
    "cyclic allOf": (
        definition({"A": {"allOf": [{"$ref": B}], "type": "object"}, "B": {"allOf": [{"$ref": A}], "type": "object"}}),
        "#/components/schemas/",
        "part of itself",
    ),
    "deep allOf": (definition(DEEP_ALL_OF), "#/components/schemas/S", "more than 100 levels"),
    "no schema": (definition({"A": {"properties": {"x": []}}}), f"{A}/properties/x", "it is not a schema"),
    "properties are a list": (definition({"A": {"type": "object", "properties": []}}), f"{A}/properties", "not an object"),
    "allOf is an object": (definition({"A": {"allOf": {"type": "object"}}}), f"{A}/allOf", "it is not a list"),
    "too many properties": (
        definition({"A": {"properties": {f"p{n}": {} for n in range(100_000)}}}), A, "100000 properties are too many"),
    "too many values": (definition({"A": {"enum": [f"v{n}" for n in range(20_000)]}}), A, "20000 values are more than"),
    "too many classes": (
        definition({f"S{n}": {"type": "object"} for n in range(20_000)}), "#/components/schemas/S", "more than 10000"),
    "no place": (definition(a={"parameters": [{"name": "x"}], **answering({})}), "GET /a (#/paths/~1a/get/parameters/0)", "a place"),
    "header": (
        definition(a={"parameters": [{"name": "a b", "in": "header"}], **answering({})}), "GET /a", "'a b' cannot be the name"),
    "matrix": (
        definition(a={"parameters": [{"name": "x", "in": "query", "style": "matrix"}], **answering({})}), "GET /a", "the style matrix"),
    "answers are a list": (definition(a={"responses": []}), "GET /a (#/paths/~1a/get/responses)", "not an object"),
    "fragment": (definition(**{"a#b": answering({})}), "GET /a#b", "fragment"),
    "not OpenAPI 3": ({**definition(), "openapi": "2.0"}, "#/openapi", "version 3"),
}  # fmt: skip


@pytest.mark.parametrize(("document", "place", "cause"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_generated_refuses_the_whole_definition(
    tmp_path: Path, document: Json, place: str, cause: str
) -> None:
    with pytest.raises(GenerationError) as caught:
        generate_package(document, tmp_path / "made")
    lines = [line for line in str(caught.value).splitlines() if place in line]
    assert any(cause in line for line in lines), str(caught.value)[:2000]
    assert len(str(caught.value).splitlines()) <= 21
    assert "\u202e" not in str(caught.value)
    # Whoever reads it knows what to write into an overlay.
    assert place == "#/openapi" or "In an overlay, an action with the target $." in lines[0]
    assert not (tmp_path / "made").exists()


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    document = definition({"A": {"$ref": "x.yaml"}, "B": {"$ref": "#/nowhere"}}, a={"responses": []})
    with pytest.raises(GenerationError) as caught:
        generate_package(document, tmp_path / "made")
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        A,
        B,
        "GET /a (#/paths/~1a/get/responses)",
    ]


def test_what_fails_late_leaves_nothing_behind(tmp_path: Path) -> None:
    document = definition({"A": {"type": "object", "properties": {"x": {"type": "string", "x-redact": "some"}}}})
    with pytest.raises(GenerationError, match="x-redact of x is none of all, query, values, none"):
        generate_package(document, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def doubled(keyword: str) -> Json:
    """Schemas of which each has the one before it in it twice."""
    first: Json = {"type": "object", "properties": {"x": {"type": "string"}}}
    return {"S0": first} | {
        f"S{n}": {
            keyword: [{"$ref": f"#/components/schemas/S{n - 1}"}] * 2
            + [{"type": "object", "properties": {f"p{n}": {}}}]
        }
        for n in range(1, 60)
    }


def nested(depth: int) -> Json:
    schema: Json = {"type": "string"}
    for level in range(depth):
        schema = (
            {"type": "array", "items": schema}
            if level % 2
            else {"anyOf": [schema, {"type": "object", "additionalProperties": schema}]}
        )
    return schema


def aliased() -> Json:
    found: Json = YAML(typ="safe", pure=True).load(
        "a: &a {type: object, properties: {x: {type: string}}}\nb: &b {type: object, properties: {a: *a, b: *a}}\nc: {type: object, properties: {a: *b, b: *b, c: *a}}\n"
    )
    return found


# What would take forever, or all memory, if it were followed naively.
BOUNDED: dict[str, Json] = {
    "doubled allOf": definition(doubled("allOf")),
    "doubled anyOf": definition(doubled("anyOf")),
    "deep": definition({"A": nested(60)}),
    "aliased": definition(aliased()),
    "catastrophic pattern": definition({"A": {"type": "string", "pattern": "(a+)+$"}}),
    "thousands of values": definition({"A": {"type": "string", "enum": [f"value {n}" for n in range(5_000)]}}),
    "a list of itself": definition({"A": {"type": "array", "items": {"$ref": A}}, "B": {"anyOf": [{"$ref": B}, {"type": "string"}]}}),
    "lists of unions of lists": definition({
        f"S{n}": {"anyOf": [{"$ref": f"#/components/schemas/S{n + 1}"}, {"type": "array", "items": {"$ref": f"#/components/schemas/S{n + 1}"}}]}
        for n in range(50)
    } | {"S50": {"type": "string"}}),
    "a long chain of references": definition({f"S{n}": {"type": "array", "items": {"$ref": f"#/components/schemas/S{n + 1}"}} for n in range(3000)} | {"S3000": {}}),
    "a long name": definition({"x" * 100_000: {"type": "object", "properties": {"y" * 100_000: {"type": "object"}}}}),
    "a long text": definition({"A": {"type": "object", "description": "\\" * 100_000 + '"' * 10_000}}),
}  # fmt: skip


@pytest.mark.parametrize("document", BOUNDED.values(), ids=BOUNDED.keys())
def test_what_could_grow_without_bounds_is_generated(tmp_path: Path, document: Json) -> None:
    generate_package(document, tmp_path / "made")
    for path in (tmp_path / "made").rglob("*.py"):
        ast.parse(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The packages of the hard definitions."""
    folder = tmp_path_factory.mktemp("hard")
    called.write_hard(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield folder / "made_of_hard"
    for name in [each for each in sys.modules if each.partition(".")[0] == "made_of_hard"]:
        del sys.modules[name]


def test_no_text_of_a_definition_reaches_the_source_unseen(packages: Path) -> None:
    for path in packages.rglob("*.py"):
        assert len(path.name) <= MAX_LENGTH + 5
        assert path.name.isascii()
        text = path.read_text("utf-8")
        unseen = {char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Cn", "Co", "Zl", "Zp"}} - {"\n"}
        assert not unseen
        assert "\u3164" not in text
        names = {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
        assert all(name.isascii() for name in names)


def test_values_and_names_survive_whatever_they_are(packages: Path) -> None:
    models = importlib.import_module("made_of_hard.names.models")
    document = YAML(typ="safe", pure=True).load(called.HARD[1])
    values = document["components"]["schemas"]["odd enum"]["enum"]
    assert [models.OddEnum(value) for value in values] == values
    assert all(models.OddEnum(value).is_known for value in values)
    assert len(models.OddEnum) == len(values)
    properties = document["components"]["responses"]["Everything"]["content"]["application/json"]["schema"][
        "properties"
    ]
    body = {name: "x" for name, each in properties.items() if each.get("type") == "string" and "format" not in each}
    assert models.EverythingResponse.from_dict(body).to_dict() == body
    assert models.EverythingResponse.from_dict({**body, "numbers": 7}).numbers == 7


def test_an_object_of_an_unknown_kind_is_kept_whole(packages: Path) -> None:
    models = importlib.import_module("made_of_hard.shapes.models")
    body = {"all": [{"kind": "bird", "wings": 2}, {"kind": "cat", "lives": 9}], "nobody": {"name": "x"}}
    zoo = models.Zoo.from_dict(body)
    assert [type(each).__name__ for each in zoo.all_] == ["UnknownKind", "Cat"]
    assert zoo.to_dict() == body


def reachable(hints: Any) -> set[str]:
    """The names of the classes that annotations lead to."""
    found: set[str] = set()
    waiting = [hints]
    while waiting:
        kind = waiting.pop()
        waiting += typing.get_args(kind)
        if isinstance(kind, type) and ".models." in kind.__module__ and kind.__name__ not in found:
            found.add(kind.__name__)
            waiting += typing.get_type_hints(kind).values() if attrs.has(kind) else []
    return found


PACKAGES = sorted(
    {f"itwin_platform_api.{path.stem.replace('-', '_')}" for path in (ROOT / "openapi").glob("*.yaml")}
    | {f"made_of_hard.{path.stem}" for path in called.HARD}
)


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.usefixtures("packages")
def test_an_operation_loads_no_model_that_it_does_not_reach(package: str) -> None:
    names = [module.__name__ for module in called.modules_of(package)]
    kept = {name: module for name, module in sys.modules.items() if f"{name}.".startswith(f"{package}.")}
    try:
        for name in names:
            for each in [each for each in sys.modules if each.startswith(f"{package}.")]:
                del sys.modules[each]
            module = importlib.import_module(name)
            loaded = [sys.modules[each] for each in sys.modules if each.startswith(f"{package}.models.")]
            classes = {
                each.__name__ for one in loaded for each in vars(one).values()
                if isinstance(each, type) and each.__module__ == one.__name__
            }  # fmt: skip
            hints = [typing.get_type_hints(module.request), module.OPERATION]
            wanted = set().union(*map(reachable, [*hints[0].values()]))
            assert classes <= wanted, name
    finally:
        for each in [each for each in sys.modules if each.startswith(f"{package}.")]:
            del sys.modules[each]
        sys.modules.update(kept)
        for part in ("api", "models"):  # an import looks there, too
            setattr(kept[package], part, kept[f"{package}.{part}"])


@pytest.mark.parametrize(
    "checker",
    [["mypy", "--strict", "--cache-dir", "cache", "-p", "made_of_hard"], ["pyright", "made_of_hard"]],
    ids=["mypy", "pyright"],
)
def test_what_is_generated_passes_strict_type_checks(packages: Path, checker: list[str]) -> None:
    (packages.parent / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "pythonVersion": "3.11"}')
    command = [sys.executable, "-m", *checker, *(["--pythonpath", sys.executable] if checker[0] == "pyright" else [])]
    done = subprocess.run(command, cwd=packages.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("name", ["runtime", "Client", "class", "1", "a.b", "a b"])
def test_a_definition_whose_name_is_taken_or_no_name_is_refused(tmp_path: Path, name: str) -> None:
    spec = tmp_path / f"{name}.yaml"
    with spec.open("w") as file:
        YAML(typ="safe", pure=True).dump(definition(), file)
    with pytest.raises(GenerationError, match="cannot be the name of a package"):
        write_packages([spec], tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_a_new_definition_needs_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = tmp_path / "openapi"
    shutil.copytree(ROOT / "openapi", specs)
    for path in called.HARD:
        shutil.copy(path, specs)
    monkeypatch.setattr(outputs, "SPECS", specs)
    outputs.write_all(tmp_path / "out")
    for path in called.HARD:
        assert (tmp_path / "out" / outputs.FACADE_MODELS / f"{path.stem}.py").exists()
        assert f"`itwin_platform_api.{path.stem}`" in (tmp_path / "out" / "docs" / "operations.md").read_text("utf-8")
    # What is there already stays as it is, and the sandbox serves what has a method.
    changed = {line.partition(" ")[2].strip() for line in outputs.differences(tmp_path / "out", ROOT)}
    own = {path.stem for path in called.HARD}
    pages = {"docs/operations.md", "docs/reference/models.md"}
    indexes = {f"{outputs.PACKAGES.as_posix()}/__init__.py", f"{outputs.FACADE_MODELS.as_posix()}/__init__.py"}
    assert {each for each in changed if own.isdisjoint(Path(each).with_suffix("").parts)} == pages | indexes
