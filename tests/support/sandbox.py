"""A request for each operation that the sandbox serves, which succeeds on a fresh sandbox."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from itwin_platform.sandbox import Sandbox
from itwin_platform.sandbox._catalogue import CATALOGUE
from tests.support.examples import operations

SERVED = {each.key: each for each in CATALOGUE.operations}
OPERATIONS = {key: known for key, known in operations().items() if key in SERVED}
IDS = {key: CATALOGUE.known_ids(served) for key, served in SERVED.items()}
ACCOUNT = OPERATIONS["itwins/get-my-primary-account"]["answers"][200]["iTwin"]["id"]
# An iTwin that the documentation lists, too.
OTHER = OPERATIONS["itwins/get-my-itwins"]["answers"][200]["iTwins"][1]["id"]
_NAMED = {"displayName": "Another"}
_ITWIN = {"iTwinId": Sandbox.itwin_id}


def png(width: int = 2, height: int = 2, padding: int = 0) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    parts = [chunk(b"IHDR", header), chunk(b"tEXt", b"a\0" + b"x" * padding), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


# What differs from the documented request, because the documentation tells of several iTwins and of one moment.
PATHS: dict[str, dict[str, str]] = {
    "itwins/create-account-settings": {"accountId": ACCOUNT},
    "reality-management/associate-to-iTwin": {"iTwinId": OTHER},
    "reality-analysis/detectors-delete-version": {"versionNumber": "2.0"},
    "reality-analysis/detectors-complete-version-upload": {"versionNumber": "2.0"},
    "reality-analysis/detectors-publish-version": {"versionNumber": "1.0"},
    "reality-analysis/detectors-unpublish-version": {"versionNumber": "1.0"},
}
BODIES: dict[str, dict[str, Any]] = {
    "itwins/create-repository": _NAMED,
    "reality-analysis/detectors-create": {"name": "another"},
    "reality-analysis/detectors-version-create": {"versionNumber": "3.0"},
    "reality-analysis/jobs-create": _ITWIN,
    "reality-modeling/jobs-create": _ITWIN,
    "reality-management/create-reality-data": _ITWIN,
    "reality-management/move-reality-data": {"iTwinId": OTHER},
}
QUERIES: dict[str, dict[str, str]] = {
    f"{api}/jobs-get-all": {"$filter": "createdDateTime gt 2020-01-01T00:00:00Z"}
    for api in ("reality-analysis", "reality-modeling")
}
# What has to be done before.
BEFORE = {"reality-analysis/detectors-unpublish-version": "reality-analysis/detectors-publish-version"}


def body_of(key: str) -> Any:
    """The body of the request; None if it has none."""
    documented = OPERATIONS[key]["body"]
    return documented if documented is None else {**documented, **BODIES.get(key, {})}


def path_of(key: str, **other: str) -> str:
    """The path of the request."""
    path: str = OPERATIONS[key]["path"].format(**(IDS[key] | PATHS.get(key, {}) | other))
    return path


def request_of(key: str, client: httpx.Client, **other: str) -> httpx.Request:
    """The request, with other values for parameters of its path."""
    body, query = body_of(key), QUERIES.get(key)
    given: dict[str, Any] = {"json": body} if body is not None else {}
    if SERVED[key].body and SERVED[key].body["media_types"][0].startswith("image/"):  # type: ignore[index]
        given = {"content": png(), "headers": {"content-type": "image/png"}}
    return client.build_request(OPERATIONS[key]["method"], path_of(key, **other), params=query, **given)


def succeed(key: str, client: httpx.Client) -> httpx.Response:
    """Send it after what has to be done before."""
    if key in BEFORE:
        client.send(request_of(BEFORE[key], client)).raise_for_status()
    return client.send(request_of(key, client))


@contextmanager
def running(**options: Any) -> Iterator[tuple[Sandbox, httpx.Client]]:
    """A sandbox of one's own with a client that has its token and follows no redirect."""
    with Sandbox(**options) as sandbox, client_of(sandbox) as client:
        yield sandbox, client


def client_of(sandbox: Sandbox) -> httpx.Client:
    """A client with the token of a sandbox."""
    headers = {"authorization": f"Bearer {sandbox.token}"}
    return httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False)
