"""What a stored definition keeps when a newer edition of it is adopted: our words, our additions and our order.

- Words: descriptions and summaries are ours. Those of a new edition are another's and are left out.
- Additions: what an edition does not have, and the stored definition has from elsewhere, says so in `x-source`.
- Order: what was there stays where it was, so that the diff of a review shows changes alone.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

from ..documents import METHODS, Json, follow
from ..walks import objects, operations_of

SOURCE = "x-source"
_WORDS = ("summary", "description", "externalDocs")
# Examples, scopes and variables of servers have words as well.
_DATA = frozenset({"const", "default", "enum", "example", "mapping", "security", "value"})
_ORDER = (
    *("operationId", "tags", "summary", "description", "externalDocs", "x-maturity", "x-source", "x-confidence"),
    *("security", "parameters", "requestBody", "responses"),
)


@dataclass
class Kept:
    """What became of the additions of a stored definition, by the places where they stand."""

    additions: list[str] = field(default_factory=list[str])
    superseded: list[str] = field(default_factory=list[str])  # a new edition has them itself


def as_stored(edition: Json, stored: Json | None, api: str, *, foreign_words: bool = False) -> tuple[Json, Kept]:
    """A new edition, in our form, as it is stored.

    Parameters:
        edition: The new edition in our form.
        stored: The definition that it follows, if there is one.
        api: The name of the API in the addresses of its documentation, `itwins` for instance.
        foreign_words: Whether to take over the descriptions of the new edition.
    """
    document = copy.deepcopy(edition)
    kept = Kept()
    if stored is not None:
        _keep_additions(document, stored, "", kept)
    if not foreign_words:
        _drop_words(document)
    if stored is not None:
        _keep_words(document, stored, stored)
        _keep_root(document, stored)
    _complete(document, api)
    return cast(Json, _ordered(document, stored)), kept


def _keep_additions(new: Any, stored: Any, place: str, kept: Kept) -> None:
    for key, old, there in _pairs(new, stored):
        at = f"{place}/{key.replace('~', '~0').replace('/', '~1')}"
        if there is None and (addition := _addition(old)):
            kept.additions.append(at)
            if isinstance(new, list):
                new.append(addition)
            else:
                new[key] = addition
        elif isinstance(old, dict) and SOURCE in old and there is not None and SOURCE not in there:
            kept.superseded.append(at)
        elif there is not None and key not in _DATA:
            _keep_additions(there, old, at, kept)


def _addition(node: Any) -> Json | None:
    """A copy of what says where it is from: of a node, or of the operations of a path; None if nothing does."""
    if not isinstance(node, dict):
        return None
    if SOURCE in node:
        return copy.deepcopy(cast(Json, node))
    found = {key: node[key] for key in METHODS if isinstance(node.get(key), dict) and SOURCE in node[key]}
    return copy.deepcopy(found) or None


def _pairs(new: Any, stored: Any) -> Iterator[tuple[str, Any, Any]]:
    """What two nodes have below them: the key, the stored node and the new one, if there is one."""
    if isinstance(new, dict) and isinstance(stored, dict):
        for key, value in stored.items():
            yield str(key), value, new.get(key)
    elif isinstance(new, list) and isinstance(stored, list):
        found = {_identity(each, index): each for index, each in enumerate(new)}
        for index, value in enumerate(stored):
            name = _identity(value, index)
            yield name, value, found.get(name)


def _identity(node: Any, index: int) -> str:
    """What tells an item of a list from the others: parameters have a place and a name, variants a reference."""
    if isinstance(node, dict):
        if "in" in node and "name" in node:
            return f"{node['in']} {node['name']}"
        return str(node.get("$ref") or node.get("name") or index)
    return str(index)


def _drop_words(document: Json) -> None:
    for node, _ in objects(document, _DATA.__contains__):
        if SOURCE not in node:
            for word in _WORDS:
                node.pop(word, None)


def _keep_words(new: Any, stored: Any, whole: Json, depth: int = 0) -> None:
    """Put the words of the stored definition, of which `whole` is all, where its nodes still are."""
    if isinstance(new, dict) and "$ref" not in new:
        stored = follow(whole, stored)
    if isinstance(new, dict) and isinstance(stored, dict):
        new.update({word: copy.deepcopy(stored[word]) for word in _WORDS if isinstance(stored.get(word), (str, dict))})
    for key, old, there in _pairs(new, stored):
        if isinstance(there, (dict, list)) and key not in _DATA and depth < 150:
            _keep_words(there, old, whole, depth + 1)


def _keep_root(document: Json, stored: Json) -> None:
    tags = {tag for _, _, operation in operations_of(document) for tag in operation.get("tags", [])}
    described = [each for each in stored.get("tags", []) if isinstance(each, dict) and each.get("name") in tags]
    if described:
        document["tags"] = copy.deepcopy(described)


def _complete(document: Json, api: str) -> None:
    """Say what OpenAPI wants said where we have no words: what a status means, and where the documentation is."""
    pages = f"https://developer.bentley.com/apis/{api}/"
    document.setdefault("externalDocs", {"url": pages})
    for _, _, operation in operations_of(document):
        if operation.get("operationId") and SOURCE not in operation:
            operation.setdefault("externalDocs", {"url": f"{pages}operations/{operation['operationId'].lower()}/"})
        for status, response in operation.get("responses", {}).items():
            if isinstance(response, dict) and "$ref" not in response:
                response.setdefault("description", _phrase(str(status)))
    for status, response in document.get("components", {}).get("responses", {}).items():
        if isinstance(response, dict) and "$ref" not in response:
            response.setdefault("description", status)


def _phrase(status: str) -> str:
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:
        return "Any other answer." if status == "default" else f"A status of {status}."


def _ordered(new: Any, stored: Any) -> Any:
    """A node with its keys in the order of the stored one; new ones come last, at first in an order of our own."""
    if isinstance(new, dict):
        old: Json = stored if isinstance(stored, dict) else {}
        rank = {key: index for index, key in enumerate([*old, *(key for key in _ORDER if key not in old)])}
        if not old and set(new) <= set(METHODS) | {"parameters"}:
            rank = {key: index for index, key in enumerate(["parameters", *METHODS])}
        keys = sorted(new, key=lambda key: rank.get(key, len(rank)))
        if keys and all(str(key).startswith("/") for key in keys):
            keys = sorted(new, key=lambda key: (rank.get(key, len(rank)), str(key)))
        return {key: _ordered(new[key], old.get(key)) for key in keys}
    if isinstance(new, list):
        olds = {_identity(each, index): (index, each) for index, each in enumerate(stored or [])}
        found = [(*olds.get(_identity(each, index), (len(olds) + index, None)), each) for index, each in enumerate(new)]
        if any(isinstance(each, (dict, list)) for _, _, each in found):
            found.sort(key=lambda item: item[0])
        return [_ordered(each, old) for _, old, each in found]
    return new
