"""The iTwins API: the favorites of the caller."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from itwin_platform_api.itwins.models import ITwin

from ..._policies.arguments import check_excludes, joined, preferred
from ..pages import AsyncPages
from .group import Group


class Favorites(Group):
    """The favorites of the caller: `platform.favorites`."""

    def list(
        self,
        *,
        sub_class: str | Iterable[str] | None = None,
        status: str | None = None,
        type_: str | None = None,
        include_inactive: bool | None = None,
        detail: Literal["minimal", "full"] = "minimal",
        skip: int | None = None,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncPages[ITwin]:
        """List the iTwins that the caller has marked as favorites.

        `GET /itwins/favorites`, https://developer.bentley.com/apis/itwins/operations/get-my-favorite-itwins/

        Parameters:
            sub_class: One subclass or several, for instance `["Asset", "Project"]`. Queries that name one are faster.
            status: `"Active"`, `"Inactive"` or `"Trial"`. Cannot be combined with `include_inactive`.
            type_: The type.
            include_inactive: Whether to list inactive iTwins too; they are left out by default.
            detail: `"minimal"` returns id, class, subclass, type, number, display name and status; `"full"` all.
            skip: How many iTwins to skip.
            page_size: iTwins per request, 1 to 1000; the platform's default is 100.
            limit: The maximum number of iTwins to return; by default all.

        Returns:
            The iTwins. Nothing is sent before you iterate over them.

        Raises:
            ValueError: An argument cannot be sent, or two of them exclude each other. Nothing was sent.
            InvalidRequestError: The platform does not accept a filter (`InvalidiTwinsRequest`); `details` say which.
        """
        from itwin_platform_api.itwins.api.favorites import get_my_favorite_itwins
        from itwin_platform_api.itwins.models import PreferHeader

        check_excludes("status", status, include_inactive=include_inactive or None)
        request = get_my_favorite_itwins.request(
            sub_class=joined("sub_class", sub_class),
            status=status,
            type_=type_,
            include_inactive=include_inactive,
            prefer=PreferHeader(preferred(detail)),
            skip=skip,
            page_size=page_size,
        )
        return AsyncPages(self._pipeline, request, lambda page: page.itwins, limit=limit)

    async def add(self, itwin_id: str) -> None:
        """Mark an iTwin as a favorite. The caller must be a member of it.

        `POST /itwins/favorites/{id}`,
        https://developer.bentley.com/apis/itwins/operations/add-itwin-to-my-favorites/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.

        Raises:
            NotFoundError: There is no such iTwin, or the caller is not a member of it (`iTwinNotFound`).
            PermissionDeniedError: The caller may not do this (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.favorites import add_itwin_to_my_favorites

        await self._pipeline.call(add_itwin_to_my_favorites.request(itwin_id=itwin_id))

    async def remove(self, itwin_id: str) -> None:
        """Remove an iTwin from the favorites.

        `DELETE /itwins/favorites/{id}`,
        https://developer.bentley.com/apis/itwins/operations/remove-itwin-from-my-favorites/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.

        Raises:
            NotFoundError: There is no such iTwin, or the caller is not a member of it (`iTwinNotFound`).
        """
        from itwin_platform_api.itwins.api.favorites import remove_itwin_from_my_favorites

        await self._pipeline.call(remove_itwin_from_my_favorites.request(itwin_id=itwin_id))
