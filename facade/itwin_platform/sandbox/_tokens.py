"""The identity side of the sandbox: one client, its access tokens, and the token endpoint's rules.

RFC 6749 (client credentials grant, section 4.4) and its error answers (section 5.2).
"""

import base64
import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

SCOPE: Final = "itwin-platform"
GRANT_TYPE: Final = "client_credentials"


class TokenError(Exception):
    """A refusal of the token endpoint: the HTTP status, the error code of RFC 6749 and what to do about it."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.code = code
        self.description = description


class IssuedTokens:
    """The one client that the sandbox knows, and the access tokens that are good. Safe to use from several threads."""

    def __init__(self, lifetime: int) -> None:
        self.client_id: Final = f"sandbox-{secrets.token_hex(4)}"
        self.client_secret: Final = secrets.token_urlsafe(24)
        self.lifetime: Final = lifetime
        # Good for as long as the sandbox runs; those of the token endpoint expire.
        self.token: Final = secrets.token_urlsafe(32)
        # For the sandbox's own switches: whoever has the other token may be a program under test.
        self.control_token: Final = secrets.token_urlsafe(32)
        self._expiries: dict[str, float] = {}
        self._lock = threading.Lock()

    def is_valid(self, token: str) -> bool:
        """Whether `token` was issued here and has not expired."""
        if hmac.compare_digest(token.encode(), self.token.encode()):
            return True
        with self._lock:
            return self._expiries.get(token, 0.0) > time.monotonic()

    def controls(self, token: str) -> bool:
        """Whether `token` is the control token."""
        return hmac.compare_digest(token.encode(), self.control_token.encode())

    def issue(self, body: bytes, authorization: str | None) -> dict[str, object]:
        """Answer a request for a token, given its form and its `Authorization` header, if it has one.

        Raises TokenError where the request is refused.
        """
        form = _form(body)
        grant = form.get("grant_type")
        if grant is None:
            raise TokenError(400, "invalid_request", "The form has no grant_type.")
        self._authenticate(form, authorization)
        if grant != GRANT_TYPE:
            raise TokenError(400, "unsupported_grant_type", f"The sandbox knows only the grant type {GRANT_TYPE}.")
        if set(form.get("scope", SCOPE).split()) - {SCOPE}:
            raise TokenError(400, "invalid_scope", f"The sandbox knows only the scope {SCOPE}.")
        return {
            "access_token": self._new_token(),
            "expires_in": self.lifetime,
            "token_type": "Bearer",
            "scope": SCOPE,
        }

    def _authenticate(self, form: Mapping[str, str], authorization: str | None) -> None:
        in_body = "client_secret" in form
        if authorization is not None:
            if in_body:
                raise TokenError(400, "invalid_request", "The client secret is in the form and in Authorization.")
            client_id, client_secret = _basic(authorization)
        else:
            client_id, client_secret = form.get("client_id", ""), form.get("client_secret", "")
        known = hmac.compare_digest(client_id.encode(), self.client_id.encode())
        if not (hmac.compare_digest(client_secret.encode(), self.client_secret.encode()) and known):
            raise TokenError(401, "invalid_client", "The client id or the client secret is wrong.")

    def _new_token(self) -> str:
        token = secrets.token_urlsafe(32)
        now = time.monotonic()
        with self._lock:
            self._expiries = {old: expiry for old, expiry in self._expiries.items() if expiry > now}
            self._expiries[token] = now + self.lifetime
        return token


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict") if body else []
    except ValueError:
        raise TokenError(400, "invalid_request", "The body is not a form.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise TokenError(400, "invalid_request", "A parameter is in the form twice.")
    return form


def _basic(authorization: str) -> tuple[str, str]:
    """Client id and secret from HTTP Basic; RFC 6749 encodes each half as in a form before they are joined."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise TokenError(401, "invalid_client", "The token endpoint takes HTTP Basic or the form.")
    try:
        joined = base64.b64decode(credentials.strip(), validate=True).decode()
    except ValueError:
        raise TokenError(401, "invalid_client", "The Authorization header is not HTTP Basic.") from None
    client_id, _, client_secret = joined.partition(":")
    return unquote_plus(client_id), unquote_plus(client_secret)
