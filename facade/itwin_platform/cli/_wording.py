"""Docstrings and errors in the words of the command line: options for arguments, JSON for models, null for None."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

# A call of the client with an id, as messages name it.
_CALL = re.compile(r"\bplatform\.([a-z_.]+)\('([^']*)'\)")
# Where a program finds the outcome of each file, which the command line has printed.
_REPORT = re.compile(r" See [\w.]*\breport\.failed\.")
# An argument as advice names it, such as `overwrite=True` or `concurrency=`.
_ARGUMENT = re.compile(r"(?<![\w?&;$.])([a-z]+(?:_[a-z]+)*)=(?:True\b|(?=[,.; ]|$))")
# What docstrings say to Python programmers only, and what takes its place. The order matters.
_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r": an expression of itwin_platform\.filters, or text", ""),
        (r": for the documented types a class of [^.]*\.models\..*, which is sent unchanged", ""),
        (r" It can be left out if it follows from the class of the specifications\.", ""),
        (r" deadline of the client applies [^.]*\.", ""),
        (r"\bmust be a mapping, or an object of a class .* ends in \w+, not \w+", "must be a JSON object"),
        (r"\bmust be a string, not NoneType\b", "is required"),
        (r"\beither an? \w+ or arguments\b", "either JSON or options"),
        (r"\bIn text, ids\b", "Ids"),
        (r"a pair of datetimes with a time zone, or text", "text"),
        (r"as four numbers or as comma-separated text", "separated by commas"),
        (r"as a model(?: such as \w+)?(?: or as its JSON form)?\b", "as JSON"),
        (r", as an argument or in a model", ""),
        (r"\barguments\b", "options"),
        (r", or None\b", ""),
        (r"; None (clears|removes)\b", r"; --clear \1"),
        (r"\bNone\b", "null"),
        (r'\["([^]]*)"\]', r'"\1"'),
    )
)
_UNDERSCORED = re.compile(r"\b[a-z]+_[a-z_]*")
_CALLED = re.compile(r"\bcall ([a-z]+(?:_[a-z]+)+)")
_METHOD = re.compile(r"\b([a-z_]+)\.(get_[a-z_]+)\b")
_GIVEN = re.compile(r'\b([a-z_]+)="([^"]*)"')
# Names of one word may be just that word, except at these places.
_NAMED = re.compile(
    r"(?:(?<=without )|(?<=each of )|(?<=either )|(?<=below )|(?<= with ))[a-z]+\b"
    r"|^[a-z]+(?= must | and | is required)|[a-z]+(?= exclude each other)"
)


def in_shell(text: str) -> str:
    """A text that advises a call or an argument, with the command or the option that does the same."""
    text = _ARGUMENT.sub(lambda given: f"--{given[1].replace('_', '-')}", _REPORT.sub("", text))
    return _CALL.sub(lambda call: f"itwin {call[1].replace('.', ' ').replace('_', '-')} {shlex.quote(call[2])}", text)


def in_words(text: str, words: Mapping[str, str]) -> str:
    """A text about parameters, as the command line puts it.

    Parameters:
        text: A part of a docstring, or the text of an error.
        words: What stands for each parameter on the command line.
    """
    text = in_shell(text)
    for pattern, other in _PHRASES:
        text = pattern.sub(other, text)
    text = _METHOD.sub(lambda found: f"itwin {found[1]} {found[2]}".replace("_", "-"), text)
    text = _CALLED.sub(lambda found: f"run {found[1].replace('_', '-')}", text)
    text = _GIVEN.sub(lambda found: _option(found, words), text)
    for names in (_UNDERSCORED, _NAMED):
        text = names.sub(lambda found: words.get(found[0], found[0]), text)
    return text


def _option(given: re.Match[str], words: Mapping[str, str]) -> str:
    """What is typed for an argument with a value."""
    name, value = given.groups()
    return f"{words[name]} {value}" if name in words else given[0]
