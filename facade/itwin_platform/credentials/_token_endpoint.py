"""Requests to the token endpoint of the identity service, and what its answers mean (RFC 6749)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote_plus, urlencode

from .. import _http
from .._concurrency import synchronous
from .._policies.addresses import Target
from .._policies.attempts import Attempts
from .._policies.redaction import Secret, protect_logs
from .._policies.retries import RetryPolicy
from ..errors import CredentialsError
from ._cache import Token
from ._provider import checked_token

if TYPE_CHECKING:
    from .._policies.answers import Answer

# Seconds for one attempt (to connect, to read) and for all of them, and the pauses between them.
_TIMEOUT = (10.0, 12.0)
_LIMIT = 40.0
_POLICY = RetryPolicy(attempts=3, base=0.5, cap=4.0, max_retry_after=10.0)
_MAX_BODY = 1024 * 1024
# Lifetimes in seconds: the one assumed if the answer names none, and the longest one accepted.
_UNKNOWN_LIFETIME = 300.0
_LONGEST_LIFETIME = 24 * 3600.0

# RFC 6749 4.1.2.1 and 5.2, OpenID Connect Core 3.1.2.6, RFC 8707. Any other text might echo what was sent.
ERROR_CODES = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "invalid_target",
        "login_required",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
        "unsupported_token_type",
    }
)
# Where the code says more than that something is wrong with the app.
_ADVICE = {
    "invalid_scope": "Check scope: the app must be registered for each of its words.",
    "unauthorized_client": "The app may not get tokens in this way: register it as the type that this class is for "
    "(service, native or web), at https://developer.bentley.com/my-apps",
}
# RFC 6749, appendix A.17.
_REFRESH_TOKEN = re.compile(r"[\x20-\x7e]{1,16384}", re.ASCII)


def advice_for(code: str | None, advice: str) -> str:
    """What to do about an error code; `advice` by default."""
    return _ADVICE.get(code or "", advice)


def basic_authorization(client_id: str, client_secret: str) -> bytes:
    """The header of client_secret_basic: both halves form-encoded before they are joined (RFC 6749, 2.3.1)."""
    return b"Basic " + b64encode(f"{quote_plus(client_id)}:{quote_plus(client_secret)}".encode("ascii"))


class TokenEndpoint:
    """The identity service as seen by one app. It keeps no connections: tokens are fetched rarely.

    Parameters:
        issuer_url: Address of the identity service.
        options: How connections are made.
        client_id: Id of the app.
        client_secret: Its secret; None for a public client, which has none.
    """

    def __init__(
        self, issuer_url: str, options: _http.TransportOptions, client_id: str, client_secret: Secret | None
    ) -> None:
        protect_logs()
        scheme, _, rest = issuer_url.partition("://")
        host, slash, path = rest.partition("/")
        self.issuer_url = issuer_url
        self._origin = f"{scheme}://{host}".lower()
        self._path = f"{slash}{path}/connect/"
        self._host = host
        self._client_id = client_id
        self._client_secret = client_secret
        # The rest is shared with the client, including the loaded certificate authorities.
        self._options = replace(options, timeout=_TIMEOUT, http2=False, max_body_bytes=_MAX_BODY)

    def authorize_url(self, query: Mapping[str, str]) -> str:
        """The address at which a browser begins a login."""
        return f"{self._origin}{self._path}authorize?" + urlencode({"client_id": self._client_id, **query})

    def request(self, form: Mapping[str, str], advice: str, *, repeatable: bool) -> Mapping[str, Any]:
        """Send a form and return the successful answer, with a usable `access_token` in it.

        Parameters:
            form: The fields.
            advice: What the user should check if the service refuses.
            repeatable: Whether the form may be sent again if it is unknown whether it arrived. A code, which works
                only once, must not be.

        Raises:
            CredentialsError: There is no answer, or no token in it.
        """
        fields = self._success("token", form, "refused to issue a token", advice, repeatable)
        problem = _answer_problem(fields)
        if problem:
            raise CredentialsError(f"The identity service {self._host} sent {problem}. Check issuer_url.")
        return fields

    def revoke(self, refresh_token: str) -> None:
        """Revoke a refresh token (RFC 7009).

        Raises:
            CredentialsError: The service did not confirm it.
        """
        form = {"token": refresh_token, "token_type_hint": "refresh_token"}
        advice = (
            "It is no longer stored here; end the login in your profile at the identity service if you must be sure."
        )
        self._success("revocation", form, "did not revoke the refresh token", advice, repeatable=True)

    def _success(
        self, endpoint: str, form: Mapping[str, str], refusal: str, advice: str, repeatable: bool
    ) -> Mapping[str, Any]:
        """Send a form to an endpoint and return the JSON object of a success; empty if the body is not one."""
        target = Target(self._origin, self._path + endpoint)
        headers = [
            (b"Host", self._host.encode("ascii")),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"identity"),
            (b"Content-Type", b"application/x-www-form-urlencoded"),
        ]
        if self._client_secret is None:
            form = {**form, "client_id": self._client_id}
        else:
            headers.append((b"Authorization", basic_authorization(self._client_id, self._client_secret.reveal())))
        body = urlencode(form).encode("ascii")
        headers.append((b"Content-Length", str(len(body)).encode("ascii")))
        answer: Answer | None = None
        try:
            with synchronous.time_limit(_LIMIT):
                answer = self._exchange(target, headers, body, repeatable)
        except TimeoutError:
            pass
        if answer is None:
            raise CredentialsError(
                f"The identity service {self._host} did not answer in time. Check the network and issuer_url.",
                may_pass=True,
            )
        fields = _fields(answer)
        if answer.status == 200:
            return fields
        if answer.status == 429 or answer.status >= 500:
            raise CredentialsError(
                f"The identity service {self._host} failed: status {answer.status}. Try again later.", may_pass=True
            )
        # The description is left out: it may echo what was sent.
        code = fields.get("error")
        code = code if isinstance(code, str) and code in ERROR_CODES else None
        status = f"status {answer.status}" + (f" ({code})" if code else "")
        raise CredentialsError(
            f"The identity service {self._host} {refusal}: {status}. {advice_for(code, advice)}", code=code
        )

    def _exchange(self, target: Target, headers: list[tuple[bytes, bytes]], body: bytes, repeatable: bool) -> Answer:
        # Late: not everybody needs a token from here.
        from .._http.failures import NoAnswer
        from .._sync.transport import Transport

        transport = Transport(self._options)
        # A service that is unavailable has not processed the request.
        attempts = Attempts(_POLICY, repeatable=repeatable, refusals=frozenset({429, 503}))
        problem, final = "", False
        try:
            while True:
                attempts.begin()
                answer: Answer | None = None
                try:
                    answer = transport.send("POST", target, headers, body)
                except NoAnswer as caught:
                    problem, final = caught.failure.text, caught.failure.final
                    delay = attempts.delay(None, caught.failure)
                else:
                    delay = attempts.delay(answer.status, retry_after=answer.retry_after)
                if delay is not None:
                    synchronous.sleep(delay)
                elif answer is not None:
                    return answer
                else:
                    break
        finally:
            transport.close()
        raise CredentialsError(
            f"The identity service {self._host} {problem}. Check the network, the proxy settings and issuer_url.",
            may_pass=not final,
        )


def _fields(answer: Answer) -> Mapping[str, Any]:
    from .._policies.answers import NotJsonError, read_json

    try:
        body: object = read_json(answer.body) if answer.problem is None else None
    except NotJsonError:
        body = None
    return cast(Mapping[str, Any], body) if isinstance(body, dict) else {}


def _answer_problem(fields: Mapping[str, Any]) -> str | None:
    if not fields:
        return "an answer that is not a JSON object"
    kind = fields.get("token_type", "Bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return "a token whose type is not Bearer"
    try:
        checked_token(fields.get("access_token"), "the answer")
    except CredentialsError:
        return "an answer without a usable access_token"
    return None if _lifetime(fields) > 0 else "a token that has already expired"


def _lifetime(fields: Mapping[str, Any]) -> float:
    value = fields.get("expires_in")
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value, re.ASCII):
        value = int(value)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return _UNKNOWN_LIFETIME
    return float(min(value, _LONGEST_LIFETIME))


def token_of(fields: Mapping[str, Any], *, renewable: bool = True) -> Token:
    """The access token of an answer."""
    return Token.lasting(fields["access_token"], _lifetime(fields), renewable=renewable)


def refresh_token_of(fields: Mapping[str, Any]) -> Secret | None:
    """The refresh token of an answer, if there is one."""
    value = fields.get("refresh_token")
    return Secret(value) if isinstance(value, str) and _REFRESH_TOKEN.fullmatch(value) else None
