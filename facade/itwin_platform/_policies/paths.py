"""Ids in URL paths: what can be a path segment, and how it is written."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from urllib.parse import quote

MAX_LENGTH = 512

# What needs neither a second look nor an escape: the ids that the platform itself makes.
_PLAIN = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~-]{1,512}\Z", re.ASCII)
# Cc controls, Cf formats (direction overrides), Cs lone surrogates, Zl and Zp line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def path_segment(name: str, value: object) -> str:
    r"""An id as a segment of a URL path, percent-encoded where it has to be.

    Parameters:
        name: What to call the value in an error.
        value: The id.

    Raises:
        ValueError: The value cannot be one segment: it is no string, empty, `.` or `..`, over 512 characters, or
            has one of `/ \ ? # %`, a control character or an invisible one.
    """
    if isinstance(value, str) and _PLAIN.match(value):
        return value
    if problem := _problem_of(value):
        raise ValueError(f"{name} {problem}")
    return quote(str(value), safe="")


def _problem_of(value: object) -> str | None:
    if not isinstance(value, str):
        return f"must be a string, not {type(value).__name__}"
    if not value.strip():
        return "must not be empty"
    if value in {".", ".."}:
        return "must not be '.' or '..'"
    if len(value) > MAX_LENGTH:
        return f"must not be longer than {MAX_LENGTH} characters"
    for character in value:
        if character in "/\\?#%":
            return f"must not contain {character!r}"
        if unicodedata.category(character) in _UNSEEN:
            return f"must not contain the control or invisible character U+{ord(character):04X}"
    return None


@cache
def _pieces(template: str) -> list[str]:
    return re.split(r"{[^}]*}", template)


def fill_path(template: str, ids: dict[str, str]) -> str:
    """A path template with its parameters, in their order, replaced by ids.

    Raises:
        ValueError: An id cannot be a path segment.
    """
    pieces = _pieces(template)
    path = pieces[0]
    for (name, value), piece in zip(ids.items(), pieces[1:], strict=True):
        path += path_segment(name, value) + piece
    return path
