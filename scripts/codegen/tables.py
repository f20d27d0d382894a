"""Tables and pages that follow from the definitions and the facade: README, list of operations, reference pages."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from .calls import id_of
from .documents import Json, follow
from .facade_calls import Operation, one_spelling
from .naming import visible
from .portal.rules import PREVIEW
from .walks import operations_of

BEGIN = "<!-- written by `make generate`: {name} -->"
END = "<!-- end of {name} -->"
# The methods that readers look for first, in this order; the others follow as their operations do.
_FIRST = ("list", "get", "create", "add", "update", "delete", "remove")
NOTE = "<!-- Written by `make generate`. Do not edit. -->\n"


@dataclass(frozen=True)
class Row:
    """An operation in a table."""

    api: str
    operation: str
    call: str | None
    request: str
    media_type: str
    maturity: str
    page: str | None
    source: str


def rows_of(api: str, document: Json, calls: Mapping[Operation, str]) -> list[Row]:
    """The operations of an API in the order of its definition."""
    found: list[Row] = []
    for path, method, node in operations_of(document):
        contents = [follow(document, each).get("content", {}) for each in node.get("responses", {}).values()]
        name = id_of(node, method, path)
        found.append(
            Row(
                api=_cell(str(document["info"]["title"])),
                operation=_cell(f"{api}/{name}"),
                call=calls.get((api.replace("-", "_"), one_spelling(name))),
                request=_cell(f"{method.upper()} {path}"),
                media_type=_cell(next((media_type for content in contents for media_type in content), "")),
                maturity="preview" if node.get("x-maturity") == PREVIEW else "",
                page=node.get("externalDocs", {}).get("url"),
                source=_source_of(node),
            )
        )
    return found


def _cell(text: str) -> str:
    """A text of a definition in a cell of a table."""
    return " ".join(visible(text).replace("|", "\\|").replace("`", "'").split())[:200]


def _source_of(node: Json) -> str:
    """Where an operation is known from, in short, and how surely if it is not from a definition of the portal."""
    named = node.get("x-source") or []
    labels: dict[str, None] = {}
    for each in [named] if isinstance(named, str) else named:
        repository = re.match(r"[\w.-]+/([\w.-]+)@", str(each))
        labels[repository[1] if repository else "pages"] = None
    confidence = f" ({node['x-confidence']})" if "x-confidence" in node else ""
    return ", ".join(labels or ["portal"]) + confidence


def _in_order(calls: Iterable[str]) -> list[str]:
    """Calls of a group, each once: several operations may be behind one method."""
    names = {call: call.rpartition(".")[2] for call in calls}
    return sorted(names, key=lambda call: _FIRST.index(names[call]) if names[call] in _FIRST else len(_FIRST))


def groups_table(rows: list[Row]) -> str:
    """One row for each group of methods."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.call is not None:
            groups.setdefault(row.call.rpartition(".")[0], []).append(row)
    lines = ["| group | operations | API |", "|---|---|---|"]
    for group, members in groups.items():
        calls = _in_order(str(row.call) for row in members)
        methods = ", ".join(f"`{call.rpartition('.')[2]}`" for call in calls)
        lines.append(f"| `{group}` | {methods} | {', '.join(dict.fromkeys(row.api for row in members))} |")
    return "\n".join(lines)


