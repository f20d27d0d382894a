"""The iTwins API: repositories, which hold the data of an iTwin, and what is in them."""

from __future__ import annotations

from itwin_platform_api.itwins.models import Repository, Resource

from ...connections import RepositoryConnection
from ..pipeline import Pipeline


class Repositories:
    """Repositories and their resources: `platform.repositories`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def get(self, itwin_id: str, repository_id: str) -> Repository:
        """Get a repository: where it is, how to authenticate there, and the options that a request needs.

        The caller has to be on the team of the iTwin, or an administrator of its organization.

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

    async def get_resource(self, itwin_id: str, repository_id: str, resource_id: str) -> Resource:
        """Get a resource of a repository, for instance an iModel.

        The caller has to be a member of the iTwin.

        The operation is a technical preview: for trying out, not for production.

        `GET /itwins/{iTwinId}/repositories/{repositoryId}/resources/{resourceId}`,
        https://developer.bentley.com/apis/itwins/operations/get-repository-resource/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            repository_id: Id of the repository: a GUID, or a name such as `imodels`.
            resource_id: Id of the resource, in the form that its repository uses.

        Returns:
            The resource. `capabilities.graphics.uri`, where it is there, says where its graphics are.

        Raises:
            NotFoundError: There is no such resource (`iTwinRepositoryResourceNotFound`), repository or iTwin.
        """
        from itwin_platform_api.itwins.api.repositories import get_repository_resource

        request = get_repository_resource.request(
            itwin_id=itwin_id, repository_id=repository_id, resource_id=resource_id
        )
        return (await self._pipeline.call(request)).resource

    def connection(self, repository: Repository, *, allow_http: bool = False) -> RepositoryConnection:
        """The way to the server that a repository points to: address, headers and query, for any HTTP library.

        Nothing is sent, and the platform's token is no part of it: the server belongs to a third party.

        Parameters:
            repository: A repository that `get` has returned.
            allow_http: Let its credentials go to an address without TLS, readable for everyone on the way.

        Returns:
            The connection: `request()` and `tile()` give URL, query and headers, `auth()` an object for httpx and
            requests.

        Raises:
            ValueError: The repository has no address that can be used, credentials that cannot be sent, or an http
                address for them without `allow_http`.
        """
        return RepositoryConnection(repository, allow_http=allow_http)
