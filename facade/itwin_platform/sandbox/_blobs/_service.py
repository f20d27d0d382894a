"""The storage over HTTP, as an ASGI application: the operations on blobs that a SAS of a container can permit."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

from ._conditions import check_reading, condition_of, range_of
from ._contents import Piece
from ._errors import BlobError
from ._sas import Signer
from ._store import Blob, Blobs
from ._xml import blocks_of, http_date, page_of, read_block_list

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_VERSION: Final = "2024-08-04"
_PROPERTIES: Final = ("Content-Type", "Content-Encoding", "Content-Language", "Cache-Control", "Content-Disposition")
_PLAIN: Final = "application/octet-stream"
_METADATA: Final = "x-ms-meta-"
_METADATA_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_MOST_METADATA: Final = 8 * 1024
_LONGEST_NAME: Final = 1024
_LARGEST_LIST: Final = 16 * 1024 * 1024
_MOST_ENTRIES: Final = 5000
_COUNT: Final = re.compile(r"\d{1,9}", re.ASCII)
_UNDONE: Final = ("x-ms-copy-source", "x-ms-lease-id", "x-ms-content-crc64", "x-ms-encryption-key", "x-ms-if-tags")


class _Gone(Exception):  # noqa: N818 (an outcome)
    """The client has gone, and waits for no answer."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request.

    Attributes:
        method: The HTTP method.
        container: The name of the container.
        blob: The name of the blob; None for the container.
        query: The parameters of the query, decoded.
        headers: The headers, by their names in lower case.
        permitted: What the SAS permits.
        receive: Receives the body.
    """

    method: str
    container: str
    blob: str | None
    query: Mapping[str, str]
    headers: Mapping[str, str]
    permitted: str
    receive: Receive

    @property
    def name(self) -> str:
        """The name of the blob."""
        return self.blob or ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer: its body is XML, or a part of a blob."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    part: tuple[Blob, int, int] | None = None


class Service:
    """Serves what is stored to whoever has a SAS.

    Parameters:
        blobs: What is stored.
        signer: What checks the SAS.
        before: Called before each request.
    """

    def __init__(self, blobs: Blobs, signer: Signer, before: Callable[[], None] = lambda: None) -> None:
        self._blobs: Final = blobs
        self._signer: Final = signer
        self._before: Final = before
        # By method, whether it is about a blob, and `comp`: what does it, and the permissions one of which it needs.
        self._operations: Final[Mapping[tuple[str, bool, str], tuple[Callable[[_Asked], Awaitable[_Answer]], str]]] = {
            ("GET", True, ""): (self._get, "r"),
            ("GET", True, "metadata"): (self._describe, "r"),
            ("GET", True, "blocklist"): (self._list_blocks, "r"),
            ("HEAD", True, ""): (self._describe, "r"),
            ("HEAD", True, "metadata"): (self._describe, "r"),
            ("PUT", True, ""): (self._put, "cw"),
            ("PUT", True, "block"): (self._stage, "w"),
            ("PUT", True, "blocklist"): (self._commit, "w"),
            ("PUT", True, "metadata"): (self._change, "w"),
            ("PUT", True, "properties"): (self._change, "w"),
            ("DELETE", True, ""): (self._delete, "d"),
            ("GET", False, "list"): (self._list, "l"),
            # An account may do these, but the SAS of a container never permits them.
            ("GET", False, ""): (self._describe, ""),
            ("HEAD", False, ""): (self._describe, ""),
            ("PUT", False, ""): (self._describe, ""),
            ("DELETE", False, ""): (self._describe, ""),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in scope["headers"]}
        common = {"x-ms-request-id": str(uuid4()), "x-ms-version": headers.get("x-ms-version", _VERSION)}
        if "x-ms-client-request-id" in headers:
            common["x-ms-client-request-id"] = headers["x-ms-client-request-id"]
        try:
            self._before()
            answer = await self._answer(scope, headers, receive)
        except _Gone:
            return
        except BlobError as error:
            said = {"x-ms-error-code": error.code, **error.headers}
            body = b""
            if error.status != 304:
                body = error.body(common["x-ms-request-id"], datetime.now(UTC).isoformat())
                said["content-type"] = "application/xml"
            answer = _Answer(error.status, said, body)
        await _send(answer, common, send, head=scope["method"] == "HEAD")

    async def _answer(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> _Answer:
        raw_path: bytes = scope["raw_path"]
        _, account, container, *rest = (*raw_path.decode("latin-1").split("/", 3), "", "")[:4]
        query = dict(reversed(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)))
        blob = unquote(rest[0]) if rest and rest[0] else None
        if account != self._signer.account or not container:
            raise BlobError(400, "InvalidUri")
        operation = self._operations.get((scope["method"], blob is not None, query.get("comp", "")))
        container = unquote(container)
        permitted = self._signer.check(query, container, blob, operation[1] if operation else "racwdxlt")
        if operation is None:
            known = any(method == scope["method"] for method, *_ in self._operations)
            raise BlobError(400, "UnsupportedQueryParameter") if known else BlobError(405, "UnsupportedHttpVerb")
        if undone := [name for name in _UNDONE if name in headers]:
            raise BlobError(400, "UnsupportedHeader", f"The sandbox does not know {undone[0]}.")
        if "snapshot" in query or "versionid" in query:
            raise BlobError(400, "UnsupportedQueryParameter")
        if blob is not None and len(blob) > _LONGEST_NAME:
            raise BlobError(400, "InvalidResourceName")
        return await operation[0](_Asked(scope["method"], container, blob, query, headers, permitted, receive))

    async def _get(self, asked: _Asked) -> _Answer:
        blob = self._blobs.get(asked.container, asked.name)
        check_reading(asked.headers, blob)
        part, headers = range_of(asked.headers, blob.size), _headers_of(blob)
        if part is None:
            return _Answer(200, headers, part=(blob, 0, blob.size))
        if "Content-MD5" in headers:
            headers["x-ms-blob-content-md5"] = headers.pop("Content-MD5")
        headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{blob.size}"
        return _Answer(206, headers, part=(blob, *part))

    async def _describe(self, asked: _Asked) -> _Answer:
        blob = self._blobs.get(asked.container, asked.name)
        check_reading(asked.headers, blob)
        return _Answer(200, _headers_of(blob), part=(blob, 0, blob.size) if asked.method == "HEAD" else None)

    async def _put(self, asked: _Asked) -> _Answer:
        kind = asked.headers.get("x-ms-blob-type")
        if kind != "BlockBlob":
            raise BlobError(400, "InvalidHeaderValue" if kind else "MissingRequiredHeader")
        condition, metadata = condition_of(asked.headers), _metadata_of(asked.headers)
        properties = _properties_of(asked.headers, plain=True)

        def check(blob: Blob | None) -> None:
            if blob is not None and "w" not in asked.permitted:
                raise BlobError(403, "UnauthorizedBlobOverwrite")
            condition(blob)

        piece = await self._body(asked)
        properties.setdefault("Content-MD5", base64.b64encode(piece.md5).decode())
        blob = self._blobs.put(asked.container, asked.name, piece, properties, metadata, check)
        return _Answer(201, {**_written(blob), "Content-MD5": base64.b64encode(piece.md5).decode()})

    async def _stage(self, asked: _Asked) -> _Answer:
        block = asked.query.get("blockid", "")
        if not block:
            raise BlobError(400, "MissingRequiredQueryParameter")
        if not 0 < len(_decoded(block, "InvalidQueryParameterValue")) <= 64:
            raise BlobError(400, "InvalidQueryParameterValue")
        piece = await self._body(asked)
        self._blobs.stage(asked.container, asked.name, block, piece)
        headers = {"Content-MD5": base64.b64encode(piece.md5).decode(), "x-ms-request-server-encrypted": "true"}
        return _Answer(201, headers)

    async def _commit(self, asked: _Asked) -> _Answer:
        condition, metadata = condition_of(asked.headers), _metadata_of(asked.headers)
        piece = await self._body(asked, _LARGEST_LIST)
        blocks = read_block_list(b"".join(piece.read(0, piece.size)))
        # The headers without a prefix are those of the list.
        properties = _properties_of(asked.headers, plain=False)
        blob = self._blobs.commit(asked.container, asked.name, blocks, properties, metadata, condition)
        return _Answer(201, _written(blob))

    async def _list_blocks(self, asked: _Asked) -> _Answer:
        kind = asked.query.get("blocklisttype", "committed").lower()
        if kind not in {"committed", "uncommitted", "all"}:
            raise BlobError(400, "InvalidQueryParameterValue")
        blob, staged = self._blobs.blocks(asked.container, asked.name)
        headers = {"content-type": "application/xml"}
        if blob is not None:
            headers |= {"ETag": blob.etag, "Last-Modified": http_date(blob.modified)}
            headers["x-ms-blob-content-length"] = str(blob.size)
        return _Answer(200, headers, blocks_of(blob.blocks if blob else (), staged, kind))

    async def _change(self, asked: _Asked) -> _Answer:
        condition = condition_of(asked.headers)
        if asked.query["comp"] == "metadata":
            changes = {"metadata": _metadata_of(asked.headers)}
        else:
            changes = {"properties": _properties_of(asked.headers, plain=False)}
        blob = self._blobs.change(asked.container, asked.name, condition, **changes)
        return _Answer(200, _written(blob))

    async def _delete(self, asked: _Asked) -> _Answer:
        self._blobs.remove(asked.container, asked.name, condition_of(asked.headers))
        return _Answer(202, {"x-ms-delete-type-permanent": "true"})

    async def _list(self, asked: _Asked) -> _Answer:
        if asked.query.get("restype") != "container":
            raise BlobError(400, "InvalidQueryParameterValue")
        prefix, delimiter = asked.query.get("prefix", ""), asked.query.get("delimiter", "")
        marker, most = asked.query.get("marker", ""), asked.query.get("maxresults", "")
        if most and not (_COUNT.fullmatch(most) and int(most)):
            raise BlobError(400, "OutOfRangeQueryParameterValue")
        try:
            start = _decoded(marker, "InvalidQueryParameterValue").decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise BlobError(400, "InvalidQueryParameterValue") from None
        count = min(int(most or _MOST_ENTRIES), _MOST_ENTRIES)
        listed = self._blobs.list(asked.container, prefix, delimiter, start, count)
        following = (listed.following or "").encode("utf-8", "surrogatepass")
        echoed = {
            "ServiceEndpoint": f"http://{asked.headers.get('host', '')}/{self._signer.account}",
            "ContainerName": asked.container,
            "Prefix": prefix,
            "Marker": marker,
            "MaxResults": most,
            "Delimiter": delimiter,
        }
        metadata = "metadata" in asked.query.get("include", "").split(",")
        page = page_of(listed, echoed, base64.b64encode(following).decode(), metadata=metadata)
        return _Answer(200, {"content-type": "application/xml"}, page)

    async def _body(self, asked: _Asked, largest: int | None = None) -> Piece:
        """The body of a request, once all of it has arrived.

        Raises:
            BlobError: It is not what its headers say, or there is no room for it.
        """
        if "content-length" not in asked.headers:
            raise BlobError(411, "MissingContentLengthHeader")
        if largest is not None and int(asked.headers["content-length"]) > largest:
            raise BlobError(413, "RequestBodyTooLarge")
        writer = self._blobs.writer()
        try:
            more = True
            while more:
                message = await asked.receive()
                if message["type"] == "http.disconnect":
                    raise _Gone
                writer.write(message.get("body", b""))
                more = message.get("more_body", False)
            piece = writer.finish()
        finally:
            writer.discard()
        expected = asked.headers.get("content-md5")
        if expected is not None and _decoded(expected, "InvalidHeaderValue") != piece.md5:
            raise BlobError(400, "Md5Mismatch")
        return piece


async def _send(answer: _Answer, common: Mapping[str, str], send: Send, *, head: bool) -> None:
    size = len(answer.body) if answer.part is None else answer.part[2] - answer.part[1]
    headers = {**common, **answer.headers, "content-length": str(size)}
    if answer.status == 304:
        del headers["content-length"]
    fields = [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": fields})
    if answer.part is not None and not head:
        blob, start, end = answer.part
        for chunk in blob.read(start, end):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})


def _written(blob: Blob) -> dict[str, str]:
    return {
        "ETag": blob.etag,
        "Last-Modified": http_date(blob.modified),
        "x-ms-request-server-encrypted": "true",
    }


def _headers_of(blob: Blob) -> dict[str, str]:
    return {
        **blob.properties,
        "ETag": blob.etag,
        "Last-Modified": http_date(blob.modified),
        "Accept-Ranges": "bytes",
        "x-ms-creation-time": http_date(blob.created),
        "x-ms-blob-type": "BlockBlob",
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
        **{_METADATA + name: text for name, text in blob.metadata.items()},
    }


def _properties_of(headers: Mapping[str, str], *, plain: bool) -> dict[str, str]:
    """The properties that a request gives to a blob; `plain` are those whose headers have no prefix, too."""
    found: dict[str, str] = {}
    for name in _PROPERTIES:
        own = headers.get(f"x-ms-blob-{name.lower()}")
        if (text := own if own is not None or not plain else headers.get(name.lower())) is not None:
            found[name] = text
    found.setdefault("Content-Type", _PLAIN)
    if (md5 := headers.get("x-ms-blob-content-md5")) is not None:
        if len(_decoded(md5, "InvalidHeaderValue")) != hashlib.md5(usedforsecurity=False).digest_size:
            raise BlobError(400, "InvalidHeaderValue")
        found["Content-MD5"] = md5
    return found


def _metadata_of(headers: Mapping[str, str]) -> dict[str, str]:
    found = {name.removeprefix(_METADATA): text for name, text in headers.items() if name.startswith(_METADATA)}
    if not all(map(_METADATA_NAME.fullmatch, found)):
        raise BlobError(400, "InvalidMetadata")
    if sum(len(name) + len(text) for name, text in found.items()) > _MOST_METADATA:
        raise BlobError(400, "MetadataTooLarge")
    return found


def _decoded(text: str, code: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BlobError(400, code) from None
