"""Reaching the servers that repositories point to: address, headers and query parameters, for any HTTP library.

    repository = platform.repositories.get(itwin_id, repository_id)
    connection = platform.repositories.connection(repository)
    request = connection.request(params={"service": "WMS", "request": "GetCapabilities"})
    requests.get(request.url, params=request.params, headers=request.headers)

These servers belong to third parties. A connection uses the credentials that the repository names, never the
platform's token. Nothing here sends a request.
"""

from __future__ import annotations

from ._auth import ConnectionAuth
from ._connection import RepositoryConnection
from ._repository import OAuth2Parameters
from ._request import ConnectionRequest

__all__ = ["ConnectionAuth", "ConnectionRequest", "OAuth2Parameters", "RepositoryConnection"]


def __dir__() -> list[str]:
    return list(__all__)
