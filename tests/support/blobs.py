"""A storage that holds one blob, and a platform with it: reads by ranges, blocks, and a SAS that may end."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Self
from urllib.parse import parse_qs, urlsplit

from tests.support.scripted import Received, ScriptedServer, answer

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
ETAG = '"0x1"'


class OneBlob:
    """A blob. Links to it are good as long as their `sig` is in `good`.

    Attributes:
        content: What is in it.
        good: The signatures that are accepted.
        refused: How many requests were refused.
        blocks: The blocks that have arrived and belong to no blob yet, by their names.
        put: How many blocks have arrived.
        most: How many may arrive before all others are refused.
    """

    def __init__(self, content: bytes = b"", good: str = "one") -> None:
        self.content = content
        self.good = {good}
        self.refused = 0
        self.blocks: dict[bytes, bytes] = {}
        self.put = 0
        self.most = 1000

    def __call__(self, request: Received) -> bytes:
        """Answer a request."""
        query = parse_qs(urlsplit(request.path).query)
        assert "authorization" not in request.headers
        if not self.good & set(query["sig"]):
            self.refused += 1
            return answer(403, x_ms_error_code="AuthenticationFailed")
        if request.method == "PUT":
            return self._written(query, request)
        found = _RANGE.fullmatch(request.headers.get("range", ""))
        if found is None:
            head = answer(200, self.content, media_type=None, etag=ETAG)
            return head.removesuffix(self.content) if request.method == "HEAD" else head
        first, last = int(found[1]), int(found[2])
        content_range = f"bytes {first}-{last}/{len(self.content)}"
        return answer(206, self.content[first : last + 1], media_type=None, etag=ETAG, content_range=content_range)

    def _written(self, query: dict[str, list[str]], request: Received) -> bytes:
        if query["comp"] == ["block"]:
            if self.put >= self.most:
                return answer(403, x_ms_error_code="AuthenticationFailed")
            self.blocks[b64decode(query["blockid"][0])] = request.body
            self.put += 1
            return answer(201)
        names = [b64decode(name) for name in re.findall(rb"<Latest>([^<]*)</Latest>", request.body)]
        if not set(names) <= self.blocks.keys():
            return answer(400, x_ms_error_code="InvalidBlockList")
        self.content, self.blocks = b"".join(self.blocks[name] for name in names), {}
        return answer(201)


class PlatformWithBlob:
    """A platform, whose answers are up to the subclass, and a storage with one blob. Both run while it is entered."""

    def __init__(self, content: bytes = b"") -> None:
        self.blob = OneBlob(content)
        self.storage = ScriptedServer(self.blob)
        self.server = ScriptedServer(self.answer)

    def answer(self, request: Received) -> bytes:
        """What the platform answers."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.storage.__enter__()
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__()
        self.storage.__exit__()
