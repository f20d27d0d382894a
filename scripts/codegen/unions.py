"""Unions: which variant a JSON value is, by discriminator or by shape."""

from __future__ import annotations

from typing import Any

from .documents import Json
from .fields import Fields, kind_of
from .made import Made
from .naming import literal


class Unions:
    """In which order the variants of a union are tried, and how they are told apart."""

    def __init__(self, classes: dict[str, Made], fields: Fields) -> None:
        self._classes = classes
        self._fields = fields

    def variants_of(self, union: Any, node: Json) -> list[tuple[str, str | None]]:
        """The readers of a union in the order to try them, each with the test to make first, if any.

        A variant with a discriminator is tried for its values only. Of several plain objects, the one with more
        properties comes first, and is tried if one of those that the later ones lack is there. What fits anything
        comes last; an object of a kind that no discriminator names is kept whole.
        """
        variants = list(zip(union.inner_properties, self._fields.variants(union, node), strict=True))
        any_discriminated = any(self._discriminator(prop) for prop, _ in variants)
        ordered = sorted(variants, key=lambda each: self._rank(each[0]))
        result: list[tuple[str, str | None]] = []
        for index, (prop, schema) in enumerate(ordered):
            guard: str | None = None
            if discriminator := self._discriminator(prop):
                name, values = discriminator
                guard = f"has_value(data, {', '.join(map(literal, (name, *values)))})"
            elif kind_of(prop) == "model" and not any_discriminated:
                later = {name for other, _ in ordered[index + 1 :] for name in self._properties(other)}
                own = [name for name in self._properties(prop) if name not in later]
                guard = f"has_any(data, {', '.join(map(literal, own))})" if own else None
            result.append((self._fields.reader(prop, schema), guard))
        return [*result, ("UnknownKind.from_dict", None)] if self._fields.is_open(union) else result

    def _discriminator(self, prop: Any) -> tuple[str, list[str]] | None:
        return self._classes[prop.class_info.name].discriminator if kind_of(prop) == "model" else None

    def _properties(self, prop: Any) -> list[str]:
        return list(self._classes[prop.class_info.name].names.values()) if kind_of(prop) == "model" else []

    def _rank(self, prop: Any) -> tuple[int, int]:
        kind = kind_of(prop)
        if kind == "model":
            return (0, 0) if self._discriminator(prop) else (2, -len(self._properties(prop)))
        # An enum before the plain string that it would otherwise be lost to, and strings before what is freer.
        return {"nothing": (0, 0), "enum": (1, 0), "text": (4, 0), "anything": (5, 0)}.get(kind, (1, 1))
