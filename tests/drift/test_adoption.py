"""Adopting definitions in the form of the developer portal, in a copy of the project."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from apidrift.sources.sides import ROOT
from codegen.portal import RULES

from .repositories import ADOPTION, drift, edit, git, loaded, new_repository, redefine

SENSORS, NEWER = ADOPTION / "sensors.json", ADOPTION / "sensors-newer.json"
STORED = "openapi/sensors.yaml"


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository into which the sensors were adopted and committed, and what was said."""
    repository = new_repository(tmp_path_factory.mktemp("adopted") / "repository")
    done = drift(repository, "adopt", str(SENSORS), STORED)
    assert done.returncode == 0, done.stderr
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "sensors")
    return repository, done.stdout


@pytest.fixture
def repository(adopted: tuple[Path, str]) -> Path:
    """That repository, as it was after the adoption."""
    git(adopted[0], "checkout", "-q", "--", ".")
    git(adopted[0], "clean", "-q", "-f", "-d")
    return adopted[0]


def upstream(repository: Path, document: Any) -> str:
    path = repository.parent / "upstream.json"
    path.write_text(json.dumps(document), "utf-8")
    return str(path)


class TestANewApi:
    def test_it_becomes_a_definition_and_a_package_and_nothing_else_changes(self, adopted: tuple[Path, str]) -> None:
        changed = git(adopted[0], "show", "--name-only", "--format=", "HEAD").split()
        assert "openapi/sensors.yaml" in changed
        assert "generated/itwin_platform_api/sensors/api/sensors/get_sensors.py" in changed
        tables = {
            "README.md",
            "docs/operations.md",
            "docs/reference/models.md",
            "generated/itwin_platform_api/__init__.py",
        }
        tables |= {"facade/itwin_platform/models/__init__.py", "facade/itwin_platform/models/sensors.py"}
        rest = {path for path in changed if not path.startswith("generated/itwin_platform_api/sensors/")}
        assert rest - tables == {"openapi/sensors.yaml"}

    def test_the_report_names_its_operations_and_what_was_changed(self, adopted: tuple[Path, str]) -> None:
        report = adopted[1]
        assert "Nothing is left to decide." in report
        assert "Operations added (6)" in report
        assert "- Sensors: PATCH /sensors/{id} (update-sensor)" in report
        for rule in ("server-prefix", "vendor-media-type", "merge-patch", "security", "maturity", "items", "date"):
            assert f"\n- {rule} (" in report

    def test_no_foreign_prose_is_stored(self, repository: Path) -> None:
        text = (repository / STORED).read_text("utf-8")
        for words in ("Retrieves", "Interact with", "The display name", "Hyperlink", "Seconds to wait"):
            assert words not in text

    def test_foreign_prose_is_stored_on_request(self, repository: Path) -> None:
        done = drift(repository, "adopt", str(SENSORS), STORED, "--prose", "upstream")
        assert done.returncode == 0, done.stderr
        assert "Retrieves one sensor." in (repository / STORED).read_text("utf-8")

    def test_the_same_edition_again_is_no_change(self, repository: Path) -> None:
        done = drift(repository, "upstream", str(SENSORS), STORED)
        assert done.stdout.splitlines()[1] == "verdict: none (wire none, python none)"
        assert drift(repository, "adopt", str(SENSORS), STORED).returncode == 0
        assert git(repository, "status", "--porcelain") == ""


