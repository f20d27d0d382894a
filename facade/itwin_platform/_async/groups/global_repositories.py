"""The iTwins API: repositories that belong to no iTwin and are available to all."""

from __future__ import annotations

import builtins
from typing import Literal

from itwin_platform_api.itwins.models import GlobalRepository, GlobalResource, Graphics

from ..._policies.arguments import ids_or_stand_ins, preferred
from ..pages import AsyncPages
from .group import Group


class GlobalRepositories(Group):
    """Repositories that every iTwin has, and their resources: `platform.global_repositories`."""

    def list(
        self, *, class_: str | None = None, sub_class: str | None = None, limit: int | None = None
    ) -> AsyncPages[GlobalRepository]:
        """List the repositories that every iTwin has, for instance `cesium`.

        The operation is a technical preview: for trying out, not for production.

        `GET /itwins/repositories`, https://developer.bentley.com/apis/itwins/operations/get-global-repositories/

        Parameters:
            class_: The class, for instance `"Cesium"`.
            sub_class: The subclass. Only together with `class_`.
            limit: The maximum number of repositories to return; by default all.

        Returns:
            The repositories. Nothing is sent before you iterate over them. The platform returns all at once.

        Raises:
            ValueError: An argument cannot be sent, or there is a `sub_class` without a `class_`. Nothing was sent.
            InvalidRequestError: There is no such class or subclass, or they do not match (`InvalidiTwinsRequest`).
        """
        from itwin_platform_api.itwins.api.global_repositories import get_global_repositories

        if sub_class is not None and class_ is None:
            raise ValueError("sub_class can only be used with class_")
        request = get_global_repositories.request(class_=class_, sub_class=sub_class)
        return AsyncPages(self._pipeline, request, lambda page: page.repositories, limit=limit)

    async def get(self, repository_id: str) -> GlobalRepository:
        """Get a repository that every iTwin has.

        The operation is a technical preview: for trying out, not for production.

        `GET /itwins/repositories/{repositoryId}`,
        https://developer.bentley.com/apis/itwins/operations/get-global-repository/

        Parameters:
            repository_id: Id of the repository, for instance `cesium`.

        Returns:
            The repository. `capabilities.resources.uri`, if present, leads to its resources.

        Raises:
            NotFoundError: There is no such repository, or it holds no resource (`iTwinRepositoryNotFound`).
        """
        from itwin_platform_api.itwins.api.global_repositories import get_global_repository

        return (await self._pipeline.call(get_global_repository.request(repository_id=repository_id))).repository

    def list_resources(
        self,
        repository_id: str | None = None,
        *,
        uri: str | None = None,
        search: str | None = None,
        detail: Literal["minimal", "full"] = "minimal",
        skip: int | None = None,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncPages[GlobalResource]:
        """List the resources of a repository that every iTwin has.

        The operation is a technical preview: for trying out, not for production.
        The operation is not fully documented: parameters and errors may differ from what is said here.

        `GET /itwins/repositories/{repositoryId}/resources`,
        https://developer.bentley.com/apis/itwins/operations/get-global-repository-resources/

        Parameters:
            repository_id: Id of the repository, for instance `cesium`.
            uri: Instead of the id: the link that the repository has in `capabilities.resources.uri`.
            search: Text to look for anywhere in the display name, ignoring case.
            detail: `"minimal"` returns the properties that all resources have; `"full"` also `properties`, whose form
                depends on the repository.
            skip: How many resources to skip. Not every repository supports it.
            page_size: Resources per request, 1 to 1000; the platform's default is 100.
            limit: The maximum number of resources to return; by default all.

        Returns:
            The resources. Nothing is sent before you iterate over them.

        Raises:
            ValueError: Both an id and a link are given, or neither, or the token must not be sent to the link. Nothing
                was sent.
            NotFoundError: There is no such repository (`iTwinRepositoryNotFound`).
            InvalidRequestError: A parameter is not allowed (`InvalidiTwinsRequest`); `details` say which.
        """
        from itwin_platform_api.itwins.api.global_repositories import get_global_repository_resources
        from itwin_platform_api.itwins.models import PreferHeader

        (repository_id,) = ids_or_stand_ins(uri, repository_id=repository_id)
        request = get_global_repository_resources.request(
            repository_id=repository_id,
            search=search,
            prefer=PreferHeader(preferred(detail)),
            skip=skip,
            page_size=page_size,
        )
        return AsyncPages(self._pipeline, request, lambda page: page.resources, limit=limit, uri=uri)

    async def get_resource(
        self,
        repository_id: str | None = None,
        resource_id: str | None = None,
        *,
        uri: str | None = None,
        detail: Literal["minimal", "full"] = "minimal",
    ) -> GlobalResource:
        """Get a resource of a repository that every iTwin has.

        The operation is a technical preview: for trying out, not for production.

        `GET /itwins/repositories/{repositoryId}/resources/{resourceId}`,
        https://developer.bentley.com/apis/itwins/operations/get-global-repository-resource/

        Parameters:
            repository_id: Id of the repository, for instance `cesium`.
            resource_id: Id of the resource, in the form that its repository uses.
            uri: Instead of both ids: a link to the resource.
            detail: `"minimal"` returns the properties that all resources have; `"full"` also `properties`, whose form
                depends on the repository.

        Returns:
            The resource. `capabilities.graphics.uri`, if present, says where its graphics are.

        Raises:
            ValueError: Both ids and a link are given, or neither, or the token must not be sent to the link. Nothing
                was sent.
            NotFoundError: There is no such resource (`iTwinRepositoryResourceNotFound`) or repository.
        """
        from itwin_platform_api.itwins.api.global_repositories import get_global_repository_resource
        from itwin_platform_api.itwins.models import PreferHeader

        ids = ids_or_stand_ins(uri, repository_id=repository_id, resource_id=resource_id)
        request = get_global_repository_resource.request(
            repository_id=ids[0], resource_id=ids[1], prefer=PreferHeader(preferred(detail))
        )
        return (await self._pipeline.call(request, uri)).resource

    async def get_graphics(
        self, repository_id: str | None = None, resource_id: str | None = None, *, uri: str | None = None
    ) -> builtins.list[Graphics]:
        """Get the address of the graphics of a resource, and what is needed to fetch and show them.

        The operation is a technical preview: for trying out, not for production.
        The operation is not fully documented: parameters and errors may differ from what is said here.

        `GET /itwins/repositories/{repositoryId}/resources/{resourceId}/graphics`,
        https://developer.bentley.com/apis/itwins/operations/get-global-resource-graphics/

        Parameters:
            repository_id: Id of the repository, for instance `cesium`.
            resource_id: Id of the resource, in the form that its repository uses.
            uri: Instead of both ids: the link that the resource has in `capabilities.graphics.uri`.

        Returns:
            The graphics. An `authentication` is for the service behind the link; the token in it expires after some
            time. Its secrets are plain values, masked in `repr()`.

        Raises:
            ValueError: Both ids and a link are given, or neither, or the token must not be sent to the link. Nothing
                was sent.
            NotFoundError: There is no such resource (`iTwinRepositoryResourceNotFound`) or repository.
        """
        from itwin_platform_api.itwins.api.global_repositories import get_global_resource_graphics

        ids = ids_or_stand_ins(uri, repository_id=repository_id, resource_id=resource_id)
        request = get_global_resource_graphics.request(repository_id=ids[0], resource_id=ids[1])
        return (await self._pipeline.call(request, uri)).graphics
