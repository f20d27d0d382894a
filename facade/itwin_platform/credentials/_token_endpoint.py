"""Requests to the token endpoint of the identity service, and what its answers mean (RFC 6749)."""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote_plus, urlencode

from .. import _http
from .._policies.answers import Answer, NotJsonError, read_json
from .._policies.redirects import Target
from .._policies.retries import RetryPolicy
from .._primitives import synchronous
from .._sync.transport import Transport, TransportFailure
from ..errors import CredentialsError
from ._cache import Token
from ._provider import checked_token

# Seconds for one try and for all of them, and how they are spaced.
_TIMEOUT = (10.0, 12.0)
_LIMIT = 40.0
_POLICY = RetryPolicy(attempts=3, base=0.5, cap=4.0, max_retry_after=10.0)
# Lifetimes in seconds: of a token that does not say, and the longest that is believed.
_UNKNOWN_LIFETIME = 300.0
_LONGEST_LIFETIME = 24 * 3600.0

_ERROR_CODE = re.compile(r"[a-z_]{1,64}", re.ASCII)


def basic_authorization(client_id: str, client_secret: str) -> bytes:
    """The header of client_secret_basic: both halves form-encoded before they are joined (RFC 6749, 2.3.1)."""
    return b"Basic " + b64encode(f"{quote_plus(client_id)}:{quote_plus(client_secret)}".encode("ascii"))


class TokenEndpoint:
    """The token endpoint of one identity service. It keeps no connection: tokens are fetched rarely.

    Parameters:
        issuer_url: Address of the identity service.
        options: How connections are made.
    """

    def __init__(self, issuer_url: str, options: _http.TransportOptions) -> None:
        scheme, _, rest = issuer_url.partition("://")
        host, slash, path = rest.partition("/")
        self.issuer_url = issuer_url
        self._target = Target(f"{scheme}://{host}".lower(), f"{slash}{path}/connect/token")
        self._host = host
        self._options = _http.TransportOptions(
            timeout=_TIMEOUT,
            proxy=options.proxy,
            verify=options.verify,
            max_body_bytes=1024 * 1024,
        )

    def request(self, form: Mapping[str, str], authorization: bytes | None, advice: str) -> Mapping[str, Any]:
        """Send a form and return the answer of a success, with a usable `access_token` in it.

        Parameters:
            form: The fields.
            authorization: The Authorization header of a confidential client.
            advice: What to tell the user to check if the service refuses.

        Raises:
            CredentialsError: There is no token in the answer, or no answer.
        """
        body = urlencode(form).encode("ascii")
        headers = [
            (b"Host", self._host.encode("ascii")),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"identity"),
            (b"Content-Type", b"application/x-www-form-urlencoded"),
            (b"Content-Length", str(len(body)).encode("ascii")),
        ]
        if authorization is not None:
            headers.append((b"Authorization", authorization))
        try:
            with synchronous.time_limit(_LIMIT):
                answer = self._exchange(headers, body)
        except TimeoutError:
            answer = None
        if answer is None:
            raise CredentialsError(
                f"The identity service {self._host} did not answer in time. Check the network and issuer_url."
            )
        return self._fields(answer, advice)

    def _exchange(self, headers: list[tuple[bytes, bytes]], body: bytes) -> Answer:
        transport = Transport(self._options)
        attempt = 0
        try:
            while True:
                attempt += 1
                answer, problem = None, ""
                try:
                    answer = transport.send("POST", self._target, headers, body)
                    # A token request may be repeated: nothing but one more token comes of it.
                    delay = _POLICY.delay_after(
                        attempt=attempt, method="GET", status=answer.status, retry_after=answer.retry_after
                    )
                except TransportFailure as caught:
                    problem = caught.failure.text
                    delay = (
                        None
                        if caught.failure.final
                        else _POLICY.delay_after(attempt=attempt, method="GET", status=None)
                    )
                if delay is not None:
                    synchronous.sleep(delay)
                elif answer is not None:
                    return answer
                else:
                    break
        finally:
            transport.close()
        raise CredentialsError(
            f"The identity service {self._host} {problem}. Check the network, the proxy settings and issuer_url."
        )

    def _fields(self, answer: Answer, advice: str) -> Mapping[str, Any]:
        try:
            body: object = read_json(answer.body) if answer.problem is None else None
        except NotJsonError:
            body = None
        fields: Mapping[str, Any] = cast(Mapping[str, Any], body) if isinstance(body, dict) else {}
        if answer.status != 200:
            code = fields.get("error")
            # The description is left out: a service may repeat in it what it was sent.
            named = f" ({code})" if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""
            raise CredentialsError(
                f"The identity service {self._host} refused to issue a token: status {answer.status}{named}. {advice}"
            )
        problem = _problem_of(fields)
        if problem:
            raise CredentialsError(f"The identity service {self._host} sent {problem}. Check issuer_url.")
        return fields


def _problem_of(fields: Mapping[str, Any]) -> str | None:
    if not fields:
        return "something that is no token answer"
    kind = fields.get("token_type", "Bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return "a token of a type that is not Bearer"
    try:
        checked_token(fields.get("access_token"), "the answer")
    except CredentialsError:
        return "an answer without a usable access_token"
    return None if _lifetime(fields) > 0 else "a token that has expired already"


def _lifetime(fields: Mapping[str, Any]) -> float:
    value = fields.get("expires_in")
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value, re.ASCII):
        value = int(value)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or math.isnan(value):
        return _UNKNOWN_LIFETIME
    return min(float(value), _LONGEST_LIFETIME)


def token_of(fields: Mapping[str, Any]) -> Token:
    """The access token of an answer."""
    return Token.lasting(fields["access_token"], _lifetime(fields))
