"""The iTwins API: the settings of an account."""

from __future__ import annotations

from itwin_platform_api.itwins.models import AccountSettings as Settings

from ..._policies.arguments import choice
from .group import Group


class AccountSettings(Group):
    """The settings of an account, for administrators of its organization: `platform.account_settings`."""

    async def get(self, account_id: str) -> Settings:
        """Get the settings of the caller's account.

        The operation is not fully documented: parameters and errors may differ from what is said here.

        `GET /itwins/accountsettings/{accountId}`,
        https://developer.bentley.com/apis/itwins/operations/get-account-settings/

        Parameters:
            account_id: Id of the account, a GUID; that of `itwins.get_primary_account`.

        Returns:
            The settings.

        Raises:
            NotFoundError: There is no such account (`iTwinNotFound`).
            PermissionDeniedError: The caller is not an administrator of the organization (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.account_settings import get_account_settings

        return (await self._pipeline.call(get_account_settings.request(account_id=account_id))).account_settings

    async def create(self, account_id: str, *, creation_auth_policy: str) -> Settings:
        """Create the settings of the caller's account.

        The operation is not fully documented: parameters and errors may differ from what is said here.

        `POST /itwins/accountsettings/{accountId}`,
        https://developer.bentley.com/apis/itwins/operations/create-account-settings/

        Parameters:
            account_id: Id of the account, a GUID; that of `itwins.get_primary_account`.
            creation_auth_policy: Who may create iTwins: users with the permission (`"RbacPermission"`) or every user of
                the organization (`"AnyoneInOrg"`).

        Returns:
            The settings as they were created.

        Raises:
            NotFoundError: There is no such account (`iTwinNotFound`).
            PermissionDeniedError: The caller is not an administrator of the organization (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.account_settings import create_account_settings
        from itwin_platform_api.itwins.models import AccountSettingsCreate, CreationAuthPolicy

        policy = choice("creation_auth_policy", CreationAuthPolicy, creation_auth_policy)
        body = AccountSettingsCreate(creation_auth_policy=policy)
        request = create_account_settings.request(account_id=account_id, body=body)
        return (await self._pipeline.call(request)).account_settings

    async def update(self, account_id: str, *, creation_auth_policy: str) -> Settings:
        """Change the settings of the caller's account.

        The operation is not fully documented: parameters and errors may differ from what is said here.

        `PATCH /itwins/accountsettings/{accountId}`,
        https://developer.bentley.com/apis/itwins/operations/update-account-settings/

        Parameters:
            account_id: Id of the account, a GUID; that of `itwins.get_primary_account`.
            creation_auth_policy: Who may create iTwins: users with the permission (`"RbacPermission"`) or every user of
                the organization (`"AnyoneInOrg"`).

        Returns:
            The settings as they are now.

        Raises:
            NotFoundError: There is no such account (`iTwinNotFound`).
            PermissionDeniedError: The caller is not an administrator of the organization (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.account_settings import update_account_settings
        from itwin_platform_api.itwins.models import AccountSettingsUpdate, CreationAuthPolicy

        policy = choice("creation_auth_policy", CreationAuthPolicy, creation_auth_policy)
        body = AccountSettingsUpdate(creation_auth_policy=policy)
        request = update_account_settings.request(account_id=account_id, body=body)
        return (await self._pipeline.call(request)).account_settings
