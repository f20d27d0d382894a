"""The three written reports of one change of everything, byte by byte, and the page in a browser where there is one.

`python -m tests.drift.test_reports` writes them anew; read the difference before committing it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from apidrift.compare import Report, compare_sides
from apidrift.reports import FORMATS
from codegen.documents import Json

from .cases import FOLDER, base, changed
from .conftest import side

GOLDEN = FOLDER / "golden"
NAMES = {"terminal": "report.txt", "markdown": "report.md", "json": "report.json"}
CHANGE: list[Json] = [
    {"set": "/components/schemas/PumpStatus/enum/-", "to": "Paused"},
    {"remove": "/components/schemas/Pump/required/1"},
    {"set": "/components/schemas/Pump/properties/maker", "to": {"type": "string"}},
    {"set": "/components/schemas/Pump/description", "to": "<script>alert(1)</script> | `pump` @all"},
    {"set": "/paths/~1pumps~1{pumpId}/get/tags/0", "to": "Machines"},
    {"set": "/servers/0/url", "to": "https://pumps.example.com/water"},
]


def report() -> Report:
    """One change of everything."""
    document = base("reader")
    return compare_sides(side(document, "v1"), side(changed(document, CHANGE), "v2"))


@pytest.fixture(scope="module")
def composite() -> Report:
    return report()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_report_is_what_was_read_and_approved(name: str, composite: Report) -> None:
    assert FORMATS[name](composite) == (GOLDEN / NAMES[name]).read_text("utf-8")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action")]


def test_the_page_needs_nothing_else_and_text_stays_text(composite: Report) -> None:
    page = _Page()
    text = FORMATS["html"](composite)
    page.feed(text)
    assert page.links == []
    assert page.tags.count("script") == 1
    assert page.tags.count("article") == len(composite.changes)
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import", text)


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
CLICK = """
<script>
  const boxes = [...document.querySelectorAll("[name=level], [name=axis]")];
  boxes.filter(each => !KEEP.includes(each.value)).forEach(each => each.click());
  document.querySelector("[name=operation]").value = CALL;
  document.querySelector("form").dispatchEvent(new Event("input"));
  const shown = [...document.querySelectorAll(".change:not([hidden]) .id")];
  document.title = shown.map(each => each.textContent).join(" ");
</script>
"""


def test_names_of_strangers_cannot_move_the_cursor() -> None:
    document = base("reader")
    schema = {"type": "object", "properties": {"a\x1b[2Jb\nc": {"type": "string"}}}
    new = changed(document, [{"set": "/components/schemas/Image/properties/x\x1b]0;y\x07", "to": schema}])
    for text in (FORMATS[name](compare_sides(side(document), side(new))) for name in NAMES):
        assert "\x1b" not in text
        assert "\x07" not in text


@pytest.mark.skipif(BROWSER is None, reason="no browser")
@pytest.mark.parametrize(
    ("keep", "call"),
    [
        (["breaking", "wire"], ""),
        (["potentially-breaking", "additive", "wire", "python"], "GET /pumps/{pumpId}"),
        (["docs-only", "python"], "GET /stations/{stationId}/pumps/{pumpId}/image"),
    ],
)
def test_filters_work_in_a_browser(keep: list[str], call: str, composite: Report, tmp_path: Path) -> None:
    script = CLICK.replace("KEEP", repr(keep)).replace("CALL", repr(call))
    path = tmp_path / "report.html"
    path.write_text(FORMATS["html"](composite).replace("</body>", f"{script}</body>"), "utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [str(BROWSER), *options, path.as_uri()], capture_output=True, text=True, check=True, timeout=120
    )
    match = re.search("<title>(.*?)</title>", done.stdout)
    assert match is not None
    expected = [
        change.id
        for change in composite.changes
        if change.level in keep and change.axis in keep and (not call or call in change.operations)
    ]
    assert match[1].split() == expected


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each, file in NAMES.items():
        (GOLDEN / file).write_text(FORMATS[each](report()), "utf-8", newline="\n")
