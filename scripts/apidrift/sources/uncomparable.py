"""What a comparison cannot follow: it is said, because what stands there may have changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from codegen.documents import Json
from codegen.walks import Place, objects

from .documents import in_words, is_pointer, mapping_of

_DYNAMIC: Final = ("$dynamicRef", "$recursiveRef")


def external_references(document: Json) -> list[str]:
    """What is not followed, for those who accept only definitions that are whole in themselves."""
    texts = {text.removesuffix(" is outside the definition") for _, text in not_compared(document)}
    return sorted(texts)


def not_compared(document: Json) -> Iterator[tuple[str, str]]:
    """Place and content of every reference that is not followed."""
    schemas = document.get("components", {}).get("schemas", {})
    # A reference below an $id starts at that $id, not at the document, which is not how this program follows it.
    below = {id(inner) for node, place in objects(document) if place and "$id" in node for inner in _references(node)}
    for node, place in objects(document):
        reference = node.get("$ref")
        if isinstance(reference, str):
            if not reference.startswith("#"):
                yield in_words(place), f"{reference} is outside the definition"
            elif not is_pointer(reference):
                yield in_words(place), f"{reference} is not a path inside the definition"
            elif id(node) in below:
                yield in_words(place), f"{reference} starts at an $id"
        for key in _DYNAMIC:
            if key in node:
                yield in_words(place), f"{key}: {node[key]}"
        yield from _mapped_outside(node, place, schemas)


def _mapped_outside(node: Json, place: Place, schemas: Json) -> Iterator[tuple[str, str]]:
    for target in mapping_of(node.get("discriminator")).values():
        if not is_pointer(target) and target not in schemas:
            yield in_words(place), f"{target} is outside the definition"


def _references(schema: Json) -> Iterator[Json]:
    return (node for node, _ in objects(schema) if isinstance(node.get("$ref"), str))
