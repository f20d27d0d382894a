"""The iTwins API: iTwins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from itwin_platform_api.itwins.models import ITwin, ITwinUpdate
from itwin_platform_api.runtime import UNCHANGED, Unchanged

from ..._policies.arguments import (
    MAX_RETURN,
    changed,
    check_excludes,
    choice,
    filter_text,
    given,
    joined,
    largest_list,
    one_change,
    preferred,
    selected,
)
from ...filters import Expression
from ..pages import AsyncPages
from .itwin_images import ITwinImages

_ADVICE = "Narrow it down with filters such as parent_id, or set limit=10000 if these are enough."


class ITwins(ITwinImages):
    """iTwins and their images: `platform.itwins`."""

    def list(
        self,
        *,
        search: str | None = None,
        sub_class: str | Iterable[str] | None = None,
        status: str | None = None,
        type_: str | None = None,
        number: str | None = None,
        display_name: str | None = None,
        parent_id: str | None = None,
        itwin_account_id: str | None = None,
        filter: str | Expression | None = None,  # noqa: A002 (the word of the field)
        order_by: str | None = None,
        include_inactive: bool | None = None,
        query_scope: str | None = None,
        select: str | Iterable[str] | None = None,
        detail: Literal["minimal", "full"] = "minimal",
        skip: int | None = None,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncPages[ITwin]:
        """List the iTwins that the caller is a member of.

        The platform lists at most 10,000 iTwins. The header `X-Max-Return` asks for `limit` of them, or for 10,000.

        `GET /itwins/`, https://developer.bentley.com/apis/itwins/operations/get-my-itwins/

        Parameters:
            search: Text to look for anywhere in number and display name. Cannot be combined with `number` or
                `display_name`.
            sub_class: One subclass or several, for instance `["Asset", "Project"]`. Queries that name one are faster.
            status: `"Active"`, `"Inactive"` or `"Trial"`. Cannot be combined with `include_inactive`.
            type_: The type.
            number: The exact number.
            display_name: The exact display name.
            parent_id: Id of the parent iTwin.
            itwin_account_id: Id of the account that owns the iTwins.
            filter: An OData filter: an expression of `itwin_platform.filters`, or text, for instance
                `"contains(number,'abc')"`. Of the other filters, only `sub_class` can be combined with it.
            order_by: A property, followed by `ASC` or `DESC`, for instance `"displayName DESC"`.
            include_inactive: Whether to list inactive iTwins too; they are left out by default.
            query_scope: `"OrganizationAdmin"` lists the iTwins of the whole organization, for its administrators.
            select: Names of the properties to return, as documented, for instance `["createdDateTime"]`; `id` and
                `displayName` are always returned. The others are None. Cannot be combined with `detail="full"`.
            detail: `"minimal"` returns id, class, subclass, type, number, display name and status; `"full"` all.
            skip: How many iTwins to skip.
            page_size: iTwins per request, 1 to 1000; the platform's default is 100.
            limit: The maximum number of iTwins to return; by default all.

        Returns:
            The iTwins. Nothing is sent before you iterate over them.

        Raises:
            ValueError: An argument cannot be sent, or two of them exclude each other. Nothing was sent.
            InvalidRequestError: The platform does not accept a filter (`InvalidiTwinsRequest`); `details` say which.
            IncompleteListError: After item 10,000, if there may be more and `limit` does not ask for fewer.
        """
        from itwin_platform_api.itwins.api.itwins import get_my_itwins
        from itwin_platform_api.itwins.models import PreferHeader

        check_excludes("status", status, include_inactive=include_inactive or None)
        check_excludes("search", search, number=number, display_name=display_name)
        check_excludes(
            "filter",
            filter,
            status=status,
            type_=type_,
            number=number,
            display_name=display_name,
            parent_id=parent_id,
            itwin_account_id=itwin_account_id,
        )
        request = get_my_itwins.request(
            search=search,
            sub_class=joined("sub_class", sub_class),
            status=status,
            type_=type_,
            number=number,
            display_name=display_name,
            parent_id=parent_id,
            itwin_account_id=itwin_account_id,
            filter=filter_text(filter),
            order_by=order_by,
            include_inactive=include_inactive,
            query_scope=query_scope,
            select=selected(select, detail),
            prefer=PreferHeader(preferred(detail)),
            skip=skip,
            page_size=page_size,
            x_max_return=largest_list(limit),
        )
        return AsyncPages(
            self._pipeline,
            request,
            lambda page: page.itwins,
            limit=limit,
            cap=MAX_RETURN,
            start=skip or 0,
            advice=_ADVICE,
        )

    async def get(self, itwin_id: str) -> ITwin:
        """Get the metadata of an iTwin.

        `GET /itwins/{id}`, https://developer.bentley.com/apis/itwins/operations/get-itwin/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.

        Returns:
            The iTwin. Dates have a time zone; `image` is a link that works for at least an hour.

        Raises:
            NotFoundError: There is no such iTwin, or the caller is not a member of it (`iTwinNotFound`).
        """
        from itwin_platform_api.itwins.api.itwins import get_itwin

        return (await self._pipeline.call(get_itwin.request(itwin_id=itwin_id))).itwin

    async def create(
        self,
        display_name: str,
        *,
        class_: str,
        sub_class: str,
        type_: str | None = None,
        number: str | None = None,
        status: str | None = None,
        parent_id: str | None = None,
        geographic_location: str | None = None,
        latitude: float | None = None,
        longitude: float | None = None,
        iana_time_zone: str | None = None,
        data_center_location: str | None = None,
    ) -> ITwin:
        """Create an iTwin. The caller becomes its owner.

        `POST /itwins/`, https://developer.bentley.com/apis/itwins/operations/create-itwin/

        Parameters:
            display_name: The name shown to users, at most 255 characters.
            class_: `"Thing"`, `"Endeavor"` or `"Account"`.
            sub_class: The subclass, for instance `"Asset"` (a Thing) or `"Project"` (an Endeavor).
            type_: Any word for the kind of iTwin, at most 100 characters.
            number: A number or code, at most 255 characters, which is unique in the organization. By default it is the
                id.
            status: `"Active"`, `"Inactive"` or `"Trial"`.
            parent_id: Id of the parent iTwin; by default the account of the caller.
            geographic_location: Where it is, usually an address or a city, at most 255 characters.
            latitude: In degrees, -90 to 90.
            longitude: In degrees, -180 to 180.
            iana_time_zone: An IANA time zone id, for instance `"America/New_York"`.
            data_center_location: The data center that keeps its data, for instance `"North Europe"`; the platform's
                default is East US.

        Returns:
            The iTwin as it was created, with its id.

        Raises:
            ConflictError: The organization has an iTwin with this number or display name (`iTwinExists`).
            InvalidRequestError: A value is not allowed (`InvalidiTwinsRequest`); `details` say which.
            PermissionDeniedError: The caller may not create iTwins there (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.itwins import create_itwin
        from itwin_platform_api.itwins.models import ITwinClass, ITwinCreate, ITwinStatus, ITwinSubClass

        body = ITwinCreate(
            display_name=display_name,
            class_=choice("class_", ITwinClass, class_),
            sub_class=choice("sub_class", ITwinSubClass, sub_class),
            type_=given(type_),
            number=given(number),
            status=given(status, ITwinStatus),
            parent_id=given(parent_id),
            geographic_location=given(geographic_location),
            latitude=given(latitude),
            longitude=given(longitude),
            iana_time_zone=given(iana_time_zone),
            data_center_location=given(data_center_location),
        )
        return (await self._pipeline.call(create_itwin.request(body=body))).itwin

    async def update(
        self,
        itwin_id: str,
        changes: ITwinUpdate | None = None,
        *,
        display_name: str | Unchanged = UNCHANGED,
        number: str | Unchanged = UNCHANGED,
        type_: str | Unchanged = UNCHANGED,
        status: str | Unchanged = UNCHANGED,
        geographic_location: str | Unchanged | None = UNCHANGED,
        latitude: float | Unchanged | None = UNCHANGED,
        longitude: float | Unchanged | None = UNCHANGED,
        iana_time_zone: str | Unchanged | None = UNCHANGED,
    ) -> ITwin:
        """Change an iTwin. Properties that are not named stay as they are; None clears one, if that is allowed.

        Class and subclass cannot be changed.

        `PATCH /itwins/{id}`, https://developer.bentley.com/apis/itwins/operations/update-itwin/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            changes: The changes as a model, instead of the arguments below; only the properties that were set are sent.
            display_name: The name shown to users, at most 255 characters.
            number: A number or code, at most 255 characters, which is unique in the organization.
            type_: Any word for the kind of iTwin, at most 100 characters.
            status: `"Active"`, `"Inactive"` or `"Trial"`.
            geographic_location: Where it is, at most 255 characters, or None.
            latitude: In degrees, -90 to 90, or None.
            longitude: In degrees, -180 to 180, or None.
            iana_time_zone: An IANA time zone id, or None.

        Returns:
            The iTwin as it is now.

        Raises:
            ValueError: No changes are given, or a property is None that cannot be null. Nothing was sent.
            NotFoundError: There is no such iTwin, or the caller is not a member of it (`iTwinNotFound`).
            InvalidRequestError: A value is not allowed (`InvalidiTwinsRequest`); `details` say which.
            PermissionDeniedError: The caller may not change the iTwin (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.itwins import update_itwin
        from itwin_platform_api.itwins.models import ITwinStatus, ITwinUpdate

        named = ITwinUpdate(
            display_name=display_name,
            number=number,
            type_=type_,
            status=changed(status, ITwinStatus),
            geographic_location=geographic_location,
            latitude=latitude,
            longitude=longitude,
            iana_time_zone=iana_time_zone,
        )
        request = update_itwin.request(itwin_id=itwin_id, body=one_change(changes, named))
        return (await self._pipeline.call(request)).itwin

    async def delete(self, itwin_id: str) -> None:
        """Delete an iTwin.

        `DELETE /itwins/{id}`, https://developer.bentley.com/apis/itwins/operations/delete-itwin/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.

        Raises:
            NotFoundError: There is no such iTwin, or the caller is not a member of it (`iTwinNotFound`).
            PermissionDeniedError: The caller is not an owner of the iTwin (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.itwins import delete_itwin

        await self._pipeline.call(delete_itwin.request(itwin_id=itwin_id))

    async def get_account(self, itwin_id: str) -> ITwin:
        """Get the account that an iTwin belongs to.

        `GET /itwins/{iTwinId}/account`, https://developer.bentley.com/apis/itwins/operations/get-itwin-account/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.

        Returns:
            The account, which is an iTwin too, with its main properties; the others are None.

        Raises:
            NotFoundError: There is no such iTwin, or the caller is not a member of it (`iTwinNotFound`).
        """
        from itwin_platform_api.itwins.api.itwins import get_itwin_account

        return (await self._pipeline.call(get_itwin_account.request(itwin_id=itwin_id))).itwin

    async def get_primary_account(self) -> ITwin:
        """Get the primary account of the caller: the one that new iTwins go into unless another is named.

        It is that of the caller's organization. Users without an organization have an account of their own.

        `GET /itwins/myprimaryaccount`, https://developer.bentley.com/apis/itwins/operations/get-my-primary-account/

        Returns:
            The account, which is an iTwin too, with its main properties; the others are None.
        """
        from itwin_platform_api.itwins.api.itwins import get_my_primary_account

        return (await self._pipeline.call(get_my_primary_account.request())).itwin
