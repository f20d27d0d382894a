"""The Reality Management API: reality data, and the iTwins that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from attrs import evolve

from itwin_platform_api.reality_management.models import (
    Acquisition,
    Crs,
    Extent,
    ITwinAssociation,
    RealityData,
    RealityDataUpdate,
)
from itwin_platform_api.runtime import UNCHANGED, Unchanged

from ..._policies.arguments import area, extent_of, given, one_change, optional_text, period, preferred, text, texts
from ..pages import AsyncPages
from .reality_data_containers import RealityDataContainers


class RealityManagement(RealityDataContainers):
    """Reality data and its iTwins: `platform.reality_data`.

    Reality data is, for instance, a mesh, a point cloud or a set of photos: an entry with properties, and a container
    for its files. It can belong to several iTwins, or to none. Administrators of an organization need no permissions.
    """

    def list(
        self,
        itwin_id: str | None = None,
        *,
        search: str | None = None,
        types: str | Iterable[str] | None = None,
        tag: str | None = None,
        extent: str | tuple[float, float, float, float] | None = None,
        acquisition_date_time: str | tuple[datetime, datetime] | None = None,
        created_date_time: str | tuple[datetime, datetime] | None = None,
        modified_date_time: str | tuple[datetime, datetime] | None = None,
        last_accessed_date_time: str | tuple[datetime, datetime] | None = None,
        owner_id: str | None = None,
        data_center: str | None = None,
        order_by: str | None = None,
        detail: Literal["minimal", "full"] = "minimal",
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncPages[RealityData]:
        """List the reality data that the caller may see, in an iTwin or in the whole organization.

        Times are ranges: a pair of datetimes with a time zone, or text such as
        `"2025-01-01T00:00:00Z/2025-02-01T00:00:00Z"`.

        `GET /reality-management/reality-data/`,
        https://developer.bentley.com/apis/reality-management/operations/get-all-reality-data/

        Parameters:
            itwin_id: Id of the iTwin that the reality data belongs to, a GUID. Without it, the list is often shorter.
            search: Text to look for.
            types: One type or several, for instance `["OPC", "Cesium3DTiles"]`.
            tag: A tag that the reality data has; it must match exactly.
            extent: The area to look in, in degrees: longitude and latitude of its southwest corner, then of its
                northeast corner, as four numbers or as comma-separated text.
            acquisition_date_time: When the data was acquired.
            created_date_time: When the reality data was created.
            modified_date_time: When it was last changed.
            last_accessed_date_time: When it was last used.
            owner_id: Id of the user who owns it.
            data_center: The data center that stores it, for instance `"East US"`.
            order_by: A property, followed by `desc` for descending order, for instance `"displayName desc"`.
            detail: `"minimal"` returns the main properties, and the others are None; `"full"` returns all.
            page_size: Reality data per request, 1 to 1000; the platform's default is 100.
            limit: The maximum number of items to return; by default all.

        Returns:
            The reality data. Nothing is sent before you iterate over them.

        Raises:
            ValueError: An argument cannot be sent. Nothing was sent.
            InvalidRequestError: The platform does not accept a filter (`InvalidRealityDataRequest`); see `details`.
            PermissionDeniedError: The caller may not see the reality data of the iTwin (`InsufficientPermissions`).
            NotFoundError: There is no such iTwin (`iTwinNotFound`).
        """
        from itwin_platform_api.reality_management.api.reality_data import get_all_reality_data
        from itwin_platform_api.reality_management.models import GetAllRealityDataPrefer

        request = get_all_reality_data.request(
            itwin_id=optional_text("itwin_id", itwin_id),
            search=search,
            types=None if types is None else texts("types", types.split(",") if isinstance(types, str) else types),
            tag=tag,
            extent=area("extent", extent),
            acquisition_date_time=period("acquisition_date_time", acquisition_date_time),
            created_date_time=period("created_date_time", created_date_time),
            modified_date_time=period("modified_date_time", modified_date_time),
            last_accessed_date_time=period("last_accessed_date_time", last_accessed_date_time),
            owner_id=optional_text("owner_id", owner_id),
            data_center=data_center,
            order_by=order_by,
            prefer=GetAllRealityDataPrefer(preferred(detail)),
            page_size=page_size,
        )
        return AsyncPages(self._pipeline, request, lambda page: page.reality_data, limit=limit)

    async def get(self, reality_data_id: str, *, itwin_id: str | None = None) -> RealityData:
        """Get all properties of reality data. Its files are in its container.

        `GET /reality-management/reality-data/{id}`,
        https://developer.bentley.com/apis/reality-management/operations/get-reality-data-details/

        Parameters:
            reality_data_id: Id of the reality data, a GUID.
            itwin_id: Id of the iTwin in which the caller has permissions. Without it, only other permissions count, for
                instance those of the owner.

        Returns:
            The reality data. Dates have a time zone; `size` is in kilobytes.

        Raises:
            NotFoundError: There is no such reality data (`RealityDataNotFound`), or not in this iTwin.
            PermissionDeniedError: The caller lacks `realitydata_use` in the iTwin (`InsufficientPermissions`).
            InvalidRequestError: The id of the iTwin is not valid (`InvalidRealityDataRequest`); `details` say more.
        """
        from itwin_platform_api.reality_management.api.reality_data import get_reality_data_details

        request = get_reality_data_details.request(
            reality_data_id=reality_data_id, itwin_id=optional_text("itwin_id", itwin_id)
        )
        return (await self._pipeline.call(request)).reality_data

    async def create(
        self,
        itwin_id: str,
        display_name: str,
        *,
        type_: str,
        root_document: str | None = None,
        description: str | None = None,
        classification: str | None = None,
        tags: Iterable[str] | None = None,
        dataset: str | None = None,
        group: str | None = None,
        attribution: str | None = None,
        terms_of_use: str | None = None,
        acquisition: Acquisition | None = None,
        extent: Extent | tuple[float, float, float, float] | None = None,
        crs: Crs | None = None,
        authoring: bool | None = None,
        owner_id: str | None = None,
    ) -> RealityData:
        """Create the entry of reality data in an iTwin, with an empty container for its files.

        `POST /reality-management/reality-data/`,
        https://developer.bentley.com/apis/reality-management/operations/create-reality-data/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            display_name: The name shown to users.
            type_: The format of the data, for instance `"3MX"`, `"OPC"`, `"PointCloud"` or `"Cesium3DTiles"`.
            root_document: The file that programs open, with its folder, for instance `"Folder1/Tile_Root.json"`.
            description: What the data is, in words.
            classification: `"Terrain"`, `"Imagery"`, `"Pinned"`, `"Model"` or `"Undefined"`.
            tags: Up to 15 tags of at most 60 characters, which are converted to lower case.
            dataset: A name that groups reality data.
            group: A name that groups reality data within a dataset.
            attribution: Who must be credited.
            terms_of_use: The terms on which the data may be used.
            acquisition: When and by whom the data was acquired.
            extent: The area that it covers: an `Extent`, or four numbers as for `list`.
            crs: Its coordinate reference system.
            authoring: True while files are being uploaded, False once the data is complete.
            owner_id: Id of the user who will own it; by default the caller.

        Returns:
            The reality data as it was created, with its id.

        Raises:
            ValueError: iTwin, name or type is missing, or a value cannot be sent. Nothing was sent.
            InvalidRequestError: A value is not allowed (`InvalidRealityDataRequest`); `details` say which.
            PermissionDeniedError: The caller lacks `realitydata_create` in the iTwin (`InsufficientPermissions`).
        """
        from itwin_platform_api.reality_management.api.reality_data import create_reality_data
        from itwin_platform_api.reality_management.models import RealityDataCreate

        body = RealityDataCreate(
            itwin_id=text("itwin_id", itwin_id),
            display_name=text("display_name", display_name),
            type_=text("type_", type_),
            root_document=given(root_document),
            description=given(description),
            classification=given(classification),
            tags=UNCHANGED if tags is None else texts("tags", tags),
            dataset=given(dataset),
            group=given(group),
            attribution=given(attribution),
            terms_of_use=given(terms_of_use),
            acquisition=given(acquisition),
            extent=given(extent_of(extent)),
            crs=given(crs),
            authoring=given(authoring),
            owner_id=given(owner_id),
        )
        return (await self._pipeline.call(create_reality_data.request(body=body))).reality_data

    async def update(
        self,
        reality_data_id: str,
        changes: RealityDataUpdate | None = None,
        *,
        display_name: str | Unchanged = UNCHANGED,
        type_: str | Unchanged = UNCHANGED,
        root_document: str | Unchanged = UNCHANGED,
        description: str | Unchanged = UNCHANGED,
        classification: str | Unchanged = UNCHANGED,
        tags: Iterable[str] | Unchanged = UNCHANGED,
        dataset: str | Unchanged = UNCHANGED,
        group: str | Unchanged = UNCHANGED,
        attribution: str | Unchanged = UNCHANGED,
        terms_of_use: str | Unchanged = UNCHANGED,
        acquisition: Acquisition | Unchanged = UNCHANGED,
        extent: Extent | tuple[float, float, float, float] | Unchanged = UNCHANGED,
        crs: Crs | Unchanged = UNCHANGED,
        authoring: bool | Unchanged = UNCHANGED,
        owner_id: str | Unchanged = UNCHANGED,
        itwin_id: str | None = None,
    ) -> RealityData:
        """Change reality data. Properties that are not named stay as they are; none of them can be cleared.

        `PATCH /reality-management/reality-data/{id}`,
        https://developer.bentley.com/apis/reality-management/operations/update-reality-data/

        Parameters:
            reality_data_id: Id of the reality data, a GUID.
            changes: The changes as a model, instead of the arguments below; only the properties that were set are sent.
            display_name: The name shown to users.
            type_: The format of the data, for instance `"OPC"`.
            root_document: The file that programs open, with its folder.
            description: What the data is, in words.
            classification: `"Terrain"`, `"Imagery"`, `"Pinned"`, `"Model"` or `"Undefined"`.
            tags: All of its tags: up to 15 of at most 60 characters, which are converted to lower case.
            dataset: A name that groups reality data.
            group: A name that groups reality data within a dataset.
            attribution: Who must be credited.
            terms_of_use: The terms on which the data may be used.
            acquisition: When and by whom the data was acquired.
            extent: The area that it covers: an `Extent`, or four numbers as for `list`.
            crs: Its coordinate reference system.
            authoring: True while files are being uploaded, False once the data is complete.
            owner_id: Id of the user who will own it.
            itwin_id: Id of the iTwin in which the caller has permissions, also together with `changes`. Without it,
                only other permissions count, for instance those of the owner.

        Returns:
            The reality data as it is now.

        Raises:
            ValueError: No changes are given, or a value cannot be sent. Nothing was sent.
            NotFoundError: There is no such reality data (`RealityDataNotFound`), or not in this iTwin.
            InvalidRequestError: A value is not allowed (`InvalidRealityDataRequest`); `details` say which.
            PermissionDeniedError: The caller lacks `realitydata_manage` in the iTwin (`InsufficientPermissions`).
        """
        from itwin_platform_api.reality_management.api.reality_data import update_reality_data

        named = RealityDataUpdate(
            display_name=display_name,
            type_=type_,
            root_document=root_document,
            description=description,
            classification=classification,
            tags=tags if isinstance(tags, Unchanged) else texts("tags", tags),
            dataset=dataset,
            group=group,
            attribution=attribution,
            terms_of_use=terms_of_use,
            acquisition=acquisition,
            extent=extent_of(extent),
            crs=crs,
            authoring=authoring,
            owner_id=owner_id,
        )
        body = one_change(changes, named)
        if itwin_id is not None:
            body = evolve(body, itwin_id=text("itwin_id", itwin_id))
        request = update_reality_data.request(reality_data_id=reality_data_id, body=body)
        return (await self._pipeline.call(request)).reality_data

    async def delete(self, reality_data_id: str) -> None:
        """Delete reality data and its files. It may belong to at most one iTwin; needs `realitydata_manage`.

        `DELETE /reality-management/reality-data/{id}`,
        https://developer.bentley.com/apis/reality-management/operations/delete-reality-data/

        Parameters:
            reality_data_id: Id of the reality data, a GUID.

        Raises:
            NotFoundError: There is no such reality data, or the caller may not see it (`RealityDataNotFound`).
            InvalidRequestError: The id is not valid, or the reality data belongs to several iTwins
                (`InvalidRealityDataRequest`); `details` say more.
        """
        from itwin_platform_api.reality_management.api.reality_data import delete_reality_data

        await self._pipeline.call(delete_reality_data.request(reality_data_id=reality_data_id))

    async def move(self, reality_data_id: str, itwin_id: str) -> None:
        """Move reality data to another iTwin of the same organization and data center. It may belong to one at most.

        `PATCH /reality-management/reality-data/{id}/move`,
        https://developer.bentley.com/apis/reality-management/operations/move-reality-data/

        Parameters:
            reality_data_id: Id of the reality data, a GUID.
            itwin_id: Id of the iTwin to move it to, a GUID.

        Raises:
            NotFoundError: There is no such reality data (`RealityDataNotFound`).
            PermissionDeniedError: The caller lacks `realitydata_manage` in an iTwin (`InsufficientPermissions`).
            ConflictError: It is in this iTwin already (`AlreadyExists`).
            InvalidRequestError: It cannot be moved there (`InvalidRealityDataRequest`); `details` say why.
        """
        from itwin_platform_api.reality_management.api.reality_data import move_reality_data
        from itwin_platform_api.reality_management.models import RealityDataMove

        body = RealityDataMove(itwin_id=text("itwin_id", itwin_id))
        await self._pipeline.call(move_reality_data.request(reality_data_id=reality_data_id, body=body))

    def list_itwins(self, reality_data_id: str, *, limit: int | None = None) -> AsyncPages[str]:
        """List the ids of the iTwins that reality data belongs to.

        `GET /reality-management/reality-data/{id}/itwins`,
        https://developer.bentley.com/apis/reality-management/operations/get-reality-data-itwins/

        Parameters:
            reality_data_id: Id of the reality data, a GUID.
            limit: The maximum number of ids to return; by default all.

        Returns:
            The ids, all on one page; there may be none. Nothing is sent before you iterate over them.

        Raises:
            NotFoundError: There is no such reality data (`RealityDataNotFound`).
            PermissionDeniedError: The caller lacks `realitydata_use` in the iTwin (`InsufficientPermissions`).
            InvalidRequestError: The id is not valid (`InvalidRealityDataRequest`); `details` say more.
        """
        from itwin_platform_api.reality_management.api.associations import get_reality_data_itwins

        request = get_reality_data_itwins.request(reality_data_id=reality_data_id)
        return AsyncPages(self._pipeline, request, lambda page: page.itwins, limit=limit)

    async def associate(self, reality_data_id: str, itwin_id: str) -> ITwinAssociation:
        """Add reality data to another iTwin. This needs `realitydata_create` and `realitydata_assign` there.

        `POST /reality-management/reality-data/{id}/itwins/{iTwinId}`,
        https://developer.bentley.com/apis/reality-management/operations/associate-to-itwin/

        Parameters:
            reality_data_id: Id of the reality data, a GUID.
            itwin_id: Id of the iTwin, a GUID.

        Returns:
            Both ids: `id` of the reality data, and `itwin_id`.

        Raises:
            NotFoundError: There is no such reality data (`RealityDataNotFound`).
            PermissionDeniedError: The caller lacks one of these permissions (`InsufficientPermissions`).
            ConflictError: It is part of this iTwin already (`AssociationExists`).
            InvalidRequestError: An id is not valid (`InvalidRealityDataRequest`); `details` say which.
        """
        from itwin_platform_api.reality_management.api.associations import associate_to_itwin

        request = associate_to_itwin.request(reality_data_id=reality_data_id, itwin_id=itwin_id)
        return (await self._pipeline.call(request)).itwin_association

    async def dissociate(self, reality_data_id: str, itwin_id: str) -> None:
        """Remove reality data from an iTwin. This needs `realitydata_create` and `realitydata_assign` there.

        `DELETE /reality-management/reality-data/{id}/itwins/{iTwinId}`,
        https://developer.bentley.com/apis/reality-management/operations/dissociate-from-itwin/

        Parameters:
            reality_data_id: Id of the reality data, a GUID.
            itwin_id: Id of the iTwin, a GUID.

        Raises:
            NotFoundError: The reality data is not part of the iTwin (`AssociationNotFound`).
            PermissionDeniedError: The caller lacks one of these permissions (`InsufficientPermissions`).
            InvalidRequestError: An id is not valid (`InvalidRealityDataRequest`); `details` say which.
        """
        from itwin_platform_api.reality_management.api.associations import dissociate_from_itwin

        request = dissociate_from_itwin.request(reality_data_id=reality_data_id, itwin_id=itwin_id)
        await self._pipeline.call(request)
