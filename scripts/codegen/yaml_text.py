"""Write a definition as the stored ones are written: YAML that is read alike everywhere, and easy to diff."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from .documents import Json


def as_yaml(document: Json) -> str:
    """A definition as YAML."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.ignore_aliases = lambda *_: True
    yaml.representer.add_representer(str, _text)
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def head_comment(stored: Path, document: Json) -> str:
    """The comment at the head of a stored definition: the one that is there, or a new one."""
    lines = stored.read_text("utf-8").splitlines(keepends=True) if stored.is_file() else []
    comment = ""
    for line in lines:
        if not line.startswith("#"):
            break
        comment += line
    title = " ".join(str(document["info"]["title"]).split())
    return comment or (
        f"# The {title} API as the developer portal describes it, taken over with `make adopt`. What is known\n"
        "# from elsewhere says so in x-source. Whatever the client needs beyond that is an overlay with a reason.\n"
    )


def _text(representer: Any, value: str) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:str", value, style=_style(value))


def _style(value: str) -> str | None:
    """How a text is written: plain only where no reader takes it for something else: a status, a date, NO."""
    if "\n" in value.strip():
        return "|"
    if len(value) > _LONG and _PROSE.fullmatch(value):
        return ">"
    if _NAME.fullmatch(value) and value.lower() not in _WORDS:
        return None
    is_sentence = " " in value and value[:1].isalpha() and not any(char in value for char in ":#\"'\\{}[]&*!|>%@`")
    return None if is_sentence and value == value.strip() else '"'


# Names, media types and paths. What begins with a digit may be a number or a date.
_NAME = re.compile(r"[A-Za-z_$/][A-Za-z0-9_./+{}$-]*")
# Words with single spaces between them can be folded at any of these.
_PROSE = re.compile(r"[^\s](?:[^\s]| (?! ))*[^\s]")
_LONG = 90
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
