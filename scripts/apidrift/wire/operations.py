"""The operations of a definition with everything that applies to them, wherever it is written."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Final
from urllib.parse import urlsplit

from codegen.documents import Json

from ..sources.documents import ALL_METHODS, DriftError, follow, is_pointer

BLANKS: Final = re.compile(r"{[^{}]*}")


@dataclasses.dataclass
class Operation:
    """An operation with all that applies to it, wherever it is written."""

    method: str
    path: str
    node: Json
    item: Json
    urls: tuple[str, ...]
    servers_at: str  # where the servers are declared
    security_at: str
    key: tuple[str, str] = ("", "")

    @property
    def label(self) -> str:
        """What reports call it."""
        return f"{self.method.upper()} {self.path}"


class Definition:
    """One document, with its references followed."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.followed: set[str] = set()

    def resolve(self, node: Any) -> Json:
        """The object that `node` is or refers to. References out of the document stay."""
        for _ in range(100):
            reference = node.get("$ref") if isinstance(node, dict) else None
            if not isinstance(reference, str) or not is_pointer(reference):
                if not isinstance(node, dict):
                    raise DriftError(f"a reference leads to {type(node).__name__} where an object belongs")
                return node
            self.followed.add(reference)
            beside = {key: node[key] for key in ("description", "summary") if key in node}
            node = follow(self.document, reference)
            if beside and isinstance(node, dict) and not str(self.document["openapi"]).startswith("3.0"):
                node = {**node, **beside}
        raise DriftError("a reference leads to itself")

    def item(self, entry: Json) -> Json:
        """A path item, with what stands beside a reference in it."""
        beside = {key: value for key, value in entry.items() if key != "$ref"}
        return {**self.resolve(entry), **beside} if "$ref" in entry else entry

    def methods(self, item: Json) -> dict[str, Json]:
        """The operations of a path item by method."""
        found = {method: self.resolve(item[method]) for method in sorted(item.keys() & set(ALL_METHODS))}
        more: Json = item.get("additionalOperations") or {}
        return {**found, **{method: self.resolve(node) for method, node in more.items()}}

    def operations(self) -> dict[tuple[str, str], Operation]:
        """Every operation by method and full path."""
        found: dict[tuple[str, str], Operation] = {}
        for path, entry in self.document.get("paths", {}).items():
            if path.startswith("x-"):
                continue
            item = self.item(entry)
            for method, node in self.methods(item).items():
                operation = self._operation(method, path, item, node)
                while operation.key in found:  # two paths that differ only in the names of parameters
                    operation.key = (operation.key[0], f"{operation.key[1]}#")
                found[operation.key] = operation
        return found

    def _operation(self, method: str, path: str, item: Json, node: Json) -> Operation:
        label = f"{method.upper()} {path}"
        owner, at = next(
            ((owner, at) for owner, at in ((node, label), (item, label)) if owner.get("servers")),
            (self.document, "servers"),
        )
        urls = tuple(server_url(server) for server in owner.get("servers") or [{"url": "/"}])
        base = urlsplit(urls[0]).path.rstrip("/")
        security_at = label if "security" in node else "security"
        operation = Operation(method, path, node, item, urls, at, security_at)
        operation.key = (method, BLANKS.sub("{}", base + path))
        return operation

    def parameters(self, operation: Operation) -> dict[tuple[str, str], tuple[Json, str]]:
        """Parameters by place and name (in the path by position), each with the name of its component."""
        positions = {name: str(n) for n, name in enumerate(re.findall(r"{([^{}]*)}", operation.path))}
        found: dict[tuple[str, str], tuple[Json, str]] = {}
        for entry in [*operation.item.get("parameters", []), *operation.node.get("parameters", [])]:
            parameter = self.resolve(entry)
            place, name = str(parameter.get("in", "?")), str(parameter.get("name", "?"))
            if place == "header":
                name = name.lower()
            if place == "path":
                name = positions.get(name, name)
            found[place, name] = (parameter, component_name(entry, "parameters"))
        return found


def server_url(server: Json) -> str:
    """The URL of a server with the defaults of its variables, in one spelling."""
    url = str(server.get("url", "/"))
    for name, variable in (server.get("variables") or {}).items():
        if isinstance(variable, dict):
            url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    try:
        parts = urlsplit(url)
        default_port = {"https": ":443", "http": ":80"}.get(parts.scheme.lower(), "\0")
        host = parts.netloc.lower().removesuffix(default_port)
    except ValueError:
        return url.rstrip("/")
    return f"{parts.scheme.lower()}://{host}{parts.path.rstrip('/')}" if host else parts.path.rstrip("/")


def component_name(node: Any, section: str) -> str:
    prefix = f"#/components/{section}/"
    reference = node.get("$ref", "") if isinstance(node, dict) else ""
    return reference.removeprefix(prefix) if str(reference).startswith(prefix) else ""
