"""Names: one spelling of brands for all that is generated, and texts of a document as plain strings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from openapi_python_client import strings

# "iTwin" and "iModel" are one word each: `itwin_id`, not `i_twin_id`.
_BRANDS = re.compile(r"[iI](Twin|Model)")
_original_snake_case = strings.snake_case


def package_name(spec: Path) -> str:
    """The name of the generated package of a definition."""
    return spec.stem.replace("-", "_")


def snake_case(value: Any) -> str:
    """A name in snake_case."""
    return _original_snake_case(_BRANDS.sub(lambda match: f"I{match[1].lower()}", plain(value)))


def use_everywhere() -> None:
    """Have the generator spell names like this too. It offers no way to be told."""
    strings.snake_case = snake_case


def plain(value: Any) -> str:
    """A text of a document; the generator wraps those that it has not escaped yet."""
    return value if isinstance(value, str) else str(value.get_untrusted_value())


def literal(value: Any) -> str:
    """A Python string literal; repr() escapes whatever a document may hold."""
    return repr(plain(value))
