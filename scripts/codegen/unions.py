"""Unions: which variant a JSON value is, by discriminator or by shape."""

from __future__ import annotations

from typing import Any, cast

from openapi_python_client import strings
from openapi_python_client.parser.properties.model_property import ModelProperty
from openapi_python_client.parser.properties.union import UnionProperty

from .documents import Json
from .fields import kind_of
from .naming import literal, plain


class Unions:
    """In which order the variants of a union are tried, and how they are told apart."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._discriminators = dict(self._find_discriminators(document))

    def _find_discriminators(self, node: object) -> Any:
        if isinstance(node, dict):
            discriminator = node.get("discriminator")
            if isinstance(discriminator, dict) and isinstance(discriminator.get("mapping"), dict):
                values: dict[str, list[str]] = {}
                for value, reference in discriminator["mapping"].items():
                    values.setdefault(self._class_name(str(reference)), []).append(str(value))
                for name, names in values.items():
                    yield name, (str(discriminator["propertyName"]), tuple(names))
            for child in node.values():
                yield from self._find_discriminators(child)
        elif isinstance(node, list):
            for child in node:
                yield from self._find_discriminators(child)

    def _class_name(self, reference: str) -> str:
        key = reference.rpartition("/")[2]
        schema = self._document.get("components", {}).get("schemas", {}).get(key, {})
        return strings.ClassName(str(schema.get("title", key)), "field_")

    def variants_of(self, union: UnionProperty) -> list[tuple[Any, str | None]]:
        """The variants of a union in the order to try them, each with the test to make first, if any.

        A variant with a discriminator is tried for its values only. Of several plain objects, the one with more
        properties comes first, and is tried if one of those that the later ones lack is there. What fits anything
        comes last.
        """

        def properties(variant: Any) -> list[str]:
            return [plain(name) for name in (variant.data.properties or {})] if kind_of(variant) == "model" else []

        def discriminated(variant: Any) -> bool:
            return kind_of(variant) == "model" and variant.class_info.name in self._discriminators

        def rank(variant: Any) -> tuple[int, int]:
            kind = kind_of(variant)
            if kind == "model":
                return (0, 0) if discriminated(variant) else (2, -len(properties(variant)))
            # An enum before the plain string that it would otherwise be lost to, and strings before what is freer.
            return {"nothing": (0, 0), "enum": (1, 0), "text": (4, 0), "anything": (5, 0)}.get(kind, (1, 1))

        any_discriminated = any(discriminated(inner) for inner in union.inner_properties)
        ordered = sorted(union.inner_properties, key=rank)
        result: list[tuple[Any, str | None]] = []
        for index, variant in enumerate(ordered):
            guard: str | None = None
            if discriminated(variant):
                name, values = self._discriminators[str(cast(ModelProperty, variant).class_info.name)]
                guard = f"has_value(data, {', '.join(map(literal, (name, *values)))})"
            elif kind_of(variant) == "model" and not any_discriminated:
                later = {name for other in ordered[index + 1 :] for name in properties(other)}
                own = [name for name in properties(variant) if name not in later]
                guard = f"has_any(data, {', '.join(map(literal, own))})" if own else None
            result.append((variant, guard))
        return result
