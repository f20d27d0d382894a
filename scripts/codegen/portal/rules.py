"""The rules that turn a definition from the form in which the portal serves it into ours.

One pure step, used by `make adopt` and by `make drift UPSTREAM=`. Each rule states what it finds and why that is
changed, and reports how often it did something. A definition that has our form already comes out as it went in.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from ..documents import Json, follow
from ..walks import objects, operations_of, path_items
from .contents import body_types, merge_patch_bodies, vendor_media_types
from .parameters import parameters_of

SERVERS = (
    ("https://api.bentley.com", "Production"),
    ("https://qa-api.bentley.com", "Quality assurance"),
    ("https://dev-api.bentley.com", "Development"),
)
PREVIEW = "technical-preview"
STABLE = "generally-available"

_PLATFORM = re.compile(r"https://(?:\w+-)?api\.bentley\.com(?P<prefix>/[^?#]*)?")
_PREVIEW_TAG = re.compile(r"\s*tech(?:nical|nology)\s+preview\s*", re.IGNORECASE)
# Headers that carry the call itself: OpenAPI says to ignore parameters of these names.
_TRANSPORT = frozenset({"accept", "authorization", "content-type"})
_KEY_NAMES = frozenset({"ocp-apim-subscription-key", "x-api-subscription-key", "subscription-key", "apikey"})
_REWRITTEN_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)\+00:00")
_EXAMPLES = frozenset({"example", "examples"})


@dataclass(frozen=True)
class Rule:
    """One difference between the two forms."""

    name: str
    found: str  # what the portal's form has
    reason: str
    apply: Callable[[Json], int]  # changes the document; how often


@dataclass(frozen=True)
class Fired:
    """A rule that changed something."""

    rule: Rule
    count: int

    def __str__(self) -> str:
        return f"{self.rule.name} ({self.count}): {self.rule.found}; {self.rule.reason}"


def from_portal(document: Json) -> tuple[Json, list[Fired]]:
    """A copy of a definition in our form, and the rules that changed something."""
    document = copy.deepcopy(document)
    counts = [(rule, rule.apply(document)) for rule in RULES]
    return document, [Fired(rule, count) for rule, count in counts if count]


def _servers(document: Json) -> int:
    """Move what all servers have in common from their URLs into the paths."""
    servers = [each for each in document.get("servers") or [{"url": SERVERS[0][0]}] if isinstance(each, dict)]
    found = [_PLATFORM.fullmatch(str(each.get("url", "")).rstrip("/")) for each in servers]
    prefixes = {match["prefix"] or "" for match in found if match}
    ours = [{"url": url, "description": description} for url, description in SERVERS]
    if None in found or len(prefixes) != 1 or document.get("servers") == ours:
        return 0
    prefix = prefixes.pop()
    paths = document.get("paths", {})
    if prefix:
        document["paths"] = {path if path.startswith("x-") else prefix + path: item for path, item in paths.items()}
    if [each.get("url") for each in servers] == [url for url, _ in SERVERS] and not prefix:
        return 0
    document["servers"] = ours
    return len(paths) if prefix else 1


def _transport_headers(document: Json) -> int:
    count = 0
    for owner in _parameter_owners(document):
        kept = [each for each in owner["parameters"] if not _is_transport(document, each)]
        count += len(owner["parameters"]) - len(kept)
        owner["parameters"] = kept
        if not kept:
            del owner["parameters"]
    components = document.get("components", {})
    for section in ("parameters", "schemas"):
        for name in [*components.get(section, {})]:
            node = components[section][name]
            named = name.lower() in {f"{each.replace('-', '')}header" for each in _TRANSPORT}
            if (named or _is_transport(document, node)) and not _is_referred_to(document, section, name):
                del components[section][name]
    return count


def _parameter_owners(document: Json) -> Iterator[Json]:
    for owner in (*(item for _, item in path_items(document)), *(node for _, _, node in operations_of(document))):
        if isinstance(owner.get("parameters"), list):
            yield owner


def _is_transport(document: Json, node: Any) -> bool:
    parameter = follow(document, node)
    return (
        isinstance(parameter, dict)
        and parameter.get("in") == "header"
        and str(parameter.get("name", "")).lower() in _TRANSPORT
    )


def _is_referred_to(document: Json, section: str, name: str) -> bool:
    reference = f"#/components/{section}/{name}"
    waiting: list[Any] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if node.get("$ref") == reference:
                return True
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return False


def _security(document: Json) -> int:
    """Put the token in the place of the gateway's subscription keys."""
    schemes: Json = document.get("components", {}).get("securitySchemes", {})
    keys = {name for name, scheme in schemes.items() if _is_gateway_key(scheme)}
    if not keys and (schemes or document.get("security")):
        return 0
    components: Json = document.setdefault("components", {})
    kept = {name: scheme for name, scheme in schemes.items() if name not in keys}
    bearer = {"type": "http", "scheme": "bearer", "x-required-scopes": ["itwin-platform"]}
    components["securitySchemes"] = {**kept, "bearer": bearer}
    for owner in (document, *(node for _, _, node in operations_of(document))):
        if owner is document or "security" in owner:
            rest = [each for each in owner.get("security", []) if isinstance(each, dict) and not keys & each.keys()]
            owner["security"] = rest or [{"bearer": []}]
    return len(keys) or 1


