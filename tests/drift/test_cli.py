"""The verbs as people run them: output, exit status and one clear line for what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from apidrift.cli import main
from apidrift.reports import wants_colour
from apidrift.sources.documents import DriftError, read_document
from apidrift.sources.sides import ROOT

from .cases import BASES, base, changed
from .packages import write
from .repositories import drift, edit, git, new_repository, redefine

DRIFT = ROOT / "scripts" / "drift.py"
STATUS = "/components/schemas/PumpStatus/enum/-"


def run(*arguments: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DRIFT), *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A definition and one with a new enum value and a property less that was required."""
    new = changed(
        base("reader"),
        [
            {"set": STATUS, "to": "Paused"},
            {"remove": "/components/schemas/Pump/properties/name"},
            {"remove": "/components/schemas/Pump/required/1"},
            {"set": "/components/schemas/Pump/description", "to": "A <b>pump</b> | `x`"},
        ],
    )
    path = tmp_path / "new.json"
    path.write_text(json.dumps(new), "utf-8")
    return BASES["reader"], path


def test_json_is_sorted_and_the_same_in_every_run(pair: tuple[Path, Path]) -> None:
    first, second = (run("files", *pair, "--format", "json", PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert first.stdout == second.stdout
    data = json.loads(first.stdout)
    assert data["schema"] == 1
    assert data["verdict"] == {"wire": "breaking", "python": "breaking", "overall": "breaking"}
    keys = ["id", "axis", "class", "code", "where", "detail", "effect", "operations"]
    assert all(list(change) == keys for change in data["changes"])
    order = ["breaking", "potentially-breaking", "additive", "docs-only"]
    ranks = [order.index(change["class"]) for change in data["changes"]]
    assert ranks == sorted(ranks)
    assert {
        "id": data["changes"][ranks.index(1)]["id"],
        "axis": "wire",
        "class": "potentially-breaking",
        "code": "response-property-enum-value-added",
        "where": "schemas.PumpStatus",
        "detail": 'new ["Paused"]',
        "effect": "kept as an enum member that equals its text (is_known is False); exhaustive matches miss it",
        "operations": ["GET /pumps/{pumpId}"],
    } in data["changes"]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ([], 1),
        (["--fail-on", "never"], 0),
        (["--axis", "wire", "--fail-on", "breaking"], 1),
        (["--axis", "wire", "--fail-on", "docs-only"], 1),
    ],
)
def test_exit_status(
    options: list[str], status: int, pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["files", *map(str, pair), *options]) == status
    assert "verdict: breaking" in capsys.readouterr().out


def test_nothing_differs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["files", str(BASES["reader"]), str(BASES["reader"]), "--fail-on", "docs-only"]) == 0
    assert "verdict: none (wire none, python none)" in capsys.readouterr().out


