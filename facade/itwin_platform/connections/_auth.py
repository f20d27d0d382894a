"""Authentication objects for HTTP libraries."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus, urlencode, urljoin, urlsplit, urlunsplit

from ._addresses import origin_of
from ._request import Secrets


class ConnectionAuth:
    """Authenticates requests to the server of a repository: a function that httpx and requests take as `auth=`.

    Requests to another origin (scheme, host or port) are left as they are. Secrets are masked in `repr()`.

    When requests follows a redirect to another origin, the secrets are removed again. httpx follows redirects only if
    told to (`follow_redirects`); it then also sends the header that the repository names.

    Attributes:
        origin: Scheme, host and port of the server.
    """

    def __init__(self, origin: str, secrets: Secrets) -> None:
        self.origin = origin
        self._secrets = secrets

    def __repr__(self) -> str:
        return f"ConnectionAuth(origin={self.origin!r})"

    def __call__(self, request: Any) -> Any:
        """Authenticate a request of httpx or requests, and return it."""
        url = str(request.url)
        if origin_of(url) != self.origin:
            return request
        for name, value in self._secrets.headers:
            request.headers[name] = value
        if self._secrets.params:
            parts = urlsplit(url)
            named = {name for name, _ in self._secrets.params}
            kept = [raw for raw in parts.query.split("&") if raw and unquote_plus(raw.partition("=")[0]) not in named]
            query = "&".join([*kept, urlencode(self._secrets.params)])
            # Both libraries' URL types are made from a string: requests keeps strings, httpx has a class.
            request.url = type(request.url)(urlunsplit(parts._replace(query=query)))
        if hasattr(request, "register_hook"):
            request.register_hook("response", self._remove_headers)
        return request

    def _remove_headers(self, response: Any, **_: Any) -> None:
        """Called by requests before it follows a redirect, for which it would use the headers of this request."""
        if origin_of(urljoin(response.url, response.headers.get("location", ""))) != self.origin:
            for name, _value in self._secrets.headers:
                response.request.headers.pop(name, None)
