"""Bodies of requests as bytes: JSON, forms, files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from .limits import Limit, problem_in
from .parameters import query_of, text_of
from .writing import to_json

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
_IS_JSON: Final = re.compile(r"(?:application/(?:[\w.+-]+\+)?|text/)json(?:\s*;.*)?", re.ASCII | re.IGNORECASE)


def body_of(body: object, content_type: str, limits: Mapping[str, Limit] | None = None) -> tuple[bytes, str]:
    """A body as it is sent, and its media type.

    Parameters:
        body: The body.
        content_type: Its media type.
        limits: What its properties can be, where it is JSON.

    Raises:
        ValueError: It cannot be sent as this type. The error does not show it.
    """
    if _IS_JSON.fullmatch(content_type):
        return _json(body, limits), content_type
    if isinstance(body, (bytes, bytearray)):
        return bytes(body), content_type
    if content_type == FORM:
        return _form(body), content_type
    if content_type.startswith("multipart/") and isinstance(body, Mapping):
        return _multipart(cast(Mapping[str, object], body), content_type)
    raise ValueError(f"the body must be bytes, not {type(body).__name__}")


def _json(body: object, limits: Mapping[str, Limit] | None = None) -> bytes:
    found = _json_or_problem(body, limits or {})
    if isinstance(found, bytes):
        return found
    # Here, because what is in the body may be secret, and is in no frame any more.
    raise ValueError(found)


def _json_or_problem(body: object, limits: Mapping[str, Limit]) -> bytes | str:
    """A body as JSON, or what is wrong with it."""
    try:
        value = to_json(body)
        if limits and (problem := problem_in(limits, value)):
            return problem
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        return "the body cannot be sent: its text must not have lone surrogates"
    except ValueError as error:
        return f"the body cannot be sent: {error}"
    except RecursionError:
        return "the body cannot be sent: it is nested too deeply"


def _form(body: object) -> bytes:
    from urllib.parse import urlencode

    properties: Any = to_json(body)
    if not isinstance(properties, dict):
        raise ValueError("the body must be an object")  # noqa: TRY004 (the text says what cannot be sent)
    return urlencode(query_of(cast(dict[str, object], properties))).encode("ascii")


def _multipart(body: Mapping[str, object], content_type: str) -> tuple[bytes, str]:
    """Each part under its name: bytes as a file, text and numbers as they are, other values as JSON."""
    import secrets

    parts: list[bytes] = []
    for name, value in body.items():
        for item in cast(list[object], value) if isinstance(value, list) else [value]:
            parts += [_part(name, item)] if item is not None else []
    boundary = secrets.token_hex(16)
    content = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
    return content + b"--%s--\r\n" % boundary.encode(), f"{content_type}; boundary={boundary}"


def _part(name: str, value: object) -> bytes:
    escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = f'Content-Disposition: form-data; name="{escaped}"'
    if isinstance(value, (bytes, bytearray)):
        head += f'; filename="{escaped}"\r\nContent-Type: application/octet-stream'
        return f"{head}\r\n\r\n".encode() + bytes(value)
    try:
        text = text_of(value).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(f"{name} must not have lone surrogates") from None
    except ValueError:
        head += f"\r\nContent-Type: {JSON}"
        text = _json(value)
    return f"{head}\r\n\r\n".encode() + text
