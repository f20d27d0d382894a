"""The client, which has the API groups as properties."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from .._groups import cached_property
from .._late import runtime
from .._policies.redaction import protect_logs
from .._policies.retries import RetryPolicy
from .._settings import DEFAULT_DEADLINE, DEFAULT_IN_FLIGHT, DEFAULT_MAX_BODY, make_settings
from .._staying import Shared
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


class AsyncITwinPlatform(Shared, AsyncMaps):
    """The iTwin Platform.

    Create one client and share it: it keeps connections open, and can be used by many callers at once. Close it at the
    end, or use it as a context manager (`async with`). Nothing is sent before the first call.

    It can be pickled if other processes can find its credentials: in the environment, with `credentials.CredentialsAt`,
    or by the name of a function in a module. In another process, all pickles with the same settings become one client.

    Parameters:
        credentials: An access token (without the word Bearer); a callable that returns one, called for every attempt;
            or an object of `itwin_platform.credentials`. None reads the environment: `ITP_ACCESS_TOKEN`, or
            `ITP_SERVICE_CLIENT_ID` and `ITP_SERVICE_CLIENT_SECRET`.
        environment: `"prod"`, `"qa"` or `"dev"`, which sets the hosts of the APIs and of the identity service. None is
            prod, unless `ITP_API_URL` or `ITP_ISSUER_URL` is set.
        api_url: Another address of the APIs: https, or http to this machine.
        issuer_url: Another address of the identity service, in the same form.
        timeout: Seconds for connecting and for each read and write, or a pair of both; 10 and 60 by default.
        deadline: Seconds for one call in total: token, retries, redirects and body.
        retry: How failed requests are retried; None for a single attempt.
        user_agent: Added to the User-Agent header, for instance `"my-app/1.0"`.
        max_body_bytes: The largest answer to accept, in bytes after decoding.
        max_in_flight: How many calls are made at the same time; further ones wait. A call keeps its place during its
            retries. Waiting for a place does not count towards `deadline`.
        requests_per_minute: The maximum number of requests per minute, as your tier of the platform allows, divided by
            the number of your processes. Further ones wait, which does not count towards `deadline`. None sends as fast
            as possible, and waits when the platform says so.
        proxy: URL of a proxy for all requests; by default that of the environment (`HTTPS_PROXY`, `NO_PROXY`, ...).
        verify: File or folder of certificate authorities, or an `ssl.SSLContext`; by default those of certifi.
        http2: Use HTTP/2 if the server supports it; needs the extra `http2`.
        aiohttp: Whether to use aiohttp as the engine, which is faster with many requests at once; needs the extra
            `aiohttp`. None uses it if it is installed. Without asyncio, with http2 and behind SOCKS or https proxies,
            the engine is always httpcore.

    Every call can raise these errors of `itwin_platform.errors`; methods list only the errors particular to them:

    - ValueError: An argument cannot be sent, for instance an id that cannot be part of a path. Nothing was sent.
    - UnauthorizedError: The token is missing, expired or not accepted.
    - RateLimitError: Too many requests; `retry_after` says how long to wait.
    - ApiError: The platform refused or failed in another way; see its subclasses.
    - ResponseError: The answer does not match its definition.
    - CredentialsError: No token could be obtained.
    - RedirectError: The answer redirects to a host that must not get the token.
    - TransportError: No usable answer arrived; `DeadlineExceeded` if the time was up.
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
        verify: ssl.SSLContext | str | os.PathLike[str] | None = None,
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
        """The iTwins of the caller, and their images."""
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
        """Repositories that every iTwin has."""
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

    async def call(self, request: runtime.Request[T]) -> T:
        """Send a request of any generated package, even if there is no method for it.

        Token, media type, retries, redirects, limits and errors are those of every call.

            from itwin_platform_api.itwins.api.itwins import get_itwin

            answer = platform.call(get_itwin.request(itwin_id=itwin_id))

        Parameters:
            request: The result of `request(...)` in the module of an operation.

        Returns:
            The model that the definition names for the answer; None if the answer has no body.

        Raises:
            ValueError: It is not a request. Nothing was sent.
        """
        if not hasattr(request, "operation"):
            raise ValueError(f"request must be the result of request(...), not {type(request).__name__}")
        return await self._pipeline.call(request)

    async def get(self, url_or_path: str, *, api_version: str = "v1") -> Any:
        """Get the JSON at any address of the platform, for operations without a method.

        It can follow links in answers, for instance `resource.capabilities.graphics.uri`.

        Parameters:
            url_or_path: A path with its query, for instance `"/itwins/recents?$top=5"`, or an absolute URL. The token
                is sent only to hosts of the platform and to `api_url`.
            api_version: Version of the API, `"v1"`, `"v2"` and so on, for the `Accept` header.

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
        """Send any request to the platform, for operations without a method.

        POST and PATCH are retried only if they certainly have not arrived, or after a 429.

        Parameters:
            method: The HTTP method, for instance `"POST"`.
            url_or_path: A path, for instance `"/itwins/favorites"`, or an absolute URL. The token is sent only to hosts
                of the platform and to `api_url`.
            params: Query parameters; None leaves one out, a list repeats it.
            json: The body: models, dictionaries, lists and other JSON values; dates are written in ISO 8601. None sends
                no body.
            headers: Additional headers, for instance `{"Prefer": "return=minimal"}`. `Accept` overrides `api_version`.
                Headers that the client sets itself, such as `Authorization`, are refused.
            api_version: Version of the API, `"v1"`, `"v2"` and so on, for the `Accept` header.

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

        A client that was unpickled in another process is shared by everything in that process, and closed when the
        process ends: this method then does nothing.
        """
        await self._pipeline.aclose()

    async def __aenter__(self) -> Self:
        """Use the client as a context manager, which closes it.

        Raises:
            ConfigurationError: The client is closed already.
        """
        self._pipeline.check_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the client."""
        await self.aclose()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the settings and the place of the credentials, never the credentials themselves.

        Raises:
            TypeError: The credentials, a setting or an attribute of a subclass cannot be pickled; the message says what
                to do.
        """
        # Groups are attributes of the class, too.
        if added := [name for name in vars(self) if name != "_pipeline" and not hasattr(type(self), name)]:
            raise TypeError(
                f"This client has attributes of its own ({', '.join(added)}), which would be lost. Give its class a "
                "__reduce__ that says how to make it again."
            )
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
