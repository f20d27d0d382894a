"""Bodies of requests: whether they can be read, and are what the definition says."""

import json
import math
from typing import Any, cast

from ._asked import Asked
from ._catalogue import Collection, Json, ServedOperation
from ._refusals import BODY, invalid
from ._schemas import MISSING, READ_ONLY, UNKNOWN, Problem, problems


def body_of(operation: ServedOperation, asked: Asked, collection: Collection | None, now: Json | None = None) -> Json:
    """The body of a request, where it is JSON.

    `now` is the resource as it is, where the request is to change it.

    Raises:
        RefusedError: It cannot be read, or is not what the definition says.
    """
    rules = operation.body or {}
    parsed = _parsed(asked.body) if media_type_of(asked) in rules["media_types"] else None
    if not isinstance(parsed, dict):
        raise invalid(operation, [Problem(BODY, "")])
    body = cast(Json, parsed)
    read_only = {each["target"] for each in _details(operation) if each["code"] == READ_ONLY}
    found = [Problem(READ_ONLY, name) for name in body if name in read_only]
    for problem in problems(rules["schema"], body):
        if problem.target in read_only and problem.code != MISSING:
            continue
        is_kept = problem.code == UNKNOWN and collection is not None and problem.target in collection.properties
        found.append(Problem(READ_ONLY, problem.target) if is_kept else problem)
    unchanging = [name for name, each in rules["schema"].get("properties", {}).items() if each.get("x-unchanging")]
    found += [Problem(READ_ONLY, name) for name in unchanging if name in body and body[name] != (now or {}).get(name)]
    if found:
        raise invalid(operation, found)
    return body


def media_type_of(asked: Asked) -> str:
    """The media type of a body, without parameters."""
    return asked.headers.get("content-type", "").partition(";")[0].strip().lower()


def _details(operation: ServedOperation) -> list[Json]:
    documented: Json = operation.answers.get(operation.invalid or 0) or {}
    details: list[Json] = documented.get("error", {}).get("details", [])
    return [each for each in details if "target" in each]


def _parsed(body: bytes) -> Any:
    """The body as JSON that can be sent again; None if it is not."""
    try:
        value = json.loads(body.decode(), parse_constant=_refuse, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()  # lone surrogates have no encoding
    except (ValueError, RecursionError):
        return None
    return value


def _refuse(text: str) -> float:
    raise ValueError(text)


def _finite(text: str) -> float:
    return number if math.isfinite(number := float(text)) else _refuse(text)