def _is_gateway_key(scheme: Any) -> bool:
    return (
        isinstance(scheme, dict)
        and scheme.get("type") == "apiKey"
        and str(scheme.get("name", "")).lower() in _KEY_NAMES
    )


def _maturity(document: Json) -> int:
    count = 0
    for _, _, operation in operations_of(document):
        tags = [str(each) for each in operation.get("tags", [])]
        kept = [tag for tag in tags if not _PREVIEW_TAG.fullmatch(tag)]
        if len(kept) < len(tags):
            operation["x-maturity"] = PREVIEW
            operation["tags"] = kept
            if not kept:
                del operation["tags"]
            count += 1
        elif "x-maturity" not in operation:
            operation["x-maturity"] = STABLE
            count += 1
    if isinstance(document.get("tags"), list):
        document["tags"] = [
            each for each in document["tags"] if not _PREVIEW_TAG.fullmatch(str(cast(Json, each).get("name", "")))
        ]
    return count


def _retry_after(document: Json) -> int:
    count = 0
    for _, _, operation in operations_of(document):
        for response in operation.get("responses", {}).values():
            for name, node in (follow(document, response) or {}).get("headers", {}).items():
                header = follow(document, node)
                if name.lower() == "retry-after" and (header.get("required") or header.get("schema") != _SECONDS):
                    header.pop("required", None)
                    header["schema"] = dict(_SECONDS)
                    count += 1
    return count


_SECONDS = {"type": "integer"}


def _items(document: Json) -> int:
    """Say what arrays hold, where that is missing: text in a parameter, anything elsewhere."""
    count = 0
    for _, _, operation in operations_of(document):
        for parameter in parameters_of(document, operation):
            schema = parameter.get("schema")
            if isinstance(schema, dict) and schema.get("type") == "array" and "items" not in schema:
                schema["items"] = {"type": "string"}
                count += 1
    return count + sum(_open_items(schema) for schema, _ in objects(document))


def _open_items(schema: Json) -> int:
    if schema.get("type") != "array" or "items" in schema:
        return 0
    schema["items"] = {}
    return 1


def _types_of_enums(document: Json) -> int:
    count = 0
    for schema, _ in objects(document):
        values = schema.get("enum")
        if "type" not in schema and isinstance(values, list) and values and all(isinstance(v, str) for v in values):
            schema["type"] = "string"
            count += 1
    return count


def _dates(document: Json) -> int:
    """Give dates in examples back the form in which the platform sends them."""
    count = 0
    waiting: list[tuple[Any, bool]] = [(document, False)]
    while waiting:
        node, inside = waiting.pop()
        pairs: list[tuple[Any, Any]] = []
        if isinstance(node, dict):
            pairs = list(node.items())
        elif isinstance(node, list):
            pairs = list(enumerate(node))
        for key, child in pairs:
            within = inside or key in _EXAMPLES
            if within and isinstance(child, str) and (match := _REWRITTEN_DATE.fullmatch(child)):
                node[key] = f"{match[1]}Z"
                count += 1
            elif isinstance(child, (dict, list)):
                waiting.append((child, within))
    return count


RULES: tuple[Rule, ...] = (
    Rule("server-prefix", "a server with the first part of the paths", "the path identifies the operation", _servers),
    Rule(
        "vendor-media-type",
        "answers keyed application/json, whose type is the default of the Accept header",
        "the type is what is asked for and answered",
        vendor_media_types,
    ),
    Rule(
        "body-type",
        "a Content-Type header that lists more types than the body",
        "every type that the header allows can be sent",
        body_types,
    ),
    Rule(
        "merge-patch",
        "a plain object sent as application/json-patch+json",
        "it is not a JSON patch, and the platform accepts application/json",
        merge_patch_bodies,
    ),
    Rule(
        "transport-header",
        "Accept, Authorization and Content-Type as parameters",
        "the client sets them, and OpenAPI ignores them among parameters",
        _transport_headers,
    ),
    Rule("security", "subscription keys of the gateway", "clients do not send them; calls have a token", _security),
    Rule(
        "maturity",
        "maturity as a tag, or not at all",
        "a tag decides the module of an operation, which must not change when the preview ends",
        _maturity,
    ),
    Rule("retry-after", "Retry-After as a required text", "it is seconds, and not always there", _retry_after),
    Rule("items", "arrays without a type of their items", "nothing can be generated without it", _items),
    Rule("enum-type", "enums of strings without a type", "the type can only be string", _types_of_enums),
    Rule("date", "dates in examples that end in +00:00", "the platform sends Z; the export rewrote them", _dates),
)
