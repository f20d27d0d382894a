"""Large files, block by block. A later run finds the blocks that have arrived and sends only the rest.

The name of a block is the hash of the file up to the end of the block. So a block with the right name has the right
content and position, even if the file has changed since another run sent the block.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from urllib.parse import quote

from ._outcomes import Refusal
from ._problems import RequestFailed, one_problem
from ._service import BlobService
from ._xml import read_page

# All blocks of a blob must have names of the same length, including those that another program has left there.
_LENGTH, _LEAST_LENGTH = 32, 12
_LIST = "a list of blocks"


class Blocks:
    """The blocks of a blob that is being uploaded."""

    def __init__(
        self,
        service: BlobService,
        name: str,
        advance: Callable[[int], None],
        *,
        arrived: Mapping[bytes, int] | None = None,
        note: Callable[[bytes, int], None] | None = None,
        done: Callable[[memoryview], None] | None = None,
    ) -> None:
        """Begin.

        Parameters:
            service: Sends requests.
            name: The blob.
            advance: Called with the number of bytes sent.
            arrived: Names and sizes of blocks that have already arrived, as far as they are known without asking.
            note: Called with each block that arrives.
            done: Called with the content of each block that has arrived.
        """
        self._service = service
        self._name = name
        self._advance = advance
        self._note = note
        self._done = done
        self._length = _LENGTH
        self._there = dict(arrived or {})
        self._order: list[bytes] = []
        self._sha256 = hashlib.sha256()
        self.size = 0

    def find(self) -> None:
        """Ask which blocks have already arrived.

        Raises:
            Refusal: Another program has left blocks whose names are too short to hold our hashes.
        """
        try:
            body = self._service.send("GET", "comp=blocklist&blocklisttype=uncommitted", name=self._name)
        except RequestFailed as failed:
            if one_problem(failed).is_absence:
                return
            raise
        for block in read_page(body, "BlockList", ("Block",), _LIST).entries:
            try:
                block_name = b64decode(block.text("Name"), validate=True)
                self._there[block_name] = int(block.text("Size"))
            except ValueError:
                raise RequestFailed(200, problem=f"is not {_LIST}") from None
            self._length = len(block_name)
        if self._length < _LEAST_LENGTH:
            raise Refusal(
                "has unfinished parts in the container that another program has left; they are deleted within a week"
            )

    @property
    def digest(self) -> str:
        """The hash of all blocks so far, in hexadecimal."""
        return self._sha256.hexdigest()

    def add(self, content: bytes | memoryview) -> Callable[[], None] | None:
        """Add the next block.

        Returns:
            A function that sends it, from any thread; None if it has already arrived.
        """
        self._sha256.update(content)
        block_name = self._sha256.digest().ljust(self._length, b"-")[: self._length]
        self._order.append(block_name)
        self.size += len(content)
        if self._there.get(block_name) == len(content):
            self._advance(len(content))
            self._end(content)
            return None
        return lambda: self._send(block_name, content)

    def _send(self, block_name: bytes, content: bytes | memoryview) -> None:
        query = f"comp=block&blockid={quote(b64encode(block_name), safe='')}"
        self._service.send("PUT", query, name=self._name, content=content, advance=self._advance)
        if self._note is not None:
            self._note(block_name, len(content))
        self._end(content)

    def _end(self, content: bytes | memoryview) -> None:
        if self._done is not None and isinstance(content, memoryview):
            self._done(content)

    def put_together(self, condition: dict[str, str]) -> None:
        """Create the blob from the blocks, in the order in which they were added, with their hash as metadata.

        Parameters:
            condition: Headers that say which blob may be replaced.
        """
        names = "".join(f"<Latest>{b64encode(name).decode('ascii')}</Latest>" for name in self._order)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{names}</BlockList>'.encode("ascii")
        headers = {**condition, "x-ms-meta-sha256": self.digest, "Content-Type": "application/xml"}
        self._service.send("PUT", "comp=blocklist", name=self._name, headers=headers, content=body)
