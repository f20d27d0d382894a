"""Where access tokens come from.

A client takes a token, a callable that returns one, or one of the objects here:

- `StaticToken`: one token, used as long as it works.
- `ClientCredentials`: a service app, which authenticates with its id and secret.
- `AuthorizationCode`: a person, who logs in with a browser. `FileTokenStore` and `KeyringTokenStore` remember the
  login beyond the end of the program.

Anything with the three methods of `TokenProvider` serves as well.
"""

from __future__ import annotations

from ._authorization_code import AuthorizationCode
from ._choice import provider_of
from ._client_credentials import ClientCredentials
from ._provider import CallableToken, CredentialsArgument, StaticToken, TokenProvider
from ._stores import FileTokenStore, KeyringTokenStore, TokenStore

__all__ = [
    "AuthorizationCode",
    "CallableToken",
    "ClientCredentials",
    "CredentialsArgument",
    "FileTokenStore",
    "KeyringTokenStore",
    "StaticToken",
    "TokenProvider",
    "TokenStore",
    "provider_of",
]
