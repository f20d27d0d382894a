"""The connection to the server of a repository."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from itwin_platform_api.itwins.models import Repository

from .._flags import check_flags
from ..errors import ConfigurationError
from ._addresses import checked_origin, filled, is_template, joined_path, without_query
from ._auth import ConnectionAuth
from ._repository import OAuth2Parameters, level_of, oauth2_of, object_of, secrets_of, text_of
from ._request import ConnectionRequest, Secrets, params_of_mapping, params_of_query

_TOKEN = re.compile(r"[\x21-\x7e]+", re.ASCII)


class RepositoryConnection:
    """How to reach the server of a repository. Created by `platform.repositories.connection`.

    Attributes:
        uri: Address of the server, or a template of addresses.
        authentication: How to authenticate: `"Header"`, `"QueryParameter"`, `"Basic"`,
            `"OAuth2AuthorizationCodePKCE"`, another type, which this version does not support, or None.
        oauth2: The parameters of the flow, if `authentication` is `"OAuth2AuthorizationCodePKCE"`; else None.
        minimum_level: The coarsest level of detail that a tile may have, or None.
        maximum_level: The finest level of detail that a tile may have, or None.
    """

    def __init__(self, repository: Repository, *, allow_http: bool = False) -> None:
        """Read the repository.

        Parameters:
            repository: The repository.
            allow_http: Allow credentials to be sent without TLS.

        Raises:
            ValueError: It has no usable address, or credentials that would be sent without TLS or cannot be sent at
                all.
        """
        check_flags(allow_http=allow_http)
        # Raised here, because the frames where it was found hold secrets.
        if problem := self._read(repository, allow_http):
            raise ValueError(problem)

    def _read(self, repository: Repository, allow_http: bool) -> str:
        """Read the repository; return what is wrong with it, or an empty string."""
        try:
            source = repository.to_dict()
        except AttributeError:
            return "repository must be a Repository"
        self.uri: str = str(source.get("uri") or "")
        try:
            authentication = object_of(source, "authentication")
            options = object_of(source, "options")
            self.authentication: str | None = text_of(authentication, "type") or None
            self.minimum_level: int | None = level_of(options, "minimumLevel")
            self.maximum_level: int | None = level_of(options, "maximumLevel")
            self._origin = checked_origin(self.uri, secret=bool(authentication), allow_http=allow_http)
            self._defaults = params_of_mapping(object_of(options, "queryParameters"))
            self._secrets = secrets_of(self.authentication, authentication)
            is_oauth2 = self.authentication == "OAuth2AuthorizationCodePKCE"
            self.oauth2: OAuth2Parameters | None = oauth2_of(authentication) if is_oauth2 else None
        except ValueError as error:
            return str(error)
        return ""

    def authorized(self, access_token: str) -> RepositoryConnection:
        """The same connection with an access token, obtained with the parameters in `oauth2`.

        Parameters:
            access_token: A token from the repository's own authorization server, never the platform's.

        Raises:
            ValueError: The repository does not use OAuth 2.0, or the token cannot be sent.
        """
        if self.oauth2 is None:
            raise ValueError("the repository does not use OAuth 2.0")
        if not isinstance(access_token, str) or not _TOKEN.fullmatch(access_token):  # pyright: ignore[reportUnnecessaryIsInstance]
            del access_token
            raise ValueError("access_token must be printable ASCII without spaces")
        result = object.__new__(RepositoryConnection)
        result.__dict__.update(self.__dict__)
        result._secrets = Secrets(headers=(("Authorization", f"Bearer {access_token}"),))
        return result

    def request(self, path: str = "", *, params: Mapping[str, Any] | None = None) -> ConnectionRequest:
        """A request to the server.

        Parameters:
            path: Appended to the path of the address, for instance `"MapServer/0/query"`; not percent-encoded.
            params: Query parameters. They override those in the repository's options, which override those in its
                address. A list repeats the parameter, None removes it.

        Raises:
            ValueError: The address is a template, or the path is not below it.
            ConfigurationError: This version does not support the type of authentication, or it needs a token.
        """
        if is_template(self.uri):
            raise ValueError("the repository's uri is a template; use tile()")
        return self._request(self.uri, path, params)

    def tile(
        self, z: int, x: int, y: int, *, params: Mapping[str, Any] | None = None, **others: str
    ) -> ConnectionRequest:
        """A request for a tile: the address is the repository's template with the numbers filled in.

        Parameters:
            z: Level of detail.
            x: Column, from 0.
            y: Row, from 0.
            params: Query parameters, as for `request`.
            others: Values of the template's other placeholders, for instance `s="a"`, or
                `**{"-y": str(2**z - 1 - y)}` if rows are counted from the other side.

        Raises:
            ValueError: The address is not a template, a value is missing, or the level is outside the repository's
                bounds.
            ConfigurationError: As for `request`.
        """
        for name, number in (("z", z), ("x", x), ("y", y)):
            if isinstance(number, bool) or not isinstance(number, int) or number < 0:  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ValueError(f"{name} must be a whole number, 0 or more")
        if self.minimum_level is not None and z < self.minimum_level:
            raise ValueError(f"z must be at least {self.minimum_level}, the repository's minimumLevel")
        if self.maximum_level is not None and z > self.maximum_level:
            raise ValueError(f"z must be at most {self.maximum_level}, the repository's maximumLevel")
        if not is_template(self.uri):
            raise ValueError("the repository's uri is not a template; use request()")
        uri = filled(self.uri, {"z": str(z), "x": str(x), "y": str(y)}, others)
        return self._request(uri, "", params)

    def auth(self) -> ConnectionAuth:
        """An object for `auth=` of httpx and requests. It authenticates requests to this server only.

        Raises:
            ConfigurationError: As for `request`.
        """
        return ConnectionAuth(self._origin, self._usable_secrets())

    def __repr__(self) -> str:
        return f"RepositoryConnection(uri={without_query(self.uri)!r}, authentication={self.authentication!r})"

    def _usable_secrets(self) -> Secrets:
        if self._secrets is not None:
            return self._secrets
        if self.oauth2 is not None:
            raise ConfigurationError(
                "The repository's server needs an OAuth 2.0 token of its own. Get one with the parameters in `oauth2`, "
                "then use connection.authorized(token)."
            )
        raise ConfigurationError(
            f"This version does not support the repository's type of authentication, {self.authentication!r}. "
            "Update the package, or authenticate yourself."
        )

    def _request(self, uri: str, path: str, params: Mapping[str, Any] | None) -> ConnectionRequest:
        secrets = self._usable_secrets()
        parts = urlsplit(uri)
        url = urlunsplit((parts.scheme, parts.netloc, joined_path(parts.path, path), "", ""))
        chosen = dict(params or {})
        query = list(params_of_query(parts.query))
        for more in (self._defaults, params_of_mapping(chosen), secrets.params):
            named = {name for name, _ in more} | {name for name in chosen if chosen[name] is None}
            query = [pair for pair in query if pair[0] not in named] + list(more)
        return ConnectionRequest(url, tuple(query), dict(secrets.headers))
