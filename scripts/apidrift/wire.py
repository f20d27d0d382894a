"""The wire axis: what changes between client and server, operation by operation.

Operations belong together when method and full path (that of the server included, names of path parameters aside) are
the same. Everything an operation refers to is compared in the direction in which it travels. Codes are those of
oasdiff where it has one for the change.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from codegen.documents import Json

from .changes import Axis, Change, Level, arrow, merged
from .operations import BLANKS, Definition, Operation, component_name, scheme_identity, server_url
from .rules import RULES
from .schemas import Context, Place, SchemaComparer, Scope, prose_changes
from .views import fingerprint

BREAKING, POTENTIAL, ADDITIVE, DOCS = Level.BREAKING, Level.POTENTIAL, Level.ADDITIVE, Level.DOCS

# OpenAPI has these three come from elsewhere: the media types and the security of an operation.
_IGNORED_HEADERS: Final = frozenset({"accept", "content-type", "authorization"})
_STYLES: Final = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_PROSE_KEYS: Final = frozenset({"description", "summary", "example", "examples", "externalDocs", "deprecated"})


def _bearer(alternative: Mapping[str, Any]) -> bool:
    """Whether the access token that the SDK sends is enough."""
    return all(name in ("http bearer", "OAuth 2.0", "OpenID Connect") for name in alternative)


class WireComparison:
    """Compares two documents; `names` tells which call of the SDK an operation is behind."""

    def __init__(self, old: Json, new: Json, names: Callable[[Json, str], str]) -> None:
        self._old, self._new = Definition(old), Definition(new)
        self._names = names
        self._found: list[tuple[Scope, Change]] = []
        self._labels: dict[Scope, str] = {}
        self._schemas = SchemaComparer(old, new, self._schema_finding)

    def changes(self) -> list[Change]:
        """All findings, sorted."""
        self._document()
        old = {operation.key: operation for operation in self._old.operations()}
        new = {operation.key: operation for operation in self._new.operations()}
        self._match_by_path(old, new)
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in new:
                self._removed(old[key])
            elif key not in old:
                self._added(new[key])
            else:
                self._operation(old[key], new[key])
        self._schemas.finish()
        self._unused_components()
        return self._finished()

    def _match_by_path(self, old: dict[tuple[str, str], Operation], new: dict[tuple[str, str], Operation]) -> None:
        """An operation whose full path is gone is still the same one if only the path of the server differs."""

        def bare(operation: Operation) -> tuple[str, str]:
            return (operation.method, BLANKS.sub("{}", operation.path))

        lonely = {bare(operation): key for key, operation in new.items() if key not in old}
        for key in [key for key in old if key not in new]:
            match = lonely.get(bare(old[key]))
            if match is not None:
                new[key] = new.pop(match)

    def _emit(
        self,
        scope: Scope,
        code: str,
        where: str,
        detail: str,
        old: Any = None,
        new: Any = None,
        *,
        level: Level | None = None,
        effect: str = "",
    ) -> None:
        rule = RULES.get(code, (Level.POTENTIAL, ""))
        change = Change(Axis.WIRE, level or rule[0], code, where, detail, effect or rule[1], (), old, new)
        self._found.append((scope, change))

    def _schema_finding(  # noqa: PLR0917
        self,
        scope: Scope,
        level: Level,
        code: str,
        where: str,
        detail: str,
        effect: str,
        old: Any = None,
        new: Any = None,
    ) -> None:
        self._emit(scope, code, where, detail, old, new, level=level, effect=effect)

    def _finished(self) -> list[Change]:
        """Give every finding the operations that it reaches."""
        reaching: dict[Scope, set[str]] = {}
        for start, label in self._labels.items():
            waiting, seen = [start], {start}
            while waiting:
                scope = waiting.pop()
                reaching.setdefault(scope, set()).add(label)
                fresh = self._schemas.uses.get(scope, set()) - seen
                seen |= fresh
                waiting += fresh
        return merged(
            dataclasses.replace(change, operations=tuple(sorted(reaching.get(scope, ()))))
            for scope, change in self._found
        )

    # The document as a whole.

    def _document(self) -> None:
        old, new = self._old.document, self._new.document
        scope: Scope = ("document",)
        if old["openapi"] != new["openapi"]:
            self._emit(scope, "openapi-version-changed", "openapi", arrow(old["openapi"], new["openapi"]))
        self._documentation(scope, "info", old.get("info", {}), new.get("info", {}))
        for key in sorted(
            (old.keys() | new.keys()) - {"openapi", "info", "paths", "components", "servers", "security"}
        ):
            if old.get(key) == new.get(key):
                continue
            if key == "tags":
                self._document_tags(scope, old.get("tags") or [], new.get("tags") or [])
            elif key == "externalDocs" or key.startswith("x-"):
                self._documentation(scope, key, {key: old.get(key)}, {key: new.get(key)})
            elif key == "webhooks":
                self._named(scope, "webhook", "webhooks", old.get(key) or {}, new.get(key) or {})
            else:
                self._unclassified(scope, key, key, old.get(key), new.get(key))
        self._extensions(scope, "paths", old.get("paths", {}), new.get("paths", {}))
        self._server_details(scope, "servers", old.get("servers") or [], new.get("servers") or [])
        self._schemes()

    def _document_tags(self, scope: Scope, old: list[Any], new: list[Any]) -> None:
        detail = arrow([tag.get("name") for tag in old], [tag.get("name") for tag in new])
        self._emit(scope, "tags-changed", "tags", detail, old, new)

    def _documentation(self, scope: Scope, where: str, old: Json, new: Json) -> None:
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                code = (
                    "extension-changed"
                    if key.startswith("x-")
                    else f"{where}-changed"
                    if where == "info"
                    else "external-docs-changed"
                )
                self._emit(
                    scope,
                    code,
                    where,
                    f"{key}: {arrow(old.get(key, 'none'), new.get(key, 'none'))}",
                    level=DOCS,
                    effect="documentation only",
                )

    def _extensions(self, scope: Scope, where: str, old: Json, new: Json) -> None:
        for code, detail in prose_changes(_only_extensions(old), _only_extensions(new)):
            self._emit(scope, code, where, detail, level=DOCS, effect="documentation only")

    def _prose(self, scope: Scope, where: str, old: Json, new: Json) -> None:
        for code, detail in prose_changes(_only_prose(old), _only_prose(new)):
            self._emit(scope, code, where, detail, old, new, level=DOCS, effect="documentation only")

    def _unclassified(self, scope: Scope, where: str, key: str, old: Any, new: Any) -> None:
        if fingerprint(old) != fingerprint(new):
            detail = f"{key}: {arrow('none' if old is None else old, 'none' if new is None else new)}"
            self._emit(scope, "unclassified", where, detail, old, new)

    def _rest(self, scope: Scope, where: str, old: Json, new: Json, handled: set[str]) -> None:
        """What no rule has looked at."""
        for key in sorted(old.keys() | new.keys()):
            if key not in handled and key not in _PROSE_KEYS and not key.startswith("x-"):
                self._unclassified(scope, where, key, old.get(key), new.get(key))

    def _named(self, scope: Scope, noun: str, where: str, old: Json, new: Json) -> None:
        """Parts by name of which only the difference is known: webhooks, callbacks, links."""
        for name in sorted(old.keys() | new.keys()):
            if name not in new:
                self._emit(
                    scope,
                    f"{noun}-removed",
                    where,
                    f"{name} removed",
                    old[name],
                    level=POTENTIAL,
                    effect="the SDK does not use it; other code may",
                )
            elif name not in old:
                self._emit(
                    scope,
                    f"{noun}-added",
                    where,
                    f"{name} added",
                    None,
                    new[name],
                    level=ADDITIVE,
                    effect="the SDK does not use it",
                )
            else:
                one, two = (self._resolved(side, tree[name]) for side, tree in ((self._old, old), (self._new, new)))
                if fingerprint(one) != fingerprint(two):
                    self._unclassified(scope, f"{where} > {name}", noun, one, two)
                elif one != two:
                    self._emit(scope, "description-changed", f"{where} > {name}", arrow(one, two))

    @staticmethod
    def _resolved(side: Definition, node: Any) -> Any:
        return side.resolve(node) if isinstance(node, dict) else node

    def _schemes(self) -> None:
        """Details of the security schemes that both sides declare; which ones operations need is compared there."""
        old, new = (side.document.get("components", {}).get("securitySchemes", {}) for side in (self._old, self._new))
        by_identity = {scheme_identity(self._new.resolve(node)): name for name, node in new.items()}
        for name, node in old.items():
            one = self._old.resolve(node)
            other = name if name in new else by_identity.get(scheme_identity(one))
            if other is not None:
                self._scheme(f"securitySchemes.{name}", one, self._new.resolve(new[other]))

    def _scheme(self, where: str, old: Json, new: Json) -> None:
        scope: Scope = ("document",)
        # Required scopes are compared where operations need them.
        self._prose(scope, where, _without(old, "x-required-scopes"), _without(new, "x-required-scopes"))
        one, two = old.get("flows") or {}, new.get("flows") or {}
        for flow in sorted(one.keys() | two.keys()):
            self._flow(scope, f"{where} > {flow}", one.get(flow), two.get(flow))
        for key, code in (
            ("openIdConnectUrl", "api-security-component-oauth-url-changed"),
            ("bearerFormat", "bearer-format-changed"),
        ):
            if old.get(key) != new.get(key):
                self._emit(scope, code, where, f"{key}: {arrow(old.get(key, 'none'), new.get(key, 'none'))}")
        self._rest(
            scope, where, old, new, {"flows", "openIdConnectUrl", "bearerFormat", "type", "scheme", "in", "name"}
        )
        if scheme_identity(old) != scheme_identity(new):
            detail = arrow(scheme_identity(old), scheme_identity(new))
            self._emit(scope, "api-security-component-changed", where, detail, old, new)

    def _flow(self, scope: Scope, where: str, old: Json | None, new: Json | None) -> None:
        """A way to get tokens."""
        if old is None or new is None:
            change = "added" if old is None else "removed"
            self._emit(scope, f"api-security-component-oauth-flow-{change}", where, f"flow {change}", old, new)
            return
        for key in sorted((old.keys() | new.keys()) - {"scopes"}):
            if key.endswith("Url") and old.get(key) != new.get(key):
                detail = f"{key}: {arrow(old.get(key, 'none'), new.get(key, 'none'))}"
                self._emit(scope, "api-security-component-oauth-url-changed", where, detail)
            elif not key.endswith("Url"):
                self._unclassified(scope, where, key, old.get(key), new.get(key))
        one, two = old.get("scopes") or {}, new.get("scopes") or {}
        for name in sorted(one.keys() | two.keys()):
            if name not in two:
                self._emit(scope, "api-security-component-oauth-scope-removed", where, f"{name} removed")
            elif name not in one:
                self._emit(scope, "api-security-component-oauth-scope-added", where, f"{name} added")
            elif one[name] != two[name]:
                self._emit(scope, "description-changed", where, f"{name}: {arrow(one[name], two[name])}")

    # Operations.

    def _label(self, operation: Operation) -> Scope:
        scope: Scope = ("operation", *operation.key)
        self._labels[scope] = self._names(operation.node, operation.label)
        return scope

    def _removed(self, operation: Operation) -> None:
        code = "api-removed-with-deprecation" if operation.node.get("deprecated") else "api-removed-without-deprecation"
        self._emit(
            self._label(operation),
            code,
            operation.label,
            "operation removed",
            operation.node,
            level=BREAKING,
            effect="every call raises NotFoundError",
        )

    def _added(self, operation: Operation) -> None:
        self._emit(self._label(operation), "endpoint-added", operation.label, "operation added", None, operation.node)

    def _operation(self, old: Operation, new: Operation) -> None:
        scope = self._label(old)
        where = old.label
        for one, two in ((old.node, new.node), (old.item, new.item)):
            self._server_details(scope, f"{where} > servers", one.get("servers") or [], two.get("servers") or [])
        self._operation_prose(scope, where, old, new)
        self._servers(scope, old, new)
        self._security(scope, old, new)
        self._parameters(scope, where, old, new)
        self._body(scope, where, old.node.get("requestBody"), new.node.get("requestBody"))
        self._responses(scope, where, old.node.get("responses", {}), new.node.get("responses", {}))
        self._named(
            scope, "callback", f"{where} > callbacks", old.node.get("callbacks") or {}, new.node.get("callbacks") or {}
        )
        handled = {"operationId", "tags", "servers", "security", "parameters", "requestBody", "responses", "callbacks"}
        self._rest(scope, where, old.node, new.node, handled)

    def _operation_prose(self, scope: Scope, where: str, old: Operation, new: Operation) -> None:
        for key, code in (("operationId", "api-operation-id-changed"), ("tags", "api-tags-changed")):
            if old.node.get(key) != new.node.get(key):
                detail = f"{key}: {arrow(old.node.get(key, 'none'), new.node.get(key, 'none'))}"
                self._emit(
                    scope,
                    code,
                    where,
                    detail,
                    level=DOCS,
                    effect="not part of requests or answers; generated names follow it",
                )
        for code, detail in prose_changes(_only_prose(old.node), _only_prose(new.node)):
            name = f"endpoint-{code}" if code in ("deprecated", "reactivated") else code
            self._emit(scope, name, where, detail, old.node, new.node, level=DOCS, effect="documentation only")
        self._prose(scope, where, old.item, new.item)
        if old.path != new.path and BLANKS.sub("{}", old.path) == BLANKS.sub("{}", new.path):
            self._emit(scope, "path-parameter-renamed", where, arrow(old.path, new.path))

    def _servers(self, scope: Scope, old: Operation, new: Operation) -> None:
        full = ([url + operation.path for url in operation.urls] for operation in (old, new))
        before, after = ([BLANKS.sub("{}", url) for url in urls] for urls in full)
        if before == after:
            return
        where = "servers" if old.servers_at == new.servers_at == "servers" else old.label
        effect = "the SDK takes its host from the environment; check that the environments still match"
        removed = [url for url, path in zip(old.urls, before, strict=True) if path not in after]
        added = [url for url, path in zip(new.urls, after, strict=True) if path not in before]
        for one, two in zip(removed, added, strict=False):
            self._emit(
                scope, "server-url-changed", where, arrow(one or "/", two or "/"), level=POTENTIAL, effect=effect
            )
        for url in removed[len(added) :]:
            self._emit(scope, "server-removed", where, f"{url or '/'} removed", level=POTENTIAL, effect=effect)
        for url in added[len(removed) :]:
            self._emit(scope, "server-added", where, f"{url or '/'} added")
        if not removed and not added:
            self._emit(scope, "servers-reordered", where, arrow(list(old.urls), list(new.urls)))

    def _server_details(self, scope: Scope, where: str, old: list[Any], new: list[Any]) -> None:
        """What is said about a server beside its URL."""
        after = {server_url(server): server for server in new}
        for server in old:
            other = after.get(server_url(server), server)
            self._prose(scope, f"{where} > {server_url(server) or '/'}", server, other)
            one, two = ({"variables": _without_prose(each.get("variables"))} for each in (server, other))
            self._rest(scope, f"{where} > {server_url(server) or '/'}", one, two, set())

    def _security(self, scope: Scope, old: Operation, new: Operation) -> None:
        one, two = self._old.security(old), self._new.security(new)
        if _requirements(one) == _requirements(two):
            return
        where = "security" if old.security_at == new.security_at == "security" else old.label
        detail = arrow(_in_words(one), _in_words(two))
        if {} in two or not two:
            code = "api-security-removed"
            self._emit(scope, code, where, detail, level=ADDITIVE, effect="the token that the SDK sends is not needed")
        elif {} in one or not one:
            works = any(map(_bearer, two))
            effect = (
                "the SDK sends a token with every call; whether it is enough depends on its rights"
                if works
                else "the SDK does not send what is asked for: UnauthorizedError"
            )
            self._emit(
                scope, "api-security-added", where, detail, level=POTENTIAL if works else BREAKING, effect=effect
            )
        else:
            self._alternatives(scope, where, detail, one, two)

    def _alternatives(
        self,
        scope: Scope,
        where: str,
        detail: str,
        one: list[dict[str, frozenset[str]]],
        two: list[dict[str, frozenset[str]]],
    ) -> None:
        before, after = {frozenset(each): each for each in one}, {frozenset(each): each for each in two}
        common = before.keys() & after.keys()
        if not any(map(_bearer, two)):
            self._emit(scope, "api-security-removed-alternative", where, detail)
        elif before.keys() - after.keys():
            effect = "another way to sign in is needed unless a bearer token is still accepted"
            self._emit(scope, "api-security-removed-alternative", where, detail, level=POTENTIAL, effect=effect)
        elif after.keys() - before.keys():
            self._emit(scope, "api-security-added-alternative", where, detail)
        for schemes in common:
            for scheme in sorted(schemes):
                scopes = (before[schemes][scheme], after[schemes][scheme])
                for name in sorted(scopes[1] - scopes[0]):
                    effect = "tokens without it get PermissionDeniedError"
                    self._emit(
                        scope,
                        "api-security-scope-added",
                        where,
                        f"{scheme}: scope {name} needed",
                        level=POTENTIAL,
                        effect=effect,
                    )
                for name in sorted(scopes[0] - scopes[1]):
                    self._emit(scope, "api-security-scope-removed", where, f"{scheme}: scope {name} not needed")

    # Parameters and bodies.

    def _parameters(self, scope: Scope, label: str, old: Operation, new: Operation) -> None:
        before, after = self._old.parameters(old), self._new.parameters(new)
        gone = [key for key in before if key not in after]
        fresh = [key for key in after if key not in before]
        for key in list(gone):
            moved = next(
                (other for other in fresh if self._same_parameter(key, before[key][0], other, after[other][0])), None
            )
            if moved is not None and not self._ignored(key, before[key][0]):
                gone.remove(key)
                fresh.remove(moved)
                code = "request-parameter-renamed" if key[0] == moved[0] else "request-parameter-moved"
                detail = arrow(_parameter_name(key, before[key][0]), _parameter_name(moved, after[moved][0]))
                required = before[key][0].get("required") or after[moved][0].get("required")
                effect = "a call that sends it under the old name " + (
                    "is refused" if required else "has no effect any more"
                )
                self._emit(scope, code, label, detail, before[key][0], after[moved][0], level=BREAKING, effect=effect)
        for key in gone:
            self._removed_parameter(scope, label, key, before[key][0])
        for key in fresh:
            self._added_parameter(scope, label, key, after[key][0])
        for key in before:
            if key in after:
                name = before[key][1]
                where = (
                    f"parameters.{name}"
                    if name and name == after[key][1]
                    else f"{label} > {_parameter_name(key, before[key][0])}"
                )
                self._parameter(scope, where, key, before[key][0], after[key][0])

    def _same_parameter(self, one: tuple[str, str], old: Json, two: tuple[str, str], new: Json) -> bool:
        if one[0] != two[0]:
            return str(old.get("name", "")).lower() == str(new.get("name", "")).lower() and "path" not in (
                one[0],
                two[0],
            )
        if one[0] == "path":
            return False
        same_schema = fingerprint(old.get("schema")) == fingerprint(new.get("schema"))
        same_words = old.get("description") == new.get("description")
        return same_schema and (same_words or bool(old.get("required")) == bool(new.get("required")) is True)

    @staticmethod
    def _ignored(key: tuple[str, str], _: Json) -> bool:
        return key[0] == "header" and key[1] in _IGNORED_HEADERS

    def _removed_parameter(self, scope: Scope, label: str, key: tuple[str, str], old: Json) -> None:
        name = _parameter_name(key, old)
        where = f"{label} > {name}"
        if self._ignored(key, old):
            self._emit(scope, "ignored-header-removed", where, f"{name} removed", old)
        elif old.get("deprecated"):
            self._emit(scope, "request-parameter-removed-with-deprecation", where, f"{name} removed", old)
        elif key[0] == "path":
            self._emit(scope, "request-parameter-removed", where, f"{name} removed", old)
        else:
            self._emit(
                scope,
                "request-parameter-removed",
                where,
                f"{name} removed",
                old,
                level=POTENTIAL,
                effect="it has no effect any more, or is refused",
            )

    def _added_parameter(self, scope: Scope, label: str, key: tuple[str, str], new: Json) -> None:
        name = _parameter_name(key, new)
        where = f"{label} > {name}"
        if self._ignored(key, new):
            self._emit(scope, "ignored-header-added", where, f"{name} added", None, new)
        elif new.get("required") or key[0] == "path":
            schema = new.get("schema")
            has_default = isinstance(schema, dict) and "default" in schema
            effect = "calls do not send it and are refused"
            if has_default:
                effect = "calls do not send it: refused, or taken as the default"
            self._emit(
                scope,
                "new-required-request-parameter",
                where,
                f"{name} added",
                None,
                new,
                level=BREAKING,
                effect=effect,
            )
        else:
            self._emit(scope, "new-optional-request-parameter", where, f"{name} added", None, new)

    def _parameter(self, scope: Scope, where: str, key: tuple[str, str], old: Json, new: Json) -> None:
        self._prose(scope, where, old, new)
        sides = (old, new)
        if self._ignored(key, old):
            if fingerprint(old) != fingerprint(new):
                self._emit(scope, "ignored-header-changed", where, arrow(old, new), old, new)
            return
        before, after = (bool(side.get("required")) or key[0] == "path" for side in sides)
        if not before and after:
            self._emit(scope, "request-parameter-became-required", where, "required", old, new)
        elif before and not after:
            self._emit(scope, "request-parameter-became-optional", where, "optional", old, new)
        place = Place(where, Context.REQUEST, "parameter", scope)
        if ("content" in old) != ("content" in new):
            detail = arrow("content" if "content" in old else "schema", "content" if "content" in new else "schema")
            self._emit(
                scope,
                "request-parameter-serialization-changed",
                where,
                detail,
                old,
                new,
                level=BREAKING,
                effect="the value is written into the URL in another way",
            )
        elif "content" in old:
            self._media_types(place, old["content"], new["content"], "request-parameter-media-type")
        else:
            self._schemas.compare(old.get("schema", True), new.get("schema", True), place)
            self._style(scope, where, key, old, new)
        for flag in ("allowReserved", "allowEmptyValue"):
            if bool(old.get(flag)) != bool(new.get(flag)):
                level = ADDITIVE if new.get(flag) else POTENTIAL
                self._emit(
                    scope,
                    "request-parameter-serialization-changed",
                    where,
                    f"{flag}: {arrow(bool(old.get(flag)), bool(new.get(flag)))}",
                    old,
                    new,
                    level=level,
                    effect="characters that were accepted are refused" if level is POTENTIAL else "more is accepted",
                )
        handled = {
            "name",
            "in",
            "required",
            "schema",
            "content",
            "style",
            "explode",
            "allowReserved",
            "allowEmptyValue",
        }
        self._rest(scope, where, old, new, handled)

    def _style(self, scope: Scope, where: str, key: tuple[str, str], old: Json, new: Json) -> None:
        def effective(side: Json) -> tuple[str, bool]:
            style = str(side.get("style", _STYLES.get(key[0], "form")))
            return style, bool(side.get("explode", style == "form"))

        before, after = effective(old), effective(new)
        if before == after:
            return
        detail = arrow(*(f"{style}, {'exploded' if explode else 'not exploded'}" for style, explode in (before, after)))
        view = self._schemas.old.use(old.get("schema", True)).view
        compound = view.types is None or bool(view.types & {"array", "object"})
        label_styles = {"label", "matrix"} & {before[0], after[0]}
        if compound or label_styles:
            self._emit(
                scope,
                "request-parameter-serialization-changed",
                where,
                detail,
                old,
                new,
                level=BREAKING,
                effect="the value is written into the request in another way",
            )
        else:
            self._emit(scope, "request-parameter-serialization-changed", where, detail, old, new)

    def _body(self, scope: Scope, label: str, old: Any, new: Any) -> None:
        where = f"{label} > body"
        if old is None and new is None:
            return
        if old is None:
            body = self._new.resolve(new)
            if body.get("required"):
                self._emit(scope, "request-body-added-required", where, "required body added", None, body)
            else:
                self._emit(scope, "request-body-added-optional", where, "optional body added", None, body)
            return
        one = self._old.resolve(old)
        if new is None:
            self._emit(scope, "request-body-removed", where, "body removed", one)
            return
        two = self._new.resolve(new)
        name = component_name(old, "requestBodies")
        if name and name == component_name(new, "requestBodies"):
            where = f"requestBodies.{name}"
        self._prose(scope, where, one, two)
        if bool(one.get("required")) != bool(two.get("required")):
            if two.get("required"):
                self._emit(scope, "request-body-became-required", where, "required", one, two)
            else:
                self._emit(scope, "request-body-became-optional", where, "optional", one, two)
        place = Place(where, Context.REQUEST, "body", scope)
        self._media_types(place, one.get("content", {}), two.get("content", {}), "request-body-media-type")
        self._rest(scope, where, one, two, {"required", "content"})

    def _media_types(self, at: Place, old: Json, new: Json, code: str) -> None:
        """Compare contents by media type. One that took the place of another is compared with it as well."""
        before = {_media_type(key): (key, value) for key, value in old.items()}
        after = {_media_type(key): (key, value) for key, value in new.items()}
        gone = [key for key in before if key not in after]
        fresh = [key for key in after if key not in before]
        request = at.context is Context.REQUEST
        level = POTENTIAL if at.context is Context.ERROR else BREAKING
        for one, two in _paired(gone, fresh):
            gone.remove(one)
            fresh.remove(two)
            effect = (
                "the SDK sends the old one"
                if request
                else "the SDK asks for the old one in Accept and would be refused or misread the answer"
            )
            self._emit(
                at.scope,
                f"{code}-changed",
                at.where,
                arrow(before[one][0], after[two][0]),
                old,
                new,
                level=level,
                effect=effect,
            )
            self._content(before[one][1], after[two][1], at)
        for key in gone:
            effect = "the SDK may send it" if request else "the SDK asks for it in Accept"
            self._emit(
                at.scope, f"{code}-removed", at.where, f"{before[key][0]} removed", old, new, level=level, effect=effect
            )
        for key in fresh:
            effect = "the SDK goes on with the one that it knows"
            self._emit(
                at.scope, f"{code}-added", at.where, f"{after[key][0]} added", old, new, level=ADDITIVE, effect=effect
            )
        several = len(old) > 1 or len(new) > 1
        for key in before:
            if key not in after:
                continue
            place = dataclasses.replace(at, where=f"{at.where} > {key}") if several else at
            if before[key][0] != after[key][0]:
                detail = arrow(before[key][0], after[key][0])
                self._emit(
                    at.scope,
                    f"{code}-spelling-changed",
                    at.where,
                    detail,
                    old,
                    new,
                    level=DOCS,
                    effect="the same media type",
                )
            self._content(before[key][1], after[key][1], place)

    def _content(self, old: Json, new: Json, at: Place) -> None:
        self._prose(at.scope, at.where, old, new)
        self._schemas.compare(old.get("schema", True), new.get("schema", True), at)
        one, two = old.get("encoding") or {}, new.get("encoding") or {}
        for name in sorted(one.keys() | two.keys()):
            if one.get(name) != two.get(name):
                detail = f"{name}: {arrow(one.get(name, 'none'), two.get(name, 'none'))}"
                self._emit(at.scope, "request-body-encoding-changed", at.where, detail, one, two)
        self._rest(at.scope, at.where, old, new, {"schema", "encoding"})

    # Answers.

    def _responses(self, scope: Scope, label: str, old: Json, new: Json) -> None:
        before, after = _statuses(old), _statuses(new)
        successes = any(status.startswith("2") for status in before), any(status.startswith("2") for status in after)
        gone = [status for status in before if status not in after]
        fresh = [status for status in after if status not in before]
        pairs = [(status, status) for status in before if status in after]
        # 2XX in place of 200 (or the other way round) says the same about the answer that is there today.
        for one in list(gone):
            match = next(
                (two for two in fresh if one[0] == two[0] and "X" in one + two and _same_today(one, two)), None
            )
            if match is not None:
                gone.remove(one)
                fresh.remove(match)
                pairs.append((one, match))
                self._emit(scope, "response-status-range-changed", label, arrow(one, match))
        for status in gone:
            self._removed_status(
                scope,
                label,
                status,
                old[before[status]],
                replaced=any(two[0] == "2" for two in fresh),
                success=successes[0],
            )
        for status in fresh:
            self._added_status(scope, label, status, new[after[status]], success=successes[1])
        for one, two in pairs:
            self._response(scope, f"{label} > {one}", one, old[before[one]], new[after[two]], success=successes[0])
        self._extensions(scope, f"{label} > responses", old, new)

    def _removed_status(
        self, scope: Scope, label: str, status: str, node: Any, *, replaced: bool, success: bool
    ) -> None:
        where, detail = label, f"{status} removed"
        old = self._old.resolve(node)
        if status.startswith("2") or (status == "default" and not success):
            effect = (
                "a success with another status raises ResponseError"
                if replaced
                else "no success is documented any more"
            )
            self._emit(scope, "response-success-status-removed", where, detail, old, level=BREAKING, effect=effect)
        elif status == "default" or status.startswith(("1", "3")):
            effect = "nothing describes the other statuses any more; they still raise the error of their status"
            self._emit(
                scope,
                "response-default-removed" if status == "default" else "response-status-removed",
                where,
                detail,
                old,
                level=POTENTIAL,
                effect=effect,
            )
        else:
            effect = "handlers of this status are not reached any more; it would still raise the error of its status"
            self._emit(scope, "response-non-success-status-removed", where, detail, old, level=ADDITIVE, effect=effect)

    def _added_status(self, scope: Scope, label: str, status: str, node: Any, *, success: bool) -> None:
        where, detail = label, f"{status} added"
        new = self._new.resolve(node)
        if status.startswith("2") or (status == "default" and not success):
            effect = "an answer with this status is not what the SDK expects of the call"
            self._emit(scope, "response-success-status-added", where, detail, None, new, level=POTENTIAL, effect=effect)
        elif status.startswith(("1", "3")):
            effect = "the SDK follows redirects to trusted hosts only"
            self._emit(scope, "response-status-added", where, detail, None, new, level=POTENTIAL, effect=effect)
        else:
            effect = "raises the ApiError of its status, as it did undocumented"
            self._emit(
                scope, "response-non-success-status-added", where, detail, None, new, level=ADDITIVE, effect=effect
            )

    def _response(self, scope: Scope, where: str, status: str, old: Any, new: Any, *, success: bool) -> None:
        name = component_name(old, "responses")
        if name and name == component_name(new, "responses"):
            where = f"responses.{name}"
        one, two = self._old.resolve(old), self._new.resolve(new)
        self._prose(scope, where, one, two)
        good = status.startswith(("1", "2", "3")) or (status == "default" and not success)
        place = Place(where, Context.RESPONSE if good else Context.ERROR, "body", scope)
        contents = one.get("content") or {}, two.get("content") or {}
        if contents[0] and not contents[1]:
            level = BREAKING if good else POTENTIAL
            effect = (
                "an answer without a body raises ResponseError"
                if good
                else "the error says nothing about itself any more"
            )
            self._emit(scope, "response-body-removed", where, "body removed", one, two, level=level, effect=effect)
        elif contents[1] and not contents[0]:
            self._emit(scope, "response-body-added", where, "body added", one, two)
        else:
            self._media_types(place, contents[0], contents[1], "response-media-type")
        self._headers(place, one.get("headers") or {}, two.get("headers") or {})
        self._named(scope, "response-link", f"{where} > links", one.get("links") or {}, two.get("links") or {})
        self._rest(scope, where, one, two, {"content", "headers", "links"})

    def _headers(self, at: Place, old: Json, new: Json) -> None:
        before = {name.lower(): node for name, node in old.items()}
        after = {name.lower(): node for name, node in new.items()}
        for name in sorted(before.keys() | after.keys()):
            if name == "content-type":  # comes from the media type
                continue
            where = f"{at.where} > header {name}"
            one = self._old.resolve(before[name]) if name in before else None
            two = self._new.resolve(after[name]) if name in after else None
            if one is not None and two is not None:
                self._header(dataclasses.replace(at, where=where, role="header"), one, two)
            elif one is not None:
                code = "required-response-header-removed" if one.get("required") else "optional-response-header-removed"
                effect = (
                    "the SDK waits by its own schedule"
                    if name == "retry-after"
                    else "the SDK does not read it; other code may"
                )
                self._emit(at.scope, code, where, f"{name} removed", one, level=POTENTIAL, effect=effect)
            else:
                self._emit(at.scope, "response-header-added", where, f"{name} added", None, two)

    def _header(self, at: Place, old: Json, new: Json) -> None:
        self._prose(at.scope, at.where, old, new)
        if bool(old.get("required")) != bool(new.get("required")):
            if new.get("required"):
                self._emit(at.scope, "response-header-became-required", at.where, "always sent")
            else:
                self._emit(at.scope, "response-header-became-optional", at.where, "may be missing")
        # Headers are no part of what the SDK parses, so a change cannot make an answer unreadable.
        place = dataclasses.replace(at, context=Context.ERROR)
        self._schemas.compare(old.get("schema", True), new.get("schema", True), place)
        self._rest(at.scope, at.where, old, new, {"required", "schema"})

    # Components that no operation reaches.

    def _unused_components(self) -> None:
        used = _reachable(self._old.document) | _reachable(self._new.document)
        old, new = (side.document.get("components", {}) for side in (self._old, self._new))
        for section in sorted((old.keys() | new.keys()) - {"securitySchemes"}):
            if section.startswith("x-"):
                self._extensions(("document",), "components", {section: old.get(section)}, {section: new.get(section)})
                continue
            one, two = old.get(section, {}), new.get(section, {})
            for name in sorted(one.keys() | two.keys()):
                if (section, name) not in used and one.get(name) != two.get(name):
                    change = "removed" if name not in two else "added" if name not in one else "changed"
                    where = f"{section}.{name}"
                    code = f"unused-component-{change}"
                    self._emit(("document",), code, where, f"{name} {change}", one.get(name), two.get(name))
        schemes = (old.get("securitySchemes", {}), new.get("securitySchemes", {}))
        for name in sorted(schemes[0].keys() ^ schemes[1].keys()):
            change = "removed" if name in schemes[0] else "added"
            code, where = f"security-scheme-{change}", f"securitySchemes.{name}"
            self._emit(("document",), code, where, f"{name} {change}", schemes[0].get(name), schemes[1].get(name))


def compare_documents(old: Json, new: Json, names: Callable[[Json, str], str]) -> list[Change]:
    """What changes on the wire between two documents."""
    return WireComparison(old, new, names).changes()


def _reachable(document: Json) -> set[tuple[str, str]]:
    """Section and name of the components that operations and webhooks lead to."""
    found: set[tuple[str, str]] = set()
    waiting: list[Any] = [document.get("paths", {}), document.get("webhooks", {})]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            texts = [node.get("$ref")]
            if isinstance(node.get("discriminator"), dict):
                texts += list((node["discriminator"].get("mapping") or {}).values())
            for text in texts:
                match = re.match(r"#/components/([^/]+)/([^/]+)", text) if isinstance(text, str) else None
                if match:
                    target = (match[1], match[2].replace("~1", "/").replace("~0", "~"))
                    if target not in found:
                        found.add(target)
                        waiting.append(document.get("components", {}).get(target[0], {}).get(target[1]))
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return found


def _statuses(responses: Json) -> dict[str, str]:
    """Statuses in one spelling, each with the key that the document has for it."""
    return {
        status if status == "default" else status.upper(): status for status in responses if not status.startswith("x-")
    }


def _same_today(one: str, two: str) -> bool:
    """Whether a range stands for the first status in it, which is what a client of the range expects."""
    exact = one if "X" in two else two
    return exact == f"{exact[0]}00" or exact[0] != "2"


def _media_type(key: str) -> str:
    """A media type without parameters and in lower case."""
    return key.partition(";")[0].strip().lower()


def _paired(gone: list[str], fresh: list[str]) -> list[tuple[str, str]]:
    """Media types that replace each other: versions of one vendor type first, then a single one for a single one."""

    def family(key: str) -> str:
        return re.sub(r"\.?v\d+(\.\d+)*(?=[.+]|$)", "", key)

    pairs: list[tuple[str, str]] = []
    left = list(fresh)
    for one in gone:
        match = next((two for two in left if family(one) == family(two)), None)
        if match is not None:
            pairs.append((one, match))
            left.remove(match)
    if not pairs and len(gone) == 1 and len(fresh) == 1:
        return [(gone[0], fresh[0])]
    return pairs


def _parameter_name(key: tuple[str, str], parameter: Json) -> str:
    return f"{key[0]} {parameter.get('name', key[1])}"


def _requirements(alternatives: list[dict[str, frozenset[str]]]) -> set[frozenset[tuple[str, frozenset[str]]]]:
    """Alternatives in a form to compare: no requirement is the same as an empty one."""
    return {frozenset(alternative.items()) for alternative in alternatives} or {frozenset()}


def _in_words(alternatives: list[dict[str, frozenset[str]]]) -> str:
    def words(alternative: dict[str, frozenset[str]]) -> str:
        parts = [
            f"{name} ({' '.join(sorted(scopes))})" if scopes else name for name, scopes in sorted(alternative.items())
        ]
        return " and ".join(parts)

    return " or ".join(words(alternative) or "nothing" for alternative in alternatives) or "nothing"


def _only_prose(node: Json) -> Json:
    return {key: value for key, value in node.items() if key in _PROSE_KEYS or key.startswith("x-")}


def _only_extensions(node: Json) -> Json:
    return {key: value for key, value in node.items() if key.startswith("x-")}


def _without_prose(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_prose(value) for key, value in node.items() if key != "description"}
    return node


def _without(node: Json, key: str) -> Json:
    return {name: value for name, value in node.items() if name != key}
