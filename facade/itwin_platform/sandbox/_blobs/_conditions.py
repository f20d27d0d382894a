"""Conditions and ranges of requests, as the service reads their headers."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from ._errors import BlobError
from ._store import Blob, Condition

_RANGE: Final = re.compile(r"bytes=(\d{1,18})-(\d{0,18})", re.ASCII)


def condition_of(headers: Mapping[str, str]) -> Condition:
    """What a writer expects of the blob that is there.

    Raises:
        BlobError: A header cannot be read.
    """
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    since, unmodified = _time(headers, "if-modified-since"), _time(headers, "if-unmodified-since")

    def check(blob: Blob | None) -> None:
        if none_match is not None and blob is not None and _names(none_match, blob):
            raise BlobError(409, "BlobAlreadyExists") if none_match == "*" else BlobError(412, "ConditionNotMet")
        if match is not None and (blob is None or not _names(match, blob)):
            raise BlobError(412, "ConditionNotMet")
        if blob is not None and _is_wrong_time(blob, since, unmodified):
            raise BlobError(412, "ConditionNotMet")

    return check


def check_reading(headers: Mapping[str, str], blob: Blob) -> None:
    """Refuse to read a blob that is not, or still is, the version that the reader names.

    Raises:
        BlobError: It is not; or it is, with the status 304. Or a header cannot be read.
    """
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    since, unmodified = _time(headers, "if-modified-since"), _time(headers, "if-unmodified-since")
    if match is not None and not _names(match, blob):
        raise BlobError(412, "ConditionNotMet")
    if _is_wrong_time(blob, None, unmodified):
        raise BlobError(412, "ConditionNotMet")
    if (none_match is not None and _names(none_match, blob)) or (
        none_match is None and _is_wrong_time(blob, since, None)
    ):
        raise BlobError(304, "ConditionNotMet", headers={"etag": blob.etag})


def range_of(headers: Mapping[str, str], size: int) -> tuple[int, int] | None:
    """The first byte that is asked for and the one after the last; None for the whole blob.

    Raises:
        BlobError: There is no such range.
    """
    found = _RANGE.fullmatch(headers.get("x-ms-range", headers.get("range", "")).strip())
    if found is None:
        return None
    start, end = int(found[1]), int(found[2]) + 1 if found[2] else size
    if start >= size or start >= end:
        raise BlobError(416, "InvalidRange", headers={"content-range": f"bytes */{size}"})
    return start, min(end, size)


def _names(text: str, blob: Blob) -> bool:
    etags = [each.strip().strip('"') for each in text.split(",")]
    return text.strip() == "*" or blob.etag.strip('"') in etags


def _is_wrong_time(blob: Blob, since: datetime | None, unmodified: datetime | None) -> bool:
    modified = blob.modified.replace(microsecond=0)
    return (since is not None and modified <= since) or (unmodified is not None and modified > unmodified)


def _time(headers: Mapping[str, str], name: str) -> datetime | None:
    if name not in headers:
        return None
    try:
        found = parsedate_to_datetime(headers[name])
    except (ValueError, OverflowError):
        raise BlobError(400, "InvalidHeaderValue") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
