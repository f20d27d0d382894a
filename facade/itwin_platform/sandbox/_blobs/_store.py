"""Containers and the block blobs in them. A blob is never changed but replaced, so that a reader has one version."""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from ._contents import Contents, Piece, Writer
from ._errors import BlobError

_MOST_STAGED: Final = 100_000
_MOST_BLOCKS: Final = 50_000
_AFTER_ALL: Final = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class Blob:
    """One version of a blob.

    Attributes:
        blocks: The ids of its blocks and their contents; one without an id if it was written as a whole.
        size: Bytes.
        etag: Its version, with quotes.
        created: When there was a blob of this name first.
        modified: When this version was written.
        properties: The headers that it is served with, for instance `Content-Type`.
        metadata: The metadata, by name.
    """

    blocks: tuple[tuple[str, Piece], ...]
    size: int
    etag: str
    created: datetime
    modified: datetime
    properties: Mapping[str, str]
    metadata: Mapping[str, str]

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` to before `end`, in chunks."""
        for _, piece in self.blocks:
            if start < piece.size and end > 0:
                yield from piece.read(start, min(end, piece.size))
            start, end = max(0, start - piece.size), end - piece.size

    def content(self) -> bytes:
        """All bytes."""
        return b"".join(self.read(0, self.size))


@dataclass(slots=True)
class _Container:
    blobs: dict[str, Blob] = field(default_factory=dict[str, Blob])
    staged: dict[str, dict[str, Piece]] = field(default_factory=dict[str, dict[str, Piece]])
    # The names in order, as long as they are the same.
    names: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list: blobs, or None for what names have in common up to the delimiter; and where the next begins."""

    entries: list[tuple[str, Blob | None]]
    following: str | None


# Raises BlobError if a blob, or the absence of one, is not what a writer expects.
Condition = Callable[[Blob | None], None]


def _any(_: Blob | None) -> None:
    """Expect nothing."""


class Blobs:
    """What an account stores. Safe to use from several threads.

    Parameters:
        now: The time.
        limit: Bytes that it stores at the most.
    """

    def __init__(self, now: Callable[[], datetime], limit: int) -> None:
        self._now: Final = now
        self._contents: Final = Contents(limit)
        self._lock: Final = threading.RLock()
        self._containers: dict[str, _Container] = {}
        self._versions = 0

    def create(self, container: str) -> None:
        """Create a container, unless there is one."""
        with self._lock:
            self._containers.setdefault(container, _Container())

    def delete(self, container: str) -> None:
        """Delete a container with everything in it; does nothing if there is none."""
        with self._lock:
            self._containers.pop(container, None)

    def writer(self) -> Writer:
        """Begin to write content."""
        return self._contents.writer()

    def put(
        self,
        container: str,
        name: str,
        content: bytes | Piece,
        properties: Mapping[str, str],
        metadata: Mapping[str, str] | None = None,
        condition: Condition = _any,
    ) -> Blob:
        """Write a blob as a whole. What was staged for it is discarded.

        Raises:
            BlobError: There is no such container, no room, or the condition is not met.
        """
        if isinstance(content, bytes):
            writer = self.writer()
            try:
                writer.write(content)
                content = writer.finish()
            finally:
                writer.discard()
        with self._lock:
            condition(self._container(container).blobs.get(name))
            return self._write(container, name, (("", content),), properties, metadata or {})

    def stage(self, container: str, name: str, block: str, piece: Piece) -> None:
        """Add a block to those that a blob can be made of.

        Raises:
            BlobError: There is no such container, the id does not go with others, or there are too many.
        """
        with self._lock:
            staged = self._container(container).staged.setdefault(name, {})
            if len(staged) >= _MOST_STAGED and block not in staged:
                raise BlobError(409, "BlockCountExceedsLimit")
            # Without its padding, base64 is as long as what it stands for.
            if any(len(each.rstrip("=")) != len(block.rstrip("=")) for each in staged):
                raise BlobError(400, "InvalidBlobOrBlock")
            staged[block] = piece

    def commit(
        self,
        container: str,
        name: str,
        blocks: Iterable[tuple[str, str]],
        properties: Mapping[str, str],
        metadata: Mapping[str, str],
        condition: Condition = _any,
    ) -> Blob:
        """Make a blob of blocks.

        Parameters:
            container: The container.
            name: The name of the blob.
            blocks: Where to look for each block, `Committed`, `Uncommitted` or `Latest`, and its id.
            properties: The headers that it is served with.
            metadata: The metadata.
            condition: What the writer expects of the blob that is there.

        Raises:
            BlobError: There is no such container, a block is missing, or the condition is not met.
        """
        with self._lock:
            found = self._container(container)
            condition(found.blobs.get(name))
            staged = found.staged.get(name, {})
            before = found.blobs.get(name)
            committed = dict(before.blocks) if before else {}
            places = {"Committed": committed, "Uncommitted": staged, "Latest": {**committed, **staged}}
            chosen: list[tuple[str, Piece]] = []
            for place, block in blocks:
                if block not in places[place]:
                    raise BlobError(400, "InvalidBlockList")
                chosen.append((block, places[place][block]))
                if len(chosen) > _MOST_BLOCKS:
                    raise BlobError(400, "BlockListTooLong")
            return self._write(container, name, tuple(chosen), properties, metadata)

    def blocks(self, container: str, name: str) -> tuple[Blob | None, dict[str, Piece]]:
        """The blob, and the blocks that are staged for it.

        Raises:
            BlobError: There is neither.
        """
        with self._lock:
            found = self._container(container)
            if name not in found.blobs and name not in found.staged:
                raise BlobError(404, "BlobNotFound")
            return found.blobs.get(name), dict(found.staged.get(name, {}))

    def get(self, container: str, name: str) -> Blob:
        """A blob.

        Raises:
            BlobError: There is none.
        """
        with self._lock:
            if (blob := self._container(container).blobs.get(name)) is None:
                raise BlobError(404, "BlobNotFound")
            return blob

    def change(
        self,
        container: str,
        name: str,
        condition: Condition,
        *,
        properties: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Blob:
        """Replace the properties or the metadata of a blob.

        Raises:
            BlobError: There is none, or the condition is not met.
        """
        with self._lock:
            blob = self.get(container, name)
            condition(blob)
            changed = replace(
                blob,
                etag=self._version(),
                modified=self._now(),
                properties=blob.properties if properties is None else properties,
                metadata=blob.metadata if metadata is None else metadata,
            )
            self._container(container).blobs[name] = changed
            return changed

    def remove(self, container: str, name: str, condition: Condition = _any) -> None:
        """Delete a blob.

        Raises:
            BlobError: There is none, or the condition is not met.
        """
        with self._lock:
            condition(self.get(container, name))
            found = self._container(container)
            del found.blobs[name]
            found.staged.pop(name, None)
            found.names = None

    def has(self, container: str, name: str) -> bool:
        """Whether there is a blob."""
        with self._lock:
            found = self._containers.get(container)
            return found is not None and name in found.blobs

    def names(self, container: str) -> list[str]:
        """The names of the blobs in a container, in order; none if there is no container."""
        with self._lock:
            found = self._containers.get(container)
            return sorted(found.blobs) if found else []

    def list(self, container: str, prefix: str, delimiter: str, start: str, most: int) -> Listed:
        """Blobs by name, from `start` on.

        Raises:
            BlobError: There is no such container.
        """
        with self._lock:
            found = self._container(container)
            if found.names is None:
                found.names = sorted(found.blobs)
            names, entries = found.names, list[tuple[str, Blob | None]]()
            position = bisect_left(names, max(start, prefix))
            while position < len(names) and names[position].startswith(prefix):
                name = names[position]
                if len(entries) == most:
                    return Listed(entries, name)
                end = name.find(delimiter, len(prefix)) if delimiter else -1
                if end < 0:
                    entries.append((name, found.blobs[name]))
                    position += 1
                else:
                    common = name[: end + len(delimiter)]
                    entries.append((common, None))
                    position = bisect_left(names, common + _AFTER_ALL, position)
            return Listed(entries, None)

    def _container(self, name: str) -> _Container:
        if (found := self._containers.get(name)) is None:
            raise BlobError(404, "ContainerNotFound")
        return found

    def _write(
        self,
        container: str,
        name: str,
        blocks: tuple[tuple[str, Piece], ...],
        properties: Mapping[str, str],
        metadata: Mapping[str, str],
    ) -> Blob:
        found, now = self._container(container), self._now()
        before = found.blobs.get(name)
        size = sum(piece.size for _, piece in blocks)
        created = before.created if before else now
        blob = Blob(blocks, size, self._version(), created, now, dict(properties), dict(metadata))
        found.blobs[name] = blob
        found.staged.pop(name, None)
        if before is None:
            found.names = None
        return blob

    def _version(self) -> str:
        self._versions += 1
        return f'"0x8DD{self._versions:013X}"'
