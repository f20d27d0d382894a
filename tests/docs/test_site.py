"""The documentation site, built as `make docs` builds it: what the pages' sources mean is what comes out."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import itwin_platform
import itwin_platform.connections
import itwin_platform.credentials
import itwin_platform.errors
import itwin_platform.filters
import itwin_platform.frames
import itwin_platform.models
import itwin_platform.sandbox
import itwin_platform.storage
import itwin_platform.testing
from tests.support.examples import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("**/*.md"))


class _Page(HTMLParser):
    """The text of a built page, its headings, and how many blocks of code it has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.headings: list[str] = []
        self.blocks = 0
        self._in_heading = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.blocks += tag == "pre"
        if re.fullmatch("h[1-6]", tag):
            self._in_heading = True
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        if re.fullmatch("h[1-6]", tag):
            self._in_heading = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_heading:
            self.headings[-1] += data


@pytest.fixture(scope="module")
def site() -> Path:
    """The site, where `make docs` puts it: the builder takes no other folder."""
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "site"


@functools.cache
def built(site: Path, page: Path) -> _Page:
    name = page.relative_to(DOCS).with_suffix("")
    folder = site if name.as_posix() == "index" else site / name
    return _Page((folder / "index.html").read_text("utf-8"))


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_fence_comes_out_as_text(site: Path, page: Path) -> None:
    assert "```" not in built(site, page).text


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_fence_is_a_block_of_code(site: Path, page: Path) -> None:
    source = page.read_text("utf-8")
    fences = len(re.findall(r"^```", source, re.M))
    blocks = built(site, page).blocks
    assert fences % 2 == 0
    if re.search(r"^::: ", source, re.M):  # docstrings bring examples of their own
        assert blocks >= fences // 2
    else:
        assert blocks == fences // 2


@pytest.mark.parametrize("page", sorted((DOCS / "reference").glob("**/*.md")), ids=name_of)
def test_the_reference_names_what_users_import(site: Path, page: Path) -> None:
    headings = built(site, page).headings
    assert headings
    for heading in headings:
        name = re.split(r"[(\s]", heading.strip(), maxsplit=1)[0]
        assert not name.startswith(("_", "itwin_platform_api")), heading
        assert "._" not in name, heading


def test_everything_that_is_exported_is_in_the_reference(site: Path) -> None:
    described = {heading.split()[0].rstrip("¶") for page in PAGES for heading in built(site, page).headings if heading}
    names = {name.rpartition(".")[2] for name in described}
    for module in (
        itwin_platform,
        itwin_platform.connections,
        itwin_platform.credentials,
        itwin_platform.errors,
        itwin_platform.filters,
        itwin_platform.frames,
        itwin_platform.models,
        itwin_platform.sandbox,
        itwin_platform.storage,
        itwin_platform.testing,
    ):
        # Twins are described with the class that they are the async form of.
        expected = {name for name in module.__all__ if not name.startswith("Async") and not name.startswith("__")}
        assert sorted(expected - names) == [], module.__name__


def test_every_page_is_in_the_navigation() -> None:
    named = set(re.findall(r"[\w./-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8")))
    assert {name_of(page) for page in PAGES} == named


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        fetched = re.findall(
            r"""<(?:script|img|link)[^>]+(?:src|href)=["']?(https?:[^"' >]+)""", page.read_text("utf-8")
        )
        assert fetched == [], page.name
