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
from apidrift.changes import Axis, merged
from apidrift.compare import Report, compare_sides
from apidrift.reports import FORMATS
from apidrift.rules import change
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


def many(count: int, calls: int = 1) -> Report:
    """A report of many findings, with what a stranger may write in them."""
    passages = ({"type": "string", "description": "\u202eone"}, {"type": "integer", "description": "two"})
    changes = [
        change(
            Axis.WIRE,
            "description-changed" if number % 2 else "response-body-type-changed",
            f"schemas.S{number}",
            "see https://evil.example.com, www.evil.example.com, mail@evil.example.com and @everybody",
            [f"GET /a{number}/{call}" for call in range(calls)],
            *passages,
        )
        for number in range(count)
    ]
    return Report("old", "new", tuple(Axis), tuple(merged(changes)))


def test_markdown_fits_into_the_summary_of_a_job_with_the_worst_first() -> None:
    text = FORMATS["markdown"](many(20_000))
    assert len(text.encode()) < 2**20
    assert "### Breaking (10000)" in text
    shown = text.count("response-body-type-changed")
    assert 1_000 < shown < 10_000
    assert f"and {10_000 - shown} more" in text
    assert "Documentation only (10000)" in text
    assert "and 10000 more" in text


def test_markdown_of_strangers_has_no_links_and_calls_nobody() -> None:
    text = FORMATS["markdown"](many(2))
    assert not re.search(r"https?://|www\.|mailto:|@\w", text)


@pytest.mark.parametrize("name", ["terminal", "markdown", "html"])
def test_a_row_names_a_few_of_many_calls(name: str) -> None:
    text = FORMATS[name](many(1, calls=300))
    assert "and 290 more" in text
    if name != "html":  # whose list of calls to choose from has all of them
        assert text.count("GET /a0/") == 10


def test_text_of_strangers_cannot_turn_round_what_is_read() -> None:
    for name in FORMATS:
        assert "\u202e" not in FORMATS[name](many(2))


def test_a_page_of_thousands_of_findings_stays_small_and_shows_each() -> None:
    report = many(3_000)
    text = FORMATS["html"](report)
    page = _Page()
    page.feed(text)
    assert page.tags.count("article") == 3_000
    assert page.tags.count("table") == 1  # passages become tables when somebody opens them
    assert len(text) < 4_000_000
    assert "content-visibility: auto" in text


def test_passages_show_what_differs_and_little_around_it() -> None:
    lines = {f"k{number:03}": number for number in range(300)}
    changed_lines = {**lines, "k150": "</script><b>x</b>"}
    report = Report("a", "b", (Axis.WIRE,), (change(Axis.WIRE, "unclassified", "w", "d", (), lines, changed_lines),))
    text = FORMATS["html"](report)
    assert "k150: 150" in text
    assert "k100" not in text
    assert text.count("</script>") == 1


@pytest.mark.skipif(BROWSER is None, reason="no browser")
def test_a_telephone_needs_no_sideways_scrolling(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    measure = "<script>document.title = document.documentElement.scrollWidth</script>"
    path.write_text(FORMATS["html"](many(20, calls=20)).replace("</body>", f"{measure}</body>"), "utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [str(BROWSER), *options, "--window-size=390,800", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    match = re.search(r"<title>(\d+)</title>", done.stdout)
    assert match is not None
    assert int(match[1]) <= 500  # headless browsers have a least width of 500


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each, file in NAMES.items():
        (GOLDEN / file).write_text(FORMATS[each](report()), "utf-8", newline="\n")
