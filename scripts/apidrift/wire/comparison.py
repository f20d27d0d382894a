"""The wire axis: what changes between client and server, operation by operation.

Operations belong together when method and full path (that of the server included, names of path parameters aside) are
the same. Everything an operation refers to is compared in the direction in which it travels.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from codegen.documents import Json

from ..changes import Change, arrow
from .contents import compare_body
from .document import compare_components, compare_document, compare_server_details, compare_servers
from .nodes import prose_changes
from .notices import compare_named
from .operations import BLANKS, Operation
from .parameters import compare_parameters
from .places import Scope
from .responses import compare_responses
from .run import Run, only_prose
from .security import Schemes, compare_schemes, compare_security

Key = tuple[str, str]


def compare_documents(old: Json, new: Json, names: Callable[[Json, str], str]) -> list[Change]:
    """What changes on the wire between two documents; `names` tells which call is behind an operation."""
    run = Run(old, new, names)
    schemes = Schemes(run.old, run.new)
    compare_document(run)
    compare_schemes(run, schemes)
    before, after = run.old.operations(), run.new.operations()
    _match_by_path(before, after)
    for key in [*before, *(key for key in after if key not in before)]:
        if key not in after:
            deprecated = "with" if before[key].node.get("deprecated") else "without"
            run.emit(run.label(before[key]), f"api-removed-{deprecated}-deprecation", before[key].label,
                     "operation removed", before[key].node)  # fmt: skip
        elif key not in before:
            operation = after[key]
            run.emit(run.label(operation), "endpoint-added", operation.label, "operation added", None, operation.node)
        else:
            _operation(run, schemes, before[key], after[key])
    run.schemas.finish()
    compare_components(run)
    return run.finished()


def _match_by_path(old: dict[Key, Operation], new: dict[Key, Operation]) -> None:
    """An operation whose full path is gone is still the same one if only the path of the server differs."""

    def bare(operation: Operation) -> Key:
        return (operation.method, BLANKS.sub("{}", operation.path))

    lonely = {bare(operation): key for key, operation in new.items() if key not in old}
    for key in [key for key in old if key not in new]:
        match = lonely.pop(bare(old[key]), None)
        if match is not None:
            new[key] = new.pop(match)


def _operation(run: Run, schemes: Schemes, old: Operation, new: Operation) -> None:
    scope = run.label(old)
    where = old.label
    for one, two in ((old.node, new.node), (old.item, new.item)):
        compare_server_details(run, scope, f"{where} > servers", one.get("servers") or [], two.get("servers") or [])
    _names_and_prose(run, scope, old, new)
    compare_servers(run, scope, old, new)
    compare_security(run, schemes, scope, old, new)
    compare_parameters(run, scope, where, old, new)
    compare_body(run, scope, where, old.node.get("requestBody"), new.node.get("requestBody"))
    compare_responses(run, scope, where, old.node.get("responses", {}), new.node.get("responses", {}))
    callbacks = old.node.get("callbacks") or {}, new.node.get("callbacks") or {}
    compare_named(run, scope, "callback", f"{where} > callbacks", *callbacks)
    handled = {"operationId", "tags", "servers", "security", "parameters", "requestBody", "responses", "callbacks"}
    run.rest(scope, where, old.node, new.node, handled)


def _names_and_prose(run: Run, scope: Scope, old: Operation, new: Operation) -> None:
    where = old.label
    for key, code in (("operationId", "api-operation-id-changed"), ("tags", "api-tags-changed")):
        if old.node.get(key) != new.node.get(key):
            detail = f"{key}: {arrow(old.node.get(key, 'none'), new.node.get(key, 'none'))}"
            run.emit(scope, code, where, detail)
    for code, detail in prose_changes(only_prose(old.node), only_prose(new.node)):
        name = f"endpoint-{code}" if code in ("deprecated", "reactivated") else code
        run.emit(scope, name, where, detail, old.node, new.node)
    run.prose(scope, where, old.item, new.item)
    if old.path != new.path and BLANKS.sub("{}", old.path) == BLANKS.sub("{}", new.path):
        before, after = (re.findall(r"{([^{}]*)}", each.path) for each in (old, new))
        moved = any(name in after and after.index(name) != n for n, name in enumerate(before))
        run.emit(scope, "path-parameters-swapped" if moved else "path-parameter-renamed", where,
                 arrow(old.path, new.path))  # fmt: skip
