"""Names: from the keys of a definition to identifiers, the same whatever stands beside them.

A name follows from its key alone. Only where two keys lead to one name, the one that comes first in `_rank` keeps it
and the others get a suffix that follows from their own key, so that neither order nor number of the others matters.
"""

from __future__ import annotations

import builtins
import hashlib
import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from openapi_python_client import strings

MAX_LENGTH: Final = 80

# "iTwin" and "iModel" are one word each: `itwin_id`, not `i_twin_id`.
_BRANDS: Final = re.compile(r"[iI](Twin|Model)")
_original_snake_case = strings.snake_case

# What a name is called that consists of nothing else.
_SIGNS: Final = {
    "!": "not", '"': "quote", "#": "hash", "$": "dollar", "%": "percent", "&": "and", "'": "apostrophe", "(": "open",
    ")": "close", "*": "star", "+": "plus", ",": "comma", "-": "minus", ".": "dot", "/": "slash", ":": "colon",
    ";": "semicolon", "<": "less", "=": "equals", ">": "greater", "?": "question", "@": "at", "[": "left", "]": "right",
    "\\": "backslash", "^": "caret", "_": "underscore", "`": "backtick", "{": "begin", "|": "pipe", "}": "end",
    "~": "tilde", " ": "space",
}  # fmt: skip
# No file can be called that on Windows, with whatever suffix.
_DEVICES: Final = frozenset({"con", "prn", "aux", "nul"} | {f"{kind}{n}" for kind in ("com", "lpt") for n in range(10)})
_RESERVED: Final = frozenset({*dir(builtins), *keyword.kwlist, "self", "true", "false", "datetime", "uuid"}) - {"id"}
# What the modules of models and operations import or define under names of classes.
_RESERVED_CLASSES: Final = _RESERVED | {
    "Any", "Callable", "IntEnum", "Literal", "MISMATCH", "Mapping", "Model", "OPERATION", "OpenEnum", "OpenIntEnum",
    "Operation", "Request", "StrEnum", "T", "TYPE_CHECKING", "TypeVar", "UNCHANGED", "UUID", "Unchanged", "UnknownKind",
}  # fmt: skip
# What a class of a model has or uses in its body already.
_RESERVED_ATTRIBUTES: Final = _RESERVED | {
    "additional_keys", "additional_properties", "copied", "from_dict", "mask_all", "mask_query", "mask_values",
    "to_dict",
}  # fmt: skip
# What the function `request` calls, and the arguments of a body.
_RESERVED_ARGUMENTS: Final = _RESERVED | {
    "body", "comma_list", "comma_pairs", "content_type", "cookies", "joined", "json_text", "spread", "text_of",
}  # fmt: skip

# Characters that cannot be seen, or that change how others are shown.
_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def package_name(spec: Path) -> str:
    """The name of the generated package of a definition."""
    return spec.stem.replace("-", "_")


def snake_case(value: Any) -> str:
    """A name in snake_case."""
    return _snake_case(plain(value))


@lru_cache(100_000)
def _snake_case(text: str) -> str:
    return _original_snake_case(_BRANDS.sub(lambda match: f"I{match[1].lower()}", text))


def use_everywhere() -> None:
    """Have the generator spell names like this too. It offers no way to be told."""
    strings.snake_case = snake_case


def plain(value: Any) -> str:
    """A text of a document; the generator wraps those that it has not escaped yet."""
    return value if isinstance(value, str) else str(value.get_untrusted_value())


def literal(value: Any) -> str:
    """A Python string literal in which everything that is not ASCII is escaped."""
    return ascii(plain(value))


def visible(text: str) -> str:
    """A text for people, without what cannot be seen or changes the direction of what stands beside it."""
    text = re.sub(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]", "\n", text)
    kept = (char for char in text if char in "\n\t" or unicodedata.category(char) not in _UNSEEN_CATEGORIES)
    return _UNSEEN.sub("", "".join(kept))


@lru_cache(100_000)
def class_name(key: str) -> str:
    """The name of a class."""
    name = _pascal(_words(key))
    if not name[:1].isalpha():
        name = f"Field{name}"
    if name in _RESERVED_CLASSES or snake_case(name) in _DEVICES:
        name += "Model"
    return _short(name, key, "")


