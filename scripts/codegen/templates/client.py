"""The low-level client: sends any request of the generated packages and returns the model that its answer holds.

    from itwin_platform_api.client import Client
    from itwin_platform_api.itwins.api.itwins import get_itwin

    with Client(access_token) as client:
        print(client.send(get_itwin.request(itwin_id=itwin_id)).itwin.display_name)

`AsyncClient` does the same in async code. Both send a request once, follow no redirects and keep to httpx's timeouts.
Retries, redirects, deadlines, strict bounds and typed errors are what the facade, `itwin_platform`, adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from .reading import BodyError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from .runtime import Request

T = TypeVar("T")

BASE_URL = "https://api.bentley.com"


class UnexpectedAnswer(Exception):  # noqa: N818 (it is an answer)
    """The answer is not a success that the operation documents, or its body does not match the definition.

    Attributes:
        operation: The operationId.
        status: The HTTP status.
        content: The body.
    """

    def __init__(self, operation: str, status: int, content: bytes, problem: str = "") -> None:
        super().__init__(f"{operation} was answered with status {status}{problem and ': '}{problem}")
        self.operation = operation
        self.status = status
        self.content = content


class _Parameters:
    """What both clients are made of."""

    def __init__(self, access_token: str, base_url: str, options: Mapping[str, Any]) -> None:
        self._authorization = f"Bearer {access_token}"
        self._base_url = base_url.rstrip("/")
        self.options: dict[str, Any] = {"timeout": httpx.Timeout(60, connect=10), "follow_redirects": False, **options}

    def arguments(self, request: Request[Any]) -> dict[str, Any]:
        """The arguments of httpx for a request."""
        headers = {"Accept": request.operation.accept, **dict(request.headers)}
        if request.signed:
            headers["Authorization"] = self._authorization
        if request.content_type is not None:
            headers["Content-Type"] = request.content_type
        url = self._base_url + request.target
        return {"method": request.operation.method, "url": url, "headers": headers, "content": request.body}


def _read(request: Request[T], response: httpx.Response) -> T:
    operation, status = request.operation, response.status_code
    if status not in operation.answers:
        raise UnexpectedAnswer(operation.id, status, response.content)
    try:
        if operation.is_file(status):
            return operation.answers[status](response.content)
        return operation.answers[status](response.json() if operation.has_body(status) else None)
    except BodyError as error:
        problem = str(error)
    except ValueError:
        problem = "the body is not JSON"
    raise UnexpectedAnswer(operation.id, status, response.content, problem)


class Client:
    """Sends requests and returns their answers.

    Parameters:
        access_token: An access token with the scope `itwin-platform`, without the word Bearer.
        base_url: Address of the APIs.
        options: Arguments for `httpx.Client`, for instance `timeout` in seconds or `proxy`.
    """

    def __init__(self, access_token: str, base_url: str = BASE_URL, **options: Any) -> None:
        self._parameters = _Parameters(access_token, base_url, options)
        self._http = httpx.Client(**self._parameters.options)

    def send(self, request: Request[T]) -> T:
        """Send a request and return what its answer holds.

        Raises:
            UnexpectedAnswer: The answer is not one of the documented successes.
            httpx.HTTPError: Nothing usable came back.
        """
        return _read(request, self._http.request(**self._parameters.arguments(request)))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """Sends requests in async code and returns their answers. The parameters are those of `Client`."""

    def __init__(self, access_token: str, base_url: str = BASE_URL, **options: Any) -> None:
        self._parameters = _Parameters(access_token, base_url, options)
        self._http = httpx.AsyncClient(**self._parameters.options)

    async def send(self, request: Request[T]) -> T:
        """Send a request and return what its answer holds.

        Raises:
            UnexpectedAnswer: The answer is not one of the documented successes.
            httpx.HTTPError: Nothing usable came back.
        """
        return _read(request, await self._http.request(**self._parameters.arguments(request)))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
