"""Read JSON or YAML 1.2 that may come from a stranger, and follow references inside what was read.

Nothing is executed or fetched. Size, depth and number of values are limited, so that neither a long file nor a few
nested aliases can exhaust the machine. What comes out is what JSON can hold: text, finite numbers, true, false, null,
lists, and objects whose keys are text.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, cast

import yaml

from .errors import GenerationError

Json = dict[str, Any]

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 150
MAX_VALUES: Final = 2_000_000
METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

# The implicit types of the YAML 1.2 core schema. YAML 1.1, which PyYAML implements, also turns NO, on, 12:30, 1_000 and
# dates into something else than text.
_SCALARS: Final = (
    (re.compile(r"(?:null|Null|NULL|~|)"), lambda _: None),
    (re.compile(r"(?:true|True|TRUE)"), lambda _: True),
    (re.compile(r"(?:false|False|FALSE)"), lambda _: False),
    (re.compile(r"[-+]?[0-9]{1,400}"), int),
    (re.compile(r"0o[0-7]{1,400}"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]{1,400}"), lambda text: int(text[2:], 16)),
    (re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"), lambda _: math.nan),
)
# What a tag lets a scalar be; without one, its spelling says it.
_TAGS: Final[dict[str | None, tuple[type, ...]]] = {
    None: (),
    "!": (str,),
    "tag:yaml.org,2002:str": (str,),
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:float": (float, int),
}
_CONTAINER_TAGS: Final = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Stands for the key `<<` without quotes. It is not text, so that no key of a document is equal to it.
_MERGE: Final[Any] = object()


class DocumentError(GenerationError):
    """A document cannot be read, or a reference in it leads nowhere. One line says why."""


def read_yaml(path: Path) -> Json:
    """The object in a file, YAML or JSON.

    Raises:
        DocumentError: The file is not there, is too much, or holds something else.
    """
    try:
        _check_size(path.stat().st_size, path.name)
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror or 'cannot be read'}") from None
    return parse_yaml(content, path.name)


def parse_yaml(content: bytes, name: str) -> Json:
    """The object that is written in `content`, in YAML or JSON; `name` stands in errors.

    Raises:
        DocumentError: It is too much, or something else.
    """
    _check_size(len(content), name)
    try:
        document = _parsed(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        raise DocumentError(f"{name}: not UTF-8 text") from None
    except RecursionError:
        raise DocumentError(f"{name}: nested deeper than {MAX_DEPTH} levels") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise DocumentError(f"{name}{where}: {getattr(error, 'problem', None) or 'not JSON or YAML'}") from None
    if not isinstance(document, dict):
        raise DocumentError(f"{name}: not an object")
    _check_limits(document, name)
    return cast(Json, document)


def _check_size(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise DocumentError(f"{name}: {size} bytes are more than the {MAX_BYTES} that are read")


def _parsed(text: str, name: str) -> object:
    if text.lstrip().startswith("{"):
        # Much faster where it is JSON. What it refuses may be YAML, whose reader can say what is wrong and where.
        with contextlib.suppress(ValueError):
            return json.loads(text, object_pairs_hook=_object, parse_float=_number, parse_constant=_number)
    return _Builder(name).built(yaml.parse(text, Loader=_LOADER))


def _object(pairs: list[tuple[str, object]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not a number of JSON")
    return value


class _Builder:
    """Builds a document from the events of a parser, without recursion."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._line = 0
        self._documents: list[object] = []
        # Open containers, each with the key that awaits its value.
        self._open: list[tuple[Any, list[Any]]] = [(self._documents, [])]
        self._anchors: dict[str, object] = {}
        self._merged = 0

    def built(self, events: Iterable[Any]) -> object:
        """The document that the events describe."""
        for event in events:
            self._line = event.start_mark.line + 1
            self._take(event)
        if len(self._documents) != 1:
            raise DocumentError(f"{self._name}: {len(self._documents)} YAML documents instead of one")
        return self._documents[0]

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._put(self._scalar(event), event.anchor)
            case yaml.AliasEvent(anchor=anchor):
                if anchor not in self._anchors:
                    raise self._error(f"unknown alias {anchor!r}")
                self._put(self._anchors[anchor], None)
            case yaml.MappingStartEvent():
                self._start({}, event)
            case yaml.SequenceStartEvent():
                self._start([], event)
            case yaml.MappingEndEvent():
                self._merge(self._open.pop()[0])
            case yaml.SequenceEndEvent():
                self._open.pop()
            case _:
                pass

    def _start(self, container: object, event: Any) -> None:
        if len(self._open) > MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH} levels")
        if event.tag not in _CONTAINER_TAGS:
            raise self._error(f"the YAML tag {event.tag!r} is not accepted")
        self._put(container, event.anchor)
        self._open.append((container, []))

    def _put(self, value: Any, anchor: str | None) -> None:
        if anchor and value is not _MERGE:
            self._anchors[anchor] = value
        container, key = self._open[-1]
        if isinstance(container, list):
            cast(list[object], container).append(value)
        elif key:
            container[key.pop()] = value
        elif isinstance(value, (dict, list)):
            raise self._error("the key of an object is not text")
        else:
            name = value if isinstance(value, str) or value is _MERGE else json.dumps(value)
            if name in container:
                raise self._error(f"the key {'<<' if name is _MERGE else name!r} is there twice in one object")
            key.append(name)

    def _merge(self, container: dict[Any, object]) -> None:
        """Add what `<<` brings: what an object says itself counts first, then the first of what it names."""
        found: Any = container.pop(_MERGE, [])
        for source in found if isinstance(found, list) else [found]:
            if not isinstance(source, dict) or any(source is each for each, _ in self._open):
                raise self._error("<< is for objects that end before it")
            self._merged += len(source)
            if self._merged > MAX_VALUES:
                raise self._error(f"more than {MAX_VALUES} values")
            for key, value in source.items():
                container.setdefault(key, value)

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        text: str = event.value
        if event.tag not in _TAGS:
            raise self._error(f"the YAML tag {event.tag!r} is not accepted")
        kinds = _TAGS[event.tag]
        if str in kinds or (event.style and not kinds):  # quotes and blocks are always text
            return text
        container, key = self._open[-1]
        if text == "<<" and isinstance(container, dict) and not key:
            return _MERGE
        value = next((read(text) for pattern, read in _SCALARS if pattern.fullmatch(text)), text)
        if kinds and type(value) not in kinds:
            raise self._error(f"{text[:40]!r} is no {kinds[0].__name__}")
        if isinstance(value, float) and not math.isfinite(value):
            raise self._error(f"{text[:40]!r} is not a number that JSON can hold")
        return value

    def _error(self, problem: str) -> DocumentError:
        return DocumentError(f"{self._name}, line {self._line}: {problem}")


