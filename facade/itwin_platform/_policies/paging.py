"""Lists with several pages: how far to go, and where the next page is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol, TypeVar
from urllib.parse import quote, urljoin

from ..errors import IncompleteListError
from .addresses import Target, UntrustedError, is_platform, trusted

T = TypeVar("T")

# A server that sends empty pages forever would keep a loop forever.
_MAX_EMPTY = 100
# Characters of links that are harmless and yet have to be encoded: servers put filters into links as they came.
_UNSAFE = re.compile(r"[ \"<>^`{|}]|[^\x00-\x7f]")


class Link(Protocol):
    """A link of an answer."""

    @property
    def href(self) -> str | None:
        """Its address."""


class Links(Protocol):
    """The links of a page."""

    @property
    def next_(self) -> Link | None:
        """The link to the next page."""


def next_link(page: object) -> str | None:
    """The link to the next page; None on the last one, and where a list has no pages."""
    links: Links | None = getattr(page, "links", None)
    link = links.next_ if links is not None else None
    return (link.href or None) if link is not None else None


def next_target(link: str, page: Target, configured: str) -> Target:
    """Where the link to the next page leads, if it may be followed.

    It must stay at the origin of the page that held it. A client of the platform also follows links from one host of
    the platform to another.

    Parameters:
        link: The link, absolute or relative.
        page: Where the page came from, after redirects.
        configured: The origin that the client was configured with.

    Raises:
        UntrustedError: It may not be followed.
    """
    encoded = _UNSAFE.sub(lambda found: quote(found[0], safe="", errors="replace"), link)
    try:
        url = urljoin(page.url, encoded).partition("#")[0]
    except ValueError:
        url = ""
    target = trusted(url, configured)
    if target.origin != page.origin and not (is_platform(configured) and is_platform(target.origin)):
        raise UntrustedError("it leads to another host than that of the page")
    return target


def check_limit(limit: object, name: str = "limit") -> None:
    """Raise ValueError if a limit is neither None nor a whole number from 1."""
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise ValueError(f"{name} must be a whole number of at least 1, or None")


class Walk:
    """A walk through the pages of a list.

    Parameters:
        operation: Id of the operation, for errors.
        limit: The maximum number of items to take; None for all.
        cap: The maximum number of items that the platform lists; None if not documented.
        start: How many items are skipped at the start; they count towards the cap.
        advice: What to do about a list that is longer than the cap.
    """

    def __init__(self, operation: str, limit: int | None, cap: int | None, start: int = 0, advice: str = "") -> None:
        self._operation = operation
        self._limit = limit
        self._cap = cap
        self._seen = start
        self._taken = 0
        self._empty = 0
        self._links: set[int] = set()
        self._advice = advice

    def take(self, items: Iterable[T]) -> list[T]:
        """The items of a page that are wanted."""
        found = list(items)
        if self._limit is not None:
            found = found[: self._limit - self._taken]
        if self._cap is not None:
            found = found[: max(0, self._cap - self._seen)]
        self._taken += len(found)
        self._seen += len(found)
        self._empty = 0 if found else self._empty + 1
        return found

    def goes_on(self, link: str | None) -> bool:
        """Whether the page with this link to the next is not the last one that is wanted.

        Raises:
            IncompleteListError: There may be more items than the platform lists.
            UntrustedError: The link leads back, or to too many pages without items.
        """
        if self._limit is not None and self._taken >= self._limit:
            return False
        if self._cap is not None and self._seen >= self._cap:
            raise IncompleteListError(
                f"{self._operation} lists {self._cap} items at most, and there may be more. {self._advice}",
                operation=self._operation,
                count=self._cap,
            )
        if link is None:
            return False
        if hash(link) in self._links:
            raise UntrustedError("it leads back to a page that was read already")
        if self._empty >= _MAX_EMPTY:
            raise UntrustedError(f"it follows {_MAX_EMPTY} pages without items")
        self._links.add(hash(link))
        return True
