"""Service apps: the client credentials flow (RFC 6749, 4.4)."""

from __future__ import annotations

from .._policies.redaction import MASK, Secret
from ._cache import Token
from ._renewed import RenewedCredentials
from ._token_endpoint import token_of


class ClientCredentials(RenewedCredentials):
    """A service app that authenticates with its id and secret.

    One object serves any number of clients, threads and event loops with one token, which is renewed before it
    expires. All of them must use the same environment. The service app sees an iTwin only after it has been invited
    to it.

    Token request: `POST {issuer_url}/connect/token`.
    Documentation: https://developer.bentley.com/apis/overview/authorization/service-app/

    Parameters:
        client_id: Id of the service app.
        client_secret: Its secret.
        scope: The scopes to request, separated by spaces.
        issuer_url: Address of the identity service; by default that of the client's environment. Without a client it
            is `ITP_ISSUER_URL`, or else that of prod.

    Raises:
        ConfigurationError: The id or secret is empty or ends with white space, or the address cannot be used.
    """

    def __init__(
        self, client_id: str, client_secret: str, *, scope: str = "itwin-platform", issuer_url: str | None = None
    ) -> None:
        secret = Secret(client_secret)
        del client_secret  # a traceback with locals would show it
        super().__init__(client_id, secret, scope, issuer_url)

    def _fetch(self, ahead: bool) -> Token:  # noqa: ARG002 (no person is involved in either case)
        fields = self._service().request(
            {"grant_type": "client_credentials", "scope": self._scope},
            "Check the client id and secret, and that the service app belongs to this environment.",
            repeatable=True,
        )
        return token_of(fields)

    def __repr__(self) -> str:
        return f"ClientCredentials({self._client_id!r}, '{MASK}', scope={self._scope!r})"