def _check_limits(document: object, name: str) -> None:
    """Count every value, each alias as often as it is used."""
    count = 0
    stack: list[tuple[object, int]] = [(document, 1)]
    while stack:
        node, depth = stack.pop()
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        count += 1
        if count > MAX_VALUES:
            raise DocumentError(f"{name}: more than {MAX_VALUES} values")
        if depth > MAX_DEPTH:
            raise DocumentError(f"{name}: nested deeper than {MAX_DEPTH} levels")
        stack.extend((child, depth + 1) for child in children)


def target_of(document: Json, reference: str) -> Any:
    """What a reference within the document leads to.

    Raises:
        DocumentError: It leads nowhere.
    """
    node: Any = document
    for part in reference.removeprefix("#").split("/")[1:]:
        key = _unescaped(part)
        if isinstance(node, list) and re.fullmatch("[0-9]{1,9}", key) and int(key) < len(cast(list[object], node)):
            node = node[int(key)]
        elif isinstance(node, dict) and key in node:
            node = node[key]
        else:
            raise DocumentError(f"{reference[:200]!r} leads nowhere")
    return cast(object, node)


def _unescaped(part: str) -> str:
    text = re.sub(r"%([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), part)
    return text.replace("~1", "/").replace("~0", "~")


def follow(document: Json, node: Any) -> Any:
    """What `node` is or refers to within the document; an empty object where that leads nowhere."""
    for _ in range(MAX_DEPTH):
        if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
            return node
        reference = node["$ref"]
        try:
            node = target_of(document, reference) if reference.startswith("#") else {}
        except DocumentError:  # whoever reads the whole document says so
            return {}
    return {}