class TestANewerEdition:
    def test_it_is_compared_in_our_form(self, repository: Path) -> None:
        done = drift(repository, "upstream", str(NEWER), STORED, "--axis", "wire", "--format", "json")
        changes = {(each["code"], each["where"]) for each in json.loads(done.stdout)["changes"]}
        assert ("endpoint-added", "GET /sensors/{id}/readings") in changes
        assert ("response-property-enum-value-added", "schemas.sensorKind") in changes
        # The tag of the preview goes and texts change; neither moves a module nor counts as a change.
        assert not [code for code, _ in changes if code in {"tags-changed", "description-changed"}]

    def test_the_report_begins_with_what_has_to_be_decided(self, repository: Path) -> None:
        done = drift(repository, "adopt", str(NEWER), STORED)
        assert done.returncode == 1
        report = done.stdout
        titles = ["To decide (", "Operations added (1)", "Other additions (", "Documentation only ("]
        assert [report.index(title) for title in titles] == sorted(report.index(title) for title in titles)
        assert "unit removed" in report.partition("Operations added")[0]

    def test_nothing_that_did_not_change_is_renamed_or_moved(self, repository: Path) -> None:
        drift(repository, "adopt", str(NEWER), STORED)
        gone = git(repository, "diff", "--name-only", "--diff-filter=D").split()
        assert gone == []
        after = list(loaded(repository / STORED)["components"]["schemas"])
        git(repository, "checkout", "-q", "--", STORED)
        before = list(loaded(repository / STORED)["components"]["schemas"])
        assert after[: len(before)] == before

    def test_our_words_and_our_additions_stay(self, repository: Path) -> None:
        def add(document: Any) -> None:
            get = document["paths"]["/sensors/{id}"]["get"]
            get["summary"], get["description"] = "Get a sensor", "Returns one sensor."
            get["parameters"].append(
                {"name": "detail", "in": "query", "schema": {"type": "string"}, "x-source": "a page"}
            )
            document["components"]["schemas"]["sensor"]["properties"]["owner"] = {
                "type": "string",
                "x-source": "a client",
            }
            ping = {
                "operationId": "ping",
                "tags": ["Sensors"],
                "x-source": "a page",
                "responses": {"204": {"description": "Done"}},
            }
            document["paths"]["/sensors/ping"] = {"get": ping, "x-source": "a page"}

        redefine(repository / STORED, add)
        done = drift(repository, "upstream", str(SENSORS), STORED, "--axis", "wire")
        assert "verdict: none" in done.stdout
        done = drift(repository, "adopt", str(NEWER), STORED)
        assert "Kept, because it is known from elsewhere (x-source) (3)" in done.stdout
        document = loaded(repository / STORED)
        assert document["paths"]["/sensors/{id}"]["get"]["description"] == "Returns one sensor."
        assert [each["name"] for each in document["paths"]["/sensors/{id}"]["get"]["parameters"]] == ["id", "detail"]
        assert document["paths"]["/sensors/ping"]["get"]["operationId"] == "ping"
        assert "owner" in document["components"]["schemas"]["sensor"]["properties"]

    def test_an_addition_that_the_edition_has_itself_is_to_be_decided(self, repository: Path) -> None:
        redefine(
            repository / STORED,
            lambda document: document["components"]["schemas"]["sensor"]["properties"].update(
                location={"type": "integer", "x-source": "a page"}
            ),
        )
        done = drift(repository, "adopt", str(NEWER), STORED)
        place = "/components/schemas/sensor/properties/location"
        assert f"{place}: ours is replaced, because the definition has it now" in done.stdout


class TestWalkThrough:
    """What the documentation says can be done step by step."""

    def test_the_commands_of_the_pages_say_what_the_pages_show(self, tmp_path: Path) -> None:
        repository = new_repository(tmp_path / "repository")
        pages = [(repository / "docs" / f"{name}.md").read_text("utf-8") for name in ("generation", "drift")]
        steps = [step for page in pages for step in _steps(page)]
        assert [verb for verb, *_ in steps] == ["adopt", "upstream", "adopt"]
        for verb, definition, stored, shown in steps:
            done = drift(repository, verb, definition, stored)
            assert done.returncode in {0, 1}, done.stderr
            for line in shown:
                assert line in done.stdout

    def test_every_rule_is_on_the_page(self) -> None:
        page = (ROOT / "docs" / "generation.md").read_text("utf-8")
        for rule in RULES:
            assert f"| {rule.name} | {rule.found} | {rule.reason} |" in page


def _steps(page: str) -> list[tuple[str, str, str, list[str]]]:
    """The commands of a page, each with the lines that it says."""
    pattern = r"<!-- adoption -->\n```sh\nmake (\w+) UPSTREAM=(\S+) SPEC=(\S+)\n```\n\n```text\n(.*?)```"
    verbs = {"adopt": "adopt", "drift": "upstream"}
    return [
        (verbs[verb], definition, stored, shown.splitlines())
        for verb, definition, stored, shown in re.findall(pattern, page, re.DOTALL)
    ]