def test_one_axis(pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    main(["files", *map(str, pair), "--axis", "wire", "--format", "json"])
    data = json.loads(capsys.readouterr().out)
    assert data["verdict"] == {"wire": "breaking", "python": None, "overall": "breaking"}
    assert {change["axis"] for change in data["changes"]} == {"wire"}


def test_colour_is_for_terminals_only(pair: tuple[Path, Path]) -> None:
    assert "\033" not in run("files", *pair, "--axis", "wire").stdout


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert wants_colour(Terminal())  # type: ignore[arg-type]
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour(Terminal())  # type: ignore[arg-type]


def test_markdown_keeps_what_strangers_wrote_as_text(pair: tuple[Path, Path], tmp_path: Path) -> None:
    report = tmp_path / "drift.md"
    assert main(["files", *map(str, pair), "--axis", "wire", "--report", str(report)]) == 1
    text = report.read_text("utf-8")
    assert text.index("### Breaking (1)") < text.index("### Potentially breaking (1)") < text.index("<details>")
    assert "| wire | 1 | 1 | 0 | 1 |" in text
    assert "<b>" not in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == 3
    assert all(row.replace("\\|", "").count("|") == 8 for row in rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["files", "nowhere.yaml", "nowhere.yaml"], "No such file"),
        (["revisions", "--old", "no-such-revision"], "unknown revision 'no-such-revision'"),
        (["revisions", "--old", "--output=x"], "unknown revision"),
        (["files", "Makefile", "Makefile"], "Makefile"),
        (["files", str(BASES["reader"]), str(BASES["reader"]), "--report", "x.pdf"], "--report x.pdf"),
        (["files", str(BASES["reader"]), str(BASES["reader"]), "--policy", "none.toml"], "no such file"),
        (["adopt", str(BASES["reader"]), "pyproject.toml"], "stored definitions are openapi/<name>.yaml"),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    if arguments[:2] == ["revisions", "--old"]:
        arguments = ["revisions", f"--old={arguments[2]}"]
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("drift: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_a_definition_of_which_no_client_can_be_generated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.json"
    mask = {"set": "/components/schemas/Pump/properties/id/x-redact", "to": "perhaps"}
    broken.write_text(json.dumps(changed(base("reader"), [mask])), "utf-8")
    sides = ["files", str(BASES["reader"]), str(broken)]
    assert main([*sides, "--axis", "python"]) == 2
    assert "broken.json: no client can be generated" in capsys.readouterr().err
    # The wire axis stands, with its own exit status.
    assert main([*sides, "--format", "json"]) == 3
    captured = capsys.readouterr()
    assert "broken.json: no client can be generated" in captured.err
    data = json.loads(captured.out)
    assert data["verdict"] == {"wire": "docs-only", "python": None, "overall": "docs-only"}
    assert [change["code"] for change in data["changes"]] == ["extension-changed"]
    assert "no client can be generated" in data["notes"][0]
    for suffix in ("md", "html", "txt"):
        report = tmp_path / f"report.{suffix}"
        assert main([*sides, "--report", str(report)]) == 3
        assert "no client can be generated" in report.read_text("utf-8")
    assert main([*sides, "--axis", "wire"]) == 0


@pytest.mark.parametrize("axis", ["wire", "both"])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/servers", [[]]),
        ("/tags", ["text"]),
        ("/components/schemas/Broken", {"type": "string", "enum": 7}),
        ("/components/schemas/Broken", {"type": [["string"]]}),
        ("/components/schemas/Broken", {"type": "object", "properties": {"a": 7}}),
        ("/components/schemas/Broken", {"allOf": [None]}),
        ("/components/schemas/Broken", {"type": "string", "format": {}}),
        ("/components/securitySchemes", {"a": {"type": "oauth2", "flows": ["a"]}}),
    ],
)
def test_a_shape_that_openapi_does_not_allow_is_never_a_traceback(
    pointer: str, value: object, *, swapped: bool, axis: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(changed(base("reader"), [{"set": pointer, "to": value}])), "utf-8")
    sides = [str(BASES["reader"]), str(broken)]
    status = main(["files", *(reversed(sides) if swapped else sides), "--axis", axis])
    error = capsys.readouterr().err
    assert status in (0, 1) if not error else status in (2, 3)
    if error:
        assert error.startswith("drift: broken.json: ")
        assert error.count("\n") == 1


def test_what_only_an_overlay_requires_is_missed_by_the_sdk_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = ROOT / "openapi" / "itwins.yaml"
    document = read_document(stored)
    del document["components"]["schemas"]["iTwin"]["properties"]["displayName"]
    without = tmp_path / "without.json"
    without.write_text(json.dumps(document), "utf-8")
    assert main(["files", str(stored), str(without), "--axis", "wire", "--format", "json"]) == 1
    found = [each for each in json.loads(capsys.readouterr().out)["changes"] if each["class"] == "breaking"]
    assert [each["code"] for each in found] == ["response-required-property-removed"]
    assert "ResponseError" in found[0]["effect"]


PAYLOADS = [
    '"""\nimport os; os.system("touch hacked")\n"""',
    "'); __import__('os').system('touch hacked'); ('",
    'x\\"""\nraise SystemExit(9)\n',
    "{{ 7 * 7 }}{% include 'x' %}",
    "a\u2028b\rraise SystemExit(9)",
]


PUMP, GET = "/components/schemas/Pump", "/paths/~1pumps~1{pumpId}/get"
KEYS = {
    f"{PUMP}/properties/kind",
    f"{PUMP}/properties/drive/discriminator/mapping/electric",
    f"{GET}/responses/200/content/application~1vnd.example.v1+json",
}
PLACES = [
    ["/info/title", "/info/description", f"{PUMP}/description", f"{PUMP}/properties/id/description"],
    [f"{GET}/summary", f"{GET}/description", f"{GET}/operationId", f"{GET}/tags/0", f"{PUMP}/title"],
    ["/components/schemas/PumpStatus/enum/0", f"{PUMP}/properties/note/default"],
    ["/components/schemas/ElectricDrive/properties/type/enum/0"],
    *([key] for key in sorted(KEYS)),
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_of_a_definition_never_becomes_code(payload: str, tmp_path: Path) -> None:
    """Whatever a stranger writes into names, descriptions, defaults and enums stays text or is refused."""
    made = tmp_path / "made"
    made.mkdir()
    refused = 0
    for number, places in enumerate(PLACES):
        change = [{"rename" if place in KEYS else "set": place, "to": payload} for place in places]
        try:
            write(changed(base("reader"), change), made / f"from_{number}")
        except DriftError:
            refused += 1
    assert refused < len(PLACES) / 2
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(made)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "hacked").exists()


