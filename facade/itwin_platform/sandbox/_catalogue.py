"""What the sandbox serves, as data: the operations with their documented answers, and the ids that they know.

`operations.json` is written by `make generate` from the examples in the specifications.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a specification with the body of its example for each documented status."""

    id: str
    method: str
    path: str
    media_type: str
    answers: Mapping[int, bytes]


def _load() -> list[dict[str, Any]]:
    text = files("itwin_platform.sandbox").joinpath("operations.json").read_text("utf-8")
    operations: list[dict[str, Any]] = json.loads(text)["operations"]
    return operations


def encode(body: object) -> bytes:
    """JSON as the sandbox sends it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


_LOADED: Final = [each for each in _load() if each["method"] == "GET" and each["path"] != "/itwins/"]
_EXAMPLES: Final = {operation["id"]: operation["answers"]["200"] for operation in _LOADED}

OPERATIONS: Final = tuple(
    Operation(
        id=operation["id"],
        method=operation["method"],
        path=operation["path"],
        media_type=operation["media_type"],
        answers={int(status): encode(body) for status, body in operation["answers"].items()},
    )
    for operation in _LOADED
)

ITWIN_ID: Final[str] = _EXAMPLES["get-itwin"]["iTwin"]["id"]
REPOSITORY_ID: Final[str] = _EXAMPLES["get-repository"]["repository"]["id"]
RESOURCE_ID: Final[str] = _EXAMPLES["get-repository-resource"]["resource"]["id"]
_BUCKET_ITWIN_ID: Final[str] = _EXAMPLES["buckets-get"]["bucket"]["iTwinId"]

# The values that are found, by the name of the path parameter. The examples are of several iTwins: one id works for
# all operations, so that a script can go from one to the next.
KNOWN_IDS: Final[Mapping[str, frozenset[str]]] = {
    "id": frozenset({ITWIN_ID}),
    "iTwinId": frozenset({ITWIN_ID, _BUCKET_ITWIN_ID}),
    "repositoryId": frozenset({REPOSITORY_ID}),
    "resourceId": frozenset({RESOURCE_ID}),
}
