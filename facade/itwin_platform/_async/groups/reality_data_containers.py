"""The Reality Management API: the containers of reality data."""

from __future__ import annotations

from typing import Literal

from ..._policies.arguments import one_of, optional_text
from ..containers import AsyncTransferContainer
from .containers import transfer_container
from .group import Group


class RealityDataContainers(Group):
    """The part of `platform.reality_data` that deals with files."""

    async def container(
        self, reality_data_id: str, *, access: Literal["read", "write"] = "read", itwin_id: str | None = None
    ) -> AsyncTransferContainer:
        """Get the container that holds the files of reality data, with a SAS URL to use it.

        Reading needs `realitydata_use` in the iTwin, writing needs `realitydata_manage`.

        `GET /reality-management/reality-data/{id}/readaccess`,
        https://developer.bentley.com/apis/reality-management/operations/get-read-access-to-reality-data-container/

        `GET /reality-management/reality-data/{id}/writeaccess`,
        https://developer.bentley.com/apis/reality-management/operations/get-write-access-to-reality-data-container/

        Parameters:
            reality_data_id: Id of the reality data, a GUID.
            access: `"read"` to list and download files, `"write"` to change them as well.
            itwin_id: Id of the iTwin in which the caller has permissions. Without it, only other permissions count, for
                instance those of the owner.

        Returns:
            The container, with methods to transfer files. Its `container_url` gives access to it until `expires_at`,
            without a token.

        Raises:
            ValueError: `access` is neither of these, or an id cannot be sent. Nothing was sent.
            NotFoundError: There is no such reality data (`RealityDataNotFound`), or not in this iTwin.
            PermissionDeniedError: The caller lacks the permission in the iTwin (`InsufficientPermissions`).
            InvalidRequestError: An id is not valid (`InvalidRealityDataRequest`); `details` say which.
        """
        from itwin_platform_api.reality_management.api.containers import (
            get_read_access_to_reality_data_container,
            get_write_access_to_reality_data_container,
        )

        itwin_id = optional_text("itwin_id", itwin_id)
        if one_of("access", access, ("read", "write")) == "read":
            request = get_read_access_to_reality_data_container.request(
                reality_data_id=reality_data_id, itwin_id=itwin_id
            )
        else:
            request = get_write_access_to_reality_data_container.request(
                reality_data_id=reality_data_id, itwin_id=itwin_id
            )
        return await transfer_container(self._pipeline, request, reality_data_id, access)