IMPORT_ALL = """
import importlib, pathlib, sys
folder = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(folder))
for path in sorted(folder.rglob("*.py")):
    if path.parts[-2:] != ("models", "__init__.py"):
        importlib.import_module(".".join(path.relative_to(folder).with_suffix("").parts))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "repository")


def statuses(document: Any) -> list[str]:
    """The values of the status of an iTwin."""
    found: list[str] = document["components"]["schemas"]["iTwinStatus"]["enum"]
    return found


def test_revisions_and_the_calls_of_the_facade(repository: Path) -> None:
    assert drift(repository, "revisions").stdout.splitlines()[1] == "verdict: none (wire none, python none)"
    redefine(repository / "openapi" / "itwins.yaml", lambda document: statuses(document).append("Archived"))
    edit(repository / "facade" / "itwin_platform" / "errors.py", "class ConflictError(", "class ClashError(")
    done = drift(repository, "revisions", "--format", "json")
    data = json.loads(done.stdout)
    assert done.returncode == 1
    found = {(change["code"], change["where"]): change for change in data["changes"]}
    for key in (
        ("response-property-enum-value-added", "schemas.iTwinStatus"),
        ("enum-member-added", "itwins.models.ITwinStatus.ARCHIVED"),
    ):
        assert {"platform.itwins.get", "platform.itwins.list"} <= set(found[key]["operations"])
    assert ("class-renamed", "itwin_platform.errors.ConflictError") in found
    git(repository, "commit", "-q", "-a", "-m", "second")
    again = drift(repository, "revisions", "--old", "HEAD~1", "--new", "HEAD", "--format", "json")
    assert again.stdout == done.stdout


def test_waivers_of_the_repository_count(repository: Path) -> None:
    redefine(
        repository / "openapi" / "itwins.yaml",
        lambda document: document["components"]["schemas"]["Resource"]["required"].remove("displayName"),
    )
    policy = repository / "openapi" / "drift.toml"
    changes: list[dict[str, Any]] = json.loads(drift(repository, "revisions", "--format", "json").stdout)["changes"]
    waivers = "".join(f'[[waivers]]\nid = "{each["id"]}"\nreason = "agreed"\nuntil = 2999-01-01\n' for each in changes)
    policy.write_text(waivers, "utf-8")
    done = drift(repository, "revisions")
    assert done.returncode == 0, done.stderr
    assert "Waived" in done.stdout


def test_the_changelog_is_drafted_under_unreleased(repository: Path) -> None:
    redefine(repository / "openapi" / "itwins.yaml", lambda document: statuses(document).remove("Trial"))
    changelog = repository / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## Unreleased\n\n### Added\n\n- Something.\n\n## 1.0.0\n\n- First.\n", "utf-8")
    for _ in range(2):  # a second draft takes the place of the first
        assert drift(repository, "changelog", "--write", "CHANGELOG.md").returncode == 0
    text = changelog.read_text("utf-8")
    assert text.count("### API changes") == 1
    assert (
        text.index("- Something.")
        < text.index("### API changes")
        < text.index("TRIAL removed")
        < text.index("## 1.0.0")
    )
    assert text.endswith("- First.\n")


def test_a_changelog_without_changes_stays_as_it_is(repository: Path) -> None:
    changelog = repository / "CHANGELOG.md"
    text = "# Changelog\n\n## Unreleased\n\n### Added\n\n- Something.\n\n\n## 1.0.0\n\n- First.\n"
    changelog.write_text(text, "utf-8")
    for options in (["--write", "CHANGELOG.md"], []):
        done = drift(repository, "changelog", *options)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "nothing changed, so there is nothing to write\n"
    assert changelog.read_text("utf-8") == text
    changelog.unlink()
    assert drift(repository, "changelog", "--write", "CHANGELOG.md").returncode == 0
    assert not changelog.exists()


def test_generated_code_is_not_hidden_from_review() -> None:
    paths = ["generated/itwin_platform_api/runtime.py", "facade/itwin_platform/_sync/client.py"]
    command = ["git", "check-attr", "linguist-generated", "diff", "binary", "--", *paths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    values = [line.rpartition(": ")[2] for line in done.stdout.splitlines()]
    assert len(values) == 6
    assert not {"set", "true", "unset"} & set(values)
