"""Where access tokens come from.

A client takes a token, a callable that returns one, or one of the objects here:

- `StaticToken`: one token, used for as long as it works.
- `ClientCredentials`: a service app that authenticates with its id and secret.
- `AuthorizationCode`: a person who logs in with a browser. `FileTokenStore` and `KeyringTokenStore` keep the login
  after the program ends.
- `CredentialsAt`: the place where each process finds one of these, for clients that are pickled.

Any object with the three methods of `TokenProvider` works as well.
"""

from __future__ import annotations

from ._authorization_code import AuthorizationCode
from ._choice import CredentialsArgument
from ._client_credentials import ClientCredentials
from ._places import CredentialsAt
from ._provider import CallableToken, StaticToken, TokenProvider
from ._stores import FileTokenStore, KeyringTokenStore, TokenStore

__all__ = [
    "AuthorizationCode",
    "CallableToken",
    "ClientCredentials",
    "CredentialsArgument",
    "CredentialsAt",
    "FileTokenStore",
    "KeyringTokenStore",
    "StaticToken",
    "TokenProvider",
    "TokenStore",
]


def __dir__() -> list[str]:
    return list(__all__)
