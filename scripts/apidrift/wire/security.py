"""Security: what a client has to send, and whether what it sent before is still enough.

A scheme is what it asks for: a header, an authorization server, a flow. Its name in the definition does not matter.
Alternatives are a list: a client has one of them, so a new one hurts nobody and a lost one those that used it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from codegen.documents import Json

from ..changes import arrow
from .nodes import text_of
from .operations import Definition, Operation
from .places import Scope
from .run import Run, without


@dataclasses.dataclass(frozen=True)
class Scheme:
    """What a client has to send."""

    kind: str
    details: str  # of a key: its place; of tokens: where they come from
    words: str

    @property
    def takes_tokens(self) -> bool:
        """Whether the access token that the SDK sends can be what is asked for."""
        return self.kind in ("http bearer", "oauth2", "openidconnect")


@dataclasses.dataclass(frozen=True)
class Alternative:
    """Schemes that are needed together, each with its scopes."""

    needs: tuple[tuple[Scheme, frozenset[str]], ...]

    @property
    def schemes(self) -> frozenset[Scheme]:
        """The schemes, whatever the scopes."""
        return frozenset(scheme for scheme, _ in self.needs)

    @property
    def is_token(self) -> bool:
        """Whether an access token is enough."""
        return all(scheme.takes_tokens for scheme, _ in self.needs)

    def is_enough_for(self, other: Alternative) -> bool:
        """Whether who can do this can do the other."""
        mine = dict(self.needs)
        return all(scheme in mine and scopes <= mine[scheme] for scheme, scopes in other.needs)

    def in_words(self) -> str:
        """For reports."""
        parts = sorted(f"{each.words} ({' '.join(sorted(scopes))})" if scopes else each.words
                       for each, scopes in self.needs)  # fmt: skip
        return " and ".join(parts) or "nothing"


def scheme_of(node: Json, name: str = "") -> Scheme:
    """What a declared scheme asks for."""
    kind = str(node.get("type", "")).lower()
    if kind == "http":
        words = f"http {str(node.get('scheme', '')).lower()}"
        return Scheme(words, "", words)
    if kind == "apikey":
        place = f"{node.get('in')} {node.get('name')}"
        return Scheme("API key", place.lower() if node.get("in") == "header" else place, f"API key in {place}")
    if kind == "oauth2":
        flows: Json = node.get("flows") or {}
        urls = sorted((flow, key, str(url)) for flow, entry in flows.items() if isinstance(entry, dict)
                      for key, url in entry.items() if key.endswith("Url") and key != "refreshUrl")  # fmt: skip
        return Scheme("oauth2", text_of(urls), "OAuth 2.0")
    if kind == "openidconnect":
        return Scheme("openidconnect", str(node.get("openIdConnectUrl")), "OpenID Connect")
    return Scheme(kind, name if kind == "undeclared" else "", f"{kind} {name}".strip())


class Schemes:
    """The schemes of two definitions; one that keeps its name and only gets tokens elsewhere stays the same one."""

    def __init__(self, old: Definition, new: Definition) -> None:
        self._sides = (_declared(old), _declared(new))
        self._same: dict[Scheme, Scheme] = {}
        before, after = ({name: scheme_of(node) for name, node in side.items()} for side in self._sides)
        for name, scheme in before.items():
            other = after.get(name)
            moved = other is not None and other != scheme and other.kind == scheme.kind and scheme.takes_tokens
            if moved and other is not None and scheme not in after.values() and other not in before.values():
                self._same[scheme] = other

    def alternatives(self, side: int, definition: Definition, operation: Operation) -> list[Alternative]:
        """What an operation accepts."""
        owner = operation.node if "security" in operation.node else definition.document
        found: list[Alternative] = []
        for requirement in owner.get("security", []):
            needs: dict[Scheme, frozenset[str]] = {}
            for name, scopes in requirement.items():
                node = self._sides[side].get(name, {"type": "undeclared"})
                scheme = scheme_of(node, name)
                required: Any = node.get("x-required-scopes")
                extra: list[Any] = required if isinstance(required, list) else []
                scheme = self._same.get(scheme, scheme) if side == 0 else scheme
                needs[scheme] = needs.get(scheme, frozenset()) | frozenset(map(str, [*scopes, *extra]))
            each = Alternative(tuple(sorted(needs.items(), key=lambda item: (item[0].kind, item[0].details))))
            if each not in found:
                found.append(each)
        return found or [Alternative(())]

    def pairs(self) -> Iterator[tuple[str, Json, Json]]:
        """Schemes that both sides declare, by name or as what they are."""
        old, new = self._sides
        by_scheme = {scheme_of(node): name for name, node in new.items()}
        for name, node in old.items():
            other = name if name in new else by_scheme.get(scheme_of(node))
            if other is not None:
                yield name, node, new[other]


def _declared(definition: Definition) -> dict[str, Json]:
    declared: Json = definition.document.get("components", {}).get("securitySchemes", {})
    return {name: definition.resolve(node) for name, node in declared.items()}


def compare_security(run: Run, schemes: Schemes, scope: Scope, old: Operation, new: Operation) -> None:
    """Whether what was sent before is still enough."""
    one, two = schemes.alternatives(0, run.old, old), schemes.alternatives(1, run.new, new)
    if set(one) == set(two):
        return
    where = "security" if old.security_at == new.security_at == "security" else old.label
    before, after = (" or ".join(each.in_words() for each in side) for side in (one, two))
    detail = arrow(before, after)
    if before == after:
        detail += " (of another authorization server)"
    nothing = Alternative(())
    if nothing in two:
        run.emit(scope, "api-security-removed", where, detail)
    elif nothing in one:
        code = "api-security-added" if any(each.is_token for each in two) else "api-security-added-other"
        run.emit(scope, code, where, detail)
    else:
        _alternatives(run, scope, (where, detail), one, two)


def _alternatives(
    run: Run, scope: Scope, words: tuple[str, str], one: list[Alternative], two: list[Alternative]
) -> None:
    where, detail = words
    lost = [each for each in one if not any(each.is_enough_for(other) for other in two)]
    # A token with fewer scopes than are needed now is the same way to sign in.
    scoped = {each: other for each in lost for other in two if other.schemes == each.schemes}
    for each, other in scoped.items():
        before = dict(each.needs)
        for scheme, scopes in other.needs:
            for name in sorted(scopes - before[scheme]):
                run.emit(scope, "api-security-scope-added", where, f"{scheme.words}: scope {name} needed")
    gone = [each for each in lost if each not in scoped]
    if gone:
        run.emit(scope, _loss(one, two, gone), where, detail)
    elif not lost:
        fewer = [(each, other) for each in one for other in two if each not in two and other.schemes == each.schemes]
        names = sorted({(scheme.words, name) for each, other in fewer for scheme, scopes in each.needs
                        for name in scopes - dict(other.needs)[scheme]})  # fmt: skip
        for scheme_words, name in names:
            run.emit(scope, "api-security-scope-removed", where, f"{scheme_words}: scope {name} not needed")
        if not names:
            run.emit(scope, "api-security-added-alternative", where, detail)


def _loss(one: list[Alternative], two: list[Alternative], gone: list[Alternative]) -> str:
    """How bad it is that alternatives are gone."""
    if len(gone) < len(one) and any(each.is_token for each in two):
        return "api-security-removed-alternative"
    if not any(each.is_token for each in two):
        # Who never signed in with a token loses what is gone, and keeps what is left.
        tokens = any(each.is_token for each in one)
        return "api-security-all-alternatives-removed" if tokens or len(gone) == len(one) \
            else "api-security-removed-alternative"  # fmt: skip
    servers = [{server for each in side if each.is_token for server in _servers(each)} for side in (one, two)]
    if servers[0] and servers[1] and not servers[0] & servers[1] and "" not in servers[0] | servers[1]:
        return "api-security-other-authorization-server"
    return "api-security-removed-alternative"


def _servers(alternative: Alternative) -> set[str]:
    """The hosts that issue the tokens; nothing where it is not known."""
    found: set[str] = set()
    for scheme in alternative.schemes:
        urls = re.findall(r'https?://[^"\s\]]+', scheme.details)
        found |= {urlsplit(url).netloc.lower() + urlsplit(url).path for url in urls} or {""}
    return found


def compare_schemes(run: Run, schemes: Schemes) -> None:
    """Details of the schemes that both sides declare; which ones operations need is compared there."""
    for name, old, new in schemes.pairs():
        _scheme(run, f"securitySchemes.{name}", old, new)


def _scheme(run: Run, where: str, old: Json, new: Json) -> None:
    scope: Scope = ("document",)
    # Required scopes are compared where operations need them.
    run.prose(scope, where, without(old, "x-required-scopes"), without(new, "x-required-scopes"))
    one, two = old.get("flows") or {}, new.get("flows") or {}
    for flow in sorted(one.keys() | two.keys()):
        _flow(run, f"{where} > {flow}", one.get(flow), two.get(flow))
    for key, code in (
        ("openIdConnectUrl", "api-security-component-oauth-url-changed"),
        ("bearerFormat", "bearer-format-changed"),
    ):
        if old.get(key) != new.get(key):
            run.emit(scope, code, where, f"{key}: {arrow(old.get(key, 'none'), new.get(key, 'none'))}")
    run.rest(scope, where, old, new, {"flows", "openIdConnectUrl", "bearerFormat", "type", "scheme", "in", "name"})
    before, after = (
        [str(each.get(key, "")).lower() if key in ("type", "scheme") else each.get(key)
         for key in ("type", "scheme", "in", "name")] for each in (old, new)
    )  # fmt: skip
    if before != after:
        detail = arrow(scheme_of(old).words, scheme_of(new).words)
        run.emit(scope, "api-security-component-changed", where, detail, old, new)


def _flow(run: Run, where: str, old: Any, new: Any) -> None:
    """A way to get tokens."""
    scope: Scope = ("document",)
    if not isinstance(old, dict) or not isinstance(new, dict):
        if text_of(old) != text_of(new):
            change = "added" if old is None else "removed"
            run.emit(scope, f"api-security-component-oauth-flow-{change}", where, f"flow {change}", old, new)
        return
    for key in sorted((old.keys() | new.keys()) - {"scopes"}):
        if key.endswith("Url") and old.get(key) != new.get(key):
            detail = f"{key}: {arrow(old.get(key, 'none'), new.get(key, 'none'))}"
            run.emit(scope, "api-security-component-oauth-url-changed", where, detail)
        elif not key.endswith("Url"):
            run.unclassified(scope, where, key, old.get(key), new.get(key))
    one, two = old.get("scopes") or {}, new.get("scopes") or {}
    for name in sorted(one.keys() | two.keys()):
        if name not in two:
            run.emit(scope, "api-security-component-oauth-scope-removed", where, f"{name} removed")
        elif name not in one:
            run.emit(scope, "api-security-component-oauth-scope-added", where, f"{name} added")
        elif one[name] != two[name]:
            run.emit(scope, "description-changed", where, f"{name}: {arrow(one[name], two[name])}")