def attribute_name(key: str) -> str:
    """The name of an attribute of a model."""
    return _identifier(key, "field", _RESERVED_ATTRIBUTES)


def argument_name(key: str) -> str:
    """The name of an argument of `request(...)`."""
    return _identifier(key, "field", _RESERVED_ARGUMENTS)


def chosen_argument(name: str) -> str:
    """The name of an argument that an overlay sets: it may be that of a built-in function, which is not used there."""
    return name if hasattr(builtins, name) and not keyword.iskeyword(name) else argument_name(name)


def module_name(key: str, prefix: str = "field") -> str:
    """The name of a module or of a folder of modules."""
    name = _identifier(key, prefix, _RESERVED)
    return f"{prefix}_{name}" if name in _DEVICES else name


def member_name(value: str | int) -> str:
    """The name of a member of an enum."""
    if isinstance(value, int):
        return f"VALUE_{value}" if value >= 0 else f"VALUE_NEGATIVE_{-value}"
    if value[:1].isdigit() and value[:1].isascii():
        name = f"VALUE_{re.sub(r'[^A-Za-z0-9]+', '_', value).strip('_').upper()}"
    else:
        name = snake_case(re.sub(r"[^A-Za-z0-9]+", " ", _words(value))).upper()
    if not name[:1].isalpha():
        name = f"VALUE_{name}"
    return _short(name, value, "_").upper()


def assigned(
    wanted: Mapping[str, str],
    *,
    place: Callable[[str], str] = str,
    suffixed: Callable[[str, str], str] = lambda name, digits: f"{name.rstrip('_')}_{digits}",
    rank: Callable[[str], int] = lambda _: 0,
    taken: Iterable[str] = (),
) -> dict[str, str]:
    """A name of its own for every key.

    Parameters:
        wanted: The name that each key leads to.
        place: What must differ from name to name: the name itself, or the file that it leads to.
        suffixed: How a name gets a suffix of hexadecimal digits.
        rank: Keys of a lower rank come first, whatever they are.
        taken: Places that are not free.
    """
    found: dict[str, str] = {}
    used = set(taken)
    late: list[str] = []
    for key in sorted(wanted, key=lambda each: (rank(each), *_rank(each, wanted[each]))):
        if place(wanted[key]) in used:
            late.append(key)
        else:
            used.add(place(wanted[key]))
            found[key] = wanted[key]
    for key in late:
        digest = _digest(key)
        name = next(
            name
            for length in range(4, len(digest) + 1)
            if place(name := suffixed(wanted[key], digest[:length])) not in used
        )
        used.add(place(name))
        found[key] = name
    return {key: found[key] for key in wanted}


def _rank(key: str, name: str) -> tuple[bool, bool, bool, str]:
    """Which of several keys keeps the name: one that is spelled like it, camelCase before others, then lower case."""
    name = name.rstrip("_")
    camel = re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
    return key not in {name, camel}, key == name != camel, not key[:1].isalnum(), key.swapcase()


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _words(key: str) -> str:
    """The words of a key in ASCII letters and digits. Other letters become their code points."""
    if key.isascii() and key.isalnum():
        return key
    text = "".join(char for char in unicodedata.normalize("NFKD", key) if not unicodedata.combining(char))
    found = "".join(
        char if char.isascii() and (char.isalnum() or char in "_-. ")
        else f" u{ord(char):x} " if char.isalnum()
        else " "
        for char in text
    )  # fmt: skip
    if re.search("[A-Za-z0-9]", found):
        return found
    return " ".join(_SIGNS.get(char, f"u{ord(char):x}") for char in key[:20]) or "empty"


def _pascal(words: str) -> str:
    """In PascalCase, so that doing it again changes nothing."""
    name = strings.pascal_case(words)
    while (again := strings.pascal_case(name)) != name:
        name = again
    return name


def _identifier(key: str, prefix: str, reserved: frozenset[str]) -> str:
    name = snake_case(_words(key)).strip("_")
    if not name[:1].isalpha():
        name = f"{prefix}_{name}"
    return _short(f"{name}_" if name in reserved else name, key, "_")


def _short(name: str, key: str, separator: str) -> str:
    if len(name) <= MAX_LENGTH:
        return name
    digest = _digest(key)[:8]
    return f"{name[: MAX_LENGTH - 9].rstrip('_')}{separator}{digest if separator else digest.upper()}"
