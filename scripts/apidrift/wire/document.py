"""The document as a whole: version, information, tags, servers, and components that no operation reaches."""

from __future__ import annotations

import re
from typing import Any, Final

from codegen.documents import Json

from ..changes import arrow
from ..sources.documents import is_pointer, mapping_of
from ..sources.uncomparable import not_compared
from .notices import compare_named
from .operations import BLANKS, Operation, server_url
from .places import Context, Place, Scope
from .run import Run
from .schemas import bases_of

Keys = set[tuple[str, str]]  # of components: section and name

_DOCUMENT: Final[Scope] = ("document",)
_HANDLED: Final = frozenset({"openapi", "info", "paths", "components", "servers", "security", "tags", "webhooks"})


def compare_document(run: Run) -> None:
    """Compare what belongs to no operation."""
    old, new = run.old.document, run.new.document
    if old["openapi"] != new["openapi"]:
        run.emit(_DOCUMENT, "openapi-version-changed", "openapi", arrow(old["openapi"], new["openapi"]))
    run.documentation(_DOCUMENT, "info", old.get("info", {}), new.get("info", {}))
    if old.get("tags") != new.get("tags"):
        names = ([tag.get("name") for tag in each.get("tags") or []] for each in (old, new))
        run.emit(_DOCUMENT, "tags-changed", "tags", arrow(*names), old.get("tags"), new.get("tags"))
    compare_named(run, _DOCUMENT, "webhook", "webhooks", old.get("webhooks") or {}, new.get("webhooks") or {})
    run.prose(_DOCUMENT, "document", old, new)
    run.rest(_DOCUMENT, "document", old, new, _HANDLED)
    run.extensions(_DOCUMENT, "paths", old.get("paths", {}), new.get("paths", {}))
    compare_server_details(run, _DOCUMENT, "servers", old.get("servers") or [], new.get("servers") or [])
    for side, document in (("old", old), ("new", new)):
        for where, what in not_compared(document):
            run.emit(_DOCUMENT, "not-compared", where, what, *((what, None) if side == "old" else (None, what)))


def compare_servers(run: Run, scope: Scope, old: Operation, new: Operation) -> None:
    """Compare the URLs at which an operation is."""
    full = ([url + operation.path for url in operation.urls] for operation in (old, new))
    before, after = ([BLANKS.sub("{}", url) for url in urls] for urls in full)
    if before == after:
        return
    where = "servers" if old.servers_at == new.servers_at == "servers" else old.label
    removed = [url for url, path in zip(old.urls, before, strict=True) if path not in after]
    added = [url for url, path in zip(new.urls, after, strict=True) if path not in before]
    for one, two in zip(removed, added, strict=False):
        run.emit(scope, "server-url-changed", where, arrow(one or "/", two or "/"))
    for url in removed[len(added) :]:
        run.emit(scope, "server-removed", where, f"{url or '/'} removed")
    for url in added[len(removed) :]:
        run.emit(scope, "server-added", where, f"{url or '/'} added")
    if not removed and not added:
        run.emit(scope, "servers-reordered", where, arrow(list(old.urls), list(new.urls)))


def compare_server_details(run: Run, scope: Scope, where: str, old: list[Any], new: list[Any]) -> None:
    """What is said about a server beside its URL."""
    after = {server_url(server): server for server in new}
    for server in old:
        other = after.get(server_url(server), server)
        at = f"{where} > {server_url(server) or '/'}"
        run.prose(scope, at, server, other)
        one, two = ({**each, "variables": _without_prose(each.get("variables"))} for each in (server, other))
        run.rest(scope, at, one, two, {"url"})
        if one["variables"] == two["variables"] and server.get("variables") != other.get("variables"):
            run.emit(scope, "description-changed", at, arrow(server.get("variables"), other.get("variables")))


def _without_prose(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_prose(value) for key, value in node.items() if key != "description"}
    return node


