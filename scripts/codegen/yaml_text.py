"""Write a definition as the stored ones are written: YAML that is read alike everywhere, and easy to diff."""

from __future__ import annotations

import io
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
    return comment or f"# The {title} API, as the developer portal describes it. Taken over with `make adopt`.\n"


def _text(representer: Any, value: str) -> Any:
    """Text that YAML 1.1 or 1.2 readers would take for something else is quoted: statuses, dates, NO."""
    plain = value.replace("_", "").isalnum() and not value[:1].isdigit() and value.lower() not in _WORDS
    simple = plain or (
        " " in value and value[:1].isalpha() and not any(char in value for char in ":#\"'\n\\{}[]&*!|>%@`")
    )
    return representer.represent_scalar(
        "tag:yaml.org,2002:str", value, style=None if simple else "|" if "\n" in value.strip() else '"'
    )


_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