class TestCorrections:
    OVERLAY = """
overlay: 1.0.0
info: {title: Wrong, version: "1"}
extends: ../../sensors.yaml
actions:
  - target: $.components.schemas.sensorKind.enum[?@ == '3DTilt']
    description: There is no such kind of sensor.
    remove: true
"""

    def test_what_is_wrong_in_an_edition_is_corrected_before_it_is_stored_or_compared(self, repository: Path) -> None:
        overlay = repository / "openapi" / "overlays" / "portal" / "sensors.yaml"
        overlay.write_text(self.OVERLAY, "utf-8")
        assert drift(repository, "adopt", str(SENSORS), STORED).returncode in {0, 1}
        assert loaded(repository / STORED)["components"]["schemas"]["sensorKind"]["enum"] == ["WaterLevel", "Strain"]
        done = drift(repository, "upstream", str(SENSORS), STORED, "--axis", "wire")
        assert "verdict: none" in done.stdout

    def test_one_that_no_longer_applies_is_an_error(self, repository: Path) -> None:
        overlay = repository / "openapi" / "overlays" / "portal" / "sensors.yaml"
        overlay.write_text(self.OVERLAY.replace("3DTilt", "Gone"), "utf-8")
        for verb in ("adopt", "upstream"):
            done = drift(repository, verb, str(SENSORS), STORED)
            assert done.returncode == 2
            assert "portal/sensors.yaml, action 1" in done.stderr
            assert "matches nothing" in done.stderr
        overlay.unlink()
        assert git(repository, "status", "--porcelain") == ""


class TestRefusals:
    def check(self, repository: Path, document: Any, message: str) -> None:
        done = drift(repository, "adopt", upstream(repository, document), STORED)
        assert done.returncode == 2
        assert message in done.stderr
        assert git(repository, "status", "--porcelain") == ""

    def test_a_reference_to_the_outside(self, repository: Path) -> None:
        document = json.loads(SENSORS.read_text("utf-8"))
        document["components"]["schemas"]["link"] = {"$ref": "https://example.com/link.json"}
        self.check(repository, document, "refers to something outside itself")

    def test_what_is_no_valid_definition(self, repository: Path) -> None:
        document = json.loads(SENSORS.read_text("utf-8"))
        del document["paths"]["/{id}"]["get"]["responses"]
        self.check(repository, document, "not a valid OpenAPI definition")

    def test_one_that_an_overlay_no_longer_fits(self, repository: Path) -> None:
        overlay = repository / "openapi" / "overlays" / "sensors.yaml"
        text = TestCorrections.OVERLAY.replace("../../", "../").replace(".enum[?@ == '3DTilt']", ".description")
        overlay.write_text(text.replace("sensorKind", "sensor"), "utf-8")
        edit(repository / STORED, "title: Sensor\n", "title: Sensor\n      description: One sensor.\n")
        git(repository, "add", "-A")
        git(repository, "commit", "-q", "-m", "overlay")
        document = json.loads(SENSORS.read_text("utf-8"))
        del document["components"]["schemas"]["sensor"]
        text = json.dumps(document).replace('#/components/schemas/sensor"', '#/components/schemas/link"')
        try:
            self.check(repository, json.loads(text), "overlays no longer fit")
        finally:
            git(repository, "reset", "-q", "--hard", "HEAD~1")

    def test_a_name_that_is_no_name_of_a_definition(self, repository: Path) -> None:
        for name in ("openapi/../x.yaml", "sensors.yaml", "openapi/Sensors.yaml", "openapi/sensors.json"):
            done = drift(repository, "adopt", str(SENSORS), name)
            assert done.returncode == 2
            assert "stored definitions are openapi/<name>.yaml" in done.stderr

    def test_comparing_with_a_definition_that_is_not_stored(self, repository: Path) -> None:
        done = drift(repository, "upstream", str(SENSORS), "openapi/valves.yaml")
        assert done.returncode == 2
        assert "openapi/valves.yaml" in done.stderr
