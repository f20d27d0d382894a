"""What can be wrong with the input of `make generate`."""

from __future__ import annotations

import json
import re

# Where something stands in a document: the keys that lead to it.
At = tuple[str, ...]


class GenerationError(Exception):
    """A definition cannot be turned into a package without losing something."""


def refusal(at: At, cause: str, advice: str = "can replace or remove it") -> GenerationError:
    """The error for something that cannot be generated: where it is, why, and how an overlay helps.

    Parameters:
        at: Where it is.
        cause: What is wrong with it, without a full stop.
        advice: What an action of an overlay with this target can do.
    """
    where = pointer(at)
    if at[:1] == ("paths",) and len(at) > 2:
        where = f"{at[2].upper()} {at[1]} ({where})"
    return GenerationError(
        f"{ascii(where[:300])[1:-1]}: {cause}. In an overlay, an action with the target {_target(at)} {advice}."
    )


def pointer(at: At) -> str:
    """The JSON pointer to something, as a reference has it."""
    return "#" + "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in at)


def _target(at: At) -> str:
    """The JSONPath to something, with indices for items of lists."""
    parts = [
        f"[{key}]" if key.isdigit() and at[:index] and at[index - 1] in _LISTS else _named(key)
        for index, key in enumerate(at)
    ]
    return "$" + "".join(parts)[:300]


_LISTS = frozenset({"allOf", "anyOf", "oneOf", "parameters", "prefixItems", "servers", "tags"})


def _named(key: str) -> str:
    return f".{key}" if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", key) else f"[{json.dumps(key)}]"
