"""Which nodes of two documents are the same to the letter, with all that they refer to: nobody has to look there.

Most of a definition is the same before and after a change. Digests of all nodes are made once, from the leaves up; a
reference is the same if what it leads to is, and so on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from codegen.documents import DocumentError, Json, target_of

from ..sources.documents import is_pointer, mapping_of
from .nodes import text_of
from .schemas import Schemas

_NONE: frozenset[str] = frozenset()


class _Digests:
    """The digest of every object and list of a document, and the references in it."""

    def __init__(self, schemas: Schemas) -> None:
        self._known: dict[int, tuple[bytes, frozenset[str]]] = {}
        self._kept: list[Any] = []  # an identity is only one as long as its object lives
        self._schemas = schemas

    def of(self, node: Any) -> tuple[bytes, frozenset[str]]:
        """Digest and references of a node."""
        if not isinstance(node, (dict, list)):
            return text_of(node).encode(), _NONE
        found = self._known.get(id(node))
        if found is None:
            found = self._object(node) if isinstance(node, dict) else self._list(node)
            self._known[id(node)] = found
            self._kept.append(node)
        return found

    def _object(self, node: Json) -> tuple[bytes, frozenset[str]]:
        state = hashlib.blake2b(b"{", digest_size=16)
        references: list[frozenset[str]] = []
        for key in sorted(node):
            digest, inside = self.of(node[key])
            name = key.encode("utf-8", "surrogatepass")
            state.update(b"%d %d " % (len(name), len(digest)) + name + digest)
            if inside:
                references.append(inside)
        if isinstance(node.get("$ref"), str):
            references.append(frozenset((node["$ref"],)))
        if "discriminator" in node:
            targets = mapping_of(node["discriminator"]).values()
            references.append(frozenset(map(self._schemas.mapped, targets)))
        return state.digest(), _joined(references)

    def _list(self, node: list[Any]) -> tuple[bytes, frozenset[str]]:
        parts = [self.of(each) for each in node]
        state = hashlib.blake2b(b"[", digest_size=16)
        for digest, _ in parts:
            state.update(b"%d " % len(digest) + digest)
        return state.digest(), _joined([inside for _, inside in parts if inside])


def _joined(sets: list[frozenset[str]]) -> frozenset[str]:
    return sets[0] if len(sets) == 1 else frozenset().union(*sets) if sets else _NONE


class Sameness:
    """Tells whether two nodes are the same to the letter, references followed."""

    def __init__(self, old: Schemas, new: Schemas) -> None:
        self._schemas = (old, new)
        self._digests = (_Digests(old), _Digests(new))
        self._same: dict[str, bool] = {}
        versions = [str(each.document.get("openapi", ""))[:3] for each in (old, new)]
        self._comparable = versions[0] == versions[1]

    def __call__(self, old: Any, new: Any) -> bool:
        """Whether nothing can differ between two nodes."""
        if not self._comparable:
            return False
        one, two = self._digests[0].of(old), self._digests[1].of(new)
        return one[0] == two[0] and all(map(self._reference, one[1]))

    def _reference(self, reference: str) -> bool:
        if reference not in self._same:
            self._explore(reference)
        return self._same[reference]

    def _explore(self, start: str) -> None:
        """Decide about a reference and all that it leads to: what leads to something that differs, differs."""
        leads: dict[str, set[str]] = {}
        waiting, differing = [start], list[str]()
        seen = {start}
        while waiting:
            reference = waiting.pop()
            if reference in self._same:
                if not self._same[reference]:
                    differing.append(reference)
                continue
            inside = self._inside(reference)
            if inside is None:
                differing.append(reference)
                continue
            for each in inside:
                leads.setdefault(each, set()).add(reference)
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)
        apart: set[str] = set()
        while differing:
            reference = differing.pop()
            if reference not in apart:
                apart.add(reference)
                differing += leads.get(reference, ())
        for reference in seen:
            self._same.setdefault(reference, reference not in apart)

    def _inside(self, reference: str) -> Iterable[str] | None:
        """The references in what a reference leads to; None if that differs."""
        if not is_pointer(reference):
            return ()  # not followed, and said to be so
        try:
            targets = [target_of(each.document, reference) for each in self._schemas]
        except DocumentError:
            return None
        one, two = (digests.of(target) for digests, target in zip(self._digests, targets, strict=True))
        children = [set(each.children(reference)) for each in self._schemas]
        return (*one[1], *children[0]) if one[0] == two[0] and children[0] == children[1] else None
