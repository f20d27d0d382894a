"""The iTwins API: repositories, which hold the data of an iTwin."""

from __future__ import annotations

from collections.abc import Mapping

from itwin_platform_api.itwins.models import Repository, RepositoryCreate, RepositoryUpdate
from itwin_platform_api.runtime import UNCHANGED, Unchanged

from ..._flags import check_flags
from ..._policies.arguments import any_given, choice, given, needed, one_body, one_change
from ..._policies.parts import Authentication, Options, authentication_of, check_whole, merged, options_of
from ...connections import RepositoryConnection
from ..pages import AsyncPages
from .repository_resources import RepositoryResources


class Repositories(RepositoryResources):
    """Repositories and their resources: `platform.repositories`."""

    def list(
        self, itwin_id: str, *, class_: str | None = None, sub_class: str | None = None, limit: int | None = None
    ) -> AsyncPages[Repository]:
        """List the repositories of an iTwin that hold data.

        Repositories of Bentley's own services appear automatically, with their class in lower case as id.

        `GET /itwins/{iTwinId}/repositories`,
        https://developer.bentley.com/apis/itwins/operations/get-repositories-by-itwin-id/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            class_: The class, for instance `"iModels"` or `"GeographicInformationSystem"`.
            sub_class: The subclass, for instance `"WebMapService"`. Only together with `class_`.
            limit: The maximum number of repositories to return; by default all.

        Returns:
            The repositories. Nothing is sent before you iterate over them. The platform returns all at once.

        Raises:
            ValueError: An argument cannot be sent, or there is a `sub_class` without a `class_`. Nothing was sent.
            NotFoundError: There is no such iTwin, or the caller is not a member of it (`iTwinNotFound`).
            InvalidRequestError: There is no such class or subclass, or they do not match (`InvalidiTwinsRequest`).
        """
        from itwin_platform_api.itwins.api.repositories import get_repositories_by_itwin_id

        if sub_class is not None and class_ is None:
            raise ValueError("sub_class can only be used with class_")
        request = get_repositories_by_itwin_id.request(itwin_id=itwin_id, class_=class_, sub_class=sub_class)
        return AsyncPages(self._pipeline, request, lambda page: page.repositories, limit=limit)

    async def get(self, itwin_id: str, repository_id: str) -> Repository:
        """Get a repository: its address, how to authenticate there, and the options that requests need.

        The caller must be on the team of the iTwin, or an administrator of its organization.

        The operation is a technical preview: for trying out, not for production.

        `GET /itwins/{iTwinId}/repositories/{repositoryId}`,
        https://developer.bentley.com/apis/itwins/operations/get-repository/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            repository_id: Id of the repository: a GUID, or a name such as `imodels`.

        Returns:
            The repository. API keys and passwords in `authentication` are plain values, masked in `repr()`.

        Raises:
            NotFoundError: There is no such repository, or it holds no resource (`iTwinRepositoryNotFound`).
        """
        from itwin_platform_api.itwins.api.repositories import get_repository

        request = get_repository.request(itwin_id=itwin_id, repository_id=repository_id)
        return (await self._pipeline.call(request)).repository

    async def create(
        self,
        itwin_id: str,
        repository: RepositoryCreate | None = None,
        *,
        class_: str | None = None,
        uri: str | None = None,
        sub_class: str | None = None,
        display_name: str | None = None,
        authentication: Authentication | Mapping[str, object] | None = None,
        options: Options | Mapping[str, object] | None = None,
    ) -> Repository:
        """Add a source of data to an iTwin, for instance a map server.

        `POST /itwins/{iTwinId}/repositories`,
        https://developer.bentley.com/apis/itwins/operations/create-repository/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            repository: The repository as a model, instead of the arguments below.
            class_: `"GeographicInformationSystem"`, `"Construction"` or `"Subsurface"`. Required without
                `repository`.
            uri: Where the repository is, at most 2000 characters. Required without `repository`.
            sub_class: The subclass, for instance `"WebMapService"`, `"Performance"` or `"EvoWorkspace"`.
            display_name: The name shown to users, at most 200 characters.
            authentication: How to authenticate there, as a model such as `ApiKeyAuthentication` or as its JSON form.
            options: What a request for data needs besides the address, as a model such as `GISUrlTemplateOptions` or
                as its JSON form.

        Returns:
            The repository as it was created, with its id.

        Raises:
            ValueError: Something is missing, or cannot be sent. Nothing was sent.
            NotFoundError: There is no such iTwin, or the caller is not a member of it (`iTwinNotFound`).
            ConflictError: The iTwin has this repository already (`iTwinRepositoryExists`).
            InvalidRequestError: A value is not allowed (`InvalidiTwinsRequest`); `details` say which.
            PermissionDeniedError: The caller may not change the iTwin (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.repositories import create_repository
        from itwin_platform_api.itwins.models import RepositoryClass, RepositorySubClass

        def named() -> RepositoryCreate:
            return RepositoryCreate(
                class_=choice("class_", RepositoryClass, class_),
                uri=needed("uri", uri),
                sub_class=given(sub_class, RepositorySubClass),
                display_name=given(display_name),
                authentication=given(authentication_of(authentication)),
                options=given(options_of(options)),
            )

        others = any_given(class_, uri, sub_class, display_name, authentication, options)
        try:
            body = one_body("repository", repository, RepositoryCreate, named, given=others)
        finally:
            # Secrets may be in them, which the frames of an error must not show.
            uri = authentication = options = None
        check_whole(body.authentication)
        return (await self._pipeline.call(create_repository.request(itwin_id=itwin_id, body=body))).repository

    async def update(
        self,
        itwin_id: str,
        repository_id: str,
        changes: RepositoryUpdate | None = None,
        *,
        display_name: str | Unchanged = UNCHANGED,
        uri: str | Unchanged = UNCHANGED,
        authentication: Authentication | Mapping[str, object] | Unchanged | None = UNCHANGED,
        options: Options | Mapping[str, object] | Unchanged | None = UNCHANGED,
        merge: bool = False,
    ) -> Repository:
        """Change a repository that a user has created. Properties that are not named stay as they are.

        The platform replaces `authentication` and `options` as a whole. With `merge=True`, the repository is read
        first, and the given properties are merged into the existing ones, as in a JSON merge patch: None removes a
        property. An authentication with another `type` replaces the old one completely. Changes that others make in
        between are lost.

        The operation is a technical preview: for trying out, not for production.

        `PATCH /itwins/{iTwinId}/repositories/{repositoryId}`,
        https://developer.bentley.com/apis/itwins/operations/update-itwin-repository/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            repository_id: Id of the repository.
            changes: The changes as a model, instead of the arguments below; only the properties that were set are sent.
            display_name: The name shown to users, at most 200 characters.
            uri: Where the repository is, at most 2000 characters.
            authentication: How to authenticate there, as a model or as its JSON form; None removes it.
            options: What a request for data needs besides the address, as a model or as its JSON form; None removes
                them.
            merge: Whether to keep the properties of authentication and options that are not given.

        Returns:
            The repository as it is now.

        Raises:
            ValueError: No changes are given, or something cannot be sent. Nothing was changed.
            NotFoundError: There is no such repository (`iTwinRepositoryNotFound`) or iTwin.
            ConflictError: The iTwin has such a repository already (`iTwinRepositoryExists`).
            InvalidRequestError: A value is not allowed (`InvalidiTwinsRequest`); `details` say which.
            PermissionDeniedError: The caller may not change the iTwin (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.repositories import update_itwin_repository as endpoint

        check_flags(merge=merge)
        try:
            authentication, options = authentication_of(authentication), options_of(options)
            named = RepositoryUpdate(display_name=display_name, uri=uri, authentication=authentication, options=options)
        finally:
            # Secrets may be in them, which the frames of an error must not show.
            uri = authentication = options = UNCHANGED
        body = one_change(changes, named)
        if merge:
            # Made before there is anything to merge with, for the checks.
            endpoint.request(itwin_id=itwin_id, repository_id=repository_id, body=body)
            body = merged(body, await self.get(itwin_id, repository_id))
        check_whole(body.authentication)
        request = endpoint.request(itwin_id=itwin_id, repository_id=repository_id, body=body)
        return (await self._pipeline.call(request)).repository

    async def delete(self, itwin_id: str, repository_id: str) -> None:
        """Delete a repository that a user has created. Repositories that appear automatically cannot be deleted.

        `DELETE /itwins/{iTwinId}/repositories/{repositoryId}`,
        https://developer.bentley.com/apis/itwins/operations/delete-repository/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            repository_id: Id of the repository.

        Raises:
            NotFoundError: There is no such repository (`iTwinRepositoryNotFound`) or iTwin.
            PermissionDeniedError: The caller may not change the iTwin (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.repositories import delete_repository

        await self._pipeline.call(delete_repository.request(itwin_id=itwin_id, repository_id=repository_id))

    def connection(self, repository: Repository, *, allow_http: bool = False) -> RepositoryConnection:
        """The connection to the server that a repository points to: address, headers and query, for any HTTP library.

        Nothing is sent, and the platform's token is not part of it, because the server belongs to a third party.

        Parameters:
            repository: A repository that `get` has returned.
            allow_http: Allow its credentials to be sent to an address without TLS, where others can read them.

        Returns:
            The connection: `request()` and `tile()` give URL, query and headers, `auth()` an object for httpx and
            requests.

        Raises:
            ValueError: The repository has no usable address, or credentials that cannot be sent or would be sent to an
                http address without `allow_http`.
        """
        return RepositoryConnection(repository, allow_http=allow_http)
