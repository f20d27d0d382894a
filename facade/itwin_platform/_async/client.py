"""The client: what a user makes once, and the API groups that hang on it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from .. import _late
from .._groups import cached_property
from .._policies.redaction import protect_logs
from .._policies.retries import RetryPolicy
from .._settings import DEFAULT_DEADLINE, DEFAULT_IN_FLIGHT, DEFAULT_MAX_BODY, make_settings
from ..credentials import CredentialsArgument
from ..credentials._choice import provider_of
from ..credentials._places import place_of
from ..environments import Environment
from ..errors import ITwinPlatformError
from .maps import AsyncMaps

if TYPE_CHECKING:
    from .groups.account_settings import AccountSettings
    from .groups.exports import Exports
    from .groups.favorites import Favorites
    from .groups.global_repositories import GlobalRepositories
    from .groups.itwins import ITwins
    from .groups.reality_analysis import RealityAnalysis
    from .groups.reality_data import RealityManagement
    from .groups.reality_modeling import RealityModeling
    from .groups.recents import Recents
    from .groups.repositories import Repositories
    from .pipeline import Pipeline

T = TypeVar("T")


class AsyncITwinPlatform(AsyncMaps):
    """The iTwin Platform.

    Make one and use it everywhere: it keeps connections open and is shared safely. Close it at the end, or use it as
    a context (`async with`). Nothing is sent before the first call.

    It can be pickled if other processes can find its credentials: if there are none, or with
    `credentials.CredentialsAt`. All pickles of the same settings become one client in another process.

    Parameters:
        credentials: An access token (without the word Bearer); a callable that returns one, called for every attempt;
            or an object of `itwin_platform.credentials`. None reads the environment: `ITP_ACCESS_TOKEN`, or
            `ITP_SERVICE_CLIENT_ID` and `ITP_SERVICE_CLIENT_SECRET`.
        environment: `"prod"`, `"qa"` or `"dev"`: chooses API and identity host together. None is prod, unless
            `ITP_API_URL` or `ITP_ISSUER_URL` says otherwise.
        api_url: Another address of the APIs, https, or http to this machine.
        issuer_url: Another address of the identity service, likewise.
        timeout: Seconds for connecting and for each read and write, or a pair of both; 10 and 60 by default.
        deadline: Seconds for one call, everything included: token, retries, redirects, body.
        retry: How failed requests are tried again; None for a single attempt.
        user_agent: Added to the User-Agent header, for instance `"my-app/1.0"`.
        max_body_bytes: The largest answer to accept, in bytes after decoding.
        max_in_flight: How many calls are carried out at the same time; further ones wait for their turn. A call keeps
            its place with its retries. Waiting for it does not count for `deadline`.
        requests_per_minute: The most requests in a minute, as your tier of the platform allows, divided by the number
            of your processes. Further ones wait, which does not count for `deadline`. None sends as fast as it can,
            and waits when the platform says so.
        proxy: URL of a proxy for all requests; by default the environment's (`HTTPS_PROXY`, `NO_PROXY`, ...).
        verify: File or folder of certificate authorities, or an `ssl.SSLContext`; by default the usual ones.
        http2: Use HTTP/2 where the server can; needs the extra `http2`.
        aiohttp: Whether aiohttp does the work below, which is quicker with many requests at once; needs the extra
            `aiohttp`. None: if that is installed. Without asyncio, with http2 and behind SOCKS or https proxies,
            httpcore does it in any case.

    Every call can raise these errors of `itwin_platform.errors`; methods list only what is particular to them:

    - ValueError: An argument cannot be sent, for instance an id that cannot be part of a path. Nothing was sent.
    - UnauthorizedError: The token is missing, expired or not accepted.
    - RateLimitError: Too many requests; `retry_after` says how long to wait.
    - ApiError: The platform refused or failed in another way; see its subclasses.
    - ResponseError: The answer is not what the definition says.
    - CredentialsError: No token could be obtained.
    - RedirectError: The answer leads to a host that the token must not go to.
    - TransportError: Nothing usable came back; `DeadlineExceeded` if the time was over.
    - ConfigurationError: The client is closed, or its proxy or certificate authorities cannot be used.

    Raises:
        ConfigurationError: There are no credentials, or an argument cannot be used; the message names it.
        CredentialsError: The token cannot be used, for instance because it ends with a line break.
    """

    _api_url: str | None = None

    def __init__(
        self,
        credentials: CredentialsArgument = None,
        *,
        environment: Environment | str | None = None,
        api_url: str | None = None,
        issuer_url: str | None = None,
        timeout: float | tuple[float, float] | None = None,
        deadline: float = DEFAULT_DEADLINE,
        retry: RetryPolicy | None = RetryPolicy(),  # noqa: B008 (it cannot be changed)
        user_agent: str | None = None,
        max_body_bytes: int = DEFAULT_MAX_BODY,
        max_in_flight: int = DEFAULT_IN_FLIGHT,
        requests_per_minute: int | None = None,
        proxy: str | None = None,
        verify: ssl.SSLContext | str | Path | None = None,
        http2: bool = False,
        aiohttp: bool | None = None,  # async only
    ) -> None:
        try:
            settings = make_settings(
                environment=environment,
                api_url=api_url,
                issuer_url=issuer_url,
                timeout=timeout,
                deadline=deadline,
                retry=retry,
                user_agent=user_agent,
                max_body_bytes=max_body_bytes,
                max_in_flight=max_in_flight,
                requests_per_minute=requests_per_minute,
                proxy=proxy,
                verify=verify,
                http2=http2,
                aiohttp=aiohttp,  # async only
            )
            provider = provider_of(credentials, settings, for_async=True)
            place = place_of(credentials)
        except ITwinPlatformError as error:
            # Local variables of this frame and those below may be shown with the traceback.
            credentials = api_url = issuer_url = proxy = None
            raise error.with_traceback(None) from None
        protect_logs()
        self._api_url = settings.api_url
        # Late, like the groups: what the first call needs is not loaded with the package.
        from .pipeline import Pipeline

        self._pipeline = Pipeline(settings, provider, place)

    @cached_property
    def itwins(self) -> ITwins:
        """ITwins and their images."""
        from .groups.itwins import ITwins

        return ITwins(self._pipeline)

    @cached_property
    def favorites(self) -> Favorites:
        """The favorites of the caller."""
        from .groups.favorites import Favorites

        return Favorites(self._pipeline)

    @cached_property
    def recents(self) -> Recents:
        """The iTwins that the caller has used recently."""
        from .groups.recents import Recents

        return Recents(self._pipeline)

    @cached_property
    def exports(self) -> Exports:
        """Exports of many iTwins to one file."""
        from .groups.exports import Exports

        return Exports(self._pipeline)

    @cached_property
    def repositories(self) -> Repositories:
        """Repositories and their resources."""
        from .groups.repositories import Repositories

        return Repositories(self._pipeline)

    @cached_property
    def global_repositories(self) -> GlobalRepositories:
        """Repositories that are there for every iTwin."""
        from .groups.global_repositories import GlobalRepositories

        return GlobalRepositories(self._pipeline)

    @cached_property
    def account_settings(self) -> AccountSettings:
        """The settings of an account."""
        from .groups.account_settings import AccountSettings

        return AccountSettings(self._pipeline)

    @cached_property
    def reality_analysis(self) -> RealityAnalysis:
        """Reality analysis: jobs, detectors, files and the bucket."""
        from .groups.reality_analysis import RealityAnalysis

        return RealityAnalysis(self._pipeline)

    @cached_property
    def reality_modeling(self) -> RealityModeling:
        """Reality modeling: jobs, files and the bucket."""
        from .groups.reality_modeling import RealityModeling

        return RealityModeling(self._pipeline)

    @cached_property
    def reality_data(self) -> RealityManagement:
        """Reality data, and the iTwins that it belongs to."""
        from .groups.reality_data import RealityManagement

        return RealityManagement(self._pipeline)

    async def call(self, request: _late.Request[T]) -> T:
        """Send a request of any generated package, also one that this class has no method for.

        It goes out with the same token, media type, retries, redirects, bounds and errors as every call.

            from itwin_platform_api.itwins.api.itwins import get_itwin

            answer = platform.call(get_itwin.request(itwin_id=itwin_id))

        Parameters:
            request: What `request(...)` of the module of an operation returns.

        Returns:
            The model that the definition names for the answer; None if the answer has no body.
        """
        return await self._pipeline.call(request)

    async def get(self, url_or_path: str, api_version: str = "v1") -> Any:
        """Get the JSON at any address of the platform, for operations that this package does not know yet.

        The links in answers can be followed with it, for instance `resource.capabilities.graphics.uri`.

        Parameters:
            url_or_path: A path with its query, for instance `"/itwins/recents?$top=5"`, or an absolute URL. The token
                goes to hosts of the platform and to `api_url` only.
            api_version: Version of the API, `"v1"`, `"v2"` and so on: it goes into the `Accept` header.

        Returns:
            The body as plain JSON: dictionaries, lists, strings, numbers, booleans, None.

        Raises:
            ValueError: The address cannot be used, or the token must not be sent there. Nothing was sent.
            NotFoundError: There is nothing at the address, or not in this version of the API.
        """
        from .._policies.requests import free_request

        return await self._pipeline.send(free_request("GET", api_version), url_or_path, expects_body=True)

    async def request(
        self,
        method: str,
        url_or_path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
        headers: Mapping[str, object] | None = None,
        api_version: str = "v1",
    ) -> Any:
        """Send any request to the platform, for operations that this package does not know yet.

        POST and PATCH are sent again only if they surely have not arrived, or after a 429.

        Parameters:
            method: The HTTP method, for instance `"POST"`.
            url_or_path: A path, for instance `"/itwins/favorites"`, or an absolute URL. The token goes to hosts of the
                platform and to `api_url` only.
            params: Parameters of the query; None leaves one out, a list repeats it.
            json: The body: models, dictionaries, lists and what else JSON has; dates are written in ISO 8601. None
                sends no body.
            headers: More headers, for instance `{"Prefer": "return=minimal"}`. `Accept` replaces what `api_version`
                says; what the client sets itself, such as `Authorization`, cannot be given.
            api_version: Version of the API, `"v1"`, `"v2"` and so on: it goes into the `Accept` header.

        Returns:
            The body of the answer as plain JSON; None if it has none.

        Raises:
            ValueError: Something cannot be sent, or the token must not be sent there. Nothing was sent.
        """
        from .._policies.requests import free_request

        try:
            request = free_request(method, api_version, params, json, headers)
        finally:
            # What is sent may hold secrets, which the frames of an error must not show.
            params = json = headers = None
        return await self._pipeline.send(request, url_or_path, expects_body=False)

    async def aclose(self) -> None:
        """Close the connections. A call after that raises ConfigurationError.

        A client that has come from another process is shared by all that runs here, and closed when the process ends:
        on such a client this does nothing.
        """
        await self._pipeline.aclose()

    async def __aenter__(self) -> Self:
        """Use the client as a context, which closes it."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the client."""
        await self.aclose()

    def __copy__(self) -> Self:
        """The same client: it is shared, not doubled."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """The same client: it is shared, not doubled."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as settings and the place of the credentials, never as what they are.

        Raises:
            TypeError: The credentials have no place, or a setting cannot travel; the message says what to do.
        """
        return shared_client, (type(self), self._pipeline)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_url={self._api_url!r})"


# Kept until the process ends, like their pipelines.
_shared: dict[tuple[type[AsyncITwinPlatform], Pipeline], AsyncITwinPlatform] = {}


def shared_client(kind: type[AsyncITwinPlatform], pipeline: Pipeline) -> AsyncITwinPlatform:
    """The client of this process that uses a pipeline from another process. Pickles name this function."""
    found = _shared.get((kind, pipeline))
    if found is None:
        made = kind.__new__(kind)
        made.__dict__.update(_api_url=pipeline.api_url, _pipeline=pipeline)
        found = _shared.setdefault((kind, pipeline), made)
    return found