def compare_components(run: Run) -> None:
    """Components that nothing uses, and those that are used in a way that no check has followed."""
    old, new = (side.document.get("components", {}) for side in (run.old, run.new))
    used = _reachable(run.old.document), _reachable(run.new.document)
    followed = tuple(_components(references) for references in run.followed())
    for section in sorted(old.keys() | new.keys()):
        if section.startswith("x-"):
            run.extensions(_DOCUMENT, "components", {section: old.get(section)}, {section: new.get(section)})
            continue
        one, two = old.get(section, {}), new.get(section, {})
        for name in sorted(one.keys() | two.keys()):
            if section == "securitySchemes":
                _scheme(run, name, one, two)
            elif one.get(name) != two.get(name):
                key = (section, name)
                if key not in used[0] and key not in used[1]:
                    _unused(run, section, name, one.get(name), two.get(name))
                elif not _is_seen(key, used, followed, in_both=name in one and name in two):
                    _unfollowed(run, section, name, one.get(name), two.get(name))


def _is_seen(key: tuple[str, str], used: tuple[Keys, Keys], followed: tuple[Keys, ...], *, in_both: bool) -> bool:
    """Whether a component was looked at. Used on one side only, it was where the other side has something else."""
    if not in_both or not (key in used[0] and key in used[1]):
        return key[0] != "examples"
    return all(key in side for side in followed)


def _scheme(run: Run, name: str, one: Json, two: Json) -> None:
    if name not in one or name not in two:
        change = "added" if name in two else "removed"
        where = f"securitySchemes.{name}"
        run.emit(_DOCUMENT, f"security-scheme-{change}", where, f"{name} {change}", one.get(name), two.get(name))


def _unused(run: Run, section: str, name: str, old: Any, new: Any) -> None:
    change = "removed" if new is None else "added" if old is None else "changed"
    run.emit(_DOCUMENT, f"unused-component-{change}", f"{section}.{name}", f"{name} {change}", old, new)


def _unfollowed(run: Run, section: str, name: str, old: Any, new: Any) -> None:
    where = f"{section}.{name}"
    if section == "examples":
        run.emit(_DOCUMENT, "example-changed", where, arrow(old, new), old, new)
    elif section == "schemas" and old is not None and new is not None:
        node: Json = {"$ref": f"#/components/schemas/{name.replace('~', '~0').replace('/', '~1')}"}
        run.compare(node, node, Place(where, Context.EITHER, "body", _DOCUMENT))
        run.schemas.finish()
    elif run.schemas.differ(old, new):
        run.unclassified(_DOCUMENT, where, name, old, new)
    else:
        run.emit(_DOCUMENT, "description-changed", where, arrow(old, new), old, new)


def _components(references: set[str]) -> set[tuple[str, str]]:
    return {found for reference in references if (found := _component(reference)) is not None}


def _component(reference: str) -> tuple[str, str] | None:
    match = re.match(r"#/components/([^/]+)/([^/]+)", reference)
    return (match[1], match[2].replace("~1", "/").replace("~0", "~")) if match else None


def _reachable(document: Json) -> set[tuple[str, str]]:
    """Section and name of the components that operations and webhooks lead to."""
    found: set[tuple[str, str]] = set()
    components: Json = document.get("components", {})
    children = _children(components.get("schemas", {}))
    waiting: list[Any] = [document.get("paths", {}), document.get("webhooks", {})]

    def reach(target: tuple[str, str] | None) -> None:
        if target is not None and target not in found:
            found.add(target)
            waiting.append(components.get(target[0], {}).get(target[1]))

    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                reach(_component(node["$ref"]))
            discriminator = node.get("discriminator")
            if isinstance(discriminator, dict):
                for target in mapping_of(discriminator).values():
                    reach(_component(target) if is_pointer(target) else ("schemas", target))
                for child in children.get(id(node), ()):
                    reach(("schemas", child))
            waiting.extend(value for value in node.values() if isinstance(value, (dict, list)))
        elif isinstance(node, list):
            waiting.extend(node)
    return found


def _children(schemas: Json) -> dict[int, list[str]]:
    """The names of the schemas that extend another one, by the identity of that one."""
    found: dict[int, list[str]] = {}
    for name, schema in schemas.items():
        for reference in bases_of(schema):
            target = _component(reference)
            if target is not None and target[0] == "schemas" and target[1] in schemas:
                found.setdefault(id(schemas[target[1]]), []).append(name)
    return found
