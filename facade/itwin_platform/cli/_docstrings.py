"""What the docstring of a method says, in parts: its text, its parameters, its requests and its pages."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass

_REQUEST = re.compile(r"`((?:GET|HEAD|POST|PUT|PATCH|DELETE) /[^`]*)`")
_PAGE = re.compile(r"https://developer\.bentley\.com/\S+[^\s,.]")
_LINK = re.compile(r"\[([^][]+)\]\([^()]+\)")
_SECTION = re.compile(r"(Parameters|Returns|Raises|Attributes):\n")
_PARAMETER = re.compile(r"^ {4}(\w+): ", re.M)


@dataclass(frozen=True, slots=True)
class Documentation:
    """A docstring in parts.

    Attributes:
        summary: Its first paragraph, in one line.
        text: The further paragraphs, without those that name requests.
        parameters: What it says about each parameter, in one line.
        requests: The requests that it names, for instance `GET /itwins/{id}`.
        pages: The pages of their documentation.
    """

    summary: str
    text: tuple[str, ...]
    parameters: Mapping[str, str]
    requests: tuple[str, ...]
    pages: tuple[str, ...]


def documentation_of(thing: object) -> Documentation:
    """Read the docstring of a method, or of a class that stands for a group of them."""
    text = inspect.getdoc(thing) or ""
    first, *sections = _SECTION.split(text)
    paragraphs = [paragraph for paragraph in first.split("\n\n") if paragraph.strip()]
    spoken = [_words(paragraph) for paragraph in paragraphs if not _REQUEST.match(paragraph.strip())]
    return Documentation(
        summary=spoken[0] if spoken else "",
        text=tuple(spoken[1:]),
        parameters=dict(_parameters(dict(zip(sections[::2], sections[1::2], strict=True)).get("Parameters", ""))),
        requests=tuple(_REQUEST.findall(first)),
        pages=tuple(_PAGE.findall(first)),
    )


def _parameters(section: str) -> list[tuple[str, str]]:
    _, *pieces = _PARAMETER.split(section)
    return [(name, _words(text)) for name, text in zip(pieces[::2], pieces[1::2], strict=True)]


def _words(text: str) -> str:
    """A paragraph on one line, without the marks of code and the targets of links."""
    return " ".join(_LINK.sub(r"\1", text).replace("`", "").split())
