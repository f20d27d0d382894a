"""Where access tokens come from.

A client takes a token, a callable that returns one, or one of the objects here:

- `StaticToken`: one token, used as long as it works.
- `ClientCredentials`: a service app, which authenticates with its id and secret.

Anything with the three methods of `TokenProvider` serves as well.
"""

from __future__ import annotations

from ._client_credentials import ClientCredentials
from ._provider import CallableToken, CredentialsArgument, StaticToken, TokenProvider, provider_of

__all__ = ["CallableToken", "ClientCredentials", "CredentialsArgument", "StaticToken", "TokenProvider", "provider_of"]
