"""Opens the browser for a login, unless it runs in the terminal, where it would take over the input."""

from __future__ import annotations

import shutil
import webbrowser
from pathlib import Path

_IN_THE_TERMINAL = frozenset({"browsh", "carbonyl", "elinks", "links", "links2", "lynx", "w3m", "www-browser"})


def open_window(url: str) -> bool:
    """Open the user's browser, unless there is none or it is one for the terminal; return whether it was opened."""
    try:
        # Not webbrowser.open: where the first browser fails, it goes on to the next, which may be one for the terminal.
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    if is_in_the_terminal(getattr(browser, "name", "")):
        return False
    return browser.open(url)


def is_in_the_terminal(command: str) -> bool:
    """Whether a browser runs in the terminal, by its command or by what that is a link to."""
    found = Path(shutil.which(command) or command)
    names = {path.name.partition(".")[0] for path in (Path(command), found, found.resolve())}
    return not names.isdisjoint(_IN_THE_TERMINAL)
