"""`make look`: look at the documentation site in a headless Chromium, at the width of a telephone and of a desk.

It fails where a page scrolls sideways, fetches something from elsewhere or has an error, and where the search does not
show first what somebody would look for. Pictures go to site/look/. It needs a Chromium on the PATH, or its path in
CHROMIUM.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

SITE = Path(__file__).resolve().parent.parent / "site"
WIDTHS = (375, 1280)
# What is looked for, and the page that has to come first.
SEARCHES = {
    "rate limit": "reliability/",
    "bucket.upload": "data/",
    "list my iTwins": "lists-and-changes/",
}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of the base class)
        pass


@contextmanager
def served() -> Iterator[str]:
    """The address of the site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(SITE))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()


def chromium() -> str:
    """The path of the browser."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        sys.exit("There is no Chromium on the PATH. Install one, or set CHROMIUM to its path.")
    return found


def complaints(browser: Browser, address: str, width: int, *, scheme: str) -> Iterator[str]:
    """What is wrong with the pages at this width."""
    options: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    page = browser.new_page(**options)
    wrong: list[str] = []

    def only_here(route: Route) -> None:
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            wrong.append(f"fetches {route.request.url}")
            route.abort()

    page.route("**/*", only_here)
    page.on("pageerror", lambda error: wrong.append(f"has an error: {error}"))
    for file in sorted(SITE.rglob("index.html")):
        name = file.parent.relative_to(SITE).as_posix().removeprefix(".")
        page.goto(f"{address}{name}")
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wrong.append("scrolls sideways")
        page.screenshot(path=SITE / "look" / f"{name.replace('/', '-') or 'index'}-{width}-{scheme}.png")
        yield from (f"{name or 'index'} at {width}, {scheme}: {each}" for each in wrong)
        wrong.clear()
    page.close()


def first_found(page: Page, address: str, words: str) -> str:
    """The page that the search shows first."""
    page.goto(address)
    page.wait_for_timeout(500)  # the search is being made
    page.click(".md-search__button")
    page.wait_for_timeout(500)
    page.keyboard.type(words)
    page.wait_for_timeout(1500)  # the list is being sorted
    found = page.locator("a[href*='h=']").first.evaluate("link => link.href")
    return str(found).removeprefix(address).partition("?")[0]


def main() -> int:
    """Look at the site; return 1 if something is wrong with it."""
    (SITE / "look").mkdir(exist_ok=True)
    with served() as address, sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        looks = [(width, "light") for width in WIDTHS] + [(WIDTHS[-1], "dark")]
        wrong = [each for width, scheme in looks for each in complaints(browser, address, width, scheme=scheme)]
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for words, expected in SEARCHES.items():
            found = first_found(page, address, words)
            page.screenshot(path=SITE / "look" / f"search-{words.replace(' ', '-')}.png")
            if not found.startswith(expected):
                wrong.append(f"the search for {words!r} shows {found} first, not {expected}")
        browser.close()
    print("\n".join(wrong) or f"Nothing is wrong. The pictures are in {SITE / 'look'}.")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
