"""Media types in the portal's form: where it says them, and where they belong."""

from __future__ import annotations

import copy
import re
from typing import Any

from ..documents import Json, follow
from ..walks import operations_of
from .parameters import header, schema_of

_JSON = "application/json"
_VENDOR = re.compile(r"application/vnd\.[\w.+-]+\+json")


def vendor_media_types(document: Json) -> int:
    """Key JSON answers by the type that the `Accept` header of their operation names."""
    count = 0
    keyed: dict[int, str] = {}  # answers that several operations share, by the type that they have got
    for path, _, operation in operations_of(document):
        accept = _accept(document, path, operation)
        if not accept:
            continue
        for status, node in operation.get("responses", {}).items():
            response = follow(document, node)
            if keyed.get(id(response), accept) != accept:
                response = _with_type(copy.deepcopy(response), keyed[id(response)], accept)
                operation["responses"][status] = response
                count += 1
            elif isinstance(response.get("content"), dict) and _JSON in response["content"]:
                _with_type(response, _JSON, accept)
                count += 1
            keyed[id(response)] = accept
    return count


def _accept(document: Json, path: str, operation: Json) -> str:
    """The vendor type that an operation answers with; empty where the definition does not say."""
    parameter = header(document, path, operation, "accept")
    schemas = document.get("components", {}).get("schemas", {})
    schema = schema_of(document, parameter) if parameter else schemas.get("AcceptHeader", {})
    named = [schema.get("default"), *(schema.get("enum") or []), schema.get("example"), parameter.get("example")]
    return next((each for each in named if isinstance(each, str) and _VENDOR.fullmatch(each)), "")


def _with_type(response: Json, old: str, new: str) -> Json:
    content: Json = response["content"]
    response["content"] = {new if key == old else key: value for key, value in content.items()}
    return response


def body_types(document: Json) -> int:
    """Let a body have every type that the `Content-Type` header of its operation lists."""
    count = 0
    for path, _, operation in operations_of(document):
        types = schema_of(document, header(document, path, operation, "content-type")).get("enum") or []
        body: Any = follow(document, operation.get("requestBody", {}))
        content = body.get("content") or {}
        missing = [each for each in types if isinstance(each, str) and each not in content]
        if len(content) == 1 and missing:
            only = next(iter(content.values()))
            content.update({each: copy.deepcopy(only) for each in missing})
            count += len(missing)
    return count


def merge_patch_bodies(document: Json) -> int:
    """Call a plain object application/json; a JSON patch would be an array."""
    count = 0
    for _, _, operation in operations_of(document):
        body: Any = follow(document, operation.get("requestBody", {}))
        content = body.get("content") or {}
        patch = content.get("application/json-patch+json")
        if patch is not None and follow(document, patch.get("schema", {})).get("type") != "array":
            body["content"] = {
                _JSON if key == "application/json-patch+json" else key: value for key, value in content.items()
            }
            count += 1
    return count
