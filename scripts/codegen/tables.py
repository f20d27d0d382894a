"""Tables and pages that follow from the definitions and the facade: README, list of operations, reference pages."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .calls import id_of
from .documents import Json, follow
from .facade_calls import Operation, plain
from .naming import visible
from .portal.rules import PREVIEW
from .preparation import operations

BEGIN = "<!-- written by `make generate`: {name} -->"
END = "<!-- end of {name} -->"
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


def rows_of(api: str, document: Json, calls: Mapping[Operation, str]) -> list[Row]:
    """The operations of an API in the order of its definition."""
    found: list[Row] = []
    for path, method, node in operations(document):
        contents = [follow(document, each).get("content", {}) for each in node.get("responses", {}).values()]
        name = id_of(node, method, path)
        found.append(
            Row(
                api=_cell(str(document["info"]["title"])),
                operation=_cell(f"{api}/{name}"),
                call=calls.get((api.replace("-", "_"), plain(name))),
                request=_cell(f"{method.upper()} {path}"),
                media_type=_cell(next((media_type for content in contents for media_type in content), "")),
                maturity="technical preview" if node.get("x-maturity") == PREVIEW else "",
                page=node.get("externalDocs", {}).get("url"),
            )
        )
    return found


def _cell(text: str) -> str:
    """A text of a definition in a cell of a table."""
    return " ".join(visible(text).replace("|", "\\|").replace("`", "'").split())[:200]


def groups_table(rows: list[Row]) -> str:
    """One row for each group of methods."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.call is not None:
            groups.setdefault(row.call.rpartition(".")[0], []).append(row)
    lines = ["| group | operations | API |", "|---|---|---|"]
    for group, members in groups.items():
        methods = ", ".join(f"`{str(row.call).rpartition('.')[2]}`" for row in members)
        lines.append(f"| `{group}` | {methods} | {', '.join(dict.fromkeys(row.api for row in members))} |")
    return "\n".join(lines)


def operations_page(rows: list[Row]) -> str:
    """The page that lists every operation."""
    lines = [
        NOTE,
        "# Operations",
        "",
        "Every operation of the definitions in this project, with the method that carries it out. One without a method",
        "is called with `platform.call(module.request(...))`; the module is named after the operation. A technical",
        "preview is for trying out, not for production.",
        "",
        "| call | request | media type | maturity | operation |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        call = f"`{row.call}`" if row.call else "`platform.call`"
        name = f"[{row.operation}]({row.page})" if row.page else row.operation
        lines.append(f"| {call} | `{row.request}` | `{row.media_type}` | {row.maturity} | {name} |")
    return "\n".join(lines) + "\n"


def client_page(client: str) -> str:
    """The reference page of the client and its groups, in the order in which the client's source has them."""
    parts = [
        NOTE,
        "# The client",
        "",
        "The async client, `AsyncITwinPlatform`, has the same arguments and methods, to be awaited, and `aclose()`.",
        "",
        "::: itwin_platform.ITwinPlatform",
    ]
    for name, module, kind in _groups(ast.parse(client)):
        parts += [
            "",
            f"## platform.{name}",
            "",
            f"::: itwin_platform._sync.{module}.{kind}",
            "    options:",
            "      show_root_heading: false",
            "      show_root_toc_entry: false",
            "      heading_level: 3",
        ]
    for name in ("Pages", "RetryPolicy", "Retry", "Environment"):
        parts += ["", f"::: itwin_platform.{name}"]
    return "\n".join(parts) + "\n"


def _groups(client: ast.Module) -> list[tuple[str, str, str]]:
    """Attribute, module and class of the groups of a client: its properties that import a class from `groups`."""
    found: list[tuple[str, str, str]] = []
    for node in ast.walk(client):
        if isinstance(node, ast.FunctionDef) and any("property" in ast.unparse(each) for each in node.decorator_list):
            found += [
                (node.name, str(each.module), each.names[0].name)
                for each in node.body
                if isinstance(each, ast.ImportFrom) and str(each.module).startswith("groups.")
            ]
    return found


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
) -> None:
    """Write the pages that follow from definitions and facade.

    Parameters:
        root: The project.
        target: Where to, with the same paths below.
        documents: The definitions by the names of their APIs.
        calls: The methods of the facade by the operations that they carry out.
        models: The public models of each package.
        flat: Those with flat names.
    """
    client = (root / "facade" / "itwin_platform" / "_async" / "client.py").read_text("utf-8")
    rows = [row for api, document in documents.items() for row in rows_of(api, document, calls)]
    pages: dict[str, Any] = {
        "README.md": replaced((root / "README.md").read_text("utf-8"), "groups", groups_table(rows)),
        "docs/operations.md": operations_page(rows),
        "docs/reference/client.md": client_page(client),
        "docs/reference/models.md": models_page(models, flat),
    }
    for name, text in pages.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