def operations_page(rows: list[Row], served: Container[str]) -> str:
    """The page that lists every operation, and which tests call it.

    Parameters:
        rows: The operations of all APIs, those of an API together.
        served: What the sandbox serves, as `api/operationId`.
    """
    lines = [
        NOTE,
        "# Operations",
        "",
        "Every operation in the definitions of this project, with the method that calls it. An operation without a",
        "method is called with `platform.call(module.request(...))`; the module has the name of the operation. Errors",
        "identify an operation by its id, as below; the sandbox puts the API before it: `itwins/get-itwin`.",
        "",
        "- **type**: the media type of its answers. `v1` is `application/vnd.bentley.itwin-platform.v1+json`.",
        "- **maturity**: a `preview` is a technical preview, for trying out and not for production.",
        "- **source**: where the definition comes from. `portal` is the definition that the developer portal offers,",
        "  `pages` are pages of the portal, and anything else is a repository of one of the platform's own clients,",
        "  with how certain it is in parentheses.",
        "- **tests**: what calls it. `facade`: its method on both clients, with scripted answers. `call`:",
        "  `platform.call` with a typed request. `Prism`: either of them, against a mock server that is made from the",
        "  definition alone. `sandbox`: requests that schemathesis generates from the definition, against the sandbox.",
    ]
    for api, members in groupby(rows, key=lambda row: row.operation.partition("/")[0]):
        found = list(members)
        lines += [
            "",
            f"## {found[0].api}",
            "",
            f"From `openapi/{api}.yaml`, in the package `itwin_platform_api.{api.replace('-', '_')}`.",
            "",
            "| operation | request | call | type | maturity | source | tests |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [_operation_line(row, is_served=row.operation in served) for row in found]
    return "\n".join(lines) + "\n"


def _operation_line(row: Row, *, is_served: bool) -> str:
    name = row.operation.partition("/")[2]
    cells = [
        f"[{name}]({row.page})" if row.page else name,
        f"`{row.request}`",
        f"`{row.call or 'platform.call'}`",
        re.sub(r"application/vnd\.bentley\.itwin-platform\.(v\d+)\+json", r"\1", row.media_type),
        row.maturity,
        row.source,
        ", ".join(["facade" if row.call else "call", "Prism"] + ["sandbox"] * is_served),
    ]
    return f"| {' | '.join(cells)} |"


def client_page() -> str:
    """The reference page of the client itself; its groups have pages of their own."""
    parts = [
        NOTE,
        "# The client",
        "",
        "The async client, `AsyncITwinPlatform`, has the same arguments and methods, to be awaited, and `aclose()`.",
        "Its API groups have a page each.",
        "",
        "::: itwin_platform.ITwinPlatform",
        "    options:",
        "      inherited_members: true",
    ]
    results = ("Pages", "ExportRecords", "Results", "MapProgress")
    for name in (*results, "UNCHANGED", "RetryPolicy", "Retry", "Environment", "TechnicalPreviewWarning"):
        parts += ["", f"::: itwin_platform.{name}"]
    return "\n".join(parts) + "\n"


def group_pages(source: Path, rows: list[Row]) -> Iterator[tuple[str, str]]:
    """The reference pages of the API groups: name and text of each. The sources of the clients are in this folder."""
    for call, module, kind in _groups(source):
        parts = [NOTE, f"# {call}", "", *_methods(call, rows), f"::: itwin_platform._sync.{module}.{kind}"]
        parts += ["    options:", "      show_root_heading: false", "      show_root_toc_entry: false"]
        parts += ["      inherited_members: true", "      show_bases: false"]
        yield f"{call.removeprefix('platform.')}.md", "\n".join(parts) + "\n"


def _methods(group: str, rows: list[Row]) -> list[str]:
    """A table of the methods of a group, with what they ask for and how mature that is."""
    found = [row for row in rows if row.call is not None and row.call.rpartition(".")[0] == group]
    if not found:
        return []
    lines = ["| method | request | maturity |", "|---|---|---|"]
    order = _in_order(str(row.call) for row in found)
    for row in sorted(found, key=lambda row: order.index(str(row.call))):
        name = str(row.call).rpartition(".")[2]
        request = f"[`{row.request}`]({row.page})" if row.page else f"`{row.request}`"
        lines.append(f"| `{name}` | {request} | {row.maturity and f'technical {row.maturity}'} |")
    return [*lines, ""]


def _groups(source: Path, module: str = "client", at: str = "platform") -> Iterator[tuple[str, str, str]]:
    """What users write, module and class of every group: properties that import their class, in groups likewise."""
    tree = ast.parse((source / f"{module.replace('.', '/')}.py").read_text("utf-8"))
    package = module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any("property" in ast.unparse(each) for each in node.decorator_list):
            for each in node.body:
                if isinstance(each, ast.ImportFrom) and each.level == 1:
                    place = f"{package}.{each.module}".removeprefix(".")
                    yield f"{at}.{node.name}", place, each.names[0].name
                    yield from _groups(source, place, f"{at}.{node.name}")


def models_page(models: Mapping[str, list[str]], flat: list[str]) -> str:
    """The reference page of the models: those with flat names, then the others of each API."""
    parts = [NOTE, "# Models", "", "::: itwin_platform.models", "    options:", "      members: false"]
    for name in flat:
        parts += ["", f"::: itwin_platform.models.{name}"]
    for api, names in models.items():
        others = [name for name in names if name not in flat]
        parts += ["", f"## models.{api}"] if others else []
        for name in others:
            parts += ["", f"::: itwin_platform_api.{api}.models.{name}", "    options:"]
            parts += ["      show_root_full_path: false", "      heading_level: 3"]
    return "\n".join(parts) + "\n"


def replaced(text: str, name: str, content: str) -> str:
    """A page with new content between its markers of that name."""
    begin, end = re.escape(BEGIN.format(name=name)), re.escape(END.format(name=name))
    found, count = re.subn(
        rf"({begin}\n).*?({end})", lambda match: f"{match[1]}{content}\n{match[2]}", text, count=1, flags=re.S
    )
    if not count:
        raise ValueError(f"the page has no markers of {name}")
    return found


def write_tables(
    root: Path,
    target: Path,
    documents: Mapping[str, Json],
    calls: Mapping[Operation, str],
    models: Mapping[str, list[str]],
    flat: list[str],
    *,
    sandbox: Path,
) -> None:
    """Write the pages that follow from definitions and facade.

    Parameters:
        root: The project.
        target: Where to, with the same paths below.
        documents: The definitions by the names of their APIs.
        calls: The methods of the facade by the operations that they carry out.
        models: The public models of each package.
        flat: Those with flat names.
        sandbox: What was written of the operations that the sandbox serves.
    """
    served = {f"{each['api']}/{each['id']}" for each in json.loads(sandbox.read_text("utf-8"))["operations"]}
    rows = [row for api, document in documents.items() for row in rows_of(api, document, calls)]
    pages: dict[str, Any] = {
        "README.md": replaced((root / "README.md").read_text("utf-8"), "groups", groups_table(rows)),
        "docs/operations.md": operations_page(rows, served),
        "docs/reference/client.md": client_page(),
        "docs/reference/models.md": models_page(models, flat),
    }
    sources = root / "facade" / "itwin_platform" / "_async"
    pages |= {f"docs/reference/groups/{name}": text for name, text in group_pages(sources, rows)}
    for name, text in pages.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
