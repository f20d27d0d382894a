"""Small definitions, built from the schemas and operations that a test is about."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def definition(schemas: Json | None = None, **operations: Json) -> Json:
    """A definition with these schemas, and with these operations besides one that is fine."""
    ok = {"responses": {"200": {"description": "", "content": {"application/json": {"schema": {"type": "object"}}}}}}
    paths = {f"/{name}": {"get": {"operationId": name, **each}} for name, each in {"fine": ok, **operations}.items()}
    return {
        "openapi": "3.0.3",
        "info": {"title": "t", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas or {}},
    }


def answering(schema: Json) -> Json:
    """An operation that answers with this schema."""
    return {"responses": {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}}
