"""The documented examples, read from the specifications themselves."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
METHODS = {"get", "put", "post", "delete", "patch"}


@cache
def specification(name: str) -> dict[str, Any]:
    """A specification as it is stored, for instance `itwins`."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "openapi" / f"{name}.yaml")
    return document


@cache
def operations() -> dict[str, dict[str, Any]]:
    """Every documented operation by its id: method, path, media type and examples by status."""
    found: dict[str, dict[str, Any]] = {}
    for name in ("itwins", "reality-analysis"):
        document = specification(name)
        for path, item in document["paths"].items():
            for method in METHODS & item.keys():
                operation = item[method]
                answers: dict[int, Any] = {}
                media_type = ""
                for status, response in operation["responses"].items():
                    if "$ref" in response:
                        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]  # noqa: PLW2901
                    for media_type, content in response.get("content", {}).items():
                        answers[int(status)] = content["example"]
                found[operation["operationId"]] = {
                    "method": method.upper(),
                    "path": path,
                    "media_type": media_type,
                    "answers": answers,
                }
    return found


def example(operation: str, status: int = 200) -> Any:
    """The documented example of an answer."""
    return deepcopy(operations()[operation]["answers"][status])
