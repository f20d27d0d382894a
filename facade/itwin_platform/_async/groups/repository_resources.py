"""The iTwins API: the resources in the repositories of an iTwin."""

from __future__ import annotations

from typing import Literal

from itwin_platform_api.itwins.models import Graphics, Resource, ResourceCreate

from ..._policies.arguments import any_given, given, ids_or_stand_ins, needed, one_body, preferred
from ..pages import AsyncPages
from .group import Group


class RepositoryResources(Group):
    """The part of `platform.repositories` that deals with resources."""

    def list_resources(
        self,
        itwin_id: str | None = None,
        repository_id: str | None = None,
        *,
        uri: str | None = None,
        search: str | None = None,
        detail: Literal["minimal", "full"] = "minimal",
        skip: int | None = None,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncPages[Resource]:
        """List the resources of a repository that the caller may see.

        The operation is a technical preview: for trying out, not for production.

        `GET /itwins/{iTwinId}/repositories/{repositoryId}/resources`,
        https://developer.bentley.com/apis/itwins/operations/get-repository-resources/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            repository_id: Id of the repository: a GUID, or a name such as `imodels`.
            uri: Instead of both ids: the link that the repository has in `capabilities.resources.uri`.
            search: Text to look for anywhere in the display name, ignoring case.
            detail: `"minimal"` returns the properties that all resources have; `"full"` also `properties`, whose form
                depends on the repository.
            skip: How many resources to skip. Not every repository supports it.
            page_size: Resources per request, 1 to 1000; the platform's default is 100.
            limit: The maximum number of resources to return; by default all.

        Returns:
            The resources. Nothing is sent before you iterate over them.

        Raises:
            ValueError: Both ids and a link are given, or neither, or the token must not be sent to the link. Nothing
                was sent.
            NotFoundError: There is no such iTwin (`iTwinNotFound`) or repository.
            InvalidRequestError: A parameter is not allowed (`InvalidiTwinsRequest`); `details` say which.
        """
        from itwin_platform_api.itwins.api.repositories import get_repository_resources
        from itwin_platform_api.itwins.models import PreferHeader

        itwin_id, repository_id = ids_or_stand_ins(uri, itwin_id=itwin_id, repository_id=repository_id)
        request = get_repository_resources.request(
            itwin_id=itwin_id,
            repository_id=repository_id,
            search=search,
            prefer=PreferHeader(preferred(detail)),
            skip=skip,
            page_size=page_size,
        )
        return AsyncPages(self._pipeline, request, lambda page: page.resources, limit=limit, uri=uri)

    async def get_resource(
        self,
        itwin_id: str | None = None,
        repository_id: str | None = None,
        resource_id: str | None = None,
        *,
        uri: str | None = None,
        detail: Literal["minimal", "full"] = "minimal",
    ) -> Resource:
        """Get a resource of a repository, for instance an iModel.

        The caller must be a member of the iTwin.

        The operation is a technical preview: for trying out, not for production.

        `GET /itwins/{iTwinId}/repositories/{repositoryId}/resources/{resourceId}`,
        https://developer.bentley.com/apis/itwins/operations/get-repository-resource/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            repository_id: Id of the repository: a GUID, or a name such as `imodels`.
            resource_id: Id of the resource, in the form that its repository uses.
            uri: Instead of the three ids: a link to the resource.
            detail: `"minimal"` returns the properties that all resources have; `"full"` also `properties`, whose form
                depends on the repository.

        Returns:
            The resource. `capabilities.graphics.uri`, if present, says where its graphics are.

        Raises:
            ValueError: Both ids and a link are given, or neither, or the token must not be sent to the link. Nothing
                was sent.
            NotFoundError: There is no such resource (`iTwinRepositoryResourceNotFound`), repository or iTwin.
        """
        from itwin_platform_api.itwins.api.repositories import get_repository_resource
        from itwin_platform_api.itwins.models import PreferHeader

        ids = ids_or_stand_ins(uri, itwin_id=itwin_id, repository_id=repository_id, resource_id=resource_id)
        request = get_repository_resource.request(
            itwin_id=ids[0], repository_id=ids[1], resource_id=ids[2], prefer=PreferHeader(preferred(detail))
        )
        return (await self._pipeline.call(request, uri)).resource

    async def create_resource(
        self,
        itwin_id: str,
        repository_id: str,
        resource: ResourceCreate | None = None,
        *,
        id: str | None = None,  # noqa: A002 (the word of the field)
        display_name: str | None = None,
        type_: str | None = None,
    ) -> Resource:
        """Add a resource to a repository of the class GeographicInformationSystem, for instance a layer of a map.

        The operation is a technical preview: for trying out, not for production.

        `POST /itwins/{iTwinId}/repositories/{repositoryId}/resources`,
        https://developer.bentley.com/apis/itwins/operations/create-repository-resource/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            repository_id: Id of the repository.
            resource: The resource as a model, instead of the arguments below.
            id: Id of the resource, unique in the repository, at most 200 characters. Required without
                `resource`.
            display_name: The name shown to users, unique in the repository, at most 200 characters. Required without
                `resource`.
            type_: Any word for the kind of resource, at most 100 characters.

        Returns:
            The resource as it was created.

        Raises:
            ValueError: Something is missing, or cannot be sent. Nothing was sent.
            NotFoundError: There is no such repository (`iTwinRepositoryNotFound`) or iTwin.
            ConflictError: The repository has such a resource already (`iTwinRepositoryResourceExists`).
            InvalidRequestError: A value is not allowed (`InvalidiTwinsRequest`); `details` say which.
            PermissionDeniedError: The caller may not change the iTwin (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.repositories import create_repository_resource

        def named() -> ResourceCreate:
            return ResourceCreate(
                id=needed("id", id), display_name=needed("display_name", display_name), type_=given(type_)
            )

        body = one_body("resource", resource, ResourceCreate, named, given=any_given(id, display_name, type_))
        request = create_repository_resource.request(itwin_id=itwin_id, repository_id=repository_id, body=body)
        return (await self._pipeline.call(request)).resource

    async def delete_resource(self, itwin_id: str, repository_id: str, resource_id: str) -> None:
        """Delete a resource that a user has created. Others cannot be deleted.

        The operation is a technical preview: for trying out, not for production.

        `DELETE /itwins/{iTwinId}/repositories/{repositoryId}/resources/{resourceId}`,
        https://developer.bentley.com/apis/itwins/operations/delete-repository-resource/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            repository_id: Id of the repository.
            resource_id: Id of the resource.

        Raises:
            NotFoundError: There is no such resource (`iTwinRepositoryResourceNotFound`), repository or iTwin.
            PermissionDeniedError: The caller may not change the iTwin (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.repositories import delete_repository_resource

        request = delete_repository_resource.request(
            itwin_id=itwin_id, repository_id=repository_id, resource_id=resource_id
        )
        await self._pipeline.call(request)

    async def get_graphics(
        self,
        itwin_id: str | None = None,
        repository_id: str | None = None,
        resource_id: str | None = None,
        *,
        uri: str | None = None,
    ) -> list[Graphics]:
        """Get the address of the graphics of a resource, and what is needed to fetch and show them.

        The operation is a technical preview: for trying out, not for production.

        `GET /itwins/{iTwinId}/repositories/{repositoryId}/resources/{resourceId}/graphics`,
        https://developer.bentley.com/apis/itwins/operations/get-resource-graphics/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            repository_id: Id of the repository: a GUID, or a name such as `imodels`.
            resource_id: Id of the resource, in the form that its repository uses.
            uri: Instead of the three ids: the link that the resource has in `capabilities.graphics.uri`.

        Returns:
            The graphics; none if the resource has none or does not exist. An `authentication` is for the service behind
            the link; its secrets are plain values, masked in `repr()`.

        Raises:
            ValueError: Both ids and a link are given, or neither, or the token must not be sent to the link. Nothing
                was sent.
            NotFoundError: There is no such iTwin, or the caller is not a member of it (`iTwinNotFound`).
            InvalidRequestError: The graphics is not available (`InvalidiTwinsRequest`); `details` say why.
        """
        from itwin_platform_api.itwins.api.repositories import get_resource_graphics

        ids = ids_or_stand_ins(uri, itwin_id=itwin_id, repository_id=repository_id, resource_id=resource_id)
        request = get_resource_graphics.request(itwin_id=ids[0], repository_id=ids[1], resource_id=ids[2])
        return (await self._pipeline.call(request, uri)).graphics
