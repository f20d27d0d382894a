"""A blob, or a part of it, as it is read: every answer is checked against what is known of the blob.

So a read that broke can go on where it stopped, and storage that lies about ranges, sizes or versions is noticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ._problems import RequestFailed

_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19})", re.ASCII)
_LENGTH = re.compile(r"\d{1,19}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Remote:
    """The current state of a blob. The hash is the one in its metadata, if any."""

    size: int
    etag: str
    sha256: str | None
    changed: datetime | None = None
    is_folder: bool = False


def stored_hash(text: str | None) -> str | None:
    """The hash in the metadata of a blob, if it is valid."""
    return text if text and _SHA256.fullmatch(text) else None


def remote_of(headers: Mapping[str, str], status: int = 200) -> Remote:
    """The state of a blob, from the headers of an answer with all of it.

    Raises:
        RequestFailed: They do not say what every storage says.
    """
    length = headers.get("content-length", "")
    if not _LENGTH.fullmatch(length):
        raise RequestFailed(status, problem="does not say how long the file is")
    return _described(headers, int(length), status)


def _described(headers: Mapping[str, str], size: int, status: int) -> Remote:
    try:
        changed = parsedate_to_datetime(headers.get("last-modified", "")).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        changed = None
    return Remote(
        size,
        _checked_etag(headers.get("etag", ""), status),
        stored_hash(headers.get("x-ms-meta-sha256")),
        changed,
        headers.get("x-ms-meta-hdi_isfolder", "").lower() == "true",
    )


def _checked_etag(etag: str, status: int) -> str:
    # It is sent back as a header, so it must be printable.
    if not (0 < len(etag) <= 200 and etag.isascii() and etag.isprintable()):
        raise RequestFailed(status, problem="does not say which version of the file it holds (ETag)")
    return etag


@dataclass(slots=True)
class Reading:
    """A range of a blob that is being read.

    Attributes:
        take: Gets the blob and its next bytes.
        remote: The blob; None until an answer has described it.
        position: The next byte.
        end: The byte after the last one; None for the whole rest.
    """

    take: Callable[[Remote, bytes], None]
    remote: Remote | None = None
    position: int = 0
    end: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether all bytes have been taken."""
        return self.remote is not None and self.position >= self._end(self.remote)

    def _end(self, remote: Remote) -> int:
        return remote.size if self.end is None else min(self.end, remote.size)

    def headers(self) -> dict[str, str]:
        """The headers of the request for what is missing."""
        headers = {} if self.remote is None else {"If-Match": self.remote.etag}
        if self.position > 0 or self.end is not None:
            end = self.end if self.remote is None else self._end(self.remote)
            headers["Range"] = f"bytes={self.position}-{'' if end is None else end - 1}"
        return headers

    def begin(self, status: int, headers: Mapping[str, str]) -> Remote:
        """Check that an answer holds what is missing.

        Returns:
            The blob.

        Raises:
            RequestFailed: It does not.
        """
        # An empty file has no part that could be named.
        is_empty = self.remote is None and headers.get("content-length") == "0" and self.position == 0
        if "Range" not in self.headers() or is_empty:
            if status != 200 and not is_empty:
                raise RequestFailed(status, problem="is only a part of the file")
            described = remote_of(headers)
            self.remote = self.remote or described
            if (described.size, described.etag) != (self.remote.size, self.remote.etag):
                raise _changed(status)
            return self.remote
        found = _RANGE.fullmatch(headers.get("content-range", ""))
        if status != 206 or found is None:
            raise RequestFailed(status, problem="is not the part of the file that was asked for")
        first, last, size = (int(number) for number in found.groups())
        remote = self.remote = self.remote or _described(headers, size, status)
        if size != remote.size or _checked_etag(headers.get("etag", ""), status) != remote.etag:
            raise _changed(status)
        if (first, last + 1) != (self.position, self._end(remote)):
            raise RequestFailed(status, problem="is not the part of the file that was asked for")
        return remote

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            RequestFailed: There are more than announced.
        """
        if self.remote is None or len(chunk) > self._end(self.remote) - self.position:
            raise RequestFailed(200, problem="is longer than it announces")
        self.take(self.remote, chunk)
        self.position += len(chunk)


def _changed(status: int) -> RequestFailed:
    return RequestFailed(status, "ConditionNotMet")
